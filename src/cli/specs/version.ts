import { runVersion } from '../commands/version.ts';
import type { CommandSpec } from '../spec.ts';

export const versionSpec: CommandSpec = {
  path: ['version'],
  summary: 'print the version of vick and what it runs on',
  flags: [],
  examples: [
    { say: 'Versions for a bug report', run: 'vick version' },
    { say: 'Only what a script needs', run: 'vick version -o json' },
  ],
  outputs: ['table', 'json', 'yaml', 'name'],
  // The one command that is not worth a file of its own at run time.
  load: () => Promise.resolve(runVersion),
};
