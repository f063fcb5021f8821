import type { Clock } from '../../../platform/clock.ts';

/** Calls back once nothing was heard for a while. Cheap to touch: one timer, moved only when it fires. */
export class IdleTimer {
  private readonly clock: Clock;
  private readonly idleMs: number;
  private readonly onIdle: () => void;
  private last: number;
  private cancelTimer: () => void;

  constructor(clock: Clock, idleMs: number, onIdle: () => void) {
    this.clock = clock;
    this.idleMs = idleMs;
    this.onIdle = onIdle;
    this.last = clock.monotonic();
    this.cancelTimer = clock.schedule(idleMs, () => this.look());
  }

  touch(): void {
    this.last = this.clock.monotonic();
  }

  cancel(): void {
    this.cancelTimer();
  }

  private look(): void {
    const rest = this.last + this.idleMs - this.clock.monotonic();
    if (rest <= 0) this.onIdle();
    else this.cancelTimer = this.clock.schedule(rest, () => this.look());
  }
}
