/**
 * Delays that grow with every failure, as plain data. Restarts: the first one is immediate, the next waits 10 s after
 * the exit, doubling to 300 s, and all is forgotten 600 s after the last restart (client-go/util/flowcontrol/backoff.go,
 * pkg/kubelet/kuberuntime/kuberuntime_manager.go).
 */
export interface BackOff {
  readonly delayMs: number;
  /** When the delay was last raised. */
  readonly raisedAt: number;
}

export interface BackOffLimits {
  readonly firstMs: number;
  readonly maximumMs: number;
}

/** Restarts and image pulls. */
export const CRASH_LIMITS: BackOffLimits = { firstMs: 10_000, maximumMs: 300_000 };
/** Anything else that failed without a reason: retried about every 10 s. */
export const SYNC_LIMITS: BackOffLimits = { firstMs: 1_000, maximumMs: 10_000 };

/** The delay that applies to something which failed or ended at `time`; 0 when there is none. */
export function delayAfter(backOff: BackOff | undefined, time: number, limits: BackOffLimits): number {
  return backOff === undefined || expired(backOff, time, limits) ? 0 : backOff.delayMs;
}

/** The back-off after one more attempt. */
export function raise(backOff: BackOff | undefined, now: number, limits: BackOffLimits): BackOff {
  if (backOff === undefined || expired(backOff, now, limits)) return { delayMs: limits.firstMs, raisedAt: now };
  return { delayMs: Math.min(limits.maximumMs, backOff.delayMs * 2), raisedAt: now };
}

function expired(backOff: BackOff, time: number, limits: BackOffLimits): boolean {
  return time - backOff.raisedAt > 2 * limits.maximumMs;
}
