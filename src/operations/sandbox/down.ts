import { VickError } from '../../errors/vick-error.ts';
import { survivors } from '../../platform/process-list.ts';
import { clearEngine } from './engine.ts';
import { readSandbox, sandboxPaths } from './facts.ts';
import type { SandboxDeps } from './up.ts';

type DownDeps = Omit<SandboxDeps, 'spawner'>;

const LOOK_EVERY_MS = 100;
const TERM_WITHIN_MS = 45_000;
const KILL_WITHIN_MS = 5_000;

/** Ends the sandbox, everything it started, and removes its folder. SANDBOX_NOT_RUNNING when there is none. */
export async function sandboxDown(input: { readonly stateDirectory: string }, deps: DownDeps, signal: AbortSignal): Promise<void> {
  const state = await readSandbox(input.stateDirectory, deps);
  if (state.kind === 'absent') throw new VickError('SANDBOX_NOT_RUNNING', 'no sandbox is running', { hint: 'Start one with: vick sandbox up' });
  const step = deps.reporter.step(state.kind === 'running' ? 'Stopping the sandbox' : 'Clearing away a sandbox that had died');
  try {
    if (state.kind === 'running') {
      deps.processes.signal(state.facts.pid, 'SIGTERM');
      if (!(await gone([state.facts.pid], TERM_WITHIN_MS, deps, signal))) deps.processes.signal(state.facts.pid, 'SIGKILL');
      if (!(await gone([state.facts.pid], KILL_WITHIN_MS, deps, signal))) throw stuck([state.facts.pid]);
    }
    await clearSandbox(input.stateDirectory, deps, signal);
    step.done();
  } catch (error) {
    step.fail();
    throw error;
  }
}

/** Ends the processes that a dead sandbox left running, then removes its folder. */
export async function clearSandbox(stateDirectory: string, deps: DownDeps, signal: AbortSignal): Promise<void> {
  const paths = sandboxPaths(stateDirectory);
  const find = (): Promise<readonly number[]> => survivors(paths.processes, deps.fs, deps.processes);
  for (const name of ['SIGTERM', 'SIGKILL'] as const) {
    const left = await find();
    for (const pid of left) deps.processes.signal(pid, name);
    await gone(left, KILL_WITHIN_MS, deps, signal);
  }
  const left = await find();
  if (left.length > 0) throw stuck(left);
  await clearEngine({ directory: paths.directory, file: paths.engine }, deps, signal);
  await deps.fs.remove(paths.directory);
}

/** Whether all of them have ended within `withinMs`. */
export async function gone(pids: readonly number[], withinMs: number, deps: Pick<DownDeps, 'clock' | 'processes'>, signal: AbortSignal): Promise<boolean> {
  const deadline = deps.clock.monotonic() + withinMs;
  while (pids.some((pid) => deps.processes.isAlive(pid))) {
    if (deps.clock.monotonic() > deadline) return false;
    await deps.clock.sleep(LOOK_EVERY_MS, signal);
  }
  return true;
}

function stuck(pids: readonly number[]): VickError {
  return new VickError('SANDBOX_FAILED', `processes of the sandbox do not end: ${pids.join(', ')}`, { hint: `Look at them with: ps -fp ${pids.join(',')}` });
}
