import { messageOf, VickError } from '../../errors/vick-error.ts';
import { rfc3339, type Clock } from '../../platform/clock.ts';
import type { FileSystem } from '../../platform/fs.ts';
import type { ChildProcess, ProcessTable, Spawner } from '../../platform/runner.ts';
import type { Reporter } from '../../platform/talk.ts';
import { markOf } from '../vch/process-mark.ts';
import { followLog, type LogFacts } from './log-facts.ts';
import { isAlive, kubeletPaths, readNotes, removeNotes, writeNotes, type KubeletNotes, type KubeletPlace } from './notes.ts';

export interface StartRequest {
  readonly nodeName: string;
  /** argv of `vick kubelet run` without its flags. */
  readonly program: readonly [file: string, ...args: string[]];
  /** Flags of `vick kubelet run`. Files and addresses; never secrets. */
  readonly flags: readonly string[];
  /** Undefined: in the folder of its notes. */
  readonly logFile: string | undefined;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cluster: KubeletNotes['cluster'];
  readonly services: KubeletNotes['services'];
  /** How long to wait until the node is registered; 0: not at all. */
  readonly timeoutMs: number;
}

export interface StartDeps extends KubeletPlace {
  readonly fs: FileSystem;
  readonly spawner: Spawner;
  readonly processes: ProcessTable;
  readonly clock: Clock;
  readonly reporter: Reporter;
  readonly self: { readonly version: string };
}

export interface StartedKubelet {
  readonly notes: KubeletNotes;
  /** What its log said until then. */
  readonly facts: LogFacts;
}

const LOOK_EVERY_MS = 200;
const END_WITHIN_MS = 10_000;
/** What a kubelet has no business knowing. */
const KEPT_BACK = /^(?:VICK_PASSWORD|VIC_MACHINE_PASSWORD|VICK_TARGET|VIC_MACHINE_TARGET)(?:_|$)/;

/**
 * Starts a kubelet as a process of its own, which outlives this one, and waits until its node is registered. KUBELET_RUNNING when
 * one runs for that node; KUBELET_FAILED with the end of its log when it ends. A failed or cancelled start leaves none running.
 */
export async function startKubelet(request: StartRequest, deps: StartDeps, signal: AbortSignal): Promise<StartedKubelet> {
  const { nodeName } = request;
  const paths = kubeletPaths(deps, nodeName);
  const before = await readNotes(deps, nodeName);
  if (before !== undefined && (await isAlive(before, deps))) {
    throw new VickError('KUBELET_RUNNING', `a kubelet of the node ${nodeName} runs already (pid ${before.process.pid})`, {
      hint: `See it with: vick kubelet status ${nodeName} · end it with: vick kubelet stop ${nodeName}`,
    });
  }
  await makeFolder(paths.directory, deps);
  const logFile = request.logFile ?? paths.log;
  const log = await followLog(logFile, deps.fs);
  const step = deps.reporter.step(`Starting the kubelet of ${nodeName}`, { name: 'start' });
  const [file, ...prefix] = request.program;
  const args = [...prefix, ...request.flags, `--log-file=${logFile}`];
  await deps.fs.remove(paths.output);
  const child = await deps.spawner.spawn({ file, args, env: environment(request.env), cwd: request.cwd, outputFile: paths.output, detached: true });
  try {
    const notes: KubeletNotes = {
      apiVersion: 'vick.dev/v1alpha1',
      kind: 'LocalKubelet',
      nodeName,
      process: (await markOf(child.pid, deps.fs)) ?? { pid: child.pid, startTicks: undefined },
      startedAt: rfc3339(deps.clock.now()),
      version: deps.self.version,
      argv: [file, ...args],
      logFile,
      cluster: request.cluster,
      services: request.services,
    };
    await writeNotes(deps, notes);
    const facts = request.timeoutMs === 0 ? await log.read() : await untilRegistered(nodeName, child, log, paths.output, request.timeoutMs, deps, signal);
    step.done();
    return { notes, facts };
  } catch (error) {
    step.fail();
    await endChild(child, deps);
    await removeNotes(deps, nodeName);
    throw error;
  }
}

async function untilRegistered(
  nodeName: string,
  child: ChildProcess,
  log: Awaited<ReturnType<typeof followLog>>,
  output: string,
  timeoutMs: number,
  deps: StartDeps,
  signal: AbortSignal,
): Promise<LogFacts> {
  const deadline = deps.clock.monotonic() + timeoutMs;
  for (;;) {
    const alive = deps.processes.isAlive(child.pid);
    const facts = await log.read();
    if (facts.registered) return facts;
    if (!alive) throw failed(nodeName, (await deps.fs.readTextIfExists(output)) ?? '', facts);
    if (deps.clock.monotonic() > deadline) {
      throw new VickError(
        'TIMEOUT',
        `the node ${nodeName} was not registered within ${timeoutMs / 1000} s${facts.last === undefined ? '' : `; its kubelet said last: ${facts.last}`}`,
        {
          hint: 'Give it longer with --timeout, or let it wait by itself with --no-wait.',
        },
      );
    }
    await deps.clock.sleep(LOOK_EVERY_MS, signal);
  }
}

/** What it said of itself, without the words that every error begins with. */
function failed(nodeName: string, output: string, facts: LogFacts): VickError {
  const lines = output.split('\n').filter((line) => line !== '' && !line.startsWith('time='));
  const said = lines
    .filter((line) => !line.startsWith('hint: '))
    .slice(-6)
    .join('\n')
    .replace(/^error: /, '');
  const hint = lines.findLast((line) => line.startsWith('hint: '))?.slice('hint: '.length);
  return new VickError('KUBELET_FAILED', `the kubelet of ${nodeName} ended at once: ${said === '' ? (facts.last ?? 'it said nothing') : said}`, {
    hint: hint ?? 'Try it in the foreground: vick kubelet run, with the same flags.',
  });
}

async function makeFolder(directory: string, { fs }: StartDeps): Promise<void> {
  try {
    await fs.makeDirectory(directory, { mode: 0o700 });
  } catch (error) {
    throw new VickError('IO', `the folder ${directory} cannot be made: ${messageOf(error)}`, {
      hint: 'Choose another place with VICK_STATE_DIR.',
      cause: error,
    });
  }
}

function environment(env: StartRequest['env']): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined && !KEPT_BACK.test(entry[0])));
}

/** Looks at the process instead of waiting for its end: a detached child does not keep this process alive. */
async function endChild(child: ChildProcess, { processes, clock }: StartDeps): Promise<void> {
  child.kill('SIGTERM');
  const deadline = clock.monotonic() + END_WITHIN_MS;
  while (processes.isAlive(child.pid)) {
    if (clock.monotonic() > deadline) child.kill('SIGKILL', { group: true });
    await clock.sleep(LOOK_EVERY_MS);
  }
}
