import type { CommandSpec } from '../spec.ts';
import { KUBECONFIG_FLAGS } from './shared-flags.ts';
import { VSPHERE_FLAGS } from './vsphere-flags.ts';

export const applySpec: CommandSpec = {
  path: ['apply'],
  summary: 'create the VCHs that files declare',
  description:
    'Each VirtualContainerHost document is created when it is absent, left alone when it is as declared, and shown field by field with exit code 3 when it differs. ' +
    'Nothing is made before every document of every file is valid. A flag beats the environment, the environment a document, a document the configuration file.',
  flags: [
    {
      name: 'filename',
      short: 'f',
      kind: 'string',
      repeatable: true,
      required: true,
      placeholder: 'FILE',
      description: 'YAML with one or more VirtualContainerHost documents, - for the standard input',
      completes: 'file',
    },
    {
      name: 'dry-run',
      kind: 'enum',
      values: ['none', 'client', 'server'],
      bare: 'client',
      placeholder: 'MODE',
      description: 'only say what would be done; server runs every check against the cluster and vSphere first',
    },
    { name: 'retain', kind: 'boolean', description: 'keep whatever a failed create leaves, also what vick would undo by itself' },
    ...VSPHERE_FLAGS.map((flag) => ({ ...flag, required: false })),
    ...KUBECONFIG_FLAGS,
    { name: 'wait', kind: 'boolean', default: true, description: 'wait until each node is Ready', group: 'Node' },
    { name: 'timeout', kind: 'duration', default: '10m', placeholder: 'DURATION', description: 'how long to wait for each node', group: 'Node' },
  ],
  examples: [
    { say: 'What vick create vch … --dry-run -o yaml has written', run: 'vick apply -f web.yaml' },
    { say: 'Is everything in place for it?', run: 'vick apply -f web.yaml --dry-run=server' },
    { say: 'In a pipeline', run: 'vick apply -f vchs.yaml --password-file /run/secrets/vsphere -o json' },
  ],
  outputs: ['table', 'json', 'yaml', 'name'],
  configured: false,
  load: async () => (await import('../commands/apply.ts')).runApply,
};
