import { portLayerFailure } from '../../../clients/port-layer/failure.ts';
import type { Handle } from '../../../clients/port-layer/port.ts';
import type { DefineContainers } from '../../../kubelet/provider.ts';
import { retryConflicts } from '../vm/conflict-retry.ts';
import { taskIdOf } from '../vm/identity.ts';
import { joinTask } from './join-tasks.ts';
import { inspect, type Look } from '../vm/look.ts';
import { addressesOf, ipsOf } from '../vm/observe.ts';
import type { TaskPlan } from '../plan/plan-create.ts';
import type { PowerOptions } from '../vm/power.ts';
import type { End, PodRuns, TaskRun } from '../vm/runs.ts';
import { marked } from './signal-script.ts';
import { planContainer, type StartOptions } from './start-with-vm.ts';

const START_BUDGET_MS = 60_000;
/** How long a launch is waited for; one that takes longer shows as starting. */
const LAUNCH_MS = 60_000;
const POLL_MS = 50;
/** What the port layer says of a process that its VM had no time left for. */
const POWERED_OFF = 'powered off';

/**
 * Starts a container in its VM, which is on, as a task of its own. It is put on record before it is made, so that whoever
 * comes after knows what to look for. Undefined: the VM has gone off meanwhile.
 */
export async function startTask(
  options: StartOptions,
  look: Look,
  container: string,
  define: DefineContainers,
  signal: AbortSignal,
): Promise<readonly TaskPlan[] | undefined> {
  const { portLayer, clock, random, runs } = options;
  const { identity, info } = look.vm;
  const vmId = info.id;
  const bound = ipsOf((await portLayer.boundEndpoints(vmId, signal)) ?? []);
  // With DHCP the guest alone knows.
  const ips = bound.length > 0 ? bound : addressesOf(info);
  const tasks = await planContainer(options.images, identity, container, await define(ips), signal);
  const [plan] = tasks;
  if (plan === undefined) return undefined;
  const { namespace, process, openStdin, tty } = plan;
  const old = look.runs.tasks[container]?.id;
  let tried: string | undefined;
  const id = await retryConflicts({ clock, random, budgetMs: START_BUDGET_MS }, signal, async () => {
    // The answer to an attempt may have been lost, and not the attempt.
    if (tried !== undefined && (await inspect(options, vmId, tried, signal)) !== undefined) return tried;
    const handle = await portLayer.handleOf(vmId, signal);
    if (handle === undefined || (await portLayer.handleState(handle, signal)) !== 'Running') return undefined;
    const record = await runs.update(vmId, identity, (latest) => withTask(latest, look, container, tried !== undefined, clock.now()), signal);
    const taskId = record.tasks[container]?.id ?? '';
    const cleared = await removeOld(options, handle, old, signal);
    const joined = await joinTask(portLayer, { handle: cleared, id: taskId, namespace, process: marked(process, taskId), openStdin, tty }, signal);
    tried = taskId;
    // With a connection it waits for its listener, so that nothing it writes is lost.
    await commit(options, { vmId, taskId, handle: await portLayer.bindInteraction(joined, taskId, signal) }, signal);
    return taskId;
  });
  if (id !== undefined) options.taskLogs.keep({ vmId, container, id, tty }, 'held');
  if (id !== undefined && (await awaitLaunch(options, vmId, id, signal))) return tasks;
  const last = id ?? tried;
  // The VM was going off already: a process that ran in it would still have been seen.
  if (last !== undefined) await runs.update(vmId, identity, (latest) => withoutTask(latest, container, last), signal);
  return undefined;
}

/** Every attempt has an id of its own, and follows the same run. */
function withTask(runs: PodRuns, { vm: { info }, pod }: Look, container: string, again: boolean, now: number): PodRuns {
  const last = runs.tasks[container];
  const number = runs.taskCount + 1;
  const state = pod.containers.find(({ name }) => name === container)?.state;
  const ended: End | undefined = state?.kind === 'exited' || state?.kind === 'unknown' ? state : undefined;
  // Nothing came of a task without an end: it follows what that one followed.
  const follows =
    last === undefined || last.end !== undefined ? { before: ended, beforeId: last?.id, afterLogged: last === undefined && ended !== undefined } : last;
  const finished = ended?.kind === 'exited' ? Math.max(ended.finishedAt, ended.startedAt ?? 0) : 0;
  const task: TaskRun = {
    ...{ id: taskIdOf(info.id, container, number), boot: info.process.startedAt },
    // A run is told from the one before it by a later start, whatever the clocks of the two hosts say.
    startedAt: again && last !== undefined ? last.startedAt : Math.max(now, finished + 1),
    ...(follows.before === undefined ? {} : { before: follows.before }),
    ...(follows.beforeId === undefined ? {} : { beforeId: follows.beforeId }),
    afterLogged: follows.afterLogged,
  };
  return { ...runs, tasks: { ...runs.tasks, [container]: task }, taskCount: number };
}

/** As if the task had never been: what it followed stands. */
function withoutTask(runs: PodRuns, container: string, id: string): PodRuns {
  const { [container]: task, ...tasks } = runs.tasks;
  if (task?.id !== id) return runs;
  return { ...runs, tasks: task.before === undefined || task.afterLogged ? tasks : { ...tasks, [container]: { ...task, end: task.before } } };
}

/** On the handle that adds the next task, so that it costs no change of its own. */
async function removeOld({ portLayer }: PowerOptions, handle: Handle, id: string | undefined, signal: AbortSignal): Promise<Handle> {
  if (id === undefined) return handle;
  try {
    return await portLayer.removeTask(handle, id, signal);
  } catch (error) {
    signal.throwIfAborted();
    const failure = portLayerFailure(error);
    // It was never made, or forgotten when the VM was off.
    if (failure?.kind !== 'refused' || failure.reason === 'Failed to get the Handle') throw error;
    return handle;
  }
}

async function commit(
  options: StartOptions,
  { vmId, taskId, handle }: { readonly vmId: string; readonly taskId: string; readonly handle: Handle },
  signal: AbortSignal,
): Promise<void> {
  try {
    await options.portLayer.commit(handle, {}, signal);
  } catch (error) {
    signal.throwIfAborted();
    const kind = portLayerFailure(error)?.kind;
    if (kind === 'conflict' || kind === 'absent' || kind === 'unreachable') throw error;
    if ((await inspect(options, vmId, taskId, signal)) === undefined) throw error;
  }
}

/** False: the task was gone before it was seen to run. */
async function awaitLaunch({ portLayer, clock }: PowerOptions, vmId: string, taskId: string, signal: AbortSignal): Promise<boolean> {
  const end = clock.monotonic() + LAUNCH_MS;
  for (;;) {
    const task = await inspect({ portLayer, clock }, vmId, taskId, signal);
    const cut = task?.state === 'failed' && task.errorMessage.includes(POWERED_OFF);
    if (task?.state !== 'created' || clock.monotonic() > end) return task !== undefined && !cut;
    await clock.sleep(POLL_MS, signal);
  }
}
