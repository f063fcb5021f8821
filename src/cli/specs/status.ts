import type { CommandSpec } from '../spec.ts';
import { KUBECONFIG_FLAGS } from './shared-flags.ts';

export const statusSpec: CommandSpec = {
  path: ['status'],
  summary: 'show VCHs as the cluster sees them: node, lease, capacity, pods',
  description: 'Exits with 1 when a node is not Ready, so that scripts can ask.',
  args: [{ name: 'VCH', description: 'name of a VCH or node; every virtual node when absent', required: false, completes: 'none' }],
  flags: KUBECONFIG_FLAGS,
  examples: [
    { say: 'Everything on one screen', run: 'vick status' },
    { say: 'One VCH, for a script', run: 'vick status demo -o json' },
  ],
  outputs: ['table', 'json', 'yaml', 'name'],
  load: async () => (await import('../commands/status.ts')).runStatus,
};
