import { checkComputeResource, openExisting, type Opening } from './existing.ts';
import { CommandFailure, type Invocation } from './io.ts';
import { readTarget } from './target.ts';

const OPENING: Opening = { title: '### Updating Firewall ####', verb: 'Update', outcome: 'update firewall failed' };

/** `vic-machine update firewall`. Throws CommandFailure. */
export async function updateFirewall(run: Invocation): Promise<void> {
  const { log, flags } = run;
  const allow = flags.bool('allow');
  await readTarget(run);
  if (allow && flags.bool('deny')) throw new CommandFailure('Only one of --allow and --deny can be set');
  if (!allow && !flags.bool('deny')) throw new CommandFailure('No command selected');
  const site = await openExisting(run, OPENING);
  try {
    const { cluster } = checkComputeResource(run, site, OPENING);
    log.info('');
    log.warn('### WARNING ###');
    log.warn('\tThis command modifies the host firewall on the target machine or cluster');
    log.warn(`\tThe ruleset "vSPC" will be ${allow ? 'enabled' : 'disabled'}`);
    if (allow) log.warn('\tThis allows all outbound TCP traffic from the target');
    else {
      log.warn('\tThis disables the ruleset that allows all outbound TCP traffic from the target');
      log.warn('\tVIC Engine will not function unless 2377/tcp outbound is allowed');
    }
    log.warn(`\tTo undo this modification use ${allow ? '--deny' : '--allow'}`);
    log.info('');
    for (const host of cluster.hosts) {
      await site.session.call('UpdateRuleset', { host: host.path, open: allow });
      log.info(`Ruleset "vSPC" ${allow ? 'enabled' : 'disabled'} on host "HostSystem:${host.id} @ ${host.path}"`);
    }
    log.info('');
    log.info('Firewall changes complete');
    log.info('Command completed successfully');
  } finally {
    site.session.close();
  }
}
