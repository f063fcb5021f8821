import { findCompute, findVch, openSite, requireDatacenter, type Site } from './finder.ts';
import type { VchVm } from '../protocol.ts';
import { CommandFailure, type Invocation } from './io.ts';
import { openSession } from './session.ts';
import { readTarget } from './target.ts';

export interface Opening {
  /** `### Removing VCH ####`. */
  readonly title: string;
  /** Starts the lines for what goes wrong: `Delete`, `List`. */
  readonly verb: string;
  /** The fixed reason the command fails with: `delete failed`. */
  readonly outcome: string;
  /** --force accepts any certificate where no thumbprint is given. */
  readonly acceptAny?: boolean;
  /** ls searches all datacenters. */
  readonly anyDatacenter?: boolean;
  /** Checks of further arguments, after the target and before anything is said. */
  readonly check?: () => void | Promise<void>;
}

/** What every command but create does first: arguments, title, login, datacenter. Throws CommandFailure. */
export async function openExisting(run: Invocation, opening: Opening): Promise<Site> {
  const { log } = run;
  const { verb, outcome } = opening;
  const target = await readTarget(run);
  await opening.check?.();
  if (run.args.length > 0) {
    log.error(`Unknown argument: ${run.args[0] ?? ''}`);
    throw new CommandFailure('invalid CLI arguments');
  }
  log.info(opening.title);
  let site: Site;
  try {
    const session = await openSession(run, target, { acceptAny: opening.acceptAny ?? false });
    site = await openSite(run, session);
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    log.error(`${verb} cannot continue - failed to create validator: ${error.message}`);
    throw new CommandFailure(outcome);
  }
  log.debug('vSphere resource cache populated...');
  log.info('Validating target');
  try {
    if (opening.anyDatacenter !== true || target.datacenter !== '') requireDatacenter(run, site);
  } catch (error) {
    site.session.close();
    if (!(error instanceof CommandFailure)) throw error;
    log.error(`${verb} cannot continue - target validation failed: ${error.message}`);
    throw new CommandFailure(outcome);
  }
  return site;
}

/** Runs `work` with the site and the VCH that the flags name, and closes the session. */
export async function withVch<T>(run: Invocation, opening: Opening, work: (site: Site, vm: VchVm) => Promise<T>): Promise<T> {
  const site = await openExisting(run, opening);
  try {
    return await work(site, findVch(run, site, opening.outcome));
  } finally {
    site.session.close();
  }
}

/** `Validating compute resource`, for the commands that take one without a name. Throws CommandFailure. */
export function checkComputeResource(run: Invocation, site: Site, opening: Opening): ReturnType<typeof findCompute> {
  const { log, flags } = run;
  log.info('Validating compute resource');
  try {
    return findCompute(run, site, flags.text('compute-resource'));
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    log.error('--------------------');
    log.error(error.message);
    log.error(`${opening.verb} cannot continue - compute resource validation failed: validation of configuration failed`);
    throw new CommandFailure(opening.outcome);
  }
}
