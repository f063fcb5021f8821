import { retryConflicts } from './conflict-retry.ts';
import { primaryOf } from './identity.ts';
import { aliveIn, inspect, lookAt, type Look, type LookOptions } from './look.ts';
import { isPoweredOn } from './observe.ts';
import type { PodVm } from './pod-index.ts';
import { stopVm, waitForPrimary, type PowerOptions } from './power.ts';

export type StopOptions = LookOptions & PowerOptions;

const STOP_BUDGET_MS = 60_000;
const END_MS = 10_000;
const POLL_MS = 50;

/**
 * Stops one container of a VM. The stop signal reaches the process that the VM started with; there is none for tasks that
 * came later, which are killed. Returns when it has ended.
 */
export async function stopContainer(options: StopOptions, vm: PodVm, container: string, graceSeconds: number, signal: AbortSignal): Promise<void> {
  if (!isPoweredOn(vm.info)) return;
  const look = await lookAt(options, vm, signal);
  if (look === undefined) return;
  const alive = aliveIn(look);
  const { info, identity } = look.vm;
  const primary = primaryOf(identity, look.runs.group);
  const stopSignal = primary?.stopSignal ?? '';
  const id = info.id;
  if (!alive.includes(container)) return;
  if (look.runs.tasks[container] !== undefined) {
    await endTask(options, look, container, signal);
    return;
  }
  // An earlier version has started it with the VM, beside the one that signals reach.
  if (container !== primary?.name) {
    await stopVm(options, { id, containers: alive.length, stopSignal }, graceSeconds, signal);
    return;
  }
  if (alive.length === 1) {
    await stopVm(options, { id, containers: 1, stopSignal }, graceSeconds, signal);
    return;
  }
  // The others run on, unless it does not obey: nothing but its VM's power ends it then.
  const ended = await waitForPrimary(options, { id, stopSignal }, graceSeconds, signal);
  if (!ended) await stopVm(options, { id, containers: 1, stopSignal }, 1, signal);
}

/** To unbind a task ends its process. */
async function endTask(options: StopOptions, look: Look, container: string, signal: AbortSignal): Promise<void> {
  const { portLayer, clock, random } = options;
  const { id } = look.vm.info;
  const taskId = look.runs.tasks[container]?.id ?? '';
  await retryConflicts({ clock, random, budgetMs: STOP_BUDGET_MS }, signal, async () => {
    const task = await inspect(options, id, taskId, signal);
    if (task === undefined || task.state === 'stopped' || task.state === 'failed') return;
    const handle = await portLayer.handleOf(id, signal);
    if (handle !== undefined) await portLayer.commit(await portLayer.unbindTask(handle, taskId, signal), {}, signal);
  });
  const end = clock.monotonic() + END_MS;
  for (let vm: PodVm = look.vm; ;) {
    const now = await lookAt(options, vm, signal);
    if (now === undefined || !aliveIn(now).includes(container)) return;
    if (clock.monotonic() > end) throw new Error(`the container ${container} still runs after it was ended`);
    await clock.sleep(POLL_MS, signal);
    vm = now.vm;
  }
}
