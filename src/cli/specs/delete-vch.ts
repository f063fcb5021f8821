import type { CommandSpec } from '../spec.ts';
import { KUBECONFIG_FLAGS } from './shared-flags.ts';
import { VSPHERE_FLAGS } from './vsphere-flags.ts';

export const deleteVchSpec: CommandSpec = {
  path: ['delete', 'vch'],
  summary: 'delete a VCH, its node and its local files',
  description:
    'Drains the node as kubectl drain does: pods are evicted, disruption budgets are asked, and pods that nothing would make again are in the way. ' +
    'Volume stores and what is in them are kept unless --delete-volumes is given.',
  args: [{ name: 'NAME', description: 'name of the VCH', required: true, completes: 'none' }],
  flags: [
    ...VSPHERE_FLAGS,
    { name: 'id', kind: 'string', placeholder: 'ID', description: 'which of several VCHs of that name, as listed: vm-29', group: 'vSphere', completes: 'none' },
    ...KUBECONFIG_FLAGS,
    { name: 'keep-node', kind: 'boolean', description: 'leave the Node object in the cluster; no cluster is asked', group: 'Cluster' },
    {
      name: 'force',
      short: 'f',
      kind: 'boolean',
      description: 'also pods that no controller makes again, and containers that still run; never volumes',
      group: 'Drain',
    },
    { name: 'delete-emptydir-data', kind: 'boolean', description: 'also pods with emptyDir volumes, whose data is lost', group: 'Drain' },
    { name: 'ignore-daemonsets', kind: 'boolean', default: true, description: 'leave the pods of DaemonSets to end with the VCH', group: 'Drain' },
    {
      name: 'grace-period',
      kind: 'integer',
      default: -1,
      placeholder: 'SECONDS',
      description: 'time each pod has to end; negative: what the pod itself says',
      group: 'Drain',
    },
    { name: 'disable-eviction', kind: 'boolean', description: 'delete the pods without asking disruption budgets', group: 'Drain' },
    { name: 'delete-volumes', kind: 'boolean', description: 'delete the volume stores with everything in them, too' },
    { name: 'keep-files', kind: 'boolean', description: 'keep the certificates and logs of the VCH on this machine' },
    { name: 'timeout', kind: 'duration', default: '5m', placeholder: 'DURATION', description: 'how long the pods, and then vic-machine, may take' },
  ],
  examples: [
    { say: 'Delete a VCH; its pods move to other nodes', run: 'vick delete vch web --target vcenter.example.com --user root' },
    { say: 'Delete it with the pods on it, without a question', run: 'vick delete vch web --target vcenter.example.com --user root --force --yes' },
  ],
  outputs: ['table', 'json', 'yaml', 'name'],
  load: async () => (await import('../commands/delete-vch.ts')).runDeleteVch,
};
