import { Writable } from 'node:stream';
import type { PortLayer } from '../../../clients/port-layer/port.ts';
import { messageOf } from '../../../errors/vick-error.ts';
import type { Clock } from '../../../platform/clock.ts';
import type { Log } from '../../../platform/log.ts';
import type { Random } from '../../../platform/random.ts';
import { connectStreams } from './connect-streams.ts';
import { converse } from './converse.ts';
import { createKeptLog, type KeptLog } from './kept-log.ts';
import { isTaskOver } from '../vm/look.ts';

/** A task that joined a VM while it ran. */
interface JoinedTask {
  readonly vmId: string;
  readonly container: string;
  readonly id: string;
  readonly tty: boolean;
}

/**
 * What tasks write that joined a VM. A VCH keeps no log of them, but passes on what they write to whoever listens: so they
 * are listened to from their start to their end, and what came is kept here, of the last two runs of each container, as long
 * as the kubelet lives.
 *
 * Once it is connected a guest waits for its listener: a process that writes faster than the serial line of its VM carries
 * is held back by it, and so is one that writes more than 2 MiB while no kubelet is there (vmware/vic cmd/tether/attach.go).
 */
export interface TaskLogs {
  /** Listens to the task to its end, if that is not done yet. `held`: it has a connection already, and does not start without a listener. */
  keep(task: JoinedTask, start?: 'held'): void;
  /** Undefined: nobody has listened to that task. */
  of(taskId: string): KeptLog | undefined;
  /** The VM is gone, and nobody may read what was written there. */
  forget(vmId: string): void;
  /** Listens no more; what came is kept. */
  stop(): void;
}

export interface TaskLogsOptions {
  readonly portLayer: PortLayer;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

interface Kept {
  readonly task: JoinedTask;
  readonly log: KeptLog;
  readonly end: AbortController;
}

const ALL_BYTES = 48 * 1024 * 1024;
const MOST_BYTES = 1024 * 1024;
const LEAST_BYTES = 16 * 1024;
const RUNS = 2;
const PAUSE_MS = 1_000;

export function createTaskLogs(options: TaskLogsOptions): TaskLogs {
  const { clock } = options;
  const kept = new Map<string, Kept>();
  /** One that listened once and was stopped may listen again. */
  let ending = new AbortController();
  const limit = (): number => Math.max(LEAST_BYTES, Math.min(MOST_BYTES, Math.floor(ALL_BYTES / kept.size)));

  const drop = ({ task, end }: Kept): void => {
    kept.delete(task.id);
    end.abort(new Error('the log is not kept any longer'));
  };

  return {
    keep: (task, start) => {
      if (kept.get(task.id)?.end.signal.aborted === false) return;
      const log = createKeptLog({ clock, limit, ...(start === 'held' ? {} : { begunAt: clock.now() }) });
      const end = new AbortController();
      const stop = (): void => end.abort(ending.signal.reason);
      const { signal } = ending;
      signal.addEventListener('abort', stop, { once: true });
      kept.set(task.id, { task, log, end });
      const same = [...kept.values()].filter(({ task: { vmId, container } }) => vmId === task.vmId && container === task.container);
      same.slice(0, -RUNS).forEach(drop);
      void listen(options, task, log, start === 'held', end.signal).finally(() => {
        signal.removeEventListener('abort', stop);
        log.end();
      });
    },
    of: (taskId) => kept.get(taskId)?.log,
    forget: (vmId) => {
      for (const one of [...kept.values()]) if (one.task.vmId === vmId) drop(one);
    },
    stop: () => {
      ending.abort(new Error('the kubelet is stopping'));
      ending = new AbortController();
    },
  };
}

/** Until the task has ended; a connection that breaks, as when the port layer is restarted, is made again. */
async function listen(options: TaskLogsOptions, joined: JoinedTask, log: KeptLog, held: boolean, signal: AbortSignal): Promise<void> {
  const { portLayer, clock } = options;
  const { vmId, id, tty } = joined;
  const isOver = (ending: AbortSignal): Promise<boolean> => isTaskOver(options, vmId, id, ending);
  for (let connected = held; !stopped(signal); connected = false) {
    try {
      if (!connected) await connectStreams(options, joined, signal);
      const streams = { stdout: sink(log, 'stdout', signal), stderr: sink(log, 'stderr', signal), tty };
      await converse({ portLayer, clock, log: options.log, taskId: id, endsInput: false, isOver }, streams, signal);
      if (await isOver(signal)) return;
    } catch (error) {
      if (stopped(signal)) return;
      options.log.debug('what a task writes cannot be read', { vm: vmId, task: id, error: messageOf(error) });
    }
    log.cut();
    await clock.sleep(PAUSE_MS, signal).catch(() => undefined);
  }
}

function sink(log: KeptLog, stream: 'stdout' | 'stderr', signal: AbortSignal): Writable {
  return new Writable({
    write: (chunk: Buffer, _, done) => {
      log.write(stream, chunk, signal).then(() => done(), done);
    },
  });
}

function stopped(signal: AbortSignal): boolean {
  return signal.aborted;
}
