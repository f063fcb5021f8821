/** `GET /events`: what is remembered of the time asked for, then what happens until then, or for as long as somebody listens. */
import type { Clock } from '../../../platform/clock.ts';
import { DockerError } from './errors.ts';
import { wantsEvent } from './event-filter.ts';
import { eventLine, type DockerEvent, type EventLog } from './event-log.ts';
import { Filters } from './filters.ts';

const NANOSECONDS_PER_MS = 1_000_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Throws before anything is sent: 400 for a time that ends before it begins, 500 for what cannot be read. */
export function eventLines(events: EventLog, clock: Clock, query: URLSearchParams, signal: AbortSignal): AsyncIterable<string> {
  const since = readTime(query.get('since'));
  const until = readTime(query.get('until'));
  if (until !== undefined && until < (since ?? until)) {
    const why = `\`since\` time (${query.get('since') ?? ''}) cannot be after \`until\` time (${query.get('until') ?? ''})`;
    throw new DockerError(400, why);
  }
  const filters = Filters.parse(query.get('filters'));
  return stream({ events, clock, since, until, filters }, signal);
}

interface Request {
  readonly events: EventLog;
  readonly clock: Clock;
  readonly since: bigint | undefined;
  readonly until: bigint | undefined;
  readonly filters: Filters;
}

async function* stream({ events, clock, since, until, filters }: Request, signal: AbortSignal): AsyncGenerator<string> {
  const waiting: DockerEvent[] = since === undefined && until === undefined ? [] : [...events.between(since ?? 0n, until)];
  const leftMs = until === undefined ? undefined : Number(until) / NANOSECONDS_PER_MS - clock.now();
  let over = leftMs !== undefined && leftMs <= 0;
  let wake = (): void => undefined;
  const unsubscribe = events.subscribe((event) => {
    waiting.push(event);
    wake();
  });
  const end = (): void => {
    over = true;
    wake();
  };
  const cancel = leftMs === undefined || over ? undefined : clock.schedule(Math.min(leftMs, LONGEST_TIMER_MS), end);
  signal.addEventListener('abort', end, { once: true });
  try {
    for (;;) {
      const event = waiting.shift();
      if (event !== undefined) {
        if (wantsEvent(filters, event)) yield eventLine(event);
      } else if (over || signal.aborted) return;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    unsubscribe();
    cancel?.();
    signal.removeEventListener('abort', end);
  }
}

/** Unix seconds, optionally with a fraction, in nanoseconds. Undefined: not given. */
function readTime(text: string | null): bigint | undefined {
  if (text === null || text === '') return undefined;
  const [seconds = '', ...rest] = text.split('.');
  const fraction = rest.join('.');
  for (const number of rest.length === 0 ? [seconds] : [seconds, fraction]) {
    if (!/^[+-]?\d+$/.test(number)) throw new DockerError(500, `strconv.ParseInt: parsing ${JSON.stringify(number)}: invalid syntax`);
  }
  return BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0').slice(0, 9));
}
