import type { CommandSpec } from '../spec.ts';
import { DEBUG_LINES, timeoutFlag } from './existing-vch-flags.ts';
import { KUBECONFIG_FLAGS } from './shared-flags.ts';
import { VSPHERE_FLAGS } from './vsphere-flags.ts';

export const listVchSpec: CommandSpec = {
  path: ['list', 'vch'],
  summary: 'list VCHs and the nodes they are',
  aliases: ['vchs'],
  flags: [...VSPHERE_FLAGS, ...KUBECONFIG_FLAGS, timeoutFlag('3m'), DEBUG_LINES],
  examples: [
    { say: 'All VCHs of a vCenter', run: 'vick list vch --target vcenter.example.com --user root' },
    { say: 'For a script', run: 'vick list vch -o json' },
  ],
  outputs: ['table', 'wide', 'json', 'yaml', 'name'],
  passThrough: true,
  load: async () => (await import('../commands/list-vch.ts')).runListVch,
};
