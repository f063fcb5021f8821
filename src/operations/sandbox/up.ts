import { isVickError, messageOf, VickError } from '../../errors/vick-error.ts';
import type { Clock } from '../../platform/clock.ts';
import type { FileSystem } from '../../platform/fs.ts';
import type { ChildProcess, ProcessTable, Spawner } from '../../platform/runner.ts';
import type { Reporter } from '../../platform/talk.ts';
import { clearSandbox, gone } from './down.ts';
import { requireEngine, writeEngine } from './engine.ts';
import { readSandbox, sandboxPaths } from './facts.ts';
import type { SandboxAccess, SandboxEngine, SandboxFacts } from './port.ts';

export interface SandboxUpInput {
  readonly stateDirectory: string;
  /** argv that serves a sandbox in its own process: `… sandbox serve`. */
  readonly serve: readonly [file: string, ...args: string[]];
  readonly assets: string | undefined;
  /** What endpoint VMs run as /sbin/virtual-kubelet; undefined: this very program. */
  readonly virtualKubelet?: string | undefined;
  /** What runs the pod VMs; undefined: processes of this computer. */
  readonly engine?: SandboxEngine | undefined;
  readonly timeoutMs: number;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface SandboxDeps {
  readonly fs: FileSystem;
  readonly spawner: Spawner;
  readonly processes: ProcessTable;
  readonly clock: Clock;
  readonly reporter: Reporter;
  /** Asked for engines only. */
  readonly sandbox?: SandboxAccess;
}

const LOOK_EVERY_MS = 100;
const END_WITHIN_MS = 30_000;

/** Starts a sandbox as a process of its own and waits until it is ready. A failed or cancelled start leaves nothing behind. */
export async function sandboxUp(input: SandboxUpInput, deps: SandboxDeps, signal: AbortSignal): Promise<SandboxFacts> {
  const paths = sandboxPaths(input.stateDirectory);
  const state = await readSandbox(input.stateDirectory, deps);
  if (state.kind === 'running') {
    throw new VickError('SANDBOX_RUNNING', `a sandbox is running already (pid ${state.facts.pid})`, {
      hint: 'See it with: vick sandbox status · end it with: vick sandbox down',
    });
  }
  if (input.engine !== undefined) await requireEngine(input.engine, deps.sandbox, signal);
  if (state.kind === 'dead') await clearSandbox(input.stateDirectory, deps, signal);

  await makeFolder(paths.directory, deps);
  if (input.engine !== undefined) await writeEngine(paths.engine, input.engine, deps.fs);
  const step = deps.reporter.step(`Starting the sandbox (${input.assets === undefined ? 'embedded control plane' : `control plane of ${input.assets}`})`);
  const [file, ...args] = input.serve;
  const child = await deps.spawner.spawn({ file, args, env: serveEnvironment(input), cwd: paths.directory, outputFile: paths.log, detached: true });
  try {
    const facts = await untilReady(input, child, deps, signal);
    step.done();
    return facts;
  } catch (error) {
    step.fail();
    const log = await deps.fs.readTextIfExists(paths.log);
    await endChild(child, deps);
    await clearSandbox(input.stateDirectory, deps, new AbortController().signal);
    signal.throwIfAborted();
    throw withLog(error, log);
  }
}

async function untilReady(input: SandboxUpInput, child: ChildProcess, deps: SandboxDeps, signal: AbortSignal): Promise<SandboxFacts> {
  const deadline = deps.clock.monotonic() + input.timeoutMs;
  const ended = new AbortController();
  void child.exited.then(() => {
    ended.abort();
  });
  for (;;) {
    const state = await readSandbox(input.stateDirectory, deps);
    if (state.kind === 'running' && state.facts.pid === child.pid) return state.facts;
    if (ended.signal.aborted) throw new VickError('SANDBOX_FAILED', 'the sandbox ended at start');
    if (deps.clock.monotonic() > deadline) {
      throw new VickError('TIMEOUT', `the sandbox was not ready within ${input.timeoutMs / 1000} s`, { hint: 'Give it longer with --timeout.' });
    }
    await deps.clock.sleep(LOOK_EVERY_MS, signal);
  }
}

/** The daemon gets the little it needs, so that it is the same from every shell. */
function serveEnvironment({ env, stateDirectory, assets, virtualKubelet }: SandboxUpInput): Record<string, string> {
  const kept = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'USER', 'NODE_EXTRA_CA_CERTS'].flatMap((name) =>
    env[name] === undefined ? [] : [[name, env[name]] as const],
  );
  return {
    ...Object.fromEntries(kept),
    VICK_STATE_DIR: stateDirectory,
    ...(assets === undefined ? {} : { KUBEBUILDER_ASSETS: assets }),
    ...(virtualKubelet === undefined ? {} : { VICK_SANDBOX_VIRTUAL_KUBELET: virtualKubelet }),
  };
}

async function makeFolder(directory: string, { fs }: SandboxDeps): Promise<void> {
  try {
    await fs.makeDirectory(directory, { mode: 0o700 });
  } catch (error) {
    throw new VickError('IO', `the folder of the sandbox, ${directory}, cannot be made: ${messageOf(error)}`, {
      hint: 'Choose another place with --state-dir or VICK_STATE_DIR.',
      cause: error,
    });
  }
}

/** Looks at the process instead of waiting for its end: a detached child does not keep this process alive. */
async function endChild(child: ChildProcess, deps: SandboxDeps): Promise<void> {
  const never = new AbortController().signal;
  child.kill('SIGTERM');
  if (await gone([child.pid], END_WITHIN_MS, deps, never)) return;
  child.kill('SIGKILL', { group: true });
  await gone([child.pid], END_WITHIN_MS, deps, never);
}

function withLog(error: unknown, log: string | undefined): unknown {
  const said = (log ?? '').trim().split('\n').slice(-8).join('\n');
  if (said === '' || !isVickError(error) || error.code !== 'SANDBOX_FAILED') return error;
  return new VickError('SANDBOX_FAILED', `${error.message}:\n${said}`, {
    cause: error,
    hint: 'Look for the first error above; `vick sandbox up --verbose` says more.',
  });
}
