import { VickError } from '../../errors/vick-error.ts';
import type { Clock } from '../../platform/clock.ts';
import type { FileSystem } from '../../platform/fs.ts';
import type { ProcessTable } from '../../platform/runner.ts';
import type { Reporter } from '../../platform/talk.ts';
import { isAlive, removeNotes, type KubeletNotes, type KubeletPlace } from './notes.ts';

export interface StopDeps extends KubeletPlace {
  readonly fs: FileSystem;
  readonly processes: ProcessTable;
  readonly clock: Clock;
  readonly reporter: Reporter;
}

/** How it ended. */
export type Stopped = 'stopped' | 'killed' | 'was dead';

const LOOK_EVERY_MS = 100;
const KILLED_WITHIN_MS = 5_000;

/** Asks the kubelet to end and waits; after `timeoutMs` it is killed. Its pods go on running, and are taken over at the next start. */
export async function stopKubelet(notes: KubeletNotes, timeoutMs: number, deps: StopDeps, signal: AbortSignal): Promise<Stopped> {
  const { nodeName, process } = notes;
  if (!(await isAlive(notes, deps))) {
    await removeNotes(deps, nodeName);
    return 'was dead';
  }
  const step = deps.reporter.step(`Stopping the kubelet of ${nodeName}`, { name: 'stop' });
  try {
    deps.processes.signal(process.pid, 'SIGTERM');
    let how: Stopped = 'stopped';
    if (!(await gone(notes, timeoutMs, deps, signal))) {
      how = 'killed';
      deps.processes.signal(process.pid, 'SIGKILL');
      if (!(await gone(notes, KILLED_WITHIN_MS, deps, signal))) {
        throw new VickError('KUBELET_FAILED', `the kubelet of ${nodeName} (pid ${process.pid}) does not end`, {
          hint: `Look at it with: ps -fp ${process.pid}`,
        });
      }
    }
    await removeNotes(deps, nodeName);
    step.done();
    return how;
  } catch (error) {
    step.fail();
    throw error;
  }
}

async function gone(notes: KubeletNotes, withinMs: number, deps: StopDeps, signal: AbortSignal): Promise<boolean> {
  const deadline = deps.clock.monotonic() + withinMs;
  while (await isAlive(notes, deps)) {
    if (deps.clock.monotonic() >= deadline) return false;
    await deps.clock.sleep(LOOK_EVERY_MS, signal);
  }
  return true;
}
