import type { CommandSpec } from '../spec.ts';
import { DEBUG_LINES, EXISTING_VCH_FLAGS, timeoutFlag, VCH_ARGS } from './existing-vch-flags.ts';

export const inspectVchSpec: CommandSpec = {
  path: ['inspect', 'vch'],
  summary: 'show addresses, version and settings of a VCH',
  description: 'With --options also what create was given: vic-machine lists neither passwords, nor the choice of TLS, nor Kubernetes options.',
  args: VCH_ARGS,
  flags: [
    ...EXISTING_VCH_FLAGS,
    { name: 'options', kind: 'boolean', description: 'the options of create that would make it again, too (vic-machine inspect config)' },
    {
      name: 'tls-cert-path',
      kind: 'string',
      placeholder: 'FOLDER',
      description: 'where the client certificates are (default: where create left them)',
      completes: 'directory',
    },
    timeoutFlag('3m'),
    DEBUG_LINES,
  ],
  examples: [
    { say: 'How to reach a VCH', run: 'vick inspect vch web --target vcenter.example.com --user root' },
    { say: 'What it was made with, for a script', run: 'vick inspect vch --id vm-29 --options -o json' },
  ],
  outputs: ['table', 'json', 'yaml', 'name'],
  passThrough: true,
  load: async () => (await import('../commands/inspect-vch.ts')).runInspectVch,
};
