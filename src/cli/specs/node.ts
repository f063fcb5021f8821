import type { CommandSpec, FlagSpec } from '../spec.ts';
import { KUBECONFIG_FLAGS } from './shared-flags.ts';

const CHOICE_FLAGS: readonly FlagSpec[] = [
  { name: 'selector', short: 'l', kind: 'string', placeholder: 'SELECTOR', description: 'nodes by label: key=value,key2!=value2' },
  { name: 'all', kind: 'boolean', description: 'every virtual node (label type=virtual-kubelet)' },
  { name: 'overwrite', kind: 'boolean', description: 'replace a value that is set already' },
  {
    name: 'dry-run',
    kind: 'enum',
    values: ['none', 'client', 'server'],
    default: 'none',
    placeholder: 'WAY',
    description: 'only say what would change; server lets the API server check it',
  },
];

export const nodeListSpec: CommandSpec = {
  path: ['node', 'list'],
  aliases: ['ls'],
  summary: 'list the nodes that VCHs are',
  description: 'Shows virtual nodes with their state, taints and the age of their lease. A node without a fresh lease is not heard from any more.',
  flags: [
    { name: 'selector', short: 'l', kind: 'string', placeholder: 'SELECTOR', description: 'nodes by label instead of type=virtual-kubelet' },
    { name: 'all', kind: 'boolean', description: 'every node of the cluster' },
    ...KUBECONFIG_FLAGS,
  ],
  examples: [
    { say: 'All virtual nodes', run: 'vick node list' },
    { say: 'With labels, addresses and versions', run: 'vick node list -o wide' },
  ],
  outputs: ['table', 'wide', 'json', 'yaml', 'name'],
  load: async () => (await import('../commands/node-list.ts')).runNodeList,
};

export const nodeTaintSpec: CommandSpec = {
  path: ['node', 'taint'],
  summary: 'add or remove taints of nodes',
  description:
    'Takes what kubectl taint takes: key=value:Effect or key:Effect adds, a trailing - removes (key- every effect of the key).\nEffects: NoSchedule, PreferNoSchedule, NoExecute. A taint that is there already is left alone; another value needs --overwrite.\nUses the rights of your kubeconfig: a node may not change its own taints.',
  args: [{ name: 'NODE... TAINT', description: 'names of nodes or VCHs, then taints', required: true, variadic: true, completes: 'none' }],
  flags: [...CHOICE_FLAGS, ...KUBECONFIG_FLAGS],
  examples: [
    { say: 'Keep ordinary pods off the node of VCH demo', run: 'vick node taint demo dedicated=batch:NoSchedule' },
    { say: 'Remove that taint', run: 'vick node taint demo dedicated:NoSchedule-' },
    { say: 'Remove every taint with a key from all virtual nodes', run: 'vick node taint --all dedicated-' },
  ],
  outputs: ['table', 'json', 'yaml', 'name'],
  load: async () => (await import('../commands/node-taint.ts')).runNodeTaint,
};

export const nodeLabelSpec: CommandSpec = {
  path: ['node', 'label'],
  summary: 'set or remove labels of nodes',
  description: 'Takes what kubectl label takes: key=value sets, key- removes. Another value for a label that is set needs --overwrite.',
  args: [{ name: 'NODE... LABEL', description: 'names of nodes or VCHs, then labels', required: true, variadic: true, completes: 'none' }],
  flags: [...CHOICE_FLAGS, ...KUBECONFIG_FLAGS],
  examples: [
    { say: 'Label the node of VCH demo', run: 'vick node label demo tier=edge' },
    { say: 'Change it, and remove another', run: 'vick node label demo tier=core old- --overwrite' },
  ],
  outputs: ['table', 'json', 'yaml', 'name'],
  load: async () => (await import('../commands/node-label.ts')).runNodeLabel,
};
