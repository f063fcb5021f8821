import { messageOf } from '../../../errors/vick-error.ts';
import type { Clock } from '../../../platform/clock.ts';
import type { Log } from '../../../platform/log.ts';
import type { PortLayer } from '../../../clients/port-layer/port.ts';
import type { Look } from '../vm/look.ts';
import type { PodVm } from '../vm/pod-index.ts';
import type { PodRuns } from '../vm/runs.ts';
import type { TaskLogs } from '../streams/task-logs.ts';

export interface WatchTasksOptions {
  readonly portLayer: PortLayer;
  readonly clock: Clock;
  readonly log: Log;
  readonly runsOf: (vm: PodVm, signal: AbortSignal) => Promise<PodRuns>;
  readonly look: (vm: PodVm, signal: AbortSignal) => Promise<Look | undefined>;
  readonly taskLogs: Pick<TaskLogs, 'keep'>;
}

/** Listens to tasks, and waits for their ends, of which neither the list nor events tell, so that they are on record before the VM goes off. */
export interface TaskWatch {
  /** Watches what runs in the VM, until it has ended or `forget` is called. Does nothing while nobody listens. */
  follow(vm: PodVm): void;
  forget(vmId: string): void;
  /** Calls back with the pod whose task has ended, until the signal aborts. */
  listen(onChange: (uid: string) => void, signal: AbortSignal): void;
}

const RETRY_MS = 1_000;

export function createTaskWatch(options: WatchTasksOptions): TaskWatch {
  const { portLayer, clock, log, runsOf, look, taskLogs } = options;
  const followed = new Map<string, { readonly vmId: string; readonly end: AbortController }>();
  let listener: { readonly onChange: (uid: string) => void; readonly signal: AbortSignal } | undefined;

  /** Until the task has an end on record, or something else has taken its place. */
  const watch = async (vm: PodVm, container: string, taskId: string, signal: AbortSignal): Promise<void> => {
    while (!stopped(signal)) {
      try {
        const seen = await look(vm, signal);
        const task = seen?.runs.tasks[container];
        const alive = seen?.pod.containers.some(({ name, state }) => name === container && (state.kind === 'running' || state.kind === 'starting')) === true;
        if (task?.id !== taskId || !alive) return;
        const tty = vm.identity.containers.find(({ name }) => name === container)?.tty === true;
        taskLogs.keep({ vmId: vm.info.id, container, id: taskId, tty });
        const handle = await portLayer.handleOf(vm.info.id, signal);
        if (handle === undefined) return;
        await portLayer.waitTask(handle, taskId, signal);
      } catch (error) {
        if (stopped(signal)) return;
        log.debug('a task cannot be waited for', { vm: vm.info.id, error: messageOf(error) });
        await clock.sleep(RETRY_MS, signal).catch(() => undefined);
      }
    }
  };

  const begin = (vm: PodVm, container: string, taskId: string): void => {
    if (listener === undefined || listener.signal.aborted || followed.has(taskId)) return;
    const { onChange, signal } = listener;
    const end = new AbortController();
    const stop = (): void => end.abort(new Error('nobody listens any more'));
    signal.addEventListener('abort', stop, { once: true });
    followed.set(taskId, { vmId: vm.info.id, end });
    void watch(vm, container, taskId, end.signal).finally(() => {
      signal.removeEventListener('abort', stop);
      followed.delete(taskId);
      if (!end.signal.aborted) onChange(vm.identity.uid);
    });
  };

  return {
    follow: (vm) => {
      if (listener === undefined) return;
      runsOf(vm, listener.signal).then(
        ({ tasks }) => {
          for (const [container, { id, end }] of Object.entries(tasks)) if (end === undefined) begin(vm, container, id);
        },
        (error: unknown) => log.debug('the record of a pod VM cannot be read', { vm: vm.info.id, error: messageOf(error) }),
      );
    },
    forget: (vmId) => {
      for (const one of followed.values()) if (one.vmId === vmId) one.end.abort(new Error('the VM is gone'));
    },
    listen: (onChange, signal) => {
      listener = { onChange, signal };
    },
  };
}

function stopped(signal: AbortSignal): boolean {
  return signal.aborted;
}
