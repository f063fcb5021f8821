import type { CommandSpec, FlagSpec } from '../spec.ts';

const STATE_DIR: FlagSpec = {
  name: 'state-dir',
  kind: 'string',
  env: ['VICK_STATE_DIR'],
  placeholder: 'FOLDER',
  description: 'where vick keeps its state (default: $XDG_STATE_HOME/vick or ~/.local/state/vick)',
  completes: 'directory',
};

const ASSETS: FlagSpec = {
  name: 'assets',
  kind: 'string',
  env: ['KUBEBUILDER_ASSETS'],
  placeholder: 'FOLDER',
  description: 'run a real control plane from a folder with etcd and kube-apiserver (default: the embedded one)',
  completes: 'directory',
};

const VIRTUAL_KUBELET: FlagSpec = {
  name: 'virtual-kubelet',
  kind: 'string',
  env: ['VICK_SANDBOX_VIRTUAL_KUBELET'],
  placeholder: 'FILE',
  description: 'program that endpoint VMs run as /sbin/virtual-kubelet (default: this vick)',
  completes: 'file',
};

const ENGINE: FlagSpec = {
  name: 'engine',
  kind: 'string',
  env: ['VICK_SANDBOX_ENGINE'],
  default: 'process',
  placeholder: 'ENGINE',
  description: 'what runs the pods: process, docker (DOCKER_HOST, or its usual socket), unix:///PATH or tcp://HOST:PORT',
};

export const sandboxUpSpec: CommandSpec = {
  path: ['sandbox', 'up'],
  summary: 'start a sandbox: a cluster, a vSphere and a vic-machine on this machine',
  description:
    'Starts a stand-in for a whole site as one background process: a Kubernetes control plane, a vSphere target, and a vic-machine whose VCHs run containers as processes of this machine, or in a container engine. Nothing needs root, and nothing outside the state folder is touched.',
  flags: [
    ASSETS,
    VIRTUAL_KUBELET,
    ENGINE,
    { name: 'timeout', kind: 'duration', default: '2m', placeholder: 'DURATION', description: 'how long the start may take' },
    STATE_DIR,
  ],
  examples: [
    { say: 'Start it, then point this shell at it', run: 'vick sandbox up && eval "$(vick sandbox env)"' },
    { say: 'With a real etcd and kube-apiserver', run: 'vick sandbox up --assets /usr/local/kubebuilder/bin' },
    { say: 'With real containers', run: 'vick sandbox up --engine docker' },
  ],
  outputs: ['table', 'json', 'yaml', 'name'],
  load: async () => (await import('../commands/sandbox.ts')).runSandboxUp,
};

export const sandboxDownSpec: CommandSpec = {
  path: ['sandbox', 'down'],
  summary: 'end the sandbox and remove everything of it',
  flags: [STATE_DIR],
  examples: [{ say: 'End it, also after a crash', run: 'vick sandbox down' }],
  outputs: ['table', 'json', 'yaml', 'name'],
  load: async () => (await import('../commands/sandbox.ts')).runSandboxDown,
};

export const sandboxStatusSpec: CommandSpec = {
  path: ['sandbox', 'status'],
  summary: 'show the running sandbox',
  flags: [STATE_DIR],
  examples: [{ say: 'The path of its kubeconfig', run: 'vick sandbox status -o json | jq -r .kubeconfig' }],
  outputs: ['table', 'json', 'yaml', 'name'],
  load: async () => (await import('../commands/sandbox.ts')).runSandboxStatus,
};

export const sandboxEnvSpec: CommandSpec = {
  path: ['sandbox', 'env'],
  summary: 'print the variables that point a shell at the sandbox',
  description: 'Prints lines for eval. They hold the password of the sandbox’s own vSphere, which guards nothing.',
  flags: [{ name: 'shell', kind: 'enum', values: ['sh', 'fish', 'powershell'], default: 'sh', description: 'the syntax' }, STATE_DIR],
  examples: [
    { say: 'bash and zsh', run: 'eval "$(vick sandbox env)"' },
    { say: 'fish', run: 'vick sandbox env --shell fish | source' },
  ],
  load: async () => (await import('../commands/sandbox.ts')).runSandboxEnv,
};

export const sandboxApplySpec: CommandSpec = {
  path: ['sandbox', 'apply'],
  summary: 'create objects in the sandbox’s cluster, where there is no kubectl',
  flags: [
    {
      name: 'filename',
      short: 'f',
      kind: 'string',
      required: true,
      placeholder: 'FILE',
      description: 'YAML with one or more objects, - for standard input',
      completes: 'file',
    },
    STATE_DIR,
  ],
  examples: [{ say: 'A pod', run: 'vick sandbox apply -f pod.yaml' }],
  outputs: ['table', 'json', 'yaml', 'name'],
  load: async () => (await import('../commands/sandbox-cluster.ts')).runSandboxApply,
};

export const sandboxLogsSpec: CommandSpec = {
  path: ['sandbox', 'logs'],
  summary: 'print what a pod in the sandbox writes',
  args: [{ name: 'POD', description: 'name of the pod', required: true }],
  flags: [
    { name: 'namespace', short: 'n', kind: 'string', default: 'default', placeholder: 'NAME', description: 'namespace of the pod' },
    { name: 'follow', short: 'f', kind: 'boolean', description: 'wait for the pod to start, and go on until it ends' },
    {
      name: 'kubeconfig',
      kind: 'string',
      placeholder: 'FILE',
      description: 'cluster that the VCH has joined (default: the sandbox’s own)',
      completes: 'file',
    },
    STATE_DIR,
  ],
  examples: [{ say: 'From the first line to the last', run: 'vick sandbox logs hello --follow' }],
  load: async () => (await import('../commands/sandbox-cluster.ts')).runSandboxLogs,
};

/** Called by `sandbox up` only. */
export const sandboxServeSpec: CommandSpec = {
  path: ['sandbox', 'serve'],
  summary: 'be the sandbox, in the foreground',
  hidden: true,
  flags: [ASSETS, VIRTUAL_KUBELET, STATE_DIR],
  examples: [],
  load: async () => (await import('../commands/sandbox.ts')).runSandboxServe,
};
