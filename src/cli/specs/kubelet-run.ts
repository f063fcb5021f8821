import type { CommandSpec, FlagSpec } from '../spec.ts';

const NODE: readonly FlagSpec[] = [
  {
    name: 'nodename',
    kind: 'string',
    repeatable: true,
    env: ['KUBELET_NAME'],
    placeholder: 'NAME',
    description: 'name of the node; several with --provider mock',
    group: 'Node',
  },
  { name: 'label', kind: 'string', repeatable: true, placeholder: 'KEY=VALUE', description: 'label for the node', group: 'Node' },
  { name: 'taint', kind: 'string', repeatable: true, placeholder: 'KEY=VALUE:EFFECT', description: 'taint that the node is created with', group: 'Node' },
  {
    name: 'node-ip',
    kind: 'string',
    env: ['NODE_IP'],
    placeholder: 'IP',
    description: 'address of the node (default: that of the Docker personality)',
    group: 'Node',
  },
  {
    name: 'capacity',
    kind: 'string',
    repeatable: true,
    placeholder: 'NAME=QUANTITY',
    description: 'report this instead of what the VCH limits come to',
    group: 'Node',
  },
];

const VCH: readonly FlagSpec[] = [
  { name: 'portlayer-addr', kind: 'string', env: ['PORTLAYER_ADDR'], placeholder: 'HOST:PORT', description: 'port layer of the VCH', group: 'VCH' },
  {
    name: 'persona-addr',
    kind: 'string',
    env: ['PERSONA_ADDR'],
    placeholder: 'HOST:PORT',
    description: 'Docker API of the VCH; https on port 2376 or with a TLS flag, else http',
    group: 'VCH',
  },
  {
    name: 'host-uuid',
    kind: 'string',
    env: ['HOST_UUID'],
    placeholder: 'UUID',
    description: 'BIOS UUID of the VCH (default: from the serial number of this machine)',
    group: 'VCH',
  },
  {
    name: 'persona-tls-ca',
    kind: 'string',
    env: ['PERSONA_TLS_CA'],
    placeholder: 'FILE',
    description: 'CA of the Docker API (default: ca.pem in $DOCKER_CERT_PATH)',
    group: 'VCH',
    completes: 'file',
  },
  {
    name: 'persona-tls-cert',
    kind: 'string',
    env: ['PERSONA_TLS_CERT'],
    placeholder: 'FILE',
    description: 'client certificate (default: cert.pem in $DOCKER_CERT_PATH)',
    group: 'VCH',
    completes: 'file',
  },
  {
    name: 'persona-tls-key',
    kind: 'string',
    env: ['PERSONA_TLS_KEY'],
    placeholder: 'FILE',
    description: 'key of the client certificate (default: key.pem in $DOCKER_CERT_PATH)',
    group: 'VCH',
    completes: 'file',
  },
  {
    name: 'persona-tls-server-name',
    kind: 'string',
    env: ['PERSONA_TLS_SERVER_NAME'],
    placeholder: 'NAME',
    description: 'name to expect in the server certificate',
    group: 'VCH',
  },
  {
    name: 'persona-tls-insecure',
    kind: 'boolean',
    env: ['PERSONA_TLS_INSECURE'],
    description: 'accept any server certificate of the Docker API',
    group: 'VCH',
  },
  { name: 'scope', kind: 'string', placeholder: 'NAME', description: 'VCH network for the pods (default: its bridge)', group: 'VCH' },
  {
    name: 'isolation',
    kind: 'enum',
    values: ['pod', 'container'],
    env: ['ISOLATION'],
    description: 'what shares a VM: all containers of a pod, or none (default: pod)',
    group: 'VCH',
  },
  { name: 'cluster-domain', kind: 'string', placeholder: 'NAME', description: 'DNS domain of the cluster (default: cluster.local)', group: 'VCH' },
  { name: 'ready-timeout', kind: 'string', placeholder: 'DURATION', description: 'how long to wait for each service of the VCH (default: 10m)', group: 'VCH' },
  {
    name: 'provider-config',
    kind: 'string',
    placeholder: 'FILE',
    description: 'YAML with persona-server, portlayer-server, host-uuid',
    group: 'VCH',
    completes: 'file',
  },
];

const ENGINE: readonly FlagSpec[] = [
  {
    name: 'provider',
    kind: 'enum',
    values: ['vic', 'docker', 'mock'],
    description: 'what runs the pods: VMs of a VCH, containers of an engine, or nothing (default: vic)',
    group: 'Container engine',
  },
  {
    name: 'engine',
    kind: 'string',
    env: ['DOCKER_HOST'],
    placeholder: 'ADDRESS',
    description: 'engine for --provider docker: unix:///var/run/docker.sock, tcp://HOST:PORT; TLS on port 2376, with https or a TLS flag',
    group: 'Container engine',
  },
  {
    name: 'engine-tls-ca',
    kind: 'string',
    placeholder: 'FILE',
    description: 'CA of the engine (default: ca.pem in $DOCKER_CERT_PATH)',
    group: 'Container engine',
    completes: 'file',
  },
  {
    name: 'engine-tls-cert',
    kind: 'string',
    placeholder: 'FILE',
    description: 'client certificate (default: cert.pem in $DOCKER_CERT_PATH)',
    group: 'Container engine',
    completes: 'file',
  },
  {
    name: 'engine-tls-key',
    kind: 'string',
    placeholder: 'FILE',
    description: 'key of the client certificate (default: key.pem in $DOCKER_CERT_PATH)',
    group: 'Container engine',
    completes: 'file',
  },
  {
    name: 'engine-tls-server-name',
    kind: 'string',
    placeholder: 'NAME',
    description: 'name to expect in the certificate of the engine',
    group: 'Container engine',
  },
  { name: 'engine-tls-insecure', kind: 'boolean', description: 'accept any certificate of the engine', group: 'Container engine' },
  {
    name: 'cluster-dns',
    kind: 'string',
    repeatable: true,
    placeholder: 'IP',
    description: "address of the cluster's DNS for pods (default: the engine's resolver)",
    group: 'Container engine',
  },
  {
    name: 'image-limit',
    kind: 'string',
    placeholder: 'SIZE',
    description: 'room for images, for example 20Gi: above it unused ones are removed, also those of others (default: none is ever removed)',
    group: 'Container engine',
  },
];

const MOCK: readonly FlagSpec[] = [
  {
    name: 'pod-cidr',
    kind: 'string',
    placeholder: 'CIDR',
    description: 'network of the pods with --provider mock (default: 10.244.0.0/16)',
    group: 'Mock',
  },
  {
    name: 'mock',
    kind: 'string',
    repeatable: true,
    placeholder: 'SETTING=VALUE',
    description: 'setting of every pod that has no annotation mock.vick.dev/SETTING, for example start-delay=2s',
    group: 'Mock',
  },
];

const CLUSTER: readonly FlagSpec[] = [
  {
    name: 'kubeconfig',
    kind: 'string',
    placeholder: 'FILE',
    description: 'kubeconfig of the node (default: $KUBECONFIG, then ~/.kube/config)',
    group: 'Cluster',
    completes: 'file',
  },
  { name: 'context', kind: 'string', placeholder: 'NAME', description: 'context of the kubeconfig (default: its current one)', group: 'Cluster' },
];

const SERVER: readonly FlagSpec[] = [
  {
    name: 'port',
    kind: 'string',
    env: ['KUBELET_PORT'],
    placeholder: 'PORT',
    description: 'port of the kubelet API; 0 for any free one, none for no API (default: 10250, or any free one when that is taken)',
    group: 'Kubelet API',
  },
  { name: 'address', kind: 'string', placeholder: 'IP', description: 'address to serve the kubelet API on (default: all)', group: 'Kubelet API' },
  {
    name: 'tls-cert-file',
    kind: 'string',
    env: ['APISERVER_CERT_LOCATION'],
    placeholder: 'FILE',
    description: 'serving certificate (default: one that the cluster issues)',
    group: 'Kubelet API',
    completes: 'file',
  },
  {
    name: 'tls-private-key-file',
    kind: 'string',
    env: ['APISERVER_KEY_LOCATION'],
    placeholder: 'FILE',
    description: 'key of the serving certificate',
    group: 'Kubelet API',
    completes: 'file',
  },
  {
    name: 'client-ca-file',
    kind: 'string',
    placeholder: 'FILE',
    description: 'CA that client certificates are judged by (default: the one the cluster publishes)',
    group: 'Kubelet API',
    completes: 'file',
  },
];

const LOG: readonly FlagSpec[] = [
  { name: 'log-file', kind: 'string', placeholder: 'FILE', description: 'log to this file (default: stderr)', completes: 'file' },
  {
    name: 'log-level',
    kind: 'enum',
    values: ['debug', 'info', 'warn', 'error'],
    env: ['KUBELET_LOG_LEVEL'],
    description: 'least level that is logged (default: info)',
  },
];

export const kubeletRunSpec: CommandSpec = {
  path: ['kubelet', 'run'],
  summary: 'run the kubelet of a VCH, a container engine or a mock in the foreground',
  description:
    'Registers the VCH, or the engine with --provider docker, as a node and runs the pods that are bound to it, until it is interrupted. Pods go on running when it ends, and are taken over at the next start. With --provider mock nothing runs: pods say that they do, as their annotations mock.vick.dev/… want it, and a restarted mock goes on from what they have said. A flag beats its environment variable, which beats the --provider-config file.',
  flags: [...NODE, ...CLUSTER, ...VCH, ...ENGINE, ...MOCK, ...SERVER, ...LOG],
  examples: [
    {
      say: 'Beside a VCH without TLS',
      run: 'vick kubelet run --nodename kubelet-web --kubeconfig node.conf --portlayer-addr 10.0.0.5:2380 --persona-addr 10.0.0.5:2375 --host-uuid 564d395e-d807-e18a-cb25-b79f65eb2b9f',
    },
    {
      say: 'With the certificates that vic-machine made',
      run: 'DOCKER_CERT_PATH=./web vick kubelet run --nodename kubelet-web --persona-addr 10.0.0.5:2376 --portlayer-addr 10.0.0.5:2380',
    },
    {
      say: 'Pods as containers of the engine on this machine',
      run: 'vick kubelet run --provider docker --engine unix:///var/run/docker.sock --nodename kubelet-local --kubeconfig node.conf',
    },
    {
      say: 'Two nodes whose pods only say that they run',
      run: 'vick kubelet run --provider mock --nodename mock-a --nodename mock-b --kubeconfig admin.conf',
    },
  ],
  configured: false,
  load: async () => (await import('../commands/kubelet-run.ts')).runKubeletRun,
};
