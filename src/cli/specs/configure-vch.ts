import type { CommandSpec } from '../spec.ts';
import { DRY_RUN, EXISTING_VCH_FLAGS, REJOIN_FLAGS, timeoutFlag, VCH_ARGS } from './existing-vch-flags.ts';
import { CONFIGURE_VIC_FLAGS } from './vic-flags.ts';

export const configureVchSpec: CommandSpec = {
  path: ['configure', 'vch'],
  summary: 'change settings of a VCH',
  description:
    'Shows the difference first. The endpoint VM restarts: the Docker API and the kubelet are away meanwhile, containers keep running. ' +
    'Without any setting it is only restarted. When the VCH is a node, the command ends when that is Ready again. Kubernetes settings cannot be changed: they are made by create. Words after -- are flags of vic-machine configure.',
  args: VCH_ARGS,
  flags: [
    ...EXISTING_VCH_FLAGS,
    ...CONFIGURE_VIC_FLAGS,
    { name: 'rollback', kind: 'boolean', description: 'go back to the settings before the last configure or upgrade', group: 'After a failure' },
    {
      name: 'reset-progress',
      kind: 'boolean',
      description: 'clear the mark that an update which died has left; nothing else is done',
      group: 'After a failure',
    },
    timeoutFlag('10m', 'how long the whole of it may take, before vic-machine rolls back'),
    ...REJOIN_FLAGS,
    DRY_RUN,
  ],
  examples: [
    { say: 'More memory', run: 'vick configure vch web --memory 16384' },
    { say: 'What a further volume store would change', run: 'vick configure vch web --volume-store datastore2/web:fast --dry-run' },
    { say: 'After a configure that was killed', run: 'vick configure vch web --reset-progress' },
  ],
  outputs: ['table', 'json', 'yaml', 'name'],
  passThrough: true,
  load: async () => (await import('../commands/configure-vch.ts')).runConfigureVch,
};
