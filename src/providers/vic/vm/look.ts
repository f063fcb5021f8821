import type { ContainerInfo, PortLayer, TaskInfo } from '../../../clients/port-layer/port.ts';
import type { ObservedPod } from '../../../kubelet/provider.ts';
import type { Clock } from '../../../platform/clock.ts';
import { endOfTask, isPoweredOn, observePod } from './observe.ts';
import type { PodVm } from './pod-index.ts';
import type { RunStore } from './run-store.ts';
import { unknownEnd, type End, type PodRuns, type TaskRun } from './runs.ts';

export interface LookOptions {
  readonly portLayer: PortLayer;
  readonly clock: Clock;
  readonly runs: RunStore;
}

/** A VM with everything in it, at one moment. */
export interface Look {
  readonly vm: PodVm;
  readonly runs: PodRuns;
  readonly pod: ObservedPod;
}

const UNCLEAR_PAUSE_MS = 100;
const UNCLEAR_LOOKS = 20;

/**
 * What runs in the VM and how the rest ended. Ends of tasks are put on record when they are seen, because the port layer
 * forgets them with the power of the VM. Undefined: the VM is gone.
 */
export async function lookAt(options: LookOptions, vm: PodVm, signal: AbortSignal): Promise<Look | undefined> {
  const { runs: store } = options;
  const { identity, info } = vm;
  const runs = await store.read(info.id, identity, signal);
  const open = Object.entries(runs.tasks).filter(([, { end }]) => end === undefined);
  if (open.length === 0) return { vm, runs, pod: observePod(identity, info, runs) };
  const seen = new Map<string, TaskInfo | undefined>();
  for (const [container, task] of open) seen.set(container, await inspect(options, info.id, task.id, signal));
  // Read afterwards: a task that is not known is one that was never made only if the VM is still on.
  const now = await options.portLayer.containerInfo(info.id, signal);
  if (now === undefined) return undefined;
  const ends = new Map(open.flatMap(([container, task]) => pairIf(container, endOf(container, task, seen.get(container), now, options.clock.now()))));
  const recorded = ends.size === 0 ? runs : await store.update(info.id, identity, (latest) => withEnds(latest, runs, ends), signal);
  const live = new Map(open.flatMap(([container]) => pairIf(container, liveState(seen.get(container)))));
  return { vm: { identity, info: now }, runs: recorded, pod: observePod(identity, now, recorded, live) };
}

/** The containers that run, or are about to. */
export function aliveIn({ pod }: Pick<Look, 'pod'>): readonly string[] {
  return pod.containers.filter(({ state }) => state.kind === 'running' || state.kind === 'starting').map(({ name }) => name);
}

/** The task by a handle of its own; undefined where the port layer knows none. */
export async function inspect({ portLayer, clock }: Pick<LookOptions, 'portLayer' | 'clock'>, vmId: string, taskId: string, signal: AbortSignal) {
  for (let count = 1; ; count += 1) {
    const handle = await portLayer.handleOf(vmId, signal);
    // Also refused when vSphere did not answer, which says nothing of the task.
    if (handle === undefined && (await portLayer.containerInfo(vmId, signal)) !== undefined) {
      throw new Error(`the port layer gives no handle for ${vmId}, which exists`);
    }
    const task = handle === undefined ? undefined : await portLayer.inspectTask(handle, taskId, signal);
    if (task?.state !== 'unknown') return task;
    if (count === UNCLEAR_LOOKS) throw new Error('the port layer does not know the state of a task at the moment');
    await clock.sleep(UNCLEAR_PAUSE_MS, signal);
  }
}

/** Whether the task has ended, could not be launched, or is not known: nothing of it comes any more. */
export async function isTaskOver(options: Pick<LookOptions, 'portLayer' | 'clock'>, vmId: string, taskId: string, signal: AbortSignal): Promise<boolean> {
  const task = await inspect(options, vmId, taskId, signal);
  return task === undefined || task.state === 'stopped' || task.state === 'failed';
}

function endOf(container: string, task: TaskRun, seen: TaskInfo | undefined, info: ContainerInfo, now: number): End | undefined {
  if (seen?.state === 'stopped' || seen?.state === 'failed') return endOfTask(task, seen, now);
  const over = !isPoweredOn(info) || info.process.startedAt !== task.boot;
  return over ? unknownEnd(container) : undefined;
}

function liveState(seen: TaskInfo | undefined): 'starting' | 'running' | undefined {
  if (seen === undefined) return undefined;
  return seen.state === 'running' ? 'running' : seen.state === 'created' ? 'starting' : undefined;
}

/** Of the tasks that were looked at: others may have taken their places since. */
function withEnds(latest: PodRuns, looked: PodRuns, ends: ReadonlyMap<string, End>): PodRuns {
  const fresh = [...ends].filter(([container]) => {
    const task = latest.tasks[container];
    return task !== undefined && task.end === undefined && task.id === looked.tasks[container]?.id;
  });
  if (fresh.length === 0) return latest;
  const tasks = Object.fromEntries(fresh.map(([container, end]) => [container, { ...latest.tasks[container], end } as TaskRun]));
  return { ...latest, tasks: { ...latest.tasks, ...tasks } };
}

function pairIf<T>(container: string, value: T | undefined): readonly (readonly [string, T])[] {
  return value === undefined ? [] : [[container, value]];
}
