import { portLayerFailure } from '../../clients/port-layer/failure.ts';
import type { Handle } from '../../clients/port-layer/port.ts';
import { messageOf } from '../../errors/vick-error.ts';
import type { ContainerAttach, ContainerExec } from '../../kubelet/capabilities.ts';
import { deadline } from '../../platform/http-exchange.ts';
import { retryConflicts } from './conflict-retry.ts';
import { findRunning, type RunningContainer, type VicContext } from './context.ts';
import { converse } from './converse.ts';
import { joinTask } from './join-tasks.ts';
import { carryPipes, launchMessage, pipeRefusal } from './pipe-words.ts';
import type { ProcessConfig } from './process-config.ts';

/** Exec tasks that have ended, by VM. Whoever removes a VM forgets them. */
export type EndedTasks = Map<string, string[]>;

const COMMIT_BUDGET_MS = 60_000;
const KILL_BUDGET_MS = 20_000;
const POLL_MS = 100;

/**
 * Commands as exec tasks: they join the running VM in the file system of their container. A VM keeps tasks that have
 * ended, so each new one takes the earlier ones out with it.
 */
export function containerExec(context: VicContext, ended: EndedTasks): ContainerExec {
  const { portLayer, clock, log, random } = context;

  /** Joins and commits the task, which is held until one of its streams is opened. */
  const launch = async (
    running: RunningContainer,
    process: ProcessConfig,
    streams: { readonly tty: boolean; readonly stdin?: unknown },
    signal: AbortSignal,
  ) => {
    const { vm, container } = running;
    return await retryConflicts({ clock, random, budgetMs: COMMIT_BUDGET_MS }, signal, async () => {
      const handle = await runningHandle(context, vm.info.id, container.name, signal);
      const cleared = await removeEnded(context, vm.info.id, handle, ended, signal);
      const id = random.hex(32);
      const task = { handle: cleared, id, namespace: container.layerId, process, openStdin: streams.stdin !== undefined, tty: streams.tty };
      const bound = await joinTask(portLayer, task, signal);
      try {
        await portLayer.commit(await portLayer.bindInteraction(bound, id, signal), {}, signal);
      } catch (error) {
        // It may have been applied all the same.
        if (portLayerFailure(error)?.kind !== 'conflict') remember(ended, vm.info.id, id);
        throw error;
      }
      return id;
    });
  };

  return {
    exec: async (target, command, streams, signal) => {
      const running = await findRunning(context, target, signal);
      const vmId = running.vm.info.id;
      const process = inContainer(command, await context.processOf(running.vm, running.container, running.primary, signal));
      const taskId = await launch(running, process, streams, signal);
      try {
        await converse({ portLayer, clock, log, taskId, endsInput: true }, streams, signal);
        return await exitCode(context, vmId, { taskId, process }, signal);
      } catch (error) {
        await kill(context, vmId, taskId);
        throw error;
      } finally {
        remember(ended, vmId, taskId);
      }
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
export function containerAttach(context: VicContext): ContainerAttach {
  const { portLayer, clock, log, random } = context;
  return {
    attach: async (target, streams, signal) => {
      const { vm, container, taskId } = await findRunning(context, target, signal);
      await retryConflicts({ clock, random, budgetMs: COMMIT_BUDGET_MS }, signal, async () => {
        // A port layer that was restarted has cut the connection: it is made each time, and never undone for others' sake.
        const handle = await runningHandle(context, vm.info.id, container.name, signal);
        await portLayer.commit(await portLayer.bindInteraction(handle, taskId, signal), {}, signal);
      });
      const session = { ...streams, tty: container.tty, ...(container.stdin ? {} : { stdin: undefined }) };
      const connected = await converse({ portLayer, clock, log, taskId, endsInput: container.stdinOnce }, withoutUndefined(session), signal);
      if (!connected) throw new Error(`the container ${container.name} has no connection to attach to`);
    },
  };
}

function withoutUndefined<T extends { stdin?: unknown }>(session: T): Omit<T, 'stdin'> & { stdin?: NonNullable<T['stdin']> } {
  const { stdin, ...rest } = session;
  return stdin === undefined || stdin === null ? rest : { ...rest, stdin };
}

async function runningHandle({ portLayer }: VicContext, vmId: string, container: string, signal: AbortSignal): Promise<Handle> {
  const handle = await portLayer.handleOf(vmId, signal);
  const state = handle === undefined ? undefined : await portLayer.handleState(handle, signal);
  if (handle === undefined || state !== 'Running') throw new Error(`the container ${container} does not run`);
  return handle;
}

/** On the handle that adds the next task, so that it costs no change of its own. */
export async function removeEnded(
  { portLayer }: Pick<VicContext, 'portLayer'>,
  vmId: string,
  handle: Handle,
  ended: EndedTasks,
  signal: AbortSignal,
): Promise<Handle> {
  let current = handle;
  for (const id of [...(ended.get(vmId) ?? [])]) {
    try {
      current = await portLayer.removeTask(current, id, signal);
    } catch (error) {
      signal.throwIfAborted();
      // A VM that was off in between has forgotten it.
      if (portLayerFailure(error)?.kind !== 'refused' || portLayerFailure(error)?.reason === 'Failed to get the Handle') throw error;
    }
  }
  ended.delete(vmId);
  return current;
}

/** Once it has ended. */
export function remember(ended: EndedTasks, vmId: string, taskId: string): void {
  ended.set(vmId, [...(ended.get(vmId) ?? []), taskId]);
}

/** Waits for the end, which may come after that of the output. */
async function exitCode(
  context: VicContext,
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
    if (task.state === 'failed') throw new Error(`the command could not be started: ${launchMessage(carryPipes(process), task.errorMessage)}`);
    if (task.state === 'running') await portLayer.waitTask(handle, taskId, signal).catch(() => signal.throwIfAborted());
    await clock.sleep(POLL_MS, signal);
  }
}

/** There is no signal for exec tasks; to unbind one ends its process. */
async function kill(context: VicContext, vmId: string, taskId: string): Promise<void> {
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
