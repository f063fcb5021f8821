import { messageOf } from '../../errors/vick-error.ts';
import type { Clock } from '../../platform/clock.ts';
import type { NodeCapacity, NodeFacts, PodProvider, ProviderHealth } from '../provider.ts';

export interface BackEndAnswer {
  /** Undefined: not known this time. */
  readonly facts: NodeFacts | undefined;
  readonly capacity: NodeCapacity | undefined;
  readonly health: ProviderHealth;
}

/** How long one probe may take before it counts as failed. */
const PROBE_MS = 10_000;

/** Asks everything at once and never fails but by the signal: a back end that does not answer is not healthy. */
export async function probeBackEnd(provider: Pick<PodProvider, 'describe' | 'capacity' | 'health'>, clock: Clock, signal: AbortSignal): Promise<BackEndAnswer> {
  const limit = new AbortController();
  const stop = (): void => limit.abort(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  const cancel = clock.schedule(PROBE_MS, () => {
    limit.abort(new Error(`no answer within ${String(PROBE_MS / 1000)} s`));
  });
  try {
    const [facts, capacity, health] = await Promise.allSettled([
      within(limit.signal, () => provider.describe(limit.signal)),
      within(limit.signal, () => provider.capacity(limit.signal)),
      within(limit.signal, () => provider.health(limit.signal)),
    ]);
    signal.throwIfAborted();
    return {
      facts: facts.status === 'fulfilled' ? facts.value : undefined,
      capacity: capacity.status === 'fulfilled' ? capacity.value : undefined,
      health:
        health.status === 'fulfilled'
          ? health.value
          : { healthy: false, components: [{ name: 'back end', healthy: false, message: messageOf(health.reason) }] },
    };
  } finally {
    cancel();
    signal.removeEventListener('abort', stop);
  }
}

/** The answer, or the limit's reason for one that ignores its signal. */
async function within<T>(signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  return await new Promise<T>((resolve, reject) => {
    const late = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', late, { once: true });
    ask()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', late));
  });
}
