import type { CommandSpec } from '../spec.ts';
import { DEBUG_LINES, EXISTING_VCH_FLAGS, timeoutFlag, VCH_ARGS } from './existing-vch-flags.ts';

export const debugVchSpec: CommandSpec = {
  path: ['debug', 'vch'],
  summary: 'switch SSH on in the endpoint VM',
  description: 'SSH is on afterwards whether or not --enable-ssh is given; key and password last until the VCH restarts.',
  args: VCH_ARGS,
  flags: [
    ...EXISTING_VCH_FLAGS,
    { name: 'enable-ssh', kind: 'boolean', description: 'switch SSH on', group: 'Access' },
    { name: 'authorized-key', kind: 'string', placeholder: 'FILE', description: 'public key that may log in as root', group: 'Access', completes: 'file' },
    {
      name: 'rootpw',
      kind: 'string',
      secret: true,
      env: ['VICK_ROOTPW'],
      description: 'password for root. vic-machine takes it as an argument only, which other users of this machine can see while it runs',
      group: 'Access',
    },
    { name: 'rootpw-file', kind: 'string', placeholder: 'FILE', description: 'file with the password for root', group: 'Access', completes: 'file' },
    timeoutFlag('3m'),
    DEBUG_LINES,
  ],
  examples: [{ say: 'Log in with a key', run: 'vick debug vch web --authorized-key ~/.ssh/id_ed25519.pub' }],
  outputs: ['table', 'json', 'yaml', 'name'],
  passThrough: true,
  load: async () => (await import('../commands/debug-vch.ts')).runDebugVch,
};
