/** `vick update firewall`: the host firewall rule that VCHs need. */
import type { FirewallResult, VicTarget } from '../../clients/vic-machine/port.ts';
import { refuseUnknownFlags } from './binary-flags.ts';
import type { PassThrough } from './pass-through.ts';
import type { VchDeps } from './ports.ts';
import { openVicMachine } from './vic-session.ts';

export interface UpdateFirewallRequest {
  readonly target: VicTarget;
  readonly computeResource: string | undefined;
  readonly vicMachine: string | undefined;
  readonly timeoutMs: number;
  readonly allow: boolean;
  readonly extra: PassThrough;
  readonly confirm: () => Promise<void>;
}

const ALLOWANCE_MS = 2 * 60_000;

export async function updateFirewall(request: UpdateFirewallRequest, deps: VchDeps, signal: AbortSignal): Promise<FirewallResult> {
  const { vic, query } = await openVicMachine(deps, request.vicMachine);
  const context = query(signal, request.timeoutMs + ALLOWANCE_MS);
  await refuseUnknownFlags(vic, 'update firewall', request.extra.flags, context);
  await request.confirm();
  const step = deps.reporter.step(`${request.allow ? 'Enable' : 'Disable'} the rule set vSPC on the hosts`);
  try {
    const { computeResource, allow, timeoutMs, extra } = request;
    const result = await vic.updateFirewall(request.target, { computeResource, allow, timeoutMs, extra: extra.words }, context);
    step.done();
    return result;
  } catch (error) {
    step.fail();
    throw error;
  }
}
