/** Logs that are worked out when they are read: what a run has written by now follows from when it started. */
import { Readable } from 'node:stream';
import type { ContainerLogs, LogOptions } from '../../kubelet/capabilities.ts';
import type { Clock } from '../../platform/clock.ts';
import type { MockBackEnd } from './back-end.ts';
import type { MockContainer, MockPod, MockRun } from './pods.ts';
import { draw } from './settings.ts';

interface Line {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly text: string;
}

export function mockLogs(back: MockBackEnd, clock: Clock): ContainerLogs {
  return {
    open: async (target, options, signal) => {
      await Promise.resolve();
      const pod = back.pod(target.uid);
      const container = back.container(target);
      const run = options.previous ? container.previous : container.run;
      if (run === undefined) throw new Error(`the container ${target.container} has no run before this one`);
      return Readable.from(read(pod, container, run, options, clock, signal), { objectMode: false, signal });
    },
  };
}

async function* read(pod: MockPod, container: MockContainer, run: MockRun, options: LogOptions, clock: Clock, signal: AbortSignal): AsyncIterable<Buffer> {
  if (options.stream === 'stderr') return;
  const written = [...linesBetween(pod, container, run, 0, clock.now())].filter(({ at }) => at >= (options.since ?? 0));
  const shown = options.tailLines === undefined ? written : options.tailLines === 0 ? [] : written.slice(-options.tailLines);
  if (shown.length > 0) yield bytes(shown, options);
  let until = clock.now();
  while (options.follow && run.exit === undefined) {
    await nextLine(pod, container, run, until, clock, signal);
    const now = clock.now();
    const more = [...linesBetween(pod, container, run, until, now)];
    until = now;
    if (more.length > 0) yield bytes(more, options);
  }
}

/** Lines that were written after `from` and not after `to`, in order. */
function* linesBetween(pod: MockPod, container: MockContainer, run: MockRun, from: number, to: number): Iterable<Line> {
  const end = Math.min(to, run.exit?.finishedAt ?? to);
  const first = textLines(container.settings.logs ?? `container ${container.name} of pod ${pod.namespace}/${pod.name} says that it runs ${run.image}`);
  const own = run.outcome.output.flatMap(({ atMs, text }) => textLines(text).map((line) => ({ at: run.startedAt + atMs, text: line })));
  const opening = container.settings.logs === undefined && own.length > 0 ? own : [...first.map((text) => ({ at: run.startedAt, text })), ...own];
  const every = everyMs(container);
  let count = every === undefined ? 0 : Math.max(1, Math.ceil((from - run.startedAt + 1) / every));
  const rest = opening.filter(({ at }) => at > from && at <= end);
  for (;;) {
    const at = every === undefined ? Number.POSITIVE_INFINITY : run.startedAt + count * every;
    const next = rest[0];
    if (next !== undefined && next.at <= at) {
      rest.shift();
      yield next;
    } else if (at <= end) {
      yield { at, text: `line ${String(count)}` };
      count += 1;
    } else return;
  }
}

/** Waits for the next line, or the end of the run. */
async function nextLine(pod: MockPod, container: MockContainer, run: MockRun, now: number, clock: Clock, signal: AbortSignal): Promise<void> {
  const every = everyMs(container);
  const periodic = every === undefined ? [] : [run.startedAt + (Math.floor((now - run.startedAt) / every) + 1) * every];
  const own = run.outcome.output.map(({ atMs }) => run.startedAt + atMs).filter((at) => at > now);
  const at = Math.min(...periodic, ...own);
  const stop = new AbortController();
  const waits = Number.isFinite(at) ? [clock.sleep(Math.max(1, at - now), AbortSignal.any([signal, stop.signal]))] : [];
  let wake = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    wake = resolve;
    run.onEnd.add(resolve);
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  try {
    await Promise.race([ended, ...waits]);
  } finally {
    run.onEnd.delete(wake);
    stop.abort();
    for (const wait of waits) wait.catch(() => undefined);
  }
  signal.throwIfAborted();
}

function everyMs(container: MockContainer): number | undefined {
  const range = container.settings['log-every'];
  // One of a range would have to be drawn anew for each line; its middle will do.
  return range === undefined
    ? undefined
    : Math.max(
        1,
        draw(range, () => 0.5),
      );
}

function textLines(text: string): readonly string[] {
  return text.replace(/\n$/, '').split('\n');
}

function bytes(lines: readonly Line[], { timestamps }: LogOptions): Buffer {
  return Buffer.from(lines.map(({ at, text }) => `${timestamps ? `${new Date(at).toISOString().replace('Z', '000000Z')} ` : ''}${text}\n`).join(''));
}
