import { KUBECONFIG_FLAGS } from './shared-flags.ts';
import type { CommandSpec, FlagSpec } from '../spec.ts';
import { VSPHERE_FLAGS } from './vsphere-flags.ts';

export const configShowSpec: CommandSpec = {
  path: ['config', 'show'],
  summary: 'show settings and where each value comes from',
  description:
    'A value comes from the command line, the environment, the configuration file or the default, in this order. With the words of a command, all its flags are shown.',
  args: [{ name: 'COMMAND', description: 'words of a command: create vch', required: false, variadic: true, completes: 'none' }],
  flags: [],
  examples: [
    { say: 'What is set, and where', run: 'vick config show' },
    { say: 'What a command would run with', run: 'vick config show create vch' },
  ],
  outputs: ['table', 'json', 'yaml'],
  configured: false,
  load: async () => (await import('../commands/config.ts')).runConfigShow,
};

export const configValidateSpec: CommandSpec = {
  path: ['config', 'validate'],
  summary: 'check files: the configuration, or declared VCHs',
  description: 'Reports everything that is wrong at once, with lines. Without a file the configuration file is checked.',
  args: [{ name: 'FILE', description: 'file to check, - for the standard input', required: false, variadic: true, completes: 'file' }],
  flags: [],
  examples: [{ say: 'Check a declared VCH', run: 'vick config validate web.yaml' }],
  outputs: ['table', 'json', 'yaml', 'name'],
  configured: false,
  load: async () => (await import('../commands/config.ts')).runConfigValidate,
};

const INIT_FLAGS: readonly FlagSpec[] = [...VSPHERE_FLAGS, ...KUBECONFIG_FLAGS]
  .filter((flag) => flag.secret !== true && flag.name !== 'password-stdin')
  .map((flag) => ({ ...flag, required: false }));

export const configInitSpec: CommandSpec = {
  path: ['config', 'init'],
  summary: 'write a configuration file',
  description:
    'Asks on a terminal; elsewhere the flags that are given are written. A file that is there stays unless --force is given. Passwords are never written.',
  flags: [...INIT_FLAGS, { name: 'force', short: 'f', kind: 'boolean', description: 'replace a file that is there' }],
  examples: [{ say: 'In a pipeline', run: 'vick config init --target vcenter.example.com --user admin@vsphere.local --password-file /run/secrets/vsphere' }],
  outputs: ['table', 'json', 'yaml', 'name'],
  configured: false,
  load: async () => (await import('../commands/config.ts')).runConfigInit,
};

export const configSchemaSpec: CommandSpec = {
  path: ['config', 'schema'],
  summary: 'print the JSON Schema of a kind of file',
  args: [{ name: 'KIND', description: 'VirtualContainerHost or Config', required: false, completes: ['VirtualContainerHost', 'Config'] }],
  flags: [],
  examples: [{ say: 'For an editor', run: 'vick config schema VirtualContainerHost > vch.schema.json' }],
  configured: false,
  load: async () => (await import('../commands/config.ts')).runConfigSchema,
};
