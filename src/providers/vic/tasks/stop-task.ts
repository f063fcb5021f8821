import { portLayerFailure } from '../../../clients/port-layer/failure.ts';
import { messageOf } from '../../../errors/vick-error.ts';
import { deadline } from '../../../platform/http-exchange.ts';
import { retryConflicts } from '../vm/conflict-retry.ts';
import { aliveIn, isTaskOver, lookAt, type Look, type LookOptions } from '../vm/look.ts';
import type { PodVm } from '../vm/pod-index.ts';
import type { TaskRun } from '../vm/runs.ts';
import { isUnanswered, signalTask, type SignalOptions } from './signal-task.ts';

export type StopTaskOptions = LookOptions & SignalOptions;

interface RunningTask {
  readonly vm: PodVm;
  readonly container: string;
  readonly task: TaskRun;
}

const STOP_BUDGET_MS = 60_000;
const END_MS = 10_000;
const POLL_MS = 50;
/** What a container has at least once its signal has reached it (pkg/kubelet/kuberuntime: minimumGracePeriodInSeconds). */
const WINDOW_SECONDS = 2;

/**
 * Stops a container that joined the running VM as a task: its stop signal, `graceSeconds` from now on, then by force. One that
 * the signal cannot reach is ended at once. Returns when it has ended.
 */
export async function stopTask(options: StopTaskOptions, { vm, container, task }: RunningTask, graceSeconds: number, signal: AbortSignal): Promise<void> {
  const { clock } = options;
  const end = clock.monotonic() + graceSeconds * 1000;
  const running = { vm, container, task };
  if (graceSeconds > 0 && (await deliver(options, running, signal))) {
    const window = clock.monotonic() + Math.min(graceSeconds, WINDOW_SECONDS) * 1000;
    if (await endsBy(options, running, Math.max(end, window), signal)) return;
  }
  await endTask(options, running, signal);
}

/** False: it still runs, and knows of nothing. */
async function deliver(options: StopTaskOptions, running: RunningTask, signal: AbortSignal): Promise<boolean> {
  const { vm, container, task } = running;
  const remembered = vm.identity.containers.find(({ name }) => name === container);
  try {
    if (remembered === undefined) throw new Error('the pod VM does not say what it is');
    await signalTask(options, { vm, container: remembered, task }, signal);
    return true;
  } catch (error) {
    signal.throwIfAborted();
    if (await endsBy(options, running, 0, signal)) return true;
    options.log.warn('a container that its stop signal could not reach is ended at once', { vm: vm.info.id, container, error: messageOf(error) });
    return false;
  }
}

/** To unbind a task ends its process. */
async function endTask(options: StopTaskOptions, running: RunningTask, signal: AbortSignal): Promise<void> {
  const { portLayer, clock, random } = options;
  const { vm, container, task } = running;
  const { id } = vm.info;
  await retryConflicts({ clock, random, budgetMs: STOP_BUDGET_MS }, signal, async () => {
    if (await isTaskOver(options, id, task.id, signal)) return;
    const handle = await portLayer.handleOf(id, signal);
    if (handle !== undefined) await portLayer.commit(await portLayer.unbindTask(handle, task.id, signal), {}, signal);
  });
  if (await endsBy(options, running, clock.monotonic() + END_MS, signal)) return;
  throw new Error(`the container ${container} still runs after it was ended`);
}

/** Looks until it has ended, or until `by`, a monotonic time; once at least. */
async function endsBy(options: StopTaskOptions, { vm, container, task }: RunningTask, by: number, signal: AbortSignal): Promise<boolean> {
  const { clock } = options;
  for (let current: PodVm = vm, next = 0; ;) {
    try {
      const look = await lookAt(options, current, signal);
      if (look === undefined || !runs(look, container, task)) return true;
      current = look.vm;
    } catch (error) {
      signal.throwIfAborted();
      // To be told of it twice is nothing that the container should have to expect.
      if (clock.monotonic() >= by || !isUnanswered(error)) throw error;
    }
    const now = clock.monotonic();
    if (now >= by) return false;
    // Not before, so that an end is seen as soon as it is told of.
    if (now < next) await clock.sleep(Math.min(next, by) - now, signal);
    next = clock.monotonic() + POLL_MS;
    await changes(options, vm.info.id, task.id, by - clock.monotonic(), signal);
  }
}

/** Another one may have taken its place. */
function runs(look: Look, container: string, task: TaskRun): boolean {
  return aliveIn(look).includes(container) && look.runs.tasks[container]?.id === task.id;
}

/** Waits for something to happen to the task, for `ms` at most. */
async function changes({ portLayer, clock }: StopTaskOptions, vmId: string, taskId: string, ms: number, signal: AbortSignal): Promise<void> {
  const limit = deadline(clock, ms, signal);
  try {
    const handle = await portLayer.handleOf(vmId, limit.signal);
    if (handle !== undefined) await portLayer.waitTask(handle, taskId, limit.signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!limit.expired() && portLayerFailure(error) === undefined) throw error;
  } finally {
    limit.dispose();
  }
}
