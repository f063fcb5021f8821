/** A process by its id and its start time, so that an id which was given to somebody else is not taken for it. */
import type { Clock } from '../../platform/clock.ts';
import type { FileSystem } from '../../platform/fs.ts';
import { startTicks } from '../../platform/process-list.ts';
import type { ProcessTable } from '../../platform/runner.ts';

export interface ProcessMark {
  readonly pid: number;
  readonly startTicks: string | undefined;
}

type Files = Pick<FileSystem, 'readTextIfExists'>;

export async function markOf(pid: number | undefined, fs: Files): Promise<ProcessMark | undefined> {
  return pid === undefined ? undefined : { pid, startTicks: await startTicks(pid, fs) };
}

export async function isRunning(mark: ProcessMark | undefined, processes: ProcessTable | undefined, fs: Files): Promise<boolean> {
  if (mark === undefined || !processes?.isAlive(mark.pid)) return false;
  return mark.startTicks === undefined || (await startTicks(mark.pid, fs)) === mark.startTicks;
}

const GRACE_MS = 10_000;

/** Interrupts the process, kills it after ten seconds, and returns when it is gone. */
export async function endProcess(mark: ProcessMark, processes: ProcessTable, fs: Files, clock: Clock, signal: AbortSignal): Promise<void> {
  const deadline = clock.monotonic() + GRACE_MS;
  processes.signal(mark.pid, 'SIGINT');
  while (await isRunning(mark, processes, fs)) {
    if (clock.monotonic() >= deadline) processes.signal(mark.pid, 'SIGKILL');
    await clock.sleep(100, signal);
  }
}
