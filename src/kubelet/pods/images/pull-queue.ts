/** Pulls side by side, up to a limit, first come first served; equal ones are shared by all who ask meanwhile. */
import type { Clock } from '../../../platform/clock.ts';
import type { ImageFacts, PullRequest } from '../../capabilities.ts';

export type PullProgress = Parameters<NonNullable<PullRequest['onProgress']>>[0];

export interface PullJob {
  /** Equal keys are one pull. Holds no secret in the clear. */
  readonly key: string;
  readonly work: (signal: AbortSignal, onProgress: (progress: PullProgress) => void) => Promise<ImageFacts>;
  readonly onProgress: (progress: PullProgress) => void;
}

export interface PullResult {
  readonly facts: ImageFacts;
  /** How long the pull itself took, without waiting for its turn. */
  readonly tookMs: number;
}

interface Shared {
  readonly result: Promise<PullResult>;
  readonly abort: AbortController;
  readonly listeners: Set<(progress: PullProgress) => void>;
}

export class PullQueue {
  private readonly clock: Clock;
  private readonly shared = new Map<string, Shared>();
  private readonly waiting: (() => void)[] = [];
  private free: number;

  constructor(clock: Clock, parallelism: number) {
    this.clock = clock;
    this.free = parallelism;
  }

  /** Rejects with the signal's reason as soon as it aborts; the pull goes on while anybody else waits for it. */
  async pull(job: PullJob, signal: AbortSignal): Promise<PullResult> {
    signal.throwIfAborted();
    const shared = this.shared.get(job.key) ?? this.begin(job);
    const listener = job.onProgress.bind(job);
    shared.listeners.add(listener);
    let onAbort: () => void = () => undefined;
    const aborted = new Promise<never>((_resolve, reject) => {
      onAbort = () => reject(signal.reason as Error);
      signal.addEventListener('abort', onAbort, { once: true });
    });
    try {
      return await Promise.race([shared.result, aborted]);
    } finally {
      signal.removeEventListener('abort', onAbort);
      shared.listeners.delete(listener);
      if (shared.listeners.size === 0) this.abandon(job.key, shared);
    }
  }

  private begin(job: PullJob): Shared {
    const abort = new AbortController();
    const listeners = new Set<(progress: PullProgress) => void>();
    const onProgress = (progress: PullProgress): void => {
      for (const listener of listeners) listener(progress);
    };
    const result = this.inTurn(abort.signal, async () => {
      const startedAt = this.clock.monotonic();
      const facts = await job.work(abort.signal, onProgress);
      return { facts, tookMs: this.clock.monotonic() - startedAt };
    });
    const shared: Shared = { result, abort, listeners };
    this.shared.set(job.key, shared);
    // Whoever waits hears of a failure; nobody has to.
    result.catch(() => undefined);
    const ended = (): void => {
      if (this.shared.get(job.key) === shared) this.shared.delete(job.key);
    };
    result.then(ended, ended);
    return shared;
  }

  /** Nobody waits any more: who asks from now on begins anew. */
  private abandon(key: string, shared: Shared): void {
    if (this.shared.get(key) === shared) this.shared.delete(key);
    shared.abort.abort(new Error('nobody needs this image any more'));
  }

  private async inTurn<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free -= 1;
    else await this.turn(signal);
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.free += 1;
      else next();
    }
  }

  private turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.waiting.splice(this.waiting.indexOf(go), 1);
        reject(signal.reason as Error);
      };
      const go = (): void => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      this.waiting.push(go);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }
}
