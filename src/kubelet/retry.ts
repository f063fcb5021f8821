import type { Clock } from '../platform/clock.ts';

export interface RetryOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** First pause in milliseconds; it doubles up to the maximum. */
  readonly firstMs: number;
  readonly maximumMs: number;
  readonly onFailure?: (error: unknown, attempt: number) => void;
}

/** Repeats `attempt` until it succeeds; only the signal ends it otherwise. */
export async function retryForever<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  for (let count = 1, pause = options.firstMs; ; count += 1, pause = Math.min(options.maximumMs, pause * 2)) {
    options.signal.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      options.signal.throwIfAborted();
      options.onFailure?.(error, count);
    }
    await options.clock.sleep(pause, options.signal);
  }
}
