import type { FlagSpec } from '../spec.ts';

const GROUP = 'vSphere';

/** Flags of every command that runs vic-machine. */
export const VSPHERE_FLAGS: readonly FlagSpec[] = [
  {
    name: 'target',
    short: 't',
    kind: 'string',
    required: true,
    env: ['VICK_TARGET', 'VIC_MACHINE_TARGET'],
    placeholder: 'HOST',
    description: 'vCenter or ESXi: [scheme://]host[:port][/datacenter]',
    group: GROUP,
    completes: 'none',
  },
  {
    name: 'user',
    short: 'u',
    kind: 'string',
    env: ['VICK_USER', 'VIC_MACHINE_USER'],
    placeholder: 'NAME',
    description: 'vSphere account, often user@domain',
    group: GROUP,
    completes: 'none',
  },
  {
    name: 'password',
    kind: 'string',
    secret: true,
    env: ['VICK_PASSWORD', 'VIC_MACHINE_PASSWORD'],
    description: 'password of the account; asked for on a terminal',
    group: GROUP,
  },
  {
    name: 'password-file',
    kind: 'string',
    env: ['VICK_PASSWORD_FILE'],
    placeholder: 'FILE',
    description: 'file with the password of the account',
    group: GROUP,
    completes: 'file',
  },
  { name: 'password-stdin', kind: 'boolean', description: 'read the password of the account from the standard input', group: GROUP },
  {
    name: 'thumbprint',
    kind: 'string',
    env: ['VICK_THUMBPRINT', 'VIC_MACHINE_THUMBPRINT'],
    placeholder: 'SHA1',
    description: "thumbprint of the target's certificate, when it does not verify",
    group: GROUP,
    completes: 'none',
  },
  {
    name: 'compute-resource',
    short: 'r',
    kind: 'string',
    placeholder: 'PATH',
    description: 'cluster, host or resource pool (default: the only one)',
    group: GROUP,
    completes: 'none',
  },
  {
    name: 'vic-machine',
    kind: 'string',
    env: ['VICK_VIC_MACHINE'],
    placeholder: 'FILE',
    description: 'the vic-machine to run (default: the first in PATH)',
    group: GROUP,
    completes: 'file',
  },
];
