/** Time as everything in vick sees it. Tests inject a clock that they move by hand. */
export interface Clock {
  /** Wall-clock time, milliseconds since the Unix epoch. */
  now(): number;
  /** Milliseconds from an arbitrary start that never go backwards; for measuring durations. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with the signal's reason as soon as it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `callback` once after `ms`. The returned function cancels. Never keeps the process alive by itself. */
  schedule(ms: number, callback: () => void): () => void;
}

/** RFC 3339 with whole seconds, as Kubernetes `metav1.Time` is written. */
export function rfc3339(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, -5)}Z`;
}

/** RFC 3339 with six decimals, as Kubernetes `metav1.MicroTime` must be written (a Lease without them is 422). */
export function rfc3339Micro(ms: number): string {
  return new Date(ms).toISOString().replace(/Z$/, '000Z');
}
