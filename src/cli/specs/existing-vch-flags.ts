import type { CommandSpec, FlagSpec } from '../spec.ts';
import { KUBECONFIG_FLAGS } from './shared-flags.ts';
import { VSPHERE_FLAGS } from './vsphere-flags.ts';

/** Which VCH: the name, or with several of one name (or an unknown one) the id. */
export const VCH_ARGS: NonNullable<CommandSpec['args']> = [
  { name: 'NAME', description: 'name of the VCH; may be left out with --id', required: false, completes: 'none' },
];

/** Flags of every command on a VCH that is there. */
export const EXISTING_VCH_FLAGS: readonly FlagSpec[] = [
  ...VSPHERE_FLAGS,
  { name: 'id', kind: 'string', placeholder: 'ID', description: 'id of its VM, as listed: vm-29; wins over the name', group: 'vSphere', completes: 'none' },
];

/** vic-machine's own limit. Its default of three minutes is too short for what restarts a VCH. */
export const timeoutFlag = (fallback: string, description = 'how long vic-machine may take'): FlagSpec => ({
  name: 'timeout',
  kind: 'duration',
  default: fallback,
  placeholder: 'DURATION',
  description,
});

export const DEBUG_LINES: FlagSpec = {
  name: 'debug',
  kind: 'integer',
  placeholder: 'LEVEL',
  description: 'debug lines of vic-machine: 0, 1 or more; see them with --verbose',
};

export const DRY_RUN: FlagSpec = {
  name: 'dry-run',
  kind: 'enum',
  values: ['none', 'client'],
  bare: 'client',
  placeholder: 'MODE',
  description: 'show what would be done and the exact words for vic-machine, and change nothing',
};

/** For commands that restart the endpoint VM, and with it the kubelet. */
export const REJOIN_FLAGS: readonly FlagSpec[] = [
  ...KUBECONFIG_FLAGS,
  {
    name: 'wait',
    kind: 'boolean',
    default: true,
    description: 'wait until the node is Ready again, when the VCH is one of the cluster',
    group: 'Node',
  },
  { name: 'node-timeout', kind: 'duration', default: '10m', placeholder: 'DURATION', description: 'how long to wait for the node', group: 'Node' },
];
