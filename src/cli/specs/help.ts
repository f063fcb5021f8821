import type { CommandSpec } from '../spec.ts';

export const HELP_TOPICS = ['flags', 'environment', 'exit-codes', 'errors'] as const;

export const helpSpec: CommandSpec = {
  path: ['help'],
  summary: `help for a command, or about ${HELP_TOPICS.join(', ')}`,
  args: [{ name: 'TOPIC', description: `words of a command, or one of ${HELP_TOPICS.join(', ')}`, required: false, variadic: true, completes: HELP_TOPICS }],
  flags: [],
  examples: [
    { say: 'The flags of a command', run: 'vick help node taint' },
    { say: 'What an exit code means', run: 'vick help exit-codes' },
  ],
  load: async () => (await import('../commands/help.ts')).runHelp,
};
