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
  load: async () => (await import('../commands/version.ts')).runVersion,
};
