import type { Clock } from '../platform/clock.ts';

export interface KeyedQueueOptions {
  readonly clock: Clock;
  readonly work: (key: string) => Promise<void>;
  readonly onError: (key: string, error: unknown) => void;
  /** Pause after a failed piece of work, doubling from the first to the maximum. Failures never end the retries. */
  readonly retry: { readonly firstMs: number; readonly maximumMs: number };
}

interface Entry {
  running: boolean;
  dirty: boolean;
  forgotten: boolean;
  failures: number;
  timer: { readonly at: number; readonly cancel: () => void } | undefined;
}

/** Work by key: never two pieces for one key at a time; a change during work makes it run once more. */
export class KeyedQueue {
  private readonly entries = new Map<string, Entry>();
  private readonly options: KeyedQueueOptions;
  private stopped = false;
  private active = 0;
  private onIdle: (() => void) | undefined;

  constructor(options: KeyedQueueOptions) {
    this.options = options;
  }

  /** As soon as possible. */
  add(key: string): void {
    if (this.stopped) return;
    const entry = this.entry(key);
    entry.forgotten = false;
    if (entry.running) entry.dirty = true;
    else this.start(key, entry);
  }

  /** At `at` milliseconds since the epoch, unless something makes it run earlier. Later dates do not replace sooner ones. */
  addAt(key: string, at: number): void {
    if (this.stopped) return;
    const entry = this.entry(key);
    if (entry.timer !== undefined && entry.timer.at <= at) return;
    entry.timer?.cancel();
    const cancel = this.options.clock.schedule(Math.max(0, at - this.options.clock.now()), () => {
      entry.timer = undefined;
      this.add(key);
    });
    entry.timer = { at, cancel };
  }

  /** Drops a key and its timers; work under way ends, and is not repeated. */
  forget(key: string): void {
    const entry = this.entries.get(key);
    if (entry === undefined) return;
    entry.timer?.cancel();
    Object.assign(entry, { timer: undefined, dirty: false, failures: 0, forgotten: true });
    if (!entry.running) this.entries.delete(key);
  }

  /** Starts nothing more. */
  stop(): void {
    this.stopped = true;
    for (const entry of this.entries.values()) entry.timer?.cancel();
  }

  /** Resolves when no work is under way. */
  async idle(): Promise<void> {
    if (this.active === 0) return;
    await new Promise<void>((resolve) => {
      const before = this.onIdle;
      this.onIdle = () => {
        before?.();
        resolve();
      };
    });
  }

  private entry(key: string): Entry {
    const known = this.entries.get(key) ?? { running: false, dirty: false, forgotten: false, failures: 0, timer: undefined };
    this.entries.set(key, known);
    return known;
  }

  private start(key: string, entry: Entry): void {
    entry.timer?.cancel();
    entry.timer = undefined;
    entry.running = true;
    this.active += 1;
    void this.process(key, entry);
  }

  private async process(key: string, entry: Entry): Promise<void> {
    await this.attempt(key, entry);
    while (this.isDirty(entry)) await this.attempt(key, entry);
    entry.running = false;
    if (entry.forgotten || (entry.timer === undefined && entry.failures === 0)) this.entries.delete(key);
    this.active -= 1;
    if (this.active > 0) return;
    const wake = this.onIdle;
    this.onIdle = undefined;
    wake?.();
  }

  private async attempt(key: string, entry: Entry): Promise<void> {
    entry.dirty = false;
    try {
      await this.options.work(key);
      entry.failures = 0;
    } catch (error) {
      entry.failures += 1;
      this.options.onError(key, error);
      this.retry(key, entry);
    }
  }

  private isDirty(entry: Entry): boolean {
    return entry.dirty && !this.stopped;
  }

  private retry(key: string, entry: Entry): void {
    if (entry.forgotten) return;
    const { firstMs, maximumMs } = this.options.retry;
    this.addAt(key, this.options.clock.now() + Math.min(maximumMs, firstMs * 2 ** Math.min(30, entry.failures - 1)));
  }
}
