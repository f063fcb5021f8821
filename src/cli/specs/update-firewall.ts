import type { CommandSpec } from '../spec.ts';
import { DEBUG_LINES, timeoutFlag } from './existing-vch-flags.ts';
import { VSPHERE_FLAGS } from './vsphere-flags.ts';

export const updateFirewallSpec: CommandSpec = {
  path: ['update', 'firewall'],
  summary: 'switch the host firewall rule that VCHs need',
  description: 'The rule set vSPC lets the hosts reach 2377/tcp of VCHs; it opens all outbound TCP connections of those hosts.',
  flags: [
    ...VSPHERE_FLAGS,
    { name: 'allow', kind: 'boolean', description: 'enable the rule set on every host of the compute resource' },
    { name: 'deny', kind: 'boolean', description: 'disable it; VCHs on these hosts stop working unless 2377/tcp is open otherwise' },
    timeoutFlag('3m'),
    DEBUG_LINES,
  ],
  examples: [{ say: 'Before the first VCH of a cluster', run: 'vick update firewall --compute-resource cluster1 --allow' }],
  outputs: ['table', 'json', 'yaml', 'name'],
  passThrough: true,
  load: async () => (await import('../commands/update-firewall.ts')).runUpdateFirewall,
};
