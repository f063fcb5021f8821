import { primaryOf } from '../vm/identity.ts';
import { aliveIn, lookAt } from '../vm/look.ts';
import { isPoweredOn } from '../vm/observe.ts';
import type { PodVm } from '../vm/pod-index.ts';
import { stopVm, waitForPrimary } from '../vm/power.ts';
import { stopTask, type StopTaskOptions } from './stop-task.ts';

/** Stops one container of a VM: its stop signal, then by force after `graceSeconds`. Returns when it has ended. */
export async function stopContainer(options: StopTaskOptions, vm: PodVm, container: string, graceSeconds: number, signal: AbortSignal): Promise<void> {
  if (!isPoweredOn(vm.info)) return;
  const look = await lookAt(options, vm, signal);
  if (look === undefined) return;
  const alive = aliveIn(look);
  const { info, identity } = look.vm;
  const primary = primaryOf(identity, look.runs.group);
  const stopSignal = primary?.stopSignal ?? '';
  const id = info.id;
  if (!alive.includes(container)) return;
  const task = look.runs.tasks[container];
  if (task !== undefined) {
    await stopTask(options, { vm: look.vm, container, task }, graceSeconds, signal);
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
