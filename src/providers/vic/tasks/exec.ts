import { portLayerFailure } from '../../../clients/port-layer/failure.ts';
import { messageOf } from '../../../errors/vick-error.ts';
import type { ContainerAttach, ContainerExec, SessionStreams } from '../../../kubelet/capabilities.ts';
import { deadline } from '../../../platform/http-exchange.ts';
import { retryConflicts } from '../vm/conflict-retry.ts';
import { connectStreams, runningHandle } from '../streams/connect-streams.ts';
import { findRunning, type VicContext } from '../vm/context.ts';
import { converse } from '../streams/converse.ts';
import { rememberEnded, removeEnded, type EndedTasks } from './ended-tasks.ts';
import type { PodContainer } from '../vm/identity.ts';
import { joinTask } from './join-tasks.ts';
import { isTaskOver } from '../vm/look.ts';
import { carryPipes, launchMessage, pipeRefusal } from '../vm/pipe-words.ts';
import type { ProcessConfig } from '../vm/process-config.ts';
import type { TaskLogs } from '../streams/task-logs.ts';

type ExecContext = Pick<VicContext, 'portLayer' | 'clock' | 'random' | 'log'>;

/** The guest could not start the program: it is not there, or no program. */
export class LaunchFailure extends Error {}

/** Runs a process in a VM that is on; resolves with its exit code after all output was written. */
export type VmExec = (place: ExecPlace, process: ProcessConfig, streams: SessionStreams, signal: AbortSignal) => Promise<number>;

/** The file system of a container, whether or not the container itself runs. */
interface ExecPlace {
  readonly vmId: string;
  readonly container: Pick<PodContainer, 'name' | 'layerId'>;
}

const COMMIT_BUDGET_MS = 60_000;
const KILL_BUDGET_MS = 20_000;
const POLL_MS = 100;

/**
 * Processes as exec tasks: they join the running VM in the file system of a container. A VM keeps tasks that have
 * ended, so each new one takes the earlier ones out with it.
 */
export function vmExec(context: ExecContext, ended: EndedTasks): VmExec {
  const { portLayer, clock, log, random } = context;

  /** Joins and commits the task, which is held until one of its streams is opened. */
  const launch = async ({ vmId, container }: ExecPlace, process: ProcessConfig, streams: SessionStreams, signal: AbortSignal): Promise<string> => {
    return await retryConflicts({ clock, random, budgetMs: COMMIT_BUDGET_MS }, signal, async () => {
      const handle = await runningHandle(portLayer, vmId, container.name, signal);
      const cleared = await removeEnded(portLayer, ended, { id: vmId, handle }, signal);
      const id = random.hex(32);
      const task = { handle: cleared.handle, id, namespace: container.layerId, process, openStdin: streams.stdin !== undefined, tty: streams.tty };
      const bound = await joinTask(portLayer, task, signal);
      try {
        await portLayer.commit(await portLayer.bindInteraction(bound, id, signal), {}, signal);
        cleared.committed();
      } catch (error) {
        // It may have been applied all the same.
        if (portLayerFailure(error)?.kind !== 'conflict') rememberEnded(ended, vmId, id);
        throw error;
      }
      return id;
    });
  };

  return async (place, process, streams, signal) => {
    const { vmId } = place;
    const taskId = await launch(place, process, streams, signal);
    try {
      const isOver = (ending: AbortSignal): Promise<boolean> => isTaskOver(context, vmId, taskId, ending);
      await converse({ portLayer, clock, log, taskId, endsInput: true, isOver }, streams, signal);
      return await exitCode(context, vmId, { taskId, process }, signal);
    } catch (error) {
      await kill(context, vmId, taskId);
      throw error;
    } finally {
      rememberEnded(ended, vmId, taskId);
    }
  };
}

/** Commands in containers that run. */
export function containerExec(context: VicContext, run: VmExec): ContainerExec {
  return {
    exec: async (target, command, streams, signal) => {
      const { vm, container, primary } = await findRunning(context, target, signal);
      const process = inContainer(command, await context.processOf(vm, container, primary, signal));
      return await run({ vmId: vm.info.id, container }, process, streams, signal);
    },
  };
}

/** A command with what the container's own process was given. */
function inContainer([path = '', ...args]: readonly string[], own: ProcessConfig): ProcessConfig {
  const words = { path, args, env: own.env };
  const refusal = pipeRefusal(words);
  if (refusal !== undefined) throw new Error(refusal);
  return { ...own, ...words, stopSignal: '' };
}

/** Joins the streams of a container's own process. What it wrote before is in its log. */
export function containerAttach(context: VicContext, taskLogs: TaskLogs): ContainerAttach {
  const { portLayer, clock, log } = context;
  return {
    attach: async (target, streams, signal) => {
      const { vm, container, taskId } = await findRunning(context, target, signal);
      // Its output goes to one listener, who passes it on.
      const kept = taskLogs.of(taskId);
      if (kept === undefined) await connectStreams(context, { vmId: vm.info.id, id: taskId, container: container.name }, signal);
      const session = { ...streams, tty: container.tty, ...(container.stdin ? {} : { stdin: undefined }) };
      const open = kept === undefined ? {} : { open: async (name: 'stdout' | 'stderr', until: AbortSignal) => Promise.resolve(kept.tap(name, until)) };
      const connected = await converse({ portLayer, clock, log, taskId, endsInput: container.stdinOnce, ...open }, withoutUndefined(session), signal);
      if (!connected) throw new Error(`the container ${container.name} has no connection to attach to`);
    },
  };
}

function withoutUndefined<T extends { stdin?: unknown }>(session: T): Omit<T, 'stdin'> & { stdin?: NonNullable<T['stdin']> } {
  const { stdin, ...rest } = session;
  return stdin === undefined || stdin === null ? rest : { ...rest, stdin };
}

/** Waits for the end, which may come after that of the output. */
async function exitCode(
  context: ExecContext,
  vmId: string,
  { taskId, process }: { readonly taskId: string; readonly process: ProcessConfig },
  signal: AbortSignal,
): Promise<number> {
  const { portLayer, clock } = context;
  for (;;) {
    const handle = await portLayer.handleOf(vmId, signal);
    const task = handle === undefined ? undefined : await portLayer.inspectTask(handle, taskId, signal);
    if (handle === undefined || task === undefined) throw new Error('the container ended while the command ran');
    if (task.state === 'stopped') return task.exitCode;
    if (task.state === 'failed') throw new LaunchFailure(`the command could not be started: ${launchMessage(carryPipes(process), task.errorMessage)}`);
    if (task.state === 'running') await portLayer.waitTask(handle, taskId, signal).catch(() => signal.throwIfAborted());
    await clock.sleep(POLL_MS, signal);
  }
}

/** There is no signal for exec tasks; to unbind one ends its process. */
async function kill(context: ExecContext, vmId: string, taskId: string): Promise<void> {
  const { portLayer, clock, random, log } = context;
  const limit = deadline(clock, KILL_BUDGET_MS, new AbortController().signal);
  try {
    await retryConflicts({ clock, random, budgetMs: KILL_BUDGET_MS }, limit.signal, async () => {
      const handle = await portLayer.handleOf(vmId, limit.signal);
      const task = handle === undefined ? undefined : await portLayer.inspectTask(handle, taskId, limit.signal);
      if (handle === undefined || task === undefined || task.state === 'stopped' || task.state === 'failed') return;
      await portLayer.commit(await portLayer.unbindTask(handle, taskId, limit.signal), {}, limit.signal);
    });
  } catch (error) {
    log.warn('a command that nobody waits for may still run', { vm: vmId, error: messageOf(error) });
  } finally {
    limit.dispose();
  }
}
