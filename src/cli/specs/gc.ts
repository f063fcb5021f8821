import type { CommandSpec } from '../spec.ts';
import { DRY_RUN } from './existing-vch-flags.ts';
import { KUBECONFIG_FLAGS } from './shared-flags.ts';
import { OPTIONAL_VSPHERE_FLAGS, SERVICE_FLAGS } from './status.ts';

export const gcSpec: CommandSpec = {
  path: ['gc'],
  summary: 'remove what pods, nodes and VCHs that are gone have left behind',
  description:
    'Removes pod VMs whose pod is gone from the cluster, leases and certificate requests of nodes that are gone, and, with --target and a password, nodes and journals of VCHs that are gone from vSphere. ' +
    'Containers that vick has not made are told of and never touched.\n' +
    'A running kubelet removes the pod VMs of its own node by itself; this is for one that does not run, and for what kubelets do not look after.',
  args: [{ name: 'VCH', description: 'name of a VCH or node; every virtual node when absent', required: false, completes: 'none' }],
  flags: [
    { ...DRY_RUN, description: 'show what would be removed, and change nothing' },
    ...SERVICE_FLAGS.filter(({ name }) => name === 'portlayer-addr'),
    ...OPTIONAL_VSPHERE_FLAGS,
    ...KUBECONFIG_FLAGS,
  ],
  examples: [
    { say: 'What is there?', run: 'vick gc --dry-run' },
    { say: 'Clear away after one VCH', run: 'vick gc web --yes' },
  ],
  outputs: ['table', 'wide', 'json', 'yaml', 'name'],
  exits: [
    { code: 'ok', when: 'all of it is removed, or there was nothing' },
    { code: 'partial', when: 'some of it could not be removed, or something that should answer did not' },
  ],
  load: async () => (await import('../commands/gc.ts')).runGc,
};
