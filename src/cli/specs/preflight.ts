import type { CommandSpec } from '../spec.ts';
import { KUBECONFIG_FLAGS } from './shared-flags.ts';

export const preflightSpec: CommandSpec = {
  path: ['preflight'],
  summary: 'check a kubeconfig and its cluster before a VCH joins it',
  description:
    'Runs every check and shows all results, each with what to do: the kubeconfig, its certificates and tokens, the way to the API server, the clock, every permission, the name of the node. ' +
    'Changes nothing. Exits with 6 when a check failed. create vch runs the same checks.',
  args: [{ name: 'VCH', description: 'VCH to be created; without one its node is not looked for', required: false, completes: 'none' }],
  flags: [
    ...KUBECONFIG_FLAGS,
    {
      name: 'k8s-server-address',
      kind: 'string',
      placeholder: 'HOST:PORT',
      description: 'API server as the VCH reaches it (default: from the kubeconfig)',
      group: 'Cluster',
      completes: 'none',
    },
    {
      name: 'kubelet-identity',
      kind: 'enum',
      values: ['node', 'as-is'],
      default: 'node',
      placeholder: 'KIND',
      description: 'who the kubelet will be: node has an identity minted, as-is gets these credentials',
      group: 'Cluster',
    },
    {
      name: 'allow-loopback',
      kind: 'boolean',
      env: ['VICK_ALLOW_LOOPBACK'],
      description: 'accept an API server on 127.0.0.1: the VCH runs on this machine',
      group: 'Cluster',
    },
    {
      name: 'node',
      kind: 'string',
      placeholder: 'NODE',
      description: 'node that has joined: also see whether the API server reaches its kubelet (the way of kubectl logs and exec)',
      completes: 'none',
    },
    { name: 'labels-and-taints', kind: 'boolean', description: 'labels or taints will be set: the permission for it is required' },
    { name: 'skip', kind: 'string', repeatable: true, placeholder: 'CHECK', description: 'leave out a check, by its name in the table', completes: 'none' },
  ],
  examples: [
    { say: 'Can a VCH called web join the cluster of the current context?', run: 'vick preflight web' },
    { say: 'For a script', run: 'vick preflight web --context prod -o json' },
    { say: 'After create: do logs and exec work?', run: 'vick preflight --node kubelet-web' },
  ],
  outputs: ['table', 'wide', 'json', 'yaml'],
  load: async () => (await import('../commands/preflight.ts')).runPreflight,
};
