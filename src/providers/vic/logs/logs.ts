import { portLayerFailure } from '../../../clients/port-layer/failure.ts';
import type { LogOptions as WireOptions } from '../../../clients/port-layer/port.ts';
import type { ContainerLogs, LogOptions } from '../../../kubelet/capabilities.ts';
import { findVm, type VicContext } from '../vm/context.ts';
import { readEntries, secondOf, type LogEntry } from '../streams/log-entries.ts';
import { noLog } from './no-log.ts';
import { hasEnded, isPoweredOn } from '../vm/observe.ts';
import type { PodVm } from '../vm/pod-index.ts';
import { isCurrent, type PodRuns } from '../vm/runs.ts';
import { logStream } from '../streams/log-stream.ts';
import type { TaskLogs } from '../streams/task-logs.ts';

/** One run of a container in the log of its VM, which is one for all runs. */
interface Window {
  /** Seconds: the run's entries come after it. No start falls into the second of the stop before it. */
  readonly after: number;
  /** Seconds: entries after it are of later runs. Undefined for the run that the VM shows. */
  readonly until: number | undefined;
  /** Milliseconds, as the port layer tells them. */
  readonly startedAt: number;
  readonly group: readonly string[];
}

/** The server ends a follow while the VM boots, and looks for new output each second. */
const PAUSE_MS = 1_000;
/** How many times in a row a port layer may fail before a follow is given up. */
const PATIENCE = 30;

/**
 * Logs from the one log that a VM has: that of the process which started with it. Both streams of the process are one there.
 * What joined it later is in the logs of tasks, if the kubelet was there to listen.
 * Of several that started together, in VMs that an earlier version has made, the VCH does not say which one is written: such
 * a log begins with a line that says so.
 */
export function containerLogs(context: VicContext, taskLogs: Pick<TaskLogs, 'of'>): ContainerLogs {
  return {
    open: async (target, options, signal) => {
      const vm = await findVm(context, target, signal);
      const window = choose(runsOf(vm, await context.runsOf(vm, signal), target.container), target.container, options.previous);
      if ('task' in window) {
        const kept = window.task === undefined ? undefined : taskLogs.of(window.task);
        const wanted = options.previous ? { ...options, follow: false } : options;
        return kept === undefined ? noLog(context, target, wanted, signal) : kept.open(wanted, signal);
      }
      if (options.stream !== undefined) throw new Error('a VCH keeps standard output and standard error as one log; they cannot be told apart');
      const ending = new AbortController();
      const until = AbortSignal.any([signal, ending.signal]);
      const source = await begin(context, vm, window, options, until);
      return logStream(prefaced(window.group, options, source), ending, signal);
    },
  };
}

/** A run that a VCH keeps no log of: a task that was started while the VM ran, or, where none is known, something before it. */
interface TaskWindow {
  readonly task: string | undefined;
}

/** The runs of a container, oldest first. */
function runsOf({ info }: PodVm, runs: PodRuns, container: string): readonly (Window | TaskWindow)[] {
  const starts = runs.past.filter(({ task }) => task === undefined);
  const past = runs.past.flatMap((run): readonly (Window | TaskWindow)[] => {
    if (!run.group.includes(container)) return [];
    if (run.task !== undefined) return [{ task: run.task }];
    const { group, startedAt, stoppedAt } = run;
    return [{ group, startedAt, after: toSeconds(starts[starts.indexOf(run) - 1]?.stoppedAt), until: toSeconds(stoppedAt) }];
  });
  const { group } = runs;
  const current = isCurrent(runs, info) && group.includes(container);
  const task = runs.tasks[container];
  return [
    ...past,
    ...(current ? [{ group, startedAt: info.process.startedAt, after: toSeconds(starts.at(-1)?.stoppedAt), until: undefined }] : []),
    ...(task === undefined ? [] : [...(task.before === undefined || task.afterLogged ? [] : [{ task: task.beforeId }]), { task: task.id }]),
  ];
}

function choose(found: readonly (Window | TaskWindow)[], container: string, previous: boolean): Window | TaskWindow {
  const window = found.at(previous ? -2 : -1);
  if (window === undefined) {
    throw new Error(previous ? `previous terminated container "${container}" not found` : `container "${container}" has not been started`);
  }
  return window;
}

function toSeconds(ms: number | undefined): number {
  return Math.floor((ms ?? 0) / 1000);
}

/** Opens the log, so that what is wrong with it is said at once. */
async function begin(context: VicContext, vm: PodVm, window: Window, options: LogOptions, signal: AbortSignal): Promise<AsyncIterable<Buffer>> {
  const wanted = options.since === undefined ? 0 : Math.floor(options.since / 1000) - 1;
  const since = Math.max(0, window.after, wanted);
  // The server counts the tail after `since`; what it cannot know of is the end of the window.
  const tail = window.until === undefined ? options.tailLines : undefined;
  const query = { since, ...(tail === undefined ? {} : { tailLines: tail }) };
  if (options.follow && window.until === undefined) return follow(context, vm, window, options, query, signal);
  const whole = (options.since ?? 0) % 1000 === 0;
  if (window.until === undefined && whole && !options.timestamps) return await read(context, vm.info.id, query, signal);
  const entries = within(readEntries(await read(context, vm.info.id, { ...query, timestamps: true }, signal)), window.until, options.since);
  return rendered(window.until === undefined || options.tailLines === undefined ? entries : lastLines(entries, options.tailLines), options.timestamps);
}

async function read({ portLayer }: VicContext, vmId: string, options: WireOptions, signal: AbortSignal): Promise<AsyncIterable<Buffer>> {
  const stream = await portLayer.logs(vmId, options, signal);
  if (stream === undefined) throw new Error('the pod VM is gone, and its log with it');
  return stream as AsyncIterable<Buffer>;
}

/**
 * Everything of the run, until it has ended and its log was read once more afterwards. The server's follow ends early
 * while the VM boots and when the port layer is restarted: it is taken up again behind the last entry.
 */
async function follow(
  context: VicContext,
  vm: PodVm,
  window: Window,
  options: LogOptions,
  query: WireOptions,
  signal: AbortSignal,
): Promise<AsyncIterable<Buffer>> {
  const position = new Position();
  if (query.tailLines === 0) {
    // Where the log is now, for whatever has to be taken up later.
    for await (const entry of readEntries(await read(context, vm.info.id, { ...query, tailLines: 1, timestamps: true }, signal))) position.pass(entry);
  }
  const first = await read(context, vm.info.id, { ...query, timestamps: true, follow: true }, signal);
  return rendered(segments(), options.timestamps);

  async function* segments(): AsyncGenerator<LogEntry> {
    let stream: AsyncIterable<unknown> | undefined = first;
    let until: number | undefined;
    let last = false;
    for (let failures = 0; ;) {
      try {
        if (stream !== undefined) {
          for await (const entry of within(readEntries(stream), until, options.since)) {
            if (position.pass(entry)) yield entry;
          }
        }
        if (last) return;
        const end = await endOf(context, vm, window, signal);
        last = end !== undefined;
        until = end?.until;
        if (!last) await context.clock.sleep(PAUSE_MS, signal);
        const since = position.second === undefined ? query.since : position.second - 1;
        position.restart();
        stream = await read(context, vm.info.id, { ...(since === undefined ? {} : { since }), timestamps: true, follow: !last }, signal);
        failures = 0;
      } catch (error) {
        signal.throwIfAborted();
        failures += 1;
        if (failures > PATIENCE || !isPassing(error)) throw error;
        stream = undefined;
        await context.clock.sleep(PAUSE_MS, signal);
      }
    }
  }
}

/** A port layer that is restarted: its streams break, and for a while it does not answer. */
function isPassing(error: unknown): boolean {
  const failure = portLayerFailure(error);
  if (failure !== undefined) return failure.kind === 'unreachable' || failure.kind === 'timeout' || failure.kind === 'dropped';
  return ['ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE'].includes((error as NodeJS.ErrnoException).code ?? '');
}

/** Undefined while the run goes on. `until`: where the next run's entries begin, when there is one already. */
async function endOf(context: VicContext, vm: PodVm, window: Window, signal: AbortSignal): Promise<{ readonly until?: number } | undefined> {
  const info = await context.portLayer.containerInfo(vm.info.id, signal);
  if (info === undefined) throw new Error('the pod VM is gone, and its log with it');
  if (info.process.startedAt !== window.startedAt) {
    const runs = await context.runsOf({ ...vm, info }, signal);
    const closed = runs.past.find(({ startedAt }) => startedAt === window.startedAt);
    return closed === undefined ? {} : { until: toSeconds(closed.stoppedAt) };
  }
  if (isPoweredOn(info) && !(hasEnded(info) && window.group.length === 1)) return undefined;
  return {};
}

/** What was read last; entries up to it are not passed a second time. */
class Position {
  second: number | undefined;
  private time = '';
  private count = 0;
  private seen = 0;

  /** A new read follows, which may begin with what was passed before. */
  restart(): void {
    this.seen = 0;
  }

  /** False: it was passed before. */
  pass(entry: LogEntry): boolean {
    if (entry.time < this.time) return false;
    if (entry.time === this.time) {
      this.seen += 1;
      if (this.seen <= this.count) return false;
      this.count = this.seen;
      return true;
    }
    this.time = entry.time;
    this.second = secondOf(entry);
    [this.count, this.seen] = [1, 1];
    return true;
  }
}

async function* within(entries: AsyncIterable<LogEntry>, until: number | undefined, since: number | undefined): AsyncGenerator<LogEntry> {
  const from = since === undefined ? undefined : new Date(since).toISOString().slice(0, 23);
  for await (const entry of entries) {
    if (until !== undefined && secondOf(entry) > until) return;
    if (from === undefined || entry.time.slice(0, 23) >= from) yield entry;
  }
}

async function* lastLines(entries: AsyncIterable<LogEntry>, count: number): AsyncGenerator<LogEntry> {
  let lines: LogEntry[][] = [[]];
  for await (const entry of entries) {
    lines.at(-1)?.push(entry);
    if (!entry.open) lines.push([]);
    if (lines.length > count + 1) lines = lines.slice(-count - 1);
  }
  const complete = lines.filter((line) => line.length > 0);
  yield* count === 0 ? [] : complete.slice(-count).flat();
}

async function* rendered(entries: AsyncIterable<LogEntry>, timestamps: boolean): AsyncGenerator<Buffer> {
  let inLine = false;
  for await (const { time, payload, open } of entries) {
    yield timestamps && !inLine ? Buffer.concat([Buffer.from(`${time} `), payload]) : payload;
    inLine = open;
  }
}

async function* prefaced(group: readonly string[], options: LogOptions, source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  if (group.length > 1 && options.tailLines !== 0) {
    yield Buffer.from(`(vick: one log for the containers ${group.join(', ')} of this pod VM; the VCH writes only one of them to it and does not say which)\n`);
  }
  yield* source;
}
