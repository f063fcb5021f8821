import { portLayerFailure } from '../../../clients/port-layer/failure.ts';
import type { TaskInfo } from '../../../clients/port-layer/port.ts';
import { deadline } from '../../../platform/http-exchange.ts';
import { retryConflicts } from '../vm/conflict-retry.ts';
import type { VicContext } from '../vm/context.ts';
import { rememberEnded, removeEnded, type EndedTasks } from './ended-tasks.ts';
import type { PodContainer } from '../vm/identity.ts';
import { joinTask } from './join-tasks.ts';
import { inspect } from '../vm/look.ts';
import { launchMessage } from '../vm/pipe-words.ts';
import type { PodVm } from '../vm/pod-index.ts';
import type { PowerOptions } from '../vm/power.ts';
import type { ProcessConfig } from '../vm/process-config.ts';
import type { TaskRun } from '../vm/runs.ts';
import { NOT_FOUND, signalCommand } from './signal-script.ts';
import { signalNumber } from '../vm/signals.ts';

export interface SignalOptions extends PowerOptions {
  readonly processOf: VicContext['processOf'];
  readonly ended: EndedTasks;
}

export interface SignalTarget {
  readonly vm: PodVm;
  readonly container: PodContainer;
  readonly task: TaskRun;
}

const DELIVERY_MS = 10_000;
/** Pauses between conflicts grow too fast for that: containers of a pod are stopped at the same time, and one wins each time. */
const CONFLICTS_MS = 2_000;
const POLL_MS = 100;
/** Before everything is tried again. */
const PAUSE_MS = 500;

/**
 * Sends the container's stop signal to the process of its task. A VCH has no call for that, so a shell of the container's own
 * image does it in the VM, as the container's user. Rejects with the reason where that cannot be done, within ten seconds.
 */
export async function signalTask(options: SignalOptions, target: SignalTarget, signal: AbortSignal): Promise<void> {
  const { clock, ended } = options;
  const { vm, container, task } = target;
  const vmId = vm.info.id;
  const limit = deadline(clock, DELIVERY_MS, signal);
  const tried: { id?: string } = {};
  try {
    const own = await untilAnswered(options, limit.signal, () => options.processOf(vm, container, false, limit.signal));
    const words = signalCommand({ id: task.id, ageMs: clock.now() - task.startedAt }, signalNumber(container.stopSignal));
    const process = { ...own, ...words, stopSignal: '' };
    const id = await untilAnswered(options, limit.signal, () => launch(options, target, process, tried, limit.signal));
    const end = await untilAnswered(options, limit.signal, () => endOf(options, vmId, id, limit.signal));
    if (end.state === 'failed') throw new Error(`${process.path}: ${launchMessage(process, end.errorMessage)}`);
    if (end.exitCode === NOT_FOUND) throw new Error('its process was not found in the VM');
    if (end.exitCode !== 0) throw new Error(`the shell that was to send it ended with exit code ${String(end.exitCode)}`);
  } finally {
    limit.dispose();
    if (tried.id !== undefined) rememberEnded(ended, vmId, tried.id);
  }
}

/** Not attached, so that it is not held until somebody reads what it writes. */
async function launch(
  options: SignalOptions,
  { vm, container }: SignalTarget,
  process: ProcessConfig,
  tried: { id?: string },
  signal: AbortSignal,
): Promise<string> {
  const { portLayer, clock, random, ended } = options;
  const vmId = vm.info.id;
  return await retryConflicts({ clock, random, budgetMs: CONFLICTS_MS }, signal, async () => {
    // The answer to an attempt may have been lost, and not the attempt.
    if (tried.id !== undefined && (await inspect(options, vmId, tried.id, signal)) !== undefined) return tried.id;
    const handle = await portLayer.handleOf(vmId, signal);
    if (handle === undefined || (await portLayer.handleState(handle, signal)) !== 'Running') throw new Error('its VM does not run');
    const cleared = await removeEnded(portLayer, ended, { id: vmId, handle }, signal);
    const id = random.hex(32);
    const joined = await joinTask(portLayer, { handle: cleared.handle, id, namespace: container.layerId, process, openStdin: false, tty: false }, signal);
    tried.id = id;
    await portLayer.commit(joined, {}, signal);
    cleared.committed();
    return id;
  });
}

async function endOf(options: SignalOptions, vmId: string, id: string, signal: AbortSignal): Promise<TaskInfo> {
  for (;;) {
    const task = await inspect(options, vmId, id, signal);
    if (task === undefined) throw new Error('its VM went off');
    if (task.state === 'stopped' || task.state === 'failed') return task;
    await options.clock.sleep(POLL_MS, signal);
  }
}

async function untilAnswered<T>({ clock }: SignalOptions, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      if (portLayerFailure(error)?.kind !== 'conflict' && !isUnanswered(error)) throw error;
      await clock.sleep(PAUSE_MS, signal);
    }
  }
}

/** Whether it took effect is not known, and another attempt may be answered. */
export function isUnanswered(error: unknown): boolean {
  const failure = portLayerFailure(error);
  if (failure === undefined) return false;
  // Said to a call that was sent again because its answer was lost.
  if (failure.reason.startsWith('task ID collides')) return true;
  return failure.kind === 'unreachable' || failure.kind === 'dropped' || failure.kind === 'timeout';
}
