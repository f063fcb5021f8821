import { VickError } from '../../errors/vick-error.ts';
import { updateFirewall } from '../../operations/vch/update-firewall.ts';
import type { CommandHandler } from '../spec.ts';
import { updateFirewallSpec } from '../specs/update-firewall.ts';
import { confirmOnTerminal, handedOn, withProblems } from './existing-vch.ts';
import { isOn, numberFlag, targetInput, textFlag } from './vch-input.ts';

export const runUpdateFirewall: CommandHandler = async (input, deps, signal) => {
  const allow = isOn(input, 'allow');
  if (allow === isOn(input, 'deny')) {
    throw new VickError('USAGE', allow ? '--allow and --deny exclude each other' : 'neither --allow nor --deny is given', { hint: 'Give one of them.' });
  }
  const extra = handedOn('update firewall', input, updateFirewallSpec.flags, ['debug'], deps);
  const confirm = (): Promise<void> =>
    confirmOnTerminal(
      input,
      deps,
      allow ? 'Allow all outbound TCP connections from the hosts' : 'Disable the rule set on the hosts? VCHs need 2377/tcp outbound',
    );
  const result = await updateFirewall(
    {
      target: await targetInput(input, deps),
      computeResource: textFlag(input, 'compute-resource'),
      vicMachine: textFlag(input, 'vic-machine'),
      timeoutMs: numberFlag(input, 'timeout') ?? 0,
      allow,
      extra,
      confirm,
    },
    deps,
    signal,
  );
  const rule = allow ? 'enabled' : 'disabled';
  return withProblems(
    {
      data: { apiVersion: 'vick.dev/v1alpha1', kind: 'FirewallUpdate', ruleset: 'vSPC', enabled: allow, hosts: result.hosts, problems: result.problems },
      text: result.hosts.map((host) => `vSPC ${rule} on ${host}`).join('\n') || `vSPC ${rule}`,
      names: result.hosts.map((host) => `host${host}`),
    },
    result.problems,
    deps,
  );
};
