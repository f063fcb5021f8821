import type { Clock } from '../../platform/clock.ts';

interface Entry<T> {
  readonly value: Promise<T>;
  /** Undefined while the answer is awaited. */
  expiresAt: number | undefined;
}

/** Answers for a time. Who asks for what is being asked already shares the answer; failures are not kept. Bounded: the oldest go first. */
export class ExpiringCache<T> {
  private readonly clock: Clock;
  private readonly lifetimeMs: (value: T) => number;
  private readonly maximum: number;
  private readonly entries = new Map<string, Entry<T>>();

  constructor(clock: Clock, lifetimeMs: (value: T) => number, maximum = 4096) {
    this.clock = clock;
    this.lifetimeMs = lifetimeMs;
    this.maximum = maximum;
  }

  async get(key: string, ask: () => Promise<T>): Promise<T> {
    const held = this.entries.get(key);
    if (held !== undefined && (held.expiresAt === undefined || held.expiresAt > this.clock.monotonic())) return held.value;
    const entry: Entry<T> = { value: ask(), expiresAt: undefined };
    this.entries.delete(key);
    this.entries.set(key, entry);
    this.evict();
    try {
      const value = await entry.value;
      entry.expiresAt = this.clock.monotonic() + this.lifetimeMs(value);
      return value;
    } catch (error) {
      if (this.entries.get(key) === entry) this.entries.delete(key);
      throw error;
    }
  }

  private evict(): void {
    for (const key of this.entries.keys()) {
      if (this.entries.size <= this.maximum) return;
      this.entries.delete(key);
    }
  }
}
