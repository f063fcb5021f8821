import type { CommandSpec, FlagSpec } from '../spec.ts';
import { KUBECONFIG_FLAGS } from './shared-flags.ts';
import { VSPHERE_FLAGS } from './vsphere-flags.ts';

/** For commands that ask vSphere when they are told how to. */
export const OPTIONAL_VSPHERE_FLAGS: readonly FlagSpec[] = VSPHERE_FLAGS.map((flag) => (flag.name === 'target' ? { ...flag, required: false } : flag));

/** Where the services of a VCH are, when nobody here knows. */
export const SERVICE_FLAGS: readonly FlagSpec[] = [
  {
    name: 'portlayer-addr',
    kind: 'string',
    env: ['PORTLAYER_ADDR'],
    placeholder: 'HOST:PORT',
    description: 'port layer of the VCH, where it is reached from here',
    group: 'VCH',
    completes: 'none',
  },
  {
    name: 'persona-addr',
    kind: 'string',
    env: ['PERSONA_ADDR'],
    placeholder: 'HOST:PORT',
    description: 'Docker API of the VCH (default: as noted when it was created)',
    group: 'VCH',
    completes: 'none',
  },
  {
    name: 'tls-cert-path',
    kind: 'string',
    env: ['DOCKER_CERT_PATH'],
    placeholder: 'FOLDER',
    description: 'ca.pem, cert.pem and key.pem for the Docker API (default: as noted when it was created)',
    group: 'VCH',
    completes: 'directory',
  },
];

export const statusSpec: CommandSpec = {
  path: ['status'],
  summary: 'show VCHs: vSphere, services, certificates, node, lease, capacity and use, pods',
  description:
    'Asks the cluster, and of each VCH whatever can be reached: vSphere with --target and a password, its port layer and Docker API where their addresses are known, its kubelet through the API server. What does not answer is shown with the reason.\n' +
    '--pods lines up what Kubernetes, the kubelet and the port layer have, by UID: missing has no VM, orphan and elsewhere have no pod here, duplicate is a second VM of one pod, foreign was not made by vick.',
  args: [{ name: 'VCH', description: 'name of a VCH or node; every virtual node when absent', required: false, completes: 'none' }],
  flags: [
    { name: 'pods', kind: 'boolean', description: 'line up pods: Kubernetes, kubelet, port layer' },
    { name: 'watch', short: 'w', kind: 'boolean', description: 'go on: draw anew on a terminal, print again what has changed in a pipe' },
    { name: 'interval', kind: 'duration', default: '2s', placeholder: 'DURATION', description: 'pause between two looks with --watch' },
    ...SERVICE_FLAGS,
    ...OPTIONAL_VSPHERE_FLAGS,
    ...KUBECONFIG_FLAGS,
  ],
  examples: [
    { say: 'Everything on one screen', run: 'vick status' },
    { say: 'One VCH, with what vSphere knows of it', run: 'vick status web --target vcenter.example.com --user root --password-file pw' },
    { say: 'Are all pods the same everywhere?', run: 'vick status web --pods' },
    { say: 'For a script', run: 'vick status web -o json | jq -r .health' },
  ],
  outputs: ['table', 'wide', 'json', 'yaml', 'name'],
  exits: [
    { code: 'ok', when: 'every node is Ready and all that was asked answers' },
    { code: 'failure', when: 'a node is not Ready' },
    { code: 'partial', when: 'nodes are Ready, and something else is wrong: a service, a certificate, pods that differ' },
  ],
  load: async () => (await import('../commands/status.ts')).runStatus,
};
