import { portLayerFailure } from '../../../clients/port-layer/failure.ts';
import type { Clock } from '../../../platform/clock.ts';
import { jitter, type Random } from '../../../platform/random.ts';

export interface RetryOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** When to stop trying, in milliseconds from the first attempt. */
  readonly budgetMs: number;
}

const FIRST_MS = 10;
const FACTOR = 10;
const CAP_MS = 30_000;

/**
 * Repeats `work` while it fails with a conflict or a lost handle. `work` must take a new handle each time: the old one
 * stays stale for ever. Pauses 10 ms × 10ⁿ ± 50 %, 30 s at most, as VIC's own clients do.
 */
export async function retryConflicts<T>(options: RetryOptions, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const { clock, random, budgetMs } = options;
  const end = clock.monotonic() + budgetMs;
  for (let pause = FIRST_MS; ; pause = Math.min(pause * FACTOR, CAP_MS)) {
    try {
      return await work();
    } catch (error) {
      const wait = jitter(random, pause, 0.5);
      if (!isStaleHandle(error) || clock.monotonic() + wait > end) throw error;
      await clock.sleep(wait, signal);
    }
  }
}

/** A conflict, or a handle that the port layer no longer knows because it was restarted or made too many others since. */
function isStaleHandle(error: unknown): boolean {
  const failure = portLayerFailure(error);
  if (failure === undefined) return false;
  return failure.kind === 'conflict' || failure.reason === 'Failed to get the Handle' || (failure.kind === 'absent' && isHandleCall(failure.operation));
}

/** Calls whose path ends in a handle: 404 is about the handle, never about the container. */
function isHandleCall(operation: string): boolean {
  return /^(PUT \/containers\/[0-9a-f]{32}(\/state)?|(POST|DELETE) \/scopes\/containers\/[0-9a-f]{32}\/binding|POST \/scopes\/[^/]+\/containers)$/.test(
    operation,
  );
}
