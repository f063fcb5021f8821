import type { CommandSpec } from '../spec.ts';
import { DEBUG_LINES, DRY_RUN, EXISTING_VCH_FLAGS, REJOIN_FLAGS, timeoutFlag, VCH_ARGS } from './existing-vch-flags.ts';

export const upgradeVchSpec: CommandSpec = {
  path: ['upgrade', 'vch'],
  summary: 'bring a VCH to the version of vic-machine, or back',
  description:
    'Uploads the images of this vic-machine and restarts the endpoint VM with them; what does not come up is rolled back. When the VCH is a node, the command ends when that is Ready again. ' +
    'The image with the kubelet is taken, since a VCH that is a node would stop being one with the plain image.',
  args: VCH_ARGS,
  flags: [
    ...EXISTING_VCH_FLAGS,
    {
      name: 'appliance-iso',
      kind: 'string',
      placeholder: 'FILE',
      description: 'appliance image with the kubelet (default: appliance-vkubelet.iso here or beside vic-machine)',
      group: 'Images',
      completes: 'file',
    },
    {
      name: 'bootstrap-iso',
      kind: 'string',
      placeholder: 'FILE',
      description: 'bootstrap image (default: bootstrap.iso here or beside vic-machine)',
      group: 'Images',
      completes: 'file',
    },
    { name: 'force', short: 'f', kind: 'boolean', description: 'take images of another version, and go on where the kubelet would be lost' },
    { name: 'rollback', kind: 'boolean', description: 'go back to the version before the last upgrade', group: 'After a failure' },
    {
      name: 'reset-progress',
      kind: 'boolean',
      description: 'clear the mark that an update which died has left; nothing else is done',
      group: 'After a failure',
    },
    timeoutFlag('10m', 'how long vic-machine waits for the endpoint VM to come up'),
    DEBUG_LINES,
    ...REJOIN_FLAGS,
    DRY_RUN,
  ],
  examples: [
    { say: 'Upgrade to the version of a new vic-machine', run: 'vick upgrade vch web --vic-machine ./vic-new/vic-machine-linux' },
    { say: 'And back', run: 'vick upgrade vch web --vic-machine ./vic-new/vic-machine-linux --rollback' },
  ],
  outputs: ['table', 'json', 'yaml', 'name'],
  passThrough: true,
  load: async () => (await import('../commands/upgrade-vch.ts')).runUpgradeVch,
};
