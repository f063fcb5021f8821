import { portLayerFailure } from '../../../clients/port-layer/failure.ts';
import type { ContainerInfo, Handle, PortLayer } from '../../../clients/port-layer/port.ts';
import { messageOf } from '../../../errors/vick-error.ts';
import { ProviderFailure } from '../../../kubelet/provider.ts';
import type { Clock } from '../../../platform/clock.ts';
import { deadline } from '../../../platform/http-exchange.ts';
import type { Log } from '../../../platform/log.ts';
import type { Random } from '../../../platform/random.ts';
import { retryConflicts } from './conflict-retry.ts';
import { hasEnded, ipsOf, isPoweredOn } from './observe.ts';
import { signalNumber } from './signals.ts';

export interface PowerOptions {
  readonly portLayer: PortLayer;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

const START_BUDGET_MS = 60_000;
const STOP_BUDGET_MS = 10 * 60_000;
const REMOVE_BUDGET_MS = 60_000;
const POLL_MS = 500;
/** How long a VM in which nothing runs any more may take to power itself off. */
const POWER_OFF_MS = 5_000;
const POWER_OFF_POLL_MS = 100;
const GIVE_BACK_MS = 10_000;

/** What a VM is started with. Called with each new handle, and with the addresses that the pod will have. */
export type Prepare = (handle: Handle, ips: readonly string[], before: ContainerInfo) => Promise<Handle>;

/**
 * Powers the VM on and waits for its primary process. A process that cannot be launched is an outcome, which
 * status tells of, not an error. False: there is no such VM. `alone`: the VM has one process, with whose end it goes off.
 */
export async function startVm(
  options: PowerOptions,
  vm: { readonly id: string; readonly alone: boolean },
  prepare: Prepare,
  signal: AbortSignal,
): Promise<boolean> {
  const { portLayer, clock, random } = options;
  const { id } = vm;
  const before = await endOfLastRun(options, vm, signal);
  if (before === undefined) return false;
  // A start that is under way must not be disturbed by a second reconfiguration.
  if (before.state === 'Running' || before.state === 'Starting') return true;
  await passSecondOfLastRun(before, clock, signal);
  return await retryConflicts({ clock, random, budgetMs: START_BUDGET_MS }, signal, async () => {
    const handle = await portLayer.handleOf(id, signal);
    if (handle === undefined) return await confirmAbsent(portLayer, id, signal);
    const bound = await portLayer.bindScopes(handle, signal);
    const prepared = await prepare(bound.handle, ipsOf(bound.endpoints), before).catch((error: unknown) => giveBack(options, bound.handle, error));
    try {
      await portLayer.commit(await portLayer.setState(prepared, 'RUNNING', signal), {}, signal);
      return true;
    } catch (error) {
      signal.throwIfAborted();
      return await afterFailedStart(options, id, error, signal);
    }
  });
}

/** The addresses were reserved by the handle alone, which is not used: they go back with it. */
async function giveBack({ portLayer, clock, log }: PowerOptions, handle: Handle, error: unknown): Promise<never> {
  const limit = deadline(clock, GIVE_BACK_MS, new AbortController().signal);
  try {
    await portLayer.unbindScopes(handle, limit.signal);
  } catch (failure) {
    log.debug('addresses were not given back', { error: messageOf(failure) });
  } finally {
    limit.dispose();
  }
  throw error;
}

/**
 * Stops the VM: the primary's stop signal, `graceSeconds`, then by force. Returns when it is off or was never on.
 * The VCH signals the primary process only; with `containers` > 1 the VM is powered off as soon as that one has ended,
 * because waiting on would do nothing for the others.
 */
export async function stopVm(
  options: PowerOptions,
  vm: { readonly id: string; readonly containers: number; readonly stopSignal: string },
  graceSeconds: number,
  signal: AbortSignal,
): Promise<void> {
  const { portLayer, clock, random } = options;
  const seconds = Math.max(1, Math.ceil(graceSeconds));
  const info = await portLayer.containerInfo(vm.id, signal);
  if (info === undefined || !isPoweredOn(info)) return;
  const alone = vm.containers <= 1;
  if (!alone) await waitForPrimary(options, vm, seconds, signal);
  await retryConflicts({ clock, random, budgetMs: STOP_BUDGET_MS }, signal, async () => {
    const handle = await portLayer.handleOf(vm.id, signal);
    if (handle === undefined) return await confirmAbsent(portLayer, vm.id, signal);
    const stopping = await portLayer.setState(handle, 'STOPPED', signal);
    await portLayer.commit(stopping, { waitSeconds: alone ? seconds : 1 }, signal);
    return true;
  });
  await releaseAddresses(options, vm.id, signal);
}

/** Removes the VM, stopping it first where it still runs; returns when it is verified to be gone. */
export async function removeVm(options: PowerOptions, id: string, signal: AbortSignal): Promise<void> {
  const { portLayer, clock } = options;
  const end = clock.monotonic() + REMOVE_BUDGET_MS;
  for (;;) {
    let failure: unknown;
    try {
      await portLayer.removeContainer(id, signal);
    } catch (error) {
      signal.throwIfAborted();
      failure = error;
    }
    const info = await portLayer.containerInfo(id, signal);
    if (info === undefined || info.state === 'Removed') return;
    if (clock.monotonic() > end) throw failure instanceof Error ? failure : new Error(`the pod VM ${id} is still there after it was removed`);
    // Refused because it runs, or because it is still booting; both refusals look alike from here.
    if (isPoweredOn(info)) await stopVm(options, { id, containers: 1, stopSignal: '' }, 1, signal);
    else await clock.sleep(POLL_MS, signal);
  }
}

/**
 * The VM once it is not merely on its way from the end of its process to power-off: to call that running would count a
 * start that never was. One that does not get there by itself is powered off.
 */
async function endOfLastRun(
  options: PowerOptions,
  { id, alone }: { readonly id: string; readonly alone: boolean },
  signal: AbortSignal,
): Promise<ContainerInfo | undefined> {
  const { portLayer, clock } = options;
  const end = clock.monotonic() + POWER_OFF_MS;
  for (;;) {
    const info = await portLayer.containerInfo(id, signal);
    if (info === undefined || !alone || !isPoweredOn(info) || !hasEnded(info)) return info;
    if (clock.monotonic() < end) await clock.sleep(POWER_OFF_POLL_MS, signal);
    else await stopVm(options, { id, containers: 1, stopSignal: '' }, 1, signal);
  }
}

/** Times have whole seconds: a new start in the second of the last stop, or start, could not be told from the run before. */
async function passSecondOfLastRun({ process }: ContainerInfo, clock: Clock, signal: AbortSignal): Promise<void> {
  const last = Math.max(process.stoppedAt, process.startedAt);
  const wait = last + 1000 - clock.now();
  // A clock that is far behind the VCH's must not hold a pod up.
  if (last > 0 && wait > 0 && wait <= 2000) await clock.sleep(wait, signal);
}

/** True: the failure is the process's own and status will tell. Otherwise gives the addresses back and throws. */
async function afterFailedStart(options: PowerOptions, id: string, error: unknown, signal: AbortSignal): Promise<boolean> {
  const { portLayer } = options;
  const failure = portLayerFailure(error);
  if (failure === undefined || failure.kind === 'unreachable' || failure.kind === 'conflict') {
    if (failure?.kind === 'conflict') await releaseAddresses(options, id, signal);
    throw error;
  }
  const info = await portLayer.containerInfo(id, signal);
  if (info === undefined) return false;
  const launched = info.process.status === 'true';
  const refused = info.process.status !== '' && !launched;
  if (info.state === 'Running' || (info.state === 'Starting' && failure.kind === 'timeout')) return true;
  if (refused && info.state === 'Stopped') return true;
  if (info.state === 'Stopped' || info.state === 'Created') await releaseAddresses(options, id, signal);
  if (failure.kind !== 'refused') throw error;
  throw new ProviderFailure('RunContainerError', `the pod VM could not be started: ${failure.reason || `HTTP ${String(failure.httpStatus)}`}`, {
    cause: error,
  });
}

/**
 * After a power-off the port layer gives the addresses back by itself, but not after every kind of stop. To do it before the
 * power-off would let another pod have an address that is still in use.
 */
async function releaseAddresses({ portLayer, log }: PowerOptions, id: string, signal: AbortSignal): Promise<void> {
  try {
    if ((await portLayer.boundEndpoints(id, signal)) === undefined) return;
    const handle = await portLayer.handleOf(id, signal);
    if (handle === undefined) return;
    await portLayer.commit(await portLayer.unbindScopes(handle, signal), {}, signal);
  } catch (error) {
    signal.throwIfAborted();
    // Most likely the port layer did it at the same moment.
    log.debug('addresses were not given back', { id, error: messageOf(error) });
  }
}

/** Sends the primary its stop signal and waits for its end, not for that of the VM. False: it still runs after `graceSeconds`. */
export async function waitForPrimary(
  { portLayer, clock }: PowerOptions,
  vm: { readonly id: string; readonly stopSignal: string },
  graceSeconds: number,
  signal: AbortSignal,
): Promise<boolean> {
  const end = clock.monotonic() + Math.max(1, Math.ceil(graceSeconds)) * 1000;
  try {
    await portLayer.signalContainer(vm.id, signalNumber(vm.stopSignal), signal);
  } catch (error) {
    signal.throwIfAborted();
    // Not booted far enough to take a signal: nothing runs that could be told.
    if (portLayerFailure(error)?.kind === 'refused') return false;
    throw error;
  }
  for (;;) {
    const info = await portLayer.containerInfo(vm.id, signal);
    if (info === undefined || !isPoweredOn(info) || hasEnded(info)) return true;
    if (clock.monotonic() >= end) return false;
    await clock.sleep(Math.min(POLL_MS, end - clock.monotonic()), signal);
  }
}

/** A handle is also refused when the refresh from vSphere failed. False: really gone. */
async function confirmAbsent(portLayer: PortLayer, id: string, signal: AbortSignal): Promise<false> {
  if ((await portLayer.containerInfo(id, signal)) === undefined) return false;
  throw new Error(`the port layer gives no handle for ${id}, which exists; vSphere did not answer it`);
}
