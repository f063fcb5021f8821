/**
 * What an API server asks of its clients when it has too much to do: 429, or 5xx with Retry-After. A request is made
 * again after that time, as client-go does (rest/with_retry.go, ten times); others of its kind wait meanwhile too, and
 * then one goes first. So a thousand pods with something to tell are one request to a server that takes none.
 */
import { isVickError } from '../../errors/vick-error.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import type { Random } from '../../platform/random.ts';
import { kindOf } from './paths.ts';
import type { ApiRequest, KubeErrorDetails, KubernetesApi, WatchEvent } from './port.ts';

export interface RetryAfterTools {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

const ATTEMPTS = 10;
/** A server that says 0 is not asked without a pause; it doubles up to the maximum. */
const FIRST_PAUSE_MS = 100;
const MAXIMUM_PAUSE_MS = 7_000;
/** Kubelets that were all refused at once do not all come back at once. */
const SPREAD = 0.1;

interface Rule {
  /** How long a request waits here, in milliseconds, before its caller is told; most callers have a back-off of their own. */
  readonly patienceMs: number;
  /** The longest pause that is kept, whatever the server says. */
  readonly maximumMs: number;
}

const RULE: Rule = { patienceMs: 60_000, maximumMs: 300_000 };
/** By kind of request, see `kindOf`. */
const RULES: Readonly<Record<string, Rule>> = {
  // No waiting: it would be renewed with an old time. 20 s are what one of 40 s that is renewed every 10 s can bear, and a
  // node whose lease ends loses its pods.
  'GET leases': { patienceMs: 0, maximumMs: 20_000 },
  'POST leases': { patienceMs: 0, maximumMs: 20_000 },
  'PUT leases': { patienceMs: 0, maximumMs: 20_000 },
  // Posted every 10 s anyhow, by the one who also looks after the health of the back end.
  'PATCH nodes/status': { patienceMs: 2_000, maximumMs: 60_000 },
  'GET nodes': { patienceMs: 2_000, maximumMs: 60_000 },
  // What the start of a pod waits for: the pod may be deleted meanwhile.
  'GET configmaps': { patienceMs: 5_000, maximumMs: 60_000 },
  'GET secrets': { patienceMs: 5_000, maximumMs: 60_000 },
  'POST serviceaccounts/token': { patienceMs: 5_000, maximumMs: 60_000 },
};

/** `api` for a client that lives long and asks often. Nothing is made again but what the server has refused in this way. */
export function heedRetryAfter(api: KubernetesApi, tools: RetryAfterTools): KubernetesApi {
  const gates = new Map<string, Gate>();
  const gateOf = (kind: string): Gate => {
    const gate = gates.get(kind) ?? new Gate(tools.clock);
    gates.set(kind, gate);
    return gate;
  };

  /** Makes `attempt` until it is not refused, or patience ends; then with what the server said last. */
  const patiently = async <T>(kind: string, attempt: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> => {
    const { clock, random, log } = tools;
    const { patienceMs, maximumMs } = RULES[kind] ?? RULE;
    const [gate, end] = [gateOf(kind), clock.now() + patienceMs];
    for (let count = 1; ; count += 1) {
      const turn = await gate.pass(end, signal);
      try {
        const answer = await attempt();
        gate.open(turn);
        return answer;
      } catch (error) {
        const asked = retryAfterMs(error);
        if (asked === undefined) {
          gate.open(turn);
          throw error;
        }
        const pause = Math.max(asked, Math.min(MAXIMUM_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (count - 1)));
        const waitMs = Math.min(maximumMs, pause * (1 + SPREAD * random.fraction()));
        gate.close(clock.now() + waitMs, error);
        if (count >= ATTEMPTS || clock.now() + waitMs > end) throw error;
        log.debug('the API server asks to wait', { request: kind, waitMs });
        await clock.sleep(waitMs, signal);
      }
    }
  };

  return {
    server: api.server,
    close: () => api.close(),
    request: (request, signal) => patiently(kindOf(request), () => api.request(request, signal), signal),
    requestText: (request, signal) => patiently(kindOf(request), () => api.requestText(request, signal), signal),
    watch: <T>(request: ApiRequest, signal: AbortSignal, onOpen?: () => void) => patientWatch<T>(api, patiently, request, signal, onOpen),
  };
}

type Patiently = <T>(kind: string, attempt: () => Promise<T>, signal: AbortSignal | undefined) => Promise<T>;

/** A watch counts as accepted once it is open; what happens to it later is its user's. */
async function* patientWatch<T>(
  api: KubernetesApi,
  patiently: Patiently,
  request: ApiRequest,
  signal: AbortSignal,
  onOpen: (() => void) | undefined,
): AsyncIterable<WatchEvent<T>> {
  const first = await patiently(
    kindOf(request),
    async () => {
      let opened: () => void = () => undefined;
      const open = new Promise<'open'>((resolve) => {
        opened = () => {
          onOpen?.();
          resolve('open');
        };
      });
      const events = api.watch<T>(request, signal, opened)[Symbol.asyncIterator]();
      const next = events.next();
      // Whoever reads on sees how it ends.
      next.catch(() => undefined);
      await Promise.race([next, open]);
      return { events, next };
    },
    signal,
  );
  try {
    for (let result = await first.next; result.done !== true; result = await first.events.next()) yield result.value;
  } finally {
    await first.events.return?.();
  }
}

/** How long the server asked to wait, in milliseconds; undefined: it did not. */
function retryAfterMs(error: unknown): number | undefined {
  if (!isVickError(error)) return undefined;
  const seconds = (error.details as KubeErrorDetails | undefined)?.retryAfterSeconds;
  return seconds === undefined ? undefined : seconds * 1000;
}

/** Open, or closed until a time; from then on one request at a time is let through until one is not refused. */
class Gate {
  private readonly clock: Clock;
  private until: number | undefined;
  private refusal: unknown;
  /** The turn that decides whether the gate opens; answers of earlier ones are old. */
  private turn = 0;
  private busy = false;
  private waiting: (() => void)[] = [];

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Resolves with the turn of the caller, who must end it; rejects with the last refusal when that would be after `end`. */
  async pass(end: number, signal: AbortSignal | undefined): Promise<number> {
    for (let waited = false; this.until !== undefined; waited = true) {
      signal?.throwIfAborted();
      const now = this.clock.now();
      if ((now < this.until && this.until > end) || (waited && now > end)) throw this.refusal;
      if (now < this.until) await this.clock.sleep(this.until - now, signal);
      else if (this.busy) await new Promise<void>((resolve) => this.waiting.push(resolve));
      else {
        this.busy = true;
        break;
      }
    }
    return this.turn;
  }

  close(until: number, refusal: unknown): void {
    this.until = Math.max(until, this.until ?? 0);
    this.refusal = refusal;
    this.turn += 1;
    this.wake();
  }

  open(turn: number): void {
    if (turn !== this.turn) return;
    this.until = undefined;
    this.refusal = undefined;
    this.wake();
  }

  private wake(): void {
    this.busy = false;
    for (const go of this.waiting.splice(0)) go();
  }
}
