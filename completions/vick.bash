# bash completion for vick. Generated from the command table: 'npm run generate'.
# Load it with: source <(vick completion bash)
_vick_step() {
  case "$1/$2" in
    '/create') REPLY='create' ;;
    '/delete') REPLY='delete' ;;
    '/list') REPLY='list' ;;
    '/ls') REPLY='list' ;;
    '/get') REPLY='list' ;;
    '/inspect') REPLY='inspect' ;;
    '/describe') REPLY='inspect' ;;
    '/configure') REPLY='configure' ;;
    '/upgrade') REPLY='upgrade' ;;
    '/debug') REPLY='debug' ;;
    '/update') REPLY='update' ;;
    '/appliance') REPLY='appliance' ;;
    '/identity') REPLY='identity' ;;
    '/node') REPLY='node' ;;
    '/nodes') REPLY='node' ;;
    '/no') REPLY='node' ;;
    '/kubelet') REPLY='kubelet' ;;
    '/config') REPLY='config' ;;
    '/sandbox') REPLY='sandbox' ;;
    '/apply') REPLY='apply' ;;
    'create/vch') REPLY='create vch' ;;
    'delete/vch') REPLY='delete vch' ;;
    'list/vch') REPLY='list vch' ;;
    'list/vchs') REPLY='list vch' ;;
    'inspect/vch') REPLY='inspect vch' ;;
    'configure/vch') REPLY='configure vch' ;;
    'upgrade/vch') REPLY='upgrade vch' ;;
    'debug/vch') REPLY='debug vch' ;;
    'update/firewall') REPLY='update firewall' ;;
    '/status') REPLY='status' ;;
    '/gc') REPLY='gc' ;;
    '/preflight') REPLY='preflight' ;;
    'appliance/check') REPLY='appliance check' ;;
    'identity/show') REPLY='identity show' ;;
    'identity/rotate') REPLY='identity rotate' ;;
    'identity/revoke') REPLY='identity revoke' ;;
    'node/list') REPLY='node list' ;;
    'node/ls') REPLY='node list' ;;
    'node/taint') REPLY='node taint' ;;
    'node/label') REPLY='node label' ;;
    'kubelet/run') REPLY='kubelet run' ;;
    'kubelet/start') REPLY='kubelet start' ;;
    'kubelet/stop') REPLY='kubelet stop' ;;
    'kubelet/status') REPLY='kubelet status' ;;
    'kubelet/unit') REPLY='kubelet unit' ;;
    'kubelet/manifest') REPLY='kubelet manifest' ;;
    'sandbox/up') REPLY='sandbox up' ;;
    'sandbox/down') REPLY='sandbox down' ;;
    'sandbox/status') REPLY='sandbox status' ;;
    'sandbox/env') REPLY='sandbox env' ;;
    'sandbox/apply') REPLY='sandbox apply' ;;
    'sandbox/logs') REPLY='sandbox logs' ;;
    'config/show') REPLY='config show' ;;
    'config/validate') REPLY='config validate' ;;
    'config/init') REPLY='config init' ;;
    'config/schema') REPLY='config schema' ;;
    '/completion') REPLY='completion' ;;
    '/version') REPLY='version' ;;
    '/help') REPLY='help' ;;
    *) return 1 ;;
  esac
}

_vick_valued() {
  case "$1:$2" in
    ':--filename' | ':-t' | ':--target' | ':-u' | ':--user' | ':--password-file' | ':--thumbprint' | ':-r' | ':--compute-resource' | ':--vic-machine' | ':--kubeconfig' | ':--context' | ':--timeout' | ':-o' | ':--output' | ':--config' | ':-i' | ':--image-store' | ':--volume-store' | ':-b' | ':--bridge-network' | ':--public-network' | ':--client-network' | ':--management-network' | ':--memory' | ':--cpu' | ':--tls-cname' | ':--appliance-iso' | ':--bootstrap-iso' | ':--vic-timeout' | ':--ops-user' | ':--ops-password-file' | ':--base-image-size' | ':--dns-server' | ':--bridge-network-range' | ':--bridge-network-width' | ':--public-network-ip' | ':--public-network-gateway' | ':--client-network-ip' | ':--client-network-gateway' | ':--management-network-ip' | ':--management-network-gateway' | ':--container-network' | ':--container-network-gateway' | ':--container-network-ip-range' | ':--container-network-dns' | ':--container-network-firewall' | ':--memory-reservation' | ':--memory-shares' | ':--cpu-reservation' | ':--cpu-shares' | ':--endpoint-memory' | ':--endpoint-cpu' | ':--tls-cert-path' | ':--tls-server-cert' | ':--tls-server-key' | ':--tls-ca' | ':--organization' | ':--certificate-key-size' | ':--registry-ca' | ':--insecure-registry' | ':--whitelist-registry' | ':--http-proxy' | ':--https-proxy' | ':--syslog-address' | ':--container-name-convention' | ':--debug' | ':--containers' | ':--storage-quota' | ':--no-proxy' | ':--k8s-config' | ':--k8s-server-address' | ':--kubelet-identity' | ':--skip' | ':-l' | ':--label' | ':--taint' | ':--id' | ':--grace-period' | ':--node-timeout' | ':--authorized-key' | ':--rootpw-file' | ':--interval' | ':--portlayer-addr' | ':--persona-addr' | ':--node' | ':--to' | ':--key' | ':--valid-for' | ':--selector' | ':--dry-run' | ':--nodename' | ':--node-ip' | ':--capacity' | ':--host-uuid' | ':--persona-tls-ca' | ':--persona-tls-cert' | ':--persona-tls-key' | ':--persona-tls-server-name' | ':--scope' | ':--isolation' | ':--cluster-domain' | ':--ready-timeout' | ':--provider-config' | ':--provider' | ':--engine' | ':--engine-tls-ca' | ':--engine-tls-cert' | ':--engine-tls-key' | ':--engine-tls-server-name' | ':--cluster-dns' | ':--image-limit' | ':--pod-cidr' | ':--mock' | ':--port' | ':--address' | ':--tls-cert-file' | ':--tls-private-key-file' | ':--client-ca-file' | ':--log-file' | ':--log-level' | ':--image' | ':-n' | ':--namespace' | ':--kubeconfig-secret' | ':--docker-secret' | ':--serving-secret' | ':--assets' | ':--virtual-kubelet' | ':--state-dir' | ':--shell') return 0 ;;
    'create:-t' | 'create:--target' | 'create:-u' | 'create:--user' | 'create:--password-file' | 'create:--thumbprint' | 'create:-r' | 'create:--compute-resource' | 'create:--vic-machine' | 'create:-i' | 'create:--image-store' | 'create:--volume-store' | 'create:-b' | 'create:--bridge-network' | 'create:--public-network' | 'create:--client-network' | 'create:--management-network' | 'create:--memory' | 'create:--cpu' | 'create:--tls-cname' | 'create:--appliance-iso' | 'create:--bootstrap-iso' | 'create:--vic-timeout' | 'create:--ops-user' | 'create:--ops-password-file' | 'create:--base-image-size' | 'create:--dns-server' | 'create:--bridge-network-range' | 'create:--bridge-network-width' | 'create:--public-network-ip' | 'create:--public-network-gateway' | 'create:--client-network-ip' | 'create:--client-network-gateway' | 'create:--management-network-ip' | 'create:--management-network-gateway' | 'create:--container-network' | 'create:--container-network-gateway' | 'create:--container-network-ip-range' | 'create:--container-network-dns' | 'create:--container-network-firewall' | 'create:--memory-reservation' | 'create:--memory-shares' | 'create:--cpu-reservation' | 'create:--cpu-shares' | 'create:--endpoint-memory' | 'create:--endpoint-cpu' | 'create:--tls-cert-path' | 'create:--tls-server-cert' | 'create:--tls-server-key' | 'create:--tls-ca' | 'create:--organization' | 'create:--certificate-key-size' | 'create:--registry-ca' | 'create:--insecure-registry' | 'create:--whitelist-registry' | 'create:--http-proxy' | 'create:--https-proxy' | 'create:--syslog-address' | 'create:--container-name-convention' | 'create:--debug' | 'create:--containers' | 'create:--storage-quota' | 'create:--no-proxy' | 'create:--kubeconfig' | 'create:--context' | 'create:--k8s-config' | 'create:--k8s-server-address' | 'create:--kubelet-identity' | 'create:--skip' | 'create:-l' | 'create:--label' | 'create:--taint' | 'create:--timeout' | 'create:-o' | 'create:--output' | 'create:--config') return 0 ;;
    'delete:-t' | 'delete:--target' | 'delete:-u' | 'delete:--user' | 'delete:--password-file' | 'delete:--thumbprint' | 'delete:-r' | 'delete:--compute-resource' | 'delete:--vic-machine' | 'delete:--id' | 'delete:--kubeconfig' | 'delete:--context' | 'delete:--grace-period' | 'delete:--timeout' | 'delete:-o' | 'delete:--output' | 'delete:--config') return 0 ;;
    'list:-t' | 'list:--target' | 'list:-u' | 'list:--user' | 'list:--password-file' | 'list:--thumbprint' | 'list:-r' | 'list:--compute-resource' | 'list:--vic-machine' | 'list:--kubeconfig' | 'list:--context' | 'list:--timeout' | 'list:--debug' | 'list:-o' | 'list:--output' | 'list:--config') return 0 ;;
    'inspect:-t' | 'inspect:--target' | 'inspect:-u' | 'inspect:--user' | 'inspect:--password-file' | 'inspect:--thumbprint' | 'inspect:-r' | 'inspect:--compute-resource' | 'inspect:--vic-machine' | 'inspect:--id' | 'inspect:--tls-cert-path' | 'inspect:--timeout' | 'inspect:--debug' | 'inspect:-o' | 'inspect:--output' | 'inspect:--config') return 0 ;;
    'configure:-t' | 'configure:--target' | 'configure:-u' | 'configure:--user' | 'configure:--password-file' | 'configure:--thumbprint' | 'configure:-r' | 'configure:--compute-resource' | 'configure:--vic-machine' | 'configure:--id' | 'configure:--ops-user' | 'configure:--ops-password-file' | 'configure:--volume-store' | 'configure:--dns-server' | 'configure:--container-network' | 'configure:--container-network-gateway' | 'configure:--container-network-ip-range' | 'configure:--container-network-dns' | 'configure:--container-network-firewall' | 'configure:--memory' | 'configure:--cpu' | 'configure:--memory-reservation' | 'configure:--memory-shares' | 'configure:--cpu-reservation' | 'configure:--cpu-shares' | 'configure:--tls-cname' | 'configure:--tls-cert-path' | 'configure:--tls-server-cert' | 'configure:--tls-server-key' | 'configure:--tls-ca' | 'configure:--organization' | 'configure:--certificate-key-size' | 'configure:--registry-ca' | 'configure:--http-proxy' | 'configure:--https-proxy' | 'configure:--syslog-address' | 'configure:--container-name-convention' | 'configure:--debug' | 'configure:--containers' | 'configure:--storage-quota' | 'configure:--no-proxy' | 'configure:--timeout' | 'configure:--kubeconfig' | 'configure:--context' | 'configure:--node-timeout' | 'configure:-o' | 'configure:--output' | 'configure:--config') return 0 ;;
    'upgrade:-t' | 'upgrade:--target' | 'upgrade:-u' | 'upgrade:--user' | 'upgrade:--password-file' | 'upgrade:--thumbprint' | 'upgrade:-r' | 'upgrade:--compute-resource' | 'upgrade:--vic-machine' | 'upgrade:--id' | 'upgrade:--appliance-iso' | 'upgrade:--bootstrap-iso' | 'upgrade:--timeout' | 'upgrade:--debug' | 'upgrade:--kubeconfig' | 'upgrade:--context' | 'upgrade:--node-timeout' | 'upgrade:-o' | 'upgrade:--output' | 'upgrade:--config') return 0 ;;
    'debug:-t' | 'debug:--target' | 'debug:-u' | 'debug:--user' | 'debug:--password-file' | 'debug:--thumbprint' | 'debug:-r' | 'debug:--compute-resource' | 'debug:--vic-machine' | 'debug:--id' | 'debug:--authorized-key' | 'debug:--rootpw-file' | 'debug:--timeout' | 'debug:--debug' | 'debug:-o' | 'debug:--output' | 'debug:--config') return 0 ;;
    'update:-t' | 'update:--target' | 'update:-u' | 'update:--user' | 'update:--password-file' | 'update:--thumbprint' | 'update:-r' | 'update:--compute-resource' | 'update:--vic-machine' | 'update:--timeout' | 'update:--debug' | 'update:-o' | 'update:--output' | 'update:--config') return 0 ;;
    'appliance:-o' | 'appliance:--output' | 'appliance:--config') return 0 ;;
    'identity:--kubeconfig' | 'identity:--context' | 'identity:-o' | 'identity:--output' | 'identity:--config' | 'identity:--to' | 'identity:--key' | 'identity:--valid-for' | 'identity:--k8s-server-address') return 0 ;;
    'node:-l' | 'node:--selector' | 'node:--kubeconfig' | 'node:--context' | 'node:-o' | 'node:--output' | 'node:--config' | 'node:--dry-run') return 0 ;;
    'kubelet:--nodename' | 'kubelet:--label' | 'kubelet:--taint' | 'kubelet:--node-ip' | 'kubelet:--capacity' | 'kubelet:--kubeconfig' | 'kubelet:--context' | 'kubelet:--portlayer-addr' | 'kubelet:--persona-addr' | 'kubelet:--host-uuid' | 'kubelet:--persona-tls-ca' | 'kubelet:--persona-tls-cert' | 'kubelet:--persona-tls-key' | 'kubelet:--persona-tls-server-name' | 'kubelet:--scope' | 'kubelet:--isolation' | 'kubelet:--cluster-domain' | 'kubelet:--ready-timeout' | 'kubelet:--provider-config' | 'kubelet:--provider' | 'kubelet:--engine' | 'kubelet:--engine-tls-ca' | 'kubelet:--engine-tls-cert' | 'kubelet:--engine-tls-key' | 'kubelet:--engine-tls-server-name' | 'kubelet:--cluster-dns' | 'kubelet:--image-limit' | 'kubelet:--pod-cidr' | 'kubelet:--mock' | 'kubelet:--port' | 'kubelet:--address' | 'kubelet:--tls-cert-file' | 'kubelet:--tls-private-key-file' | 'kubelet:--client-ca-file' | 'kubelet:--log-file' | 'kubelet:--log-level' | 'kubelet:--config' | 'kubelet:--timeout' | 'kubelet:-o' | 'kubelet:--output' | 'kubelet:--user' | 'kubelet:--image' | 'kubelet:-n' | 'kubelet:--namespace' | 'kubelet:--kubeconfig-secret' | 'kubelet:--docker-secret' | 'kubelet:--serving-secret') return 0 ;;
    'config:-o' | 'config:--output' | 'config:--config' | 'config:-t' | 'config:--target' | 'config:-u' | 'config:--user' | 'config:--password-file' | 'config:--thumbprint' | 'config:-r' | 'config:--compute-resource' | 'config:--vic-machine' | 'config:--kubeconfig' | 'config:--context') return 0 ;;
    'sandbox:--assets' | 'sandbox:--virtual-kubelet' | 'sandbox:--engine' | 'sandbox:--timeout' | 'sandbox:--state-dir' | 'sandbox:-o' | 'sandbox:--output' | 'sandbox:--config' | 'sandbox:--shell' | 'sandbox:--filename' | 'sandbox:-n' | 'sandbox:--namespace' | 'sandbox:--kubeconfig') return 0 ;;
    'apply:-f' | 'apply:--filename' | 'apply:-t' | 'apply:--target' | 'apply:-u' | 'apply:--user' | 'apply:--password-file' | 'apply:--thumbprint' | 'apply:-r' | 'apply:--compute-resource' | 'apply:--vic-machine' | 'apply:--kubeconfig' | 'apply:--context' | 'apply:--timeout' | 'apply:-o' | 'apply:--output' | 'apply:--config') return 0 ;;
    'create vch:-t' | 'create vch:--target' | 'create vch:-u' | 'create vch:--user' | 'create vch:--password-file' | 'create vch:--thumbprint' | 'create vch:-r' | 'create vch:--compute-resource' | 'create vch:--vic-machine' | 'create vch:-i' | 'create vch:--image-store' | 'create vch:--volume-store' | 'create vch:-b' | 'create vch:--bridge-network' | 'create vch:--public-network' | 'create vch:--client-network' | 'create vch:--management-network' | 'create vch:--memory' | 'create vch:--cpu' | 'create vch:--tls-cname' | 'create vch:--appliance-iso' | 'create vch:--bootstrap-iso' | 'create vch:--vic-timeout' | 'create vch:--ops-user' | 'create vch:--ops-password-file' | 'create vch:--base-image-size' | 'create vch:--dns-server' | 'create vch:--bridge-network-range' | 'create vch:--bridge-network-width' | 'create vch:--public-network-ip' | 'create vch:--public-network-gateway' | 'create vch:--client-network-ip' | 'create vch:--client-network-gateway' | 'create vch:--management-network-ip' | 'create vch:--management-network-gateway' | 'create vch:--container-network' | 'create vch:--container-network-gateway' | 'create vch:--container-network-ip-range' | 'create vch:--container-network-dns' | 'create vch:--container-network-firewall' | 'create vch:--memory-reservation' | 'create vch:--memory-shares' | 'create vch:--cpu-reservation' | 'create vch:--cpu-shares' | 'create vch:--endpoint-memory' | 'create vch:--endpoint-cpu' | 'create vch:--tls-cert-path' | 'create vch:--tls-server-cert' | 'create vch:--tls-server-key' | 'create vch:--tls-ca' | 'create vch:--organization' | 'create vch:--certificate-key-size' | 'create vch:--registry-ca' | 'create vch:--insecure-registry' | 'create vch:--whitelist-registry' | 'create vch:--http-proxy' | 'create vch:--https-proxy' | 'create vch:--syslog-address' | 'create vch:--container-name-convention' | 'create vch:--debug' | 'create vch:--containers' | 'create vch:--storage-quota' | 'create vch:--no-proxy' | 'create vch:--kubeconfig' | 'create vch:--context' | 'create vch:--k8s-config' | 'create vch:--k8s-server-address' | 'create vch:--kubelet-identity' | 'create vch:--skip' | 'create vch:-l' | 'create vch:--label' | 'create vch:--taint' | 'create vch:--timeout' | 'create vch:-o' | 'create vch:--output' | 'create vch:--config') return 0 ;;
    'delete vch:-t' | 'delete vch:--target' | 'delete vch:-u' | 'delete vch:--user' | 'delete vch:--password-file' | 'delete vch:--thumbprint' | 'delete vch:-r' | 'delete vch:--compute-resource' | 'delete vch:--vic-machine' | 'delete vch:--id' | 'delete vch:--kubeconfig' | 'delete vch:--context' | 'delete vch:--grace-period' | 'delete vch:--timeout' | 'delete vch:-o' | 'delete vch:--output' | 'delete vch:--config') return 0 ;;
    'list vch:-t' | 'list vch:--target' | 'list vch:-u' | 'list vch:--user' | 'list vch:--password-file' | 'list vch:--thumbprint' | 'list vch:-r' | 'list vch:--compute-resource' | 'list vch:--vic-machine' | 'list vch:--kubeconfig' | 'list vch:--context' | 'list vch:--timeout' | 'list vch:--debug' | 'list vch:-o' | 'list vch:--output' | 'list vch:--config') return 0 ;;
    'inspect vch:-t' | 'inspect vch:--target' | 'inspect vch:-u' | 'inspect vch:--user' | 'inspect vch:--password-file' | 'inspect vch:--thumbprint' | 'inspect vch:-r' | 'inspect vch:--compute-resource' | 'inspect vch:--vic-machine' | 'inspect vch:--id' | 'inspect vch:--tls-cert-path' | 'inspect vch:--timeout' | 'inspect vch:--debug' | 'inspect vch:-o' | 'inspect vch:--output' | 'inspect vch:--config') return 0 ;;
    'configure vch:-t' | 'configure vch:--target' | 'configure vch:-u' | 'configure vch:--user' | 'configure vch:--password-file' | 'configure vch:--thumbprint' | 'configure vch:-r' | 'configure vch:--compute-resource' | 'configure vch:--vic-machine' | 'configure vch:--id' | 'configure vch:--ops-user' | 'configure vch:--ops-password-file' | 'configure vch:--volume-store' | 'configure vch:--dns-server' | 'configure vch:--container-network' | 'configure vch:--container-network-gateway' | 'configure vch:--container-network-ip-range' | 'configure vch:--container-network-dns' | 'configure vch:--container-network-firewall' | 'configure vch:--memory' | 'configure vch:--cpu' | 'configure vch:--memory-reservation' | 'configure vch:--memory-shares' | 'configure vch:--cpu-reservation' | 'configure vch:--cpu-shares' | 'configure vch:--tls-cname' | 'configure vch:--tls-cert-path' | 'configure vch:--tls-server-cert' | 'configure vch:--tls-server-key' | 'configure vch:--tls-ca' | 'configure vch:--organization' | 'configure vch:--certificate-key-size' | 'configure vch:--registry-ca' | 'configure vch:--http-proxy' | 'configure vch:--https-proxy' | 'configure vch:--syslog-address' | 'configure vch:--container-name-convention' | 'configure vch:--debug' | 'configure vch:--containers' | 'configure vch:--storage-quota' | 'configure vch:--no-proxy' | 'configure vch:--timeout' | 'configure vch:--kubeconfig' | 'configure vch:--context' | 'configure vch:--node-timeout' | 'configure vch:-o' | 'configure vch:--output' | 'configure vch:--config') return 0 ;;
    'upgrade vch:-t' | 'upgrade vch:--target' | 'upgrade vch:-u' | 'upgrade vch:--user' | 'upgrade vch:--password-file' | 'upgrade vch:--thumbprint' | 'upgrade vch:-r' | 'upgrade vch:--compute-resource' | 'upgrade vch:--vic-machine' | 'upgrade vch:--id' | 'upgrade vch:--appliance-iso' | 'upgrade vch:--bootstrap-iso' | 'upgrade vch:--timeout' | 'upgrade vch:--debug' | 'upgrade vch:--kubeconfig' | 'upgrade vch:--context' | 'upgrade vch:--node-timeout' | 'upgrade vch:-o' | 'upgrade vch:--output' | 'upgrade vch:--config') return 0 ;;
    'debug vch:-t' | 'debug vch:--target' | 'debug vch:-u' | 'debug vch:--user' | 'debug vch:--password-file' | 'debug vch:--thumbprint' | 'debug vch:-r' | 'debug vch:--compute-resource' | 'debug vch:--vic-machine' | 'debug vch:--id' | 'debug vch:--authorized-key' | 'debug vch:--rootpw-file' | 'debug vch:--timeout' | 'debug vch:--debug' | 'debug vch:-o' | 'debug vch:--output' | 'debug vch:--config') return 0 ;;
    'update firewall:-t' | 'update firewall:--target' | 'update firewall:-u' | 'update firewall:--user' | 'update firewall:--password-file' | 'update firewall:--thumbprint' | 'update firewall:-r' | 'update firewall:--compute-resource' | 'update firewall:--vic-machine' | 'update firewall:--timeout' | 'update firewall:--debug' | 'update firewall:-o' | 'update firewall:--output' | 'update firewall:--config') return 0 ;;
    'status:--interval' | 'status:--portlayer-addr' | 'status:--persona-addr' | 'status:--tls-cert-path' | 'status:-t' | 'status:--target' | 'status:-u' | 'status:--user' | 'status:--password-file' | 'status:--thumbprint' | 'status:-r' | 'status:--compute-resource' | 'status:--vic-machine' | 'status:--kubeconfig' | 'status:--context' | 'status:-o' | 'status:--output' | 'status:--config') return 0 ;;
    'gc:--portlayer-addr' | 'gc:-t' | 'gc:--target' | 'gc:-u' | 'gc:--user' | 'gc:--password-file' | 'gc:--thumbprint' | 'gc:-r' | 'gc:--compute-resource' | 'gc:--vic-machine' | 'gc:--kubeconfig' | 'gc:--context' | 'gc:-o' | 'gc:--output' | 'gc:--config') return 0 ;;
    'preflight:--kubeconfig' | 'preflight:--context' | 'preflight:--k8s-server-address' | 'preflight:--kubelet-identity' | 'preflight:--node' | 'preflight:--skip' | 'preflight:-o' | 'preflight:--output' | 'preflight:--config') return 0 ;;
    'appliance check:-o' | 'appliance check:--output' | 'appliance check:--config') return 0 ;;
    'identity show:--kubeconfig' | 'identity show:--context' | 'identity show:-o' | 'identity show:--output' | 'identity show:--config') return 0 ;;
    'identity rotate:--to' | 'identity rotate:--key' | 'identity rotate:--valid-for' | 'identity rotate:--k8s-server-address' | 'identity rotate:--kubeconfig' | 'identity rotate:--context' | 'identity rotate:-o' | 'identity rotate:--output' | 'identity rotate:--config') return 0 ;;
    'identity revoke:--kubeconfig' | 'identity revoke:--context' | 'identity revoke:-o' | 'identity revoke:--output' | 'identity revoke:--config') return 0 ;;
    'node list:-l' | 'node list:--selector' | 'node list:--kubeconfig' | 'node list:--context' | 'node list:-o' | 'node list:--output' | 'node list:--config') return 0 ;;
    'node taint:-l' | 'node taint:--selector' | 'node taint:--dry-run' | 'node taint:--kubeconfig' | 'node taint:--context' | 'node taint:-o' | 'node taint:--output' | 'node taint:--config') return 0 ;;
    'node label:-l' | 'node label:--selector' | 'node label:--dry-run' | 'node label:--kubeconfig' | 'node label:--context' | 'node label:-o' | 'node label:--output' | 'node label:--config') return 0 ;;
    'kubelet run:--nodename' | 'kubelet run:--label' | 'kubelet run:--taint' | 'kubelet run:--node-ip' | 'kubelet run:--capacity' | 'kubelet run:--kubeconfig' | 'kubelet run:--context' | 'kubelet run:--portlayer-addr' | 'kubelet run:--persona-addr' | 'kubelet run:--host-uuid' | 'kubelet run:--persona-tls-ca' | 'kubelet run:--persona-tls-cert' | 'kubelet run:--persona-tls-key' | 'kubelet run:--persona-tls-server-name' | 'kubelet run:--scope' | 'kubelet run:--isolation' | 'kubelet run:--cluster-domain' | 'kubelet run:--ready-timeout' | 'kubelet run:--provider-config' | 'kubelet run:--provider' | 'kubelet run:--engine' | 'kubelet run:--engine-tls-ca' | 'kubelet run:--engine-tls-cert' | 'kubelet run:--engine-tls-key' | 'kubelet run:--engine-tls-server-name' | 'kubelet run:--cluster-dns' | 'kubelet run:--image-limit' | 'kubelet run:--pod-cidr' | 'kubelet run:--mock' | 'kubelet run:--port' | 'kubelet run:--address' | 'kubelet run:--tls-cert-file' | 'kubelet run:--tls-private-key-file' | 'kubelet run:--client-ca-file' | 'kubelet run:--log-file' | 'kubelet run:--log-level' | 'kubelet run:--config') return 0 ;;
    'kubelet start:--timeout' | 'kubelet start:--nodename' | 'kubelet start:--label' | 'kubelet start:--taint' | 'kubelet start:--node-ip' | 'kubelet start:--capacity' | 'kubelet start:--kubeconfig' | 'kubelet start:--context' | 'kubelet start:--portlayer-addr' | 'kubelet start:--persona-addr' | 'kubelet start:--host-uuid' | 'kubelet start:--persona-tls-ca' | 'kubelet start:--persona-tls-cert' | 'kubelet start:--persona-tls-key' | 'kubelet start:--persona-tls-server-name' | 'kubelet start:--scope' | 'kubelet start:--isolation' | 'kubelet start:--cluster-domain' | 'kubelet start:--ready-timeout' | 'kubelet start:--provider-config' | 'kubelet start:--provider' | 'kubelet start:--engine' | 'kubelet start:--engine-tls-ca' | 'kubelet start:--engine-tls-cert' | 'kubelet start:--engine-tls-key' | 'kubelet start:--engine-tls-server-name' | 'kubelet start:--cluster-dns' | 'kubelet start:--image-limit' | 'kubelet start:--pod-cidr' | 'kubelet start:--mock' | 'kubelet start:--port' | 'kubelet start:--address' | 'kubelet start:--tls-cert-file' | 'kubelet start:--tls-private-key-file' | 'kubelet start:--client-ca-file' | 'kubelet start:--log-file' | 'kubelet start:--log-level' | 'kubelet start:-o' | 'kubelet start:--output' | 'kubelet start:--config') return 0 ;;
    'kubelet stop:--timeout' | 'kubelet stop:-o' | 'kubelet stop:--output' | 'kubelet stop:--config') return 0 ;;
    'kubelet status:-o' | 'kubelet status:--output' | 'kubelet status:--config') return 0 ;;
    'kubelet unit:--user' | 'kubelet unit:--nodename' | 'kubelet unit:--label' | 'kubelet unit:--taint' | 'kubelet unit:--node-ip' | 'kubelet unit:--capacity' | 'kubelet unit:--kubeconfig' | 'kubelet unit:--context' | 'kubelet unit:--portlayer-addr' | 'kubelet unit:--persona-addr' | 'kubelet unit:--host-uuid' | 'kubelet unit:--persona-tls-ca' | 'kubelet unit:--persona-tls-cert' | 'kubelet unit:--persona-tls-key' | 'kubelet unit:--persona-tls-server-name' | 'kubelet unit:--scope' | 'kubelet unit:--isolation' | 'kubelet unit:--cluster-domain' | 'kubelet unit:--ready-timeout' | 'kubelet unit:--provider-config' | 'kubelet unit:--provider' | 'kubelet unit:--engine' | 'kubelet unit:--engine-tls-ca' | 'kubelet unit:--engine-tls-cert' | 'kubelet unit:--engine-tls-key' | 'kubelet unit:--engine-tls-server-name' | 'kubelet unit:--cluster-dns' | 'kubelet unit:--image-limit' | 'kubelet unit:--pod-cidr' | 'kubelet unit:--mock' | 'kubelet unit:--port' | 'kubelet unit:--address' | 'kubelet unit:--tls-cert-file' | 'kubelet unit:--tls-private-key-file' | 'kubelet unit:--client-ca-file' | 'kubelet unit:--log-level' | 'kubelet unit:--config') return 0 ;;
    'kubelet manifest:--image' | 'kubelet manifest:-n' | 'kubelet manifest:--namespace' | 'kubelet manifest:--kubeconfig-secret' | 'kubelet manifest:--docker-secret' | 'kubelet manifest:--serving-secret' | 'kubelet manifest:--nodename' | 'kubelet manifest:--label' | 'kubelet manifest:--taint' | 'kubelet manifest:--node-ip' | 'kubelet manifest:--capacity' | 'kubelet manifest:--portlayer-addr' | 'kubelet manifest:--persona-addr' | 'kubelet manifest:--host-uuid' | 'kubelet manifest:--persona-tls-server-name' | 'kubelet manifest:--scope' | 'kubelet manifest:--isolation' | 'kubelet manifest:--cluster-domain' | 'kubelet manifest:--ready-timeout' | 'kubelet manifest:--provider' | 'kubelet manifest:--engine' | 'kubelet manifest:--engine-tls-server-name' | 'kubelet manifest:--cluster-dns' | 'kubelet manifest:--image-limit' | 'kubelet manifest:--pod-cidr' | 'kubelet manifest:--mock' | 'kubelet manifest:--port' | 'kubelet manifest:--log-level' | 'kubelet manifest:--config') return 0 ;;
    'sandbox up:--assets' | 'sandbox up:--virtual-kubelet' | 'sandbox up:--engine' | 'sandbox up:--timeout' | 'sandbox up:--state-dir' | 'sandbox up:-o' | 'sandbox up:--output' | 'sandbox up:--config') return 0 ;;
    'sandbox down:--state-dir' | 'sandbox down:-o' | 'sandbox down:--output' | 'sandbox down:--config') return 0 ;;
    'sandbox status:--state-dir' | 'sandbox status:-o' | 'sandbox status:--output' | 'sandbox status:--config') return 0 ;;
    'sandbox env:--shell' | 'sandbox env:--state-dir' | 'sandbox env:--config') return 0 ;;
    'sandbox apply:-f' | 'sandbox apply:--filename' | 'sandbox apply:--state-dir' | 'sandbox apply:-o' | 'sandbox apply:--output' | 'sandbox apply:--config') return 0 ;;
    'sandbox logs:-n' | 'sandbox logs:--namespace' | 'sandbox logs:--kubeconfig' | 'sandbox logs:--state-dir' | 'sandbox logs:--config') return 0 ;;
    'config show:-o' | 'config show:--output' | 'config show:--config') return 0 ;;
    'config validate:-o' | 'config validate:--output' | 'config validate:--config') return 0 ;;
    'config init:-t' | 'config init:--target' | 'config init:-u' | 'config init:--user' | 'config init:--password-file' | 'config init:--thumbprint' | 'config init:-r' | 'config init:--compute-resource' | 'config init:--vic-machine' | 'config init:--kubeconfig' | 'config init:--context' | 'config init:-o' | 'config init:--output' | 'config init:--config') return 0 ;;
    'config schema:--config') return 0 ;;
    'completion:--config') return 0 ;;
    'version:-o' | 'version:--output' | 'version:--config') return 0 ;;
    'help:--config') return 0 ;;
  esac
  return 1
}

_vick_value() {
  case "$1:$2" in
    ':--config') REPLY=':file' ;;
    'create:--config') REPLY=':file' ;;
    'delete:--config') REPLY=':file' ;;
    'list:--config') REPLY=':file' ;;
    'inspect:--config') REPLY=':file' ;;
    'configure:--config') REPLY=':file' ;;
    'upgrade:--config') REPLY=':file' ;;
    'debug:--config') REPLY=':file' ;;
    'update:--config') REPLY=':file' ;;
    'appliance:--config') REPLY=':file' ;;
    'identity:--config') REPLY=':file' ;;
    'node:--config') REPLY=':file' ;;
    'kubelet:--config') REPLY=':file' ;;
    'config:--config') REPLY=':file' ;;
    'sandbox:--config') REPLY=':file' ;;
    'apply:-f' | 'apply:--filename') REPLY=':file' ;;
    'apply:--dry-run') REPLY='none client server' ;;
    'apply:--password-file') REPLY=':file' ;;
    'apply:--vic-machine') REPLY=':file' ;;
    'apply:--kubeconfig') REPLY=':file' ;;
    'apply:-o' | 'apply:--output') REPLY='table json yaml name' ;;
    'apply:--config') REPLY=':file' ;;
    'create vch:--password-file') REPLY=':file' ;;
    'create vch:--vic-machine') REPLY=':file' ;;
    'create vch:--appliance-iso') REPLY=':file' ;;
    'create vch:--bootstrap-iso') REPLY=':file' ;;
    'create vch:--ops-password-file') REPLY=':file' ;;
    'create vch:--tls-cert-path') REPLY=':directory' ;;
    'create vch:--tls-server-cert') REPLY=':file' ;;
    'create vch:--tls-server-key') REPLY=':file' ;;
    'create vch:--tls-ca') REPLY=':file' ;;
    'create vch:--registry-ca') REPLY=':file' ;;
    'create vch:--kubeconfig') REPLY=':file' ;;
    'create vch:--k8s-config') REPLY=':file' ;;
    'create vch:--kubelet-identity') REPLY='node as-is' ;;
    'create vch:--dry-run') REPLY='none client server' ;;
    'create vch:-o' | 'create vch:--output') REPLY='table wide json yaml name' ;;
    'create vch:--config') REPLY=':file' ;;
    'delete vch:--password-file') REPLY=':file' ;;
    'delete vch:--vic-machine') REPLY=':file' ;;
    'delete vch:--kubeconfig') REPLY=':file' ;;
    'delete vch:-o' | 'delete vch:--output') REPLY='table json yaml name' ;;
    'delete vch:--config') REPLY=':file' ;;
    'list vch:--password-file') REPLY=':file' ;;
    'list vch:--vic-machine') REPLY=':file' ;;
    'list vch:--kubeconfig') REPLY=':file' ;;
    'list vch:-o' | 'list vch:--output') REPLY='table wide json yaml name' ;;
    'list vch:--config') REPLY=':file' ;;
    'inspect vch:--password-file') REPLY=':file' ;;
    'inspect vch:--vic-machine') REPLY=':file' ;;
    'inspect vch:--tls-cert-path') REPLY=':directory' ;;
    'inspect vch:-o' | 'inspect vch:--output') REPLY='table json yaml name' ;;
    'inspect vch:--config') REPLY=':file' ;;
    'configure vch:--password-file') REPLY=':file' ;;
    'configure vch:--vic-machine') REPLY=':file' ;;
    'configure vch:--ops-password-file') REPLY=':file' ;;
    'configure vch:--tls-cert-path') REPLY=':directory' ;;
    'configure vch:--tls-server-cert') REPLY=':file' ;;
    'configure vch:--tls-server-key') REPLY=':file' ;;
    'configure vch:--tls-ca') REPLY=':file' ;;
    'configure vch:--registry-ca') REPLY=':file' ;;
    'configure vch:--kubeconfig') REPLY=':file' ;;
    'configure vch:--dry-run') REPLY='none client' ;;
    'configure vch:-o' | 'configure vch:--output') REPLY='table json yaml name' ;;
    'configure vch:--config') REPLY=':file' ;;
    'upgrade vch:--password-file') REPLY=':file' ;;
    'upgrade vch:--vic-machine') REPLY=':file' ;;
    'upgrade vch:--appliance-iso') REPLY=':file' ;;
    'upgrade vch:--bootstrap-iso') REPLY=':file' ;;
    'upgrade vch:--kubeconfig') REPLY=':file' ;;
    'upgrade vch:--dry-run') REPLY='none client' ;;
    'upgrade vch:-o' | 'upgrade vch:--output') REPLY='table json yaml name' ;;
    'upgrade vch:--config') REPLY=':file' ;;
    'debug vch:--password-file') REPLY=':file' ;;
    'debug vch:--vic-machine') REPLY=':file' ;;
    'debug vch:--authorized-key') REPLY=':file' ;;
    'debug vch:--rootpw-file') REPLY=':file' ;;
    'debug vch:-o' | 'debug vch:--output') REPLY='table json yaml name' ;;
    'debug vch:--config') REPLY=':file' ;;
    'update firewall:--password-file') REPLY=':file' ;;
    'update firewall:--vic-machine') REPLY=':file' ;;
    'update firewall:-o' | 'update firewall:--output') REPLY='table json yaml name' ;;
    'update firewall:--config') REPLY=':file' ;;
    'status:--tls-cert-path') REPLY=':directory' ;;
    'status:--password-file') REPLY=':file' ;;
    'status:--vic-machine') REPLY=':file' ;;
    'status:--kubeconfig') REPLY=':file' ;;
    'status:-o' | 'status:--output') REPLY='table wide json yaml name' ;;
    'status:--config') REPLY=':file' ;;
    'gc:--dry-run') REPLY='none client' ;;
    'gc:--password-file') REPLY=':file' ;;
    'gc:--vic-machine') REPLY=':file' ;;
    'gc:--kubeconfig') REPLY=':file' ;;
    'gc:-o' | 'gc:--output') REPLY='table wide json yaml name' ;;
    'gc:--config') REPLY=':file' ;;
    'preflight:--kubeconfig') REPLY=':file' ;;
    'preflight:--kubelet-identity') REPLY='node as-is' ;;
    'preflight:-o' | 'preflight:--output') REPLY='table wide json yaml' ;;
    'preflight:--config') REPLY=':file' ;;
    'appliance check:-o' | 'appliance check:--output') REPLY='table json yaml name' ;;
    'appliance check:--config') REPLY=':file' ;;
    'identity show:--kubeconfig') REPLY=':file' ;;
    'identity show:-o' | 'identity show:--output') REPLY='table json yaml' ;;
    'identity show:--config') REPLY=':file' ;;
    'identity rotate:--to') REPLY=':file' ;;
    'identity rotate:--key') REPLY='ecdsa rsa' ;;
    'identity rotate:--kubeconfig') REPLY=':file' ;;
    'identity rotate:-o' | 'identity rotate:--output') REPLY='table json yaml' ;;
    'identity rotate:--config') REPLY=':file' ;;
    'identity revoke:--kubeconfig') REPLY=':file' ;;
    'identity revoke:-o' | 'identity revoke:--output') REPLY='table json yaml' ;;
    'identity revoke:--config') REPLY=':file' ;;
    'node list:--kubeconfig') REPLY=':file' ;;
    'node list:-o' | 'node list:--output') REPLY='table wide json yaml name' ;;
    'node list:--config') REPLY=':file' ;;
    'node taint:--dry-run') REPLY='none client server' ;;
    'node taint:--kubeconfig') REPLY=':file' ;;
    'node taint:-o' | 'node taint:--output') REPLY='table json yaml name' ;;
    'node taint:--config') REPLY=':file' ;;
    'node label:--dry-run') REPLY='none client server' ;;
    'node label:--kubeconfig') REPLY=':file' ;;
    'node label:-o' | 'node label:--output') REPLY='table json yaml name' ;;
    'node label:--config') REPLY=':file' ;;
    'kubelet run:--kubeconfig') REPLY=':file' ;;
    'kubelet run:--persona-tls-ca') REPLY=':file' ;;
    'kubelet run:--persona-tls-cert') REPLY=':file' ;;
    'kubelet run:--persona-tls-key') REPLY=':file' ;;
    'kubelet run:--isolation') REPLY='pod container' ;;
    'kubelet run:--provider-config') REPLY=':file' ;;
    'kubelet run:--provider') REPLY='vic docker mock' ;;
    'kubelet run:--engine-tls-ca') REPLY=':file' ;;
    'kubelet run:--engine-tls-cert') REPLY=':file' ;;
    'kubelet run:--engine-tls-key') REPLY=':file' ;;
    'kubelet run:--tls-cert-file') REPLY=':file' ;;
    'kubelet run:--tls-private-key-file') REPLY=':file' ;;
    'kubelet run:--client-ca-file') REPLY=':file' ;;
    'kubelet run:--log-file') REPLY=':file' ;;
    'kubelet run:--log-level') REPLY='debug info warn error' ;;
    'kubelet run:--config') REPLY=':file' ;;
    'kubelet start:--kubeconfig') REPLY=':file' ;;
    'kubelet start:--persona-tls-ca') REPLY=':file' ;;
    'kubelet start:--persona-tls-cert') REPLY=':file' ;;
    'kubelet start:--persona-tls-key') REPLY=':file' ;;
    'kubelet start:--isolation') REPLY='pod container' ;;
    'kubelet start:--provider-config') REPLY=':file' ;;
    'kubelet start:--provider') REPLY='vic docker mock' ;;
    'kubelet start:--engine-tls-ca') REPLY=':file' ;;
    'kubelet start:--engine-tls-cert') REPLY=':file' ;;
    'kubelet start:--engine-tls-key') REPLY=':file' ;;
    'kubelet start:--tls-cert-file') REPLY=':file' ;;
    'kubelet start:--tls-private-key-file') REPLY=':file' ;;
    'kubelet start:--client-ca-file') REPLY=':file' ;;
    'kubelet start:--log-file') REPLY=':file' ;;
    'kubelet start:--log-level') REPLY='debug info warn error' ;;
    'kubelet start:-o' | 'kubelet start:--output') REPLY='table json yaml name' ;;
    'kubelet start:--config') REPLY=':file' ;;
    'kubelet stop:-o' | 'kubelet stop:--output') REPLY='table json yaml name' ;;
    'kubelet stop:--config') REPLY=':file' ;;
    'kubelet status:-o' | 'kubelet status:--output') REPLY='table wide json yaml name' ;;
    'kubelet status:--config') REPLY=':file' ;;
    'kubelet unit:--kubeconfig') REPLY=':file' ;;
    'kubelet unit:--persona-tls-ca') REPLY=':file' ;;
    'kubelet unit:--persona-tls-cert') REPLY=':file' ;;
    'kubelet unit:--persona-tls-key') REPLY=':file' ;;
    'kubelet unit:--isolation') REPLY='pod container' ;;
    'kubelet unit:--provider-config') REPLY=':file' ;;
    'kubelet unit:--provider') REPLY='vic docker mock' ;;
    'kubelet unit:--engine-tls-ca') REPLY=':file' ;;
    'kubelet unit:--engine-tls-cert') REPLY=':file' ;;
    'kubelet unit:--engine-tls-key') REPLY=':file' ;;
    'kubelet unit:--tls-cert-file') REPLY=':file' ;;
    'kubelet unit:--tls-private-key-file') REPLY=':file' ;;
    'kubelet unit:--client-ca-file') REPLY=':file' ;;
    'kubelet unit:--log-level') REPLY='debug info warn error' ;;
    'kubelet unit:--config') REPLY=':file' ;;
    'kubelet manifest:--isolation') REPLY='pod container' ;;
    'kubelet manifest:--provider') REPLY='vic docker mock' ;;
    'kubelet manifest:--log-level') REPLY='debug info warn error' ;;
    'kubelet manifest:--config') REPLY=':file' ;;
    'sandbox up:--assets') REPLY=':directory' ;;
    'sandbox up:--virtual-kubelet') REPLY=':file' ;;
    'sandbox up:--state-dir') REPLY=':directory' ;;
    'sandbox up:-o' | 'sandbox up:--output') REPLY='table json yaml name' ;;
    'sandbox up:--config') REPLY=':file' ;;
    'sandbox down:--state-dir') REPLY=':directory' ;;
    'sandbox down:-o' | 'sandbox down:--output') REPLY='table json yaml name' ;;
    'sandbox down:--config') REPLY=':file' ;;
    'sandbox status:--state-dir') REPLY=':directory' ;;
    'sandbox status:-o' | 'sandbox status:--output') REPLY='table json yaml name' ;;
    'sandbox status:--config') REPLY=':file' ;;
    'sandbox env:--shell') REPLY='sh fish powershell' ;;
    'sandbox env:--state-dir') REPLY=':directory' ;;
    'sandbox env:--config') REPLY=':file' ;;
    'sandbox apply:-f' | 'sandbox apply:--filename') REPLY=':file' ;;
    'sandbox apply:--state-dir') REPLY=':directory' ;;
    'sandbox apply:-o' | 'sandbox apply:--output') REPLY='table json yaml name' ;;
    'sandbox apply:--config') REPLY=':file' ;;
    'sandbox logs:--kubeconfig') REPLY=':file' ;;
    'sandbox logs:--state-dir') REPLY=':directory' ;;
    'sandbox logs:--config') REPLY=':file' ;;
    'config show:-o' | 'config show:--output') REPLY='table json yaml' ;;
    'config show:--config') REPLY=':file' ;;
    'config validate:-o' | 'config validate:--output') REPLY='table json yaml name' ;;
    'config validate:--config') REPLY=':file' ;;
    'config init:--password-file') REPLY=':file' ;;
    'config init:--vic-machine') REPLY=':file' ;;
    'config init:--kubeconfig') REPLY=':file' ;;
    'config init:-o' | 'config init:--output') REPLY='table json yaml name' ;;
    'config init:--config') REPLY=':file' ;;
    'config schema:--config') REPLY=':file' ;;
    'completion:--config') REPLY=':file' ;;
    'version:-o' | 'version:--output') REPLY='table json yaml name' ;;
    'version:--config') REPLY=':file' ;;
    'help:--config') REPLY=':file' ;;
  esac
}

_vick_words() {
  case "$1" in
    '') REPLY='create delete list inspect configure upgrade debug update appliance identity node kubelet config sandbox apply status gc preflight completion version help' ;;
    'create') REPLY='vch' ;;
    'delete') REPLY='vch' ;;
    'list') REPLY='vch' ;;
    'inspect') REPLY='vch' ;;
    'configure') REPLY='vch' ;;
    'upgrade') REPLY='vch' ;;
    'debug') REPLY='vch' ;;
    'update') REPLY='firewall' ;;
    'appliance') REPLY='check' ;;
    'identity') REPLY='show rotate revoke' ;;
    'node') REPLY='list taint label' ;;
    'kubelet') REPLY='run start stop status unit manifest' ;;
    'config') REPLY='show validate init schema' ;;
    'sandbox') REPLY='up down status env apply logs' ;;
    'apply') REPLY='' ;;
    'create vch') REPLY='' ;;
    'delete vch') REPLY='' ;;
    'list vch') REPLY='' ;;
    'inspect vch') REPLY='' ;;
    'configure vch') REPLY='' ;;
    'upgrade vch') REPLY='' ;;
    'debug vch') REPLY='' ;;
    'update firewall') REPLY='' ;;
    'status') REPLY='' ;;
    'gc') REPLY='' ;;
    'preflight') REPLY='' ;;
    'appliance check') REPLY=':file' ;;
    'identity show') REPLY='' ;;
    'identity rotate') REPLY='' ;;
    'identity revoke') REPLY='' ;;
    'node list') REPLY='' ;;
    'node taint') REPLY='' ;;
    'node label') REPLY='' ;;
    'kubelet run') REPLY='' ;;
    'kubelet start') REPLY='' ;;
    'kubelet stop') REPLY='' ;;
    'kubelet status') REPLY='' ;;
    'kubelet unit') REPLY='' ;;
    'kubelet manifest') REPLY='' ;;
    'sandbox up') REPLY='' ;;
    'sandbox down') REPLY='' ;;
    'sandbox status') REPLY='' ;;
    'sandbox env') REPLY='' ;;
    'sandbox apply') REPLY='' ;;
    'sandbox logs') REPLY='' ;;
    'config show') REPLY='' ;;
    'config validate') REPLY=':file' ;;
    'config init') REPLY='' ;;
    'config schema') REPLY='VirtualContainerHost Config' ;;
    'completion') REPLY='bash zsh fish powershell' ;;
    'version') REPLY='' ;;
    'help') REPLY='flags environment exit-codes errors' ;;
  esac
}

_vick_flags() {
  case "$1" in
    '') REPLY='-h --help -y --yes --no-input --no-color --config -v --verbose --version' ;;
    'create') REPLY='-h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'delete') REPLY='-h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'list') REPLY='-h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'inspect') REPLY='-h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'configure') REPLY='-h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'upgrade') REPLY='-h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'debug') REPLY='-h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'update') REPLY='-h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'appliance') REPLY='-h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'identity') REPLY='-h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'node') REPLY='-h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'kubelet') REPLY='-h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'config') REPLY='-h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'sandbox') REPLY='-h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'apply') REPLY='-f --filename --dry-run --retain -t --target -u --user --password-file --password-stdin --thumbprint --accept-thumbprint -r --compute-resource --vic-machine --kubeconfig --context --wait --timeout -o --output -h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'create vch') REPLY='-t --target -u --user --password-file --password-stdin --thumbprint --accept-thumbprint -r --compute-resource --vic-machine -i --image-store --volume-store -b --bridge-network --public-network --client-network --management-network --memory --cpu --tls-cname --no-tlsverify --no-tls --appliance-iso --bootstrap-iso --vic-timeout --ops-user --ops-password-file --ops-grant-perms --base-image-size --dns-server --bridge-network-range --bridge-network-width --public-network-ip --public-network-gateway --client-network-ip --client-network-gateway --management-network-ip --management-network-gateway --asymmetric-routes --container-network --container-network-gateway --container-network-ip-range --container-network-dns --container-network-firewall --memory-reservation --memory-shares --cpu-reservation --cpu-shares --affinity-vm-group --endpoint-memory --endpoint-cpu --tls-cert-path --tls-server-cert --tls-server-key --tls-ca --organization --certificate-key-size --registry-ca --insecure-registry --whitelist-registry --http-proxy --https-proxy --syslog-address --container-name-convention --debug -f --force --containers --storage-quota --no-proxy --kubeconfig --context --k8s-config --k8s-server-address --kubelet-identity --skip --allow-loopback -l --label --taint --wait --timeout --dry-run --retain --resume --cleanup -o --output -h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'delete vch') REPLY='-t --target -u --user --password-file --password-stdin --thumbprint --accept-thumbprint -r --compute-resource --vic-machine --id --kubeconfig --context --keep-node -f --force --delete-emptydir-data --ignore-daemonsets --grace-period --disable-eviction --delete-volumes --keep-files --timeout -o --output -h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'list vch') REPLY='-t --target -u --user --password-file --password-stdin --thumbprint --accept-thumbprint -r --compute-resource --vic-machine --kubeconfig --context --timeout --debug -o --output -h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'inspect vch') REPLY='-t --target -u --user --password-file --password-stdin --thumbprint --accept-thumbprint -r --compute-resource --vic-machine --id --options --tls-cert-path --timeout --debug -o --output -h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'configure vch') REPLY='-t --target -u --user --password-file --password-stdin --thumbprint --accept-thumbprint -r --compute-resource --vic-machine --id --ops-user --ops-password-file --ops-grant-perms --volume-store --dns-server --container-network --container-network-gateway --container-network-ip-range --container-network-dns --container-network-firewall --memory --cpu --memory-reservation --memory-shares --cpu-reservation --cpu-shares --affinity-vm-group --tls-cname --no-tlsverify --tls-cert-path --tls-server-cert --tls-server-key --tls-ca --organization --certificate-key-size --registry-ca --http-proxy --https-proxy --syslog-address --container-name-convention --debug -f --force --containers --storage-quota --no-proxy --rollback --reset-progress --timeout --kubeconfig --context --wait --node-timeout --dry-run -o --output -h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'upgrade vch') REPLY='-t --target -u --user --password-file --password-stdin --thumbprint --accept-thumbprint -r --compute-resource --vic-machine --id --appliance-iso --bootstrap-iso -f --force --rollback --reset-progress --timeout --debug --kubeconfig --context --wait --node-timeout --dry-run -o --output -h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'debug vch') REPLY='-t --target -u --user --password-file --password-stdin --thumbprint --accept-thumbprint -r --compute-resource --vic-machine --id --enable-ssh --authorized-key --rootpw-file --timeout --debug -o --output -h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'update firewall') REPLY='-t --target -u --user --password-file --password-stdin --thumbprint --accept-thumbprint -r --compute-resource --vic-machine --allow --deny --timeout --debug -o --output -h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'status') REPLY='--pods -w --watch --interval --portlayer-addr --persona-addr --tls-cert-path -t --target -u --user --password-file --password-stdin --thumbprint --accept-thumbprint -r --compute-resource --vic-machine --kubeconfig --context -o --output -h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'gc') REPLY='--dry-run --portlayer-addr -t --target -u --user --password-file --password-stdin --thumbprint --accept-thumbprint -r --compute-resource --vic-machine --kubeconfig --context -o --output -h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'preflight') REPLY='--kubeconfig --context --k8s-server-address --kubelet-identity --allow-loopback --node --labels-and-taints --skip -o --output -h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'appliance check') REPLY='-o --output -h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'identity show') REPLY='--kubeconfig --context -o --output -h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'identity rotate') REPLY='--to --key --valid-for --k8s-server-address --kubeconfig --context -o --output -h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'identity revoke') REPLY='--force --kubeconfig --context -o --output -h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'node list') REPLY='-l --selector --all --kubeconfig --context -o --output -h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'node taint') REPLY='-l --selector --all --overwrite --dry-run --kubeconfig --context -o --output -h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'node label') REPLY='-l --selector --all --overwrite --dry-run --kubeconfig --context -o --output -h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'kubelet run') REPLY='--nodename --label --taint --node-ip --capacity --kubeconfig --context --portlayer-addr --persona-addr --host-uuid --persona-tls-ca --persona-tls-cert --persona-tls-key --persona-tls-server-name --persona-tls-insecure --scope --isolation --cluster-domain --ready-timeout --provider-config --provider --engine --engine-tls-ca --engine-tls-cert --engine-tls-key --engine-tls-server-name --engine-tls-insecure --cluster-dns --image-limit --pod-cidr --mock --port --address --tls-cert-file --tls-private-key-file --client-ca-file --log-file --log-level -h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'kubelet start') REPLY='--timeout --no-wait --nodename --label --taint --node-ip --capacity --kubeconfig --context --portlayer-addr --persona-addr --host-uuid --persona-tls-ca --persona-tls-cert --persona-tls-key --persona-tls-server-name --persona-tls-insecure --scope --isolation --cluster-domain --ready-timeout --provider-config --provider --engine --engine-tls-ca --engine-tls-cert --engine-tls-key --engine-tls-server-name --engine-tls-insecure --cluster-dns --image-limit --pod-cidr --mock --port --address --tls-cert-file --tls-private-key-file --client-ca-file --log-file --log-level -o --output -h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'kubelet stop') REPLY='--all --timeout -o --output -h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'kubelet status') REPLY='-o --output -h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'kubelet unit') REPLY='--user --nodename --label --taint --node-ip --capacity --kubeconfig --context --portlayer-addr --persona-addr --host-uuid --persona-tls-ca --persona-tls-cert --persona-tls-key --persona-tls-server-name --persona-tls-insecure --scope --isolation --cluster-domain --ready-timeout --provider-config --provider --engine --engine-tls-ca --engine-tls-cert --engine-tls-key --engine-tls-server-name --engine-tls-insecure --cluster-dns --image-limit --pod-cidr --mock --port --address --tls-cert-file --tls-private-key-file --client-ca-file --log-level -h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'kubelet manifest') REPLY='--image -n --namespace --kubeconfig-secret --docker-secret --serving-secret --nodename --label --taint --node-ip --capacity --portlayer-addr --persona-addr --host-uuid --persona-tls-server-name --persona-tls-insecure --scope --isolation --cluster-domain --ready-timeout --provider --engine --engine-tls-server-name --engine-tls-insecure --cluster-dns --image-limit --pod-cidr --mock --port --log-level -h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'sandbox up') REPLY='--assets --virtual-kubelet --engine --timeout --state-dir -o --output -h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'sandbox down') REPLY='--state-dir -o --output -h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'sandbox status') REPLY='--state-dir -o --output -h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'sandbox env') REPLY='--shell --state-dir -h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'sandbox apply') REPLY='-f --filename --state-dir -o --output -h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'sandbox logs') REPLY='-n --namespace -f --follow --kubeconfig --state-dir -h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'config show') REPLY='-o --output -h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'config validate') REPLY='-o --output -h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'config init') REPLY='-t --target -u --user --password-file --thumbprint --accept-thumbprint -r --compute-resource --vic-machine --kubeconfig --context -f --force -o --output -h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'config schema') REPLY='-h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'completion') REPLY='-h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'version') REPLY='-o --output -h --help -y --yes --no-input --no-color --config -v --verbose' ;;
    'help') REPLY='-h --help -y --yes --no-input --no-color --config -v --verbose' ;;
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
