import type { CommandSpec, FlagSpec } from '../spec.ts';
import { kubeletRunSpec } from './kubelet-run.ts';

const KUBELET = { name: 'NAME', description: 'node or VCH; may be left out where there is only one', required: false, completes: 'none' } as const;
const VCH = {
  name: 'VCH',
  description: 'VCH: its node is kubelet-VCH, and its addresses are those that are known here',
  required: false,
  completes: 'none',
} as const;

const without = (...names: string[]): readonly FlagSpec[] => kubeletRunSpec.flags.filter(({ name }) => !names.includes(name));

export const kubeletStartSpec: CommandSpec = {
  path: ['kubelet', 'start'],
  summary: 'start the kubelet of a VCH as a background process of this machine',
  description:
    'Takes the flags and variables of vick kubelet run. The process outlives the command; its notes, process id and log are in the state folder (kubelet/NODE/). ' +
    'Waits until the node is registered. A start that fails leaves no process.',
  args: [VCH],
  flags: [
    { name: 'timeout', kind: 'duration', default: '2m', placeholder: 'DURATION', description: 'how long to wait for the node to be registered' },
    { name: 'no-wait', kind: 'boolean', description: 'do not wait for the node' },
    ...kubeletRunSpec.flags,
  ],
  examples: [
    { say: 'For a VCH that was created from here', run: 'vick kubelet start web --kubeconfig ./kubelet-web.kubeconfig --portlayer-addr 10.0.0.5:2380' },
    {
      say: 'Pods as containers of an engine',
      run: 'vick kubelet start --provider docker --engine unix:///var/run/docker.sock --nodename kubelet-local --kubeconfig node.conf',
    },
  ],
  outputs: ['table', 'json', 'yaml', 'name'],
  configured: false,
  load: async () => (await import('../commands/kubelet-start.ts')).runKubeletStart,
};

export const kubeletStopSpec: CommandSpec = {
  path: ['kubelet', 'stop'],
  summary: 'end a kubelet that was started here; its pods go on running',
  description:
    'Asks it to end, waits, and kills it when it does not. The node becomes NotReady, and its pods are replaced elsewhere after the time their tolerations give.',
  args: [KUBELET],
  flags: [
    { name: 'all', kind: 'boolean', description: 'every kubelet that was started here' },
    { name: 'timeout', kind: 'duration', default: '30s', placeholder: 'DURATION', description: 'how long it may take before it is killed' },
  ],
  examples: [{ say: 'The kubelet of VCH web', run: 'vick kubelet stop web' }],
  outputs: ['table', 'json', 'yaml', 'name'],
  exits: [
    { code: 'ok', when: 'it has ended, or was dead already' },
    { code: 'partial', when: 'it had to be killed' },
  ],
  load: async () => (await import('../commands/kubelet-stop.ts')).runKubeletStop,
};

export const kubeletStatusSpec: CommandSpec = {
  path: ['kubelet', 'status'],
  summary: 'show the kubelets that were started here: process, port, node',
  args: [KUBELET],
  flags: [],
  examples: [{ say: 'All of them', run: 'vick kubelet status' }],
  outputs: ['table', 'wide', 'json', 'yaml', 'name'],
  exits: [
    { code: 'ok', when: 'every one of them runs and its node is Ready' },
    { code: 'failure', when: 'one has died, or its node is not Ready' },
  ],
  load: async () => (await import('../commands/kubelet-status.ts')).runKubeletStatus,
};

export const kubeletUnitSpec: CommandSpec = {
  path: ['kubelet', 'unit'],
  summary: 'print a systemd unit that runs the kubelet of a VCH',
  description:
    'Takes the flags and variables of vick kubelet run and writes them into the unit, files with absolute paths. Nothing secret is in it: keys and tokens stay in their files.',
  args: [VCH],
  flags: [
    { name: 'user', kind: 'string', placeholder: 'NAME', description: 'account that the service runs as (default: root)', completes: 'none' },
    ...without('log-file'),
  ],
  examples: [
    {
      say: 'Install it',
      run: 'vick kubelet unit web --kubeconfig /etc/vick/web.kubeconfig --portlayer-addr 10.0.0.5:2380 > /etc/systemd/system/vick-web.service',
    },
  ],
  configured: false,
  load: async () => (await import('../commands/kubelet-unit.ts')).runKubeletUnit,
};

const SECRET = (name: string, description: string): FlagSpec => ({
  name,
  kind: 'string',
  placeholder: 'NAME',
  description,
  group: 'Secrets',
  completes: 'none',
});

export const kubeletManifestSpec: CommandSpec = {
  path: ['kubelet', 'manifest'],
  summary: 'print a Deployment, with its rights, that runs the kubelet of a VCH in the cluster',
  description:
    'Prints a namespace, a service account with the rights that a kubelet asks for, and the Deployment. With --kubeconfig-secret the kubelet is the node itself instead (vick identity rotate makes the kubeconfig), which needs no further rights and may read only what its own pods use.\n' +
    'Without --serving-secret it serves with a certificate of its own making: clusters whose API server checks kubelets (--kubelet-certificate-authority) need one.',
  args: [VCH],
  flags: [
    { name: 'image', kind: 'string', required: true, placeholder: 'IMAGE', description: 'image with vick in its PATH', completes: 'none' },
    {
      name: 'namespace',
      short: 'n',
      kind: 'string',
      default: 'vick-system',
      placeholder: 'NAME',
      description: 'namespace of the Deployment',
      completes: 'none',
    },
    SECRET('kubeconfig-secret', "Secret with the node's identity under the key kubeconfig"),
    SECRET('docker-secret', 'Secret with ca.pem, cert.pem and key.pem for the Docker API'),
    SECRET('serving-secret', 'Secret (kubernetes.io/tls) for the kubelet API'),
    ...without('kubeconfig', 'context', 'log-file', 'address', 'tls-cert-file', 'tls-private-key-file', 'client-ca-file', 'provider-config').filter(
      ({ completes }) => completes !== 'file',
    ),
  ],
  examples: [
    {
      say: 'Run it in the cluster',
      run: 'vick kubelet manifest web --image registry.example.com/vick:0.1.0 --portlayer-addr 10.0.0.5:2380 --persona-addr 10.0.0.5:2376 --host-uuid 564d395e-d807-e18a-cb25-b79f65eb2b9f --docker-secret web-docker | kubectl apply -f -',
    },
  ],
  configured: false,
  load: async () => (await import('../commands/kubelet-manifest.ts')).runKubeletManifest,
};
