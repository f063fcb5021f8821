# bash completion for vick. Generated from the command table: 'npm run generate'.
# Load it with: source <(vick completion bash)
_vick_step() {
  case "$1/$2" in
    '/create') REPLY='create' ;;
    '/delete') REPLY='delete' ;;
    '/list') REPLY='list' ;;
    '/ls') REPLY='list' ;;
    '/get') REPLY='list' ;;
    '/node') REPLY='node' ;;
    '/nodes') REPLY='node' ;;
    '/no') REPLY='node' ;;
    '/kubelet') REPLY='kubelet' ;;
    '/sandbox') REPLY='sandbox' ;;
    'create/vch') REPLY='create vch' ;;
    'delete/vch') REPLY='delete vch' ;;
    'list/vch') REPLY='list vch' ;;
    'list/vchs') REPLY='list vch' ;;
    '/status') REPLY='status' ;;
    'node/list') REPLY='node list' ;;
    'node/ls') REPLY='node list' ;;
    'node/taint') REPLY='node taint' ;;
    'node/label') REPLY='node label' ;;
    'kubelet/run') REPLY='kubelet run' ;;
    'sandbox/up') REPLY='sandbox up' ;;
    'sandbox/down') REPLY='sandbox down' ;;
    'sandbox/status') REPLY='sandbox status' ;;
    'sandbox/env') REPLY='sandbox env' ;;
    'sandbox/apply') REPLY='sandbox apply' ;;
    'sandbox/logs') REPLY='sandbox logs' ;;
    '/completion') REPLY='completion' ;;
    '/version') REPLY='version' ;;
    '/help') REPLY='help' ;;
    *) return 1 ;;
  esac
}

_vick_valued() {
  case "$1:$2" in
    ':-t' | ':--target' | ':-u' | ':--user' | ':--thumbprint' | ':-r' | ':--compute-resource' | ':--vic-machine' | ':-i' | ':--image-store' | ':--volume-store' | ':-b' | ':--bridge-network' | ':--public-network' | ':--client-network' | ':--management-network' | ':--memory' | ':--cpu' | ':--tls-cname' | ':--appliance-iso' | ':--bootstrap-iso' | ':--vic-timeout' | ':--kubeconfig' | ':--context' | ':--k8s-server-address' | ':-l' | ':--label' | ':--taint' | ':--timeout' | ':-o' | ':--output' | ':--id' | ':--selector' | ':--nodename' | ':--node-ip' | ':--capacity' | ':--portlayer-addr' | ':--persona-addr' | ':--host-uuid' | ':--persona-tls-ca' | ':--persona-tls-cert' | ':--persona-tls-key' | ':--persona-tls-server-name' | ':--scope' | ':--cluster-domain' | ':--ready-timeout' | ':--provider-config' | ':--log-file' | ':--log-level' | ':--assets' | ':--state-dir' | ':--shell' | ':--filename' | ':-n' | ':--namespace') return 0 ;;
    'create:-t' | 'create:--target' | 'create:-u' | 'create:--user' | 'create:--thumbprint' | 'create:-r' | 'create:--compute-resource' | 'create:--vic-machine' | 'create:-i' | 'create:--image-store' | 'create:--volume-store' | 'create:-b' | 'create:--bridge-network' | 'create:--public-network' | 'create:--client-network' | 'create:--management-network' | 'create:--memory' | 'create:--cpu' | 'create:--tls-cname' | 'create:--appliance-iso' | 'create:--bootstrap-iso' | 'create:--vic-timeout' | 'create:--kubeconfig' | 'create:--context' | 'create:--k8s-server-address' | 'create:-l' | 'create:--label' | 'create:--taint' | 'create:--timeout' | 'create:-o' | 'create:--output') return 0 ;;
    'delete:-t' | 'delete:--target' | 'delete:-u' | 'delete:--user' | 'delete:--thumbprint' | 'delete:-r' | 'delete:--compute-resource' | 'delete:--vic-machine' | 'delete:--id' | 'delete:--kubeconfig' | 'delete:--context' | 'delete:--timeout' | 'delete:-o' | 'delete:--output') return 0 ;;
    'list:-t' | 'list:--target' | 'list:-u' | 'list:--user' | 'list:--thumbprint' | 'list:-r' | 'list:--compute-resource' | 'list:--vic-machine' | 'list:--kubeconfig' | 'list:--context' | 'list:-o' | 'list:--output') return 0 ;;
    'node:-l' | 'node:--selector' | 'node:--kubeconfig' | 'node:--context' | 'node:-o' | 'node:--output' | 'node:--dry-run') return 0 ;;
    'kubelet:--nodename' | 'kubelet:--label' | 'kubelet:--taint' | 'kubelet:--node-ip' | 'kubelet:--capacity' | 'kubelet:--kubeconfig' | 'kubelet:--context' | 'kubelet:--portlayer-addr' | 'kubelet:--persona-addr' | 'kubelet:--host-uuid' | 'kubelet:--persona-tls-ca' | 'kubelet:--persona-tls-cert' | 'kubelet:--persona-tls-key' | 'kubelet:--persona-tls-server-name' | 'kubelet:--scope' | 'kubelet:--cluster-domain' | 'kubelet:--ready-timeout' | 'kubelet:--provider-config' | 'kubelet:--log-file' | 'kubelet:--log-level') return 0 ;;
    'sandbox:--assets' | 'sandbox:--timeout' | 'sandbox:--state-dir' | 'sandbox:-o' | 'sandbox:--output' | 'sandbox:--shell' | 'sandbox:--filename' | 'sandbox:-n' | 'sandbox:--namespace' | 'sandbox:--kubeconfig') return 0 ;;
    'create vch:-t' | 'create vch:--target' | 'create vch:-u' | 'create vch:--user' | 'create vch:--thumbprint' | 'create vch:-r' | 'create vch:--compute-resource' | 'create vch:--vic-machine' | 'create vch:-i' | 'create vch:--image-store' | 'create vch:--volume-store' | 'create vch:-b' | 'create vch:--bridge-network' | 'create vch:--public-network' | 'create vch:--client-network' | 'create vch:--management-network' | 'create vch:--memory' | 'create vch:--cpu' | 'create vch:--tls-cname' | 'create vch:--appliance-iso' | 'create vch:--bootstrap-iso' | 'create vch:--vic-timeout' | 'create vch:--kubeconfig' | 'create vch:--context' | 'create vch:--k8s-server-address' | 'create vch:-l' | 'create vch:--label' | 'create vch:--taint' | 'create vch:--timeout' | 'create vch:-o' | 'create vch:--output') return 0 ;;
    'delete vch:-t' | 'delete vch:--target' | 'delete vch:-u' | 'delete vch:--user' | 'delete vch:--thumbprint' | 'delete vch:-r' | 'delete vch:--compute-resource' | 'delete vch:--vic-machine' | 'delete vch:--id' | 'delete vch:--kubeconfig' | 'delete vch:--context' | 'delete vch:--timeout' | 'delete vch:-o' | 'delete vch:--output') return 0 ;;
    'list vch:-t' | 'list vch:--target' | 'list vch:-u' | 'list vch:--user' | 'list vch:--thumbprint' | 'list vch:-r' | 'list vch:--compute-resource' | 'list vch:--vic-machine' | 'list vch:--kubeconfig' | 'list vch:--context' | 'list vch:-o' | 'list vch:--output') return 0 ;;
    'status:--kubeconfig' | 'status:--context' | 'status:-o' | 'status:--output') return 0 ;;
    'node list:-l' | 'node list:--selector' | 'node list:--kubeconfig' | 'node list:--context' | 'node list:-o' | 'node list:--output') return 0 ;;
    'node taint:-l' | 'node taint:--selector' | 'node taint:--dry-run' | 'node taint:--kubeconfig' | 'node taint:--context' | 'node taint:-o' | 'node taint:--output') return 0 ;;
    'node label:-l' | 'node label:--selector' | 'node label:--dry-run' | 'node label:--kubeconfig' | 'node label:--context' | 'node label:-o' | 'node label:--output') return 0 ;;
    'kubelet run:--nodename' | 'kubelet run:--label' | 'kubelet run:--taint' | 'kubelet run:--node-ip' | 'kubelet run:--capacity' | 'kubelet run:--kubeconfig' | 'kubelet run:--context' | 'kubelet run:--portlayer-addr' | 'kubelet run:--persona-addr' | 'kubelet run:--host-uuid' | 'kubelet run:--persona-tls-ca' | 'kubelet run:--persona-tls-cert' | 'kubelet run:--persona-tls-key' | 'kubelet run:--persona-tls-server-name' | 'kubelet run:--scope' | 'kubelet run:--cluster-domain' | 'kubelet run:--ready-timeout' | 'kubelet run:--provider-config' | 'kubelet run:--log-file' | 'kubelet run:--log-level') return 0 ;;
    'sandbox up:--assets' | 'sandbox up:--timeout' | 'sandbox up:--state-dir' | 'sandbox up:-o' | 'sandbox up:--output') return 0 ;;
    'sandbox down:--state-dir' | 'sandbox down:-o' | 'sandbox down:--output') return 0 ;;
    'sandbox status:--state-dir' | 'sandbox status:-o' | 'sandbox status:--output') return 0 ;;
    'sandbox env:--shell' | 'sandbox env:--state-dir') return 0 ;;
    'sandbox apply:-f' | 'sandbox apply:--filename' | 'sandbox apply:--state-dir' | 'sandbox apply:-o' | 'sandbox apply:--output') return 0 ;;
    'sandbox logs:-n' | 'sandbox logs:--namespace' | 'sandbox logs:--kubeconfig' | 'sandbox logs:--state-dir') return 0 ;;
    'version:-o' | 'version:--output') return 0 ;;
  esac
  return 1
}

_vick_value() {
  case "$1:$2" in
    'create vch:--vic-machine') REPLY=':file' ;;
    'create vch:--appliance-iso') REPLY=':file' ;;
    'create vch:--bootstrap-iso') REPLY=':file' ;;
    'create vch:--kubeconfig') REPLY=':file' ;;
    'create vch:-o' | 'create vch:--output') REPLY='table wide json yaml name' ;;
    'delete vch:--vic-machine') REPLY=':file' ;;
    'delete vch:--kubeconfig') REPLY=':file' ;;
    'delete vch:-o' | 'delete vch:--output') REPLY='table json yaml name' ;;
    'list vch:--vic-machine') REPLY=':file' ;;
    'list vch:--kubeconfig') REPLY=':file' ;;
    'list vch:-o' | 'list vch:--output') REPLY='table wide json yaml name' ;;
    'status:--kubeconfig') REPLY=':file' ;;
    'status:-o' | 'status:--output') REPLY='table json yaml name' ;;
    'node list:--kubeconfig') REPLY=':file' ;;
    'node list:-o' | 'node list:--output') REPLY='table wide json yaml name' ;;
    'node taint:--dry-run') REPLY='none client server' ;;
    'node taint:--kubeconfig') REPLY=':file' ;;
    'node taint:-o' | 'node taint:--output') REPLY='table json yaml name' ;;
    'node label:--dry-run') REPLY='none client server' ;;
    'node label:--kubeconfig') REPLY=':file' ;;
    'node label:-o' | 'node label:--output') REPLY='table json yaml name' ;;
    'kubelet run:--kubeconfig') REPLY=':file' ;;
    'kubelet run:--persona-tls-ca') REPLY=':file' ;;
    'kubelet run:--persona-tls-cert') REPLY=':file' ;;
    'kubelet run:--persona-tls-key') REPLY=':file' ;;
    'kubelet run:--provider-config') REPLY=':file' ;;
    'kubelet run:--log-file') REPLY=':file' ;;
    'kubelet run:--log-level') REPLY='debug info warn error' ;;
    'sandbox up:--assets') REPLY=':directory' ;;
    'sandbox up:--state-dir') REPLY=':directory' ;;
    'sandbox up:-o' | 'sandbox up:--output') REPLY='table json yaml name' ;;
    'sandbox down:--state-dir') REPLY=':directory' ;;
    'sandbox down:-o' | 'sandbox down:--output') REPLY='table json yaml name' ;;
    'sandbox status:--state-dir') REPLY=':directory' ;;
    'sandbox status:-o' | 'sandbox status:--output') REPLY='table json yaml name' ;;
    'sandbox env:--shell') REPLY='sh fish powershell' ;;
    'sandbox env:--state-dir') REPLY=':directory' ;;
    'sandbox apply:-f' | 'sandbox apply:--filename') REPLY=':file' ;;
    'sandbox apply:--state-dir') REPLY=':directory' ;;
    'sandbox apply:-o' | 'sandbox apply:--output') REPLY='table json yaml name' ;;
    'sandbox logs:--kubeconfig') REPLY=':file' ;;
    'sandbox logs:--state-dir') REPLY=':directory' ;;
    'version:-o' | 'version:--output') REPLY='table json yaml name' ;;
  esac
}

_vick_words() {
  case "$1" in
    '') REPLY='create delete list node kubelet sandbox status completion version help' ;;
    'create') REPLY='vch' ;;
    'delete') REPLY='vch' ;;
    'list') REPLY='vch' ;;
    'node') REPLY='list taint label' ;;
    'kubelet') REPLY='run' ;;
    'sandbox') REPLY='up down status env apply logs' ;;
    'create vch') REPLY='' ;;
    'delete vch') REPLY='' ;;
    'list vch') REPLY='' ;;
    'status') REPLY='' ;;
    'node list') REPLY='' ;;
    'node taint') REPLY='' ;;
    'node label') REPLY='' ;;
    'kubelet run') REPLY='' ;;
    'sandbox up') REPLY='' ;;
    'sandbox down') REPLY='' ;;
    'sandbox status') REPLY='' ;;
    'sandbox env') REPLY='' ;;
    'sandbox apply') REPLY='' ;;
    'sandbox logs') REPLY='' ;;
    'completion') REPLY='bash zsh fish powershell' ;;
    'version') REPLY='' ;;
    'help') REPLY='flags environment exit-codes errors' ;;
  esac
}

_vick_flags() {
  case "$1" in
    '') REPLY='-h --help -y --yes --no-input --no-color -v --verbose --version' ;;
    'create') REPLY='-h --help -y --yes --no-input --no-color -v --verbose' ;;
    'delete') REPLY='-h --help -y --yes --no-input --no-color -v --verbose' ;;
    'list') REPLY='-h --help -y --yes --no-input --no-color -v --verbose' ;;
    'node') REPLY='-h --help -y --yes --no-input --no-color -v --verbose' ;;
    'kubelet') REPLY='-h --help -y --yes --no-input --no-color -v --verbose' ;;
    'sandbox') REPLY='-h --help -y --yes --no-input --no-color -v --verbose' ;;
    'create vch') REPLY='-t --target -u --user --thumbprint -r --compute-resource --vic-machine -i --image-store --volume-store -b --bridge-network --public-network --client-network --management-network --memory --cpu --tls-cname --no-tlsverify --no-tls --appliance-iso --bootstrap-iso --vic-timeout --kubeconfig --context --k8s-server-address --allow-loopback -l --label --taint --wait --timeout --dry-run -o --output -h --help -y --yes --no-input --no-color -v --verbose' ;;
    'delete vch') REPLY='-t --target -u --user --thumbprint -r --compute-resource --vic-machine --id --kubeconfig --context --keep-node -f --force --delete-volumes --keep-files --timeout -o --output -h --help -y --yes --no-input --no-color -v --verbose' ;;
    'list vch') REPLY='-t --target -u --user --thumbprint -r --compute-resource --vic-machine --kubeconfig --context -o --output -h --help -y --yes --no-input --no-color -v --verbose' ;;
    'status') REPLY='--kubeconfig --context -o --output -h --help -y --yes --no-input --no-color -v --verbose' ;;
    'node list') REPLY='-l --selector --all --kubeconfig --context -o --output -h --help -y --yes --no-input --no-color -v --verbose' ;;
    'node taint') REPLY='-l --selector --all --overwrite --dry-run --kubeconfig --context -o --output -h --help -y --yes --no-input --no-color -v --verbose' ;;
    'node label') REPLY='-l --selector --all --overwrite --dry-run --kubeconfig --context -o --output -h --help -y --yes --no-input --no-color -v --verbose' ;;
    'kubelet run') REPLY='--nodename --label --taint --node-ip --capacity --kubeconfig --context --portlayer-addr --persona-addr --host-uuid --persona-tls-ca --persona-tls-cert --persona-tls-key --persona-tls-server-name --persona-tls-insecure --scope --cluster-domain --ready-timeout --provider-config --log-file --log-level -h --help -y --yes --no-input --no-color -v --verbose' ;;
    'sandbox up') REPLY='--assets --timeout --state-dir -o --output -h --help -y --yes --no-input --no-color -v --verbose' ;;
    'sandbox down') REPLY='--state-dir -o --output -h --help -y --yes --no-input --no-color -v --verbose' ;;
    'sandbox status') REPLY='--state-dir -o --output -h --help -y --yes --no-input --no-color -v --verbose' ;;
    'sandbox env') REPLY='--shell --state-dir -h --help -y --yes --no-input --no-color -v --verbose' ;;
    'sandbox apply') REPLY='-f --filename --state-dir -o --output -h --help -y --yes --no-input --no-color -v --verbose' ;;
    'sandbox logs') REPLY='-n --namespace -f --follow --kubeconfig --state-dir -h --help -y --yes --no-input --no-color -v --verbose' ;;
    'completion') REPLY='-h --help -y --yes --no-input --no-color -v --verbose' ;;
    'version') REPLY='-o --output -h --help -y --yes --no-input --no-color -v --verbose' ;;
    'help') REPLY='-h --help -y --yes --no-input --no-color -v --verbose' ;;
  esac
}

_vick_complete() {
  local IFS=$' \t\n' line
  case "$2" in
    :file | :directory)
      compopt -o filenames 2>/dev/null
      IFS=$'\n'
      if [ "$2" = :file ]; then COMPREPLY=($(compgen -f -- "$1")); else COMPREPLY=($(compgen -d -- "$1")); fi
      ;;
    *) COMPREPLY=($(compgen -W "$2" -- "$1")) ;;
  esac
}

_vick() {
  local cur="${COMP_WORDS[COMP_CWORD]}" prev="" place="" word="" next="" REPLY="" i=1
  COMPREPLY=()
  while [ "$i" -lt "$COMP_CWORD" ]; do
    word="${COMP_WORDS[i]}"
    next="${COMP_WORDS[i + 1]}"
    i=$((i + 1))
    case "$word" in
      --) return ;;
      -*)
        # bash splits --flag=value into three words.
        if [ "$next" = "=" ] && [ "$i" -lt "$COMP_CWORD" ]; then i=$((i + 1)); fi
        if _vick_valued "$place" "$word" || [ "$next" = "=" ]; then prev="$word"; [ "$i" -lt "$COMP_CWORD" ] && { prev=""; i=$((i + 1)); }; fi
        ;;
      *) if _vick_step "$place" "$word"; then place="$REPLY"; fi ;;
    esac
  done
  if [ "$cur" = "=" ]; then cur=""; fi
  REPLY=""
  if [ -n "$prev" ]; then
    _vick_value "$place" "$prev"
  elif [ "${cur#-}" != "$cur" ]; then
    _vick_flags "$place"
  else
    _vick_words "$place"
  fi
  _vick_complete "$cur" "$REPLY"
}

complete -F _vick vick
