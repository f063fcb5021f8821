/** What configure and upgrade have in common (vmware/vic lib/install/management/configure.go). */
import { VSphereFault } from '../faults.ts';
import type { VchConfig, VchVm } from '../protocol.ts';
import { collectDiagnostics } from './diagnostics.ts';
import type { Site } from './finder.ts';
import { CommandFailure, SilentFailure, type Invocation } from './io.ts';
import { splitDatastore } from './stores.ts';
import { NotReady, deadlineNoise, waitForService } from './wait.ts';

export interface Update {
  readonly kind: 'configure' | 'upgrade';
  readonly outcome: string;
  /** `Configure`, `Upgrade`: begins error lines. */
  readonly verb: string;
}

/** `Creating directory [LocalDS_0] vch1`: said when the settings of the VM are read. */
export function sayDatastoreFolder({ log }: Invocation, vm: VchVm): void {
  sayDirectory(log, splitDatastore(vm.config.imageStore).host, vm.name);
}

export function sayDirectory(log: Invocation['log'], datastore: string, path: string): void {
  log.info(`Creating directory [${datastore}] ${path}`);
  log.info(`Datastore path is [${datastore}] ${path}`);
}

export function refuseWhileInProgress({ log }: Invocation, vm: VchVm, { verb, outcome }: Update): void {
  if (!vm.updateInProgress) return;
  log.error(`${verb} failed: another upgrade/configure operation is in progress`);
  log.error('If no other upgrade/configure process is running, use --reset-progress to reset the VCH upgrade/configure status');
  throw new CommandFailure(outcome);
}

export async function resetProgress({ log }: Invocation, site: Site, vm: VchVm, { outcome }: Update): Promise<void> {
  try {
    await site.session.call('ReconfigVM_Task', { id: vm.id, updateInProgress: false });
  } catch (error) {
    if (!(error instanceof VSphereFault)) throw error;
    log.error(`Failed to reset UpdateInProgress flag: ${error.message}`);
    throw new CommandFailure(outcome);
  }
  log.info('Reset UpdateInProgress flag successfully');
}

/** Sets the flag, does the work and clears the flag. What fails in between ends with exit code 0: clearing overwrites the error. */
export async function asUpdate(run: Invocation, site: Site, vm: VchVm, update: Update, work: () => Promise<void>): Promise<void> {
  const { log } = run;
  const { call } = site.session;
  try {
    await call('ReconfigVM_Task', { id: vm.id, updateInProgress: true });
  } catch (error) {
    if (!(error instanceof VSphereFault)) throw error;
    log.error('Failed to set UpdateInProgress flag to true');
    log.error(error.message);
    throw new CommandFailure(update.outcome);
  }
  try {
    await work();
  } catch (error) {
    if (error instanceof Stuck) {
      log.error('Failed to reset UpdateInProgress: context deadline exceeded');
      throw new CommandFailure(error.message);
    }
    if (!(error instanceof SilentFailure || error instanceof VSphereFault)) throw error;
    await call('ReconfigVM_Task', { id: vm.id, updateInProgress: false });
    throw new SilentFailure(error.message);
  }
  await call('ReconfigVM_Task', { id: vm.id, updateInProgress: false });
  log.info('Completed successfully');
}

/** Time is over, and none is left for the roll-back. */
class Stuck extends Error {}

/** Snapshot, new settings, restart, wait; back to the snapshot when the endpoint VM does not come up. */
export async function restartWith(run: Invocation, site: Site, vm: VchVm, update: Update, config: VchConfig, say: () => void): Promise<void> {
  const { log, build, flags } = run;
  const { call } = site.session;
  try {
    await call('CreateSnapshot_Task', { id: vm.id, name: `reconfigure for ${String(build.number)}` });
  } catch (error) {
    if (!(error instanceof VSphereFault)) throw error;
    log.info(`Deleting ${update.kind} isos`);
    throw new SilentFailure(error.message);
  }
  await call('PowerOffVM_Task', { id: vm.id });
  say();
  log.info('Setting VM configuration');
  await call('ReconfigVM_Task', { id: vm.id, config });
  await call('PowerOnVM_Task', { id: vm.id });
  try {
    await waitUntilUp(run, site, vm.id, config, flags.number('timeout') ?? 0);
  } catch (error) {
    if (!(error instanceof NotReady)) throw error;
    await rollBack(run, site, vm, update, error);
  }
}

async function rollBack(run: Invocation, site: Site, vm: VchVm, update: Update, reason: NotReady & { readonly late?: boolean }): Promise<never> {
  const { log, flags, io } = run;
  log.error(`Failed to upgrade: ${reason.message}`);
  log.info('Rolling back upgrade');
  log.info(`Reverting to snapshot reconfigure for ${String(run.build.number)}`);
  if (reason.late === true && update.kind === 'configure') {
    log.error(deadlineNoise('vic/lib/install/management.(*Dispatcher).rollback', io.program));
    log.error('Failed to revert appliance to snapshot: Failed to roll back upgrade: context deadline exceeded.');
    throw new Stuck('Configure timed out: use --timeout to add more time');
  }
  await site.session.call('RevertToSnapshot_Task', { id: vm.id });
  await site.session.call('PowerOnVM_Task', { id: vm.id });
  await waitUntilUp(run, site, vm.id, vm.config, flags.number('timeout') ?? 0).catch((error: unknown) => {
    if (!(error instanceof NotReady)) throw error;
    log.error(`Failed to revert appliance to snapshot: ${error.message}`);
    throw new SilentFailure(error.message);
  });
  log.info('Appliance is rolled back to previous version');
  log.info(`Deleting ${update.kind} isos`);
  throw new SilentFailure(reason.message);
}

/** --rollback: back to what the last configure or upgrade replaced. Silent where there is nothing to go back to. */
export async function rollBackLast(run: Invocation, site: Site, vm: VchVm, update: Update): Promise<void> {
  const { log, flags } = run;
  await asUpdate(run, site, vm, update, async () => {
    log.info('Attempting rollback of VCH');
    try {
      if (vm.snapshot !== undefined) log.info(`Reverting to snapshot ${vm.snapshot}`);
      await site.session.call('RevertToSnapshot_Task', { id: vm.id });
      await site.session.call('PowerOnVM_Task', { id: vm.id });
      const now = (await site.session.call('RetrieveInventory', {})).vms.find(({ id }) => id === vm.id);
      await waitUntilUp(run, site, vm.id, now?.config ?? vm.config, flags.number('timeout') ?? 0);
    } catch (error) {
      if (!(error instanceof VSphereFault || error instanceof NotReady)) throw error;
      await collectDiagnostics(run, site.inventory);
      throw new SilentFailure(error.message);
    }
  });
}

async function waitUntilUp(run: Invocation, site: Site, id: string, config: VchConfig, timeoutMs: number): Promise<void> {
  const deadline = new AbortController();
  const cancel = run.io.clock.schedule(timeoutMs, () => deadline.abort(new Error('context deadline exceeded')));
  try {
    // The limit of the command itself is answered by a roll-back, so only an interruption ends the wait at once.
    await waitForService({ ...run, signal: run.io.signal }, { session: site.session, id, config, deadline: deadline.signal });
  } catch (error) {
    if (error instanceof NotReady) throw Object.assign(error, { late: deadline.signal.aborted });
    throw error;
  } finally {
    cancel();
  }
}
