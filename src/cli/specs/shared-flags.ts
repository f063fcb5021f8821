import type { FlagSpec } from '../spec.ts';

/** Flags of every command that talks to the cluster as the operator, named and read as kubectl does. */
export const KUBECONFIG_FLAGS: readonly FlagSpec[] = [
  {
    name: 'kubeconfig',
    kind: 'string',
    placeholder: 'FILE',
    description: 'kubeconfig of the administrator (default: $KUBECONFIG, then ~/.kube/config)',
    group: 'Cluster',
    completes: 'file',
  },
  {
    name: 'context',
    kind: 'string',
    env: ['VICK_CONTEXT'],
    placeholder: 'NAME',
    description: 'context of the kubeconfig (default: its current-context)',
    group: 'Cluster',
    completes: 'none',
  },
];

/** Taken by every command, before or after its name. */
export const GLOBAL_FLAGS: readonly FlagSpec[] = [
  { name: 'help', short: 'h', kind: 'boolean', description: 'show help' },
  { name: 'yes', short: 'y', kind: 'boolean', env: ['VICK_YES'], description: 'answer yes to every confirmation' },
  { name: 'no-input', kind: 'boolean', env: ['VICK_NO_INPUT'], description: 'never ask; a missing value is an error' },
  { name: 'no-color', kind: 'boolean', description: 'no colours (also: NO_COLOR in the environment)' },
  {
    name: 'config',
    kind: 'string',
    env: ['VICK_CONFIG'],
    placeholder: 'FILE',
    description: 'configuration file with values for flags (default: $XDG_CONFIG_HOME/vick/config.yaml, ~/.config/vick/config.yaml)',
    completes: 'file',
  },
  { name: 'verbose', short: 'v', kind: 'boolean', env: ['VICK_VERBOSE'], description: 'say more: every step, the causes of an error' },
];
