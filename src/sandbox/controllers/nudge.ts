import type { Clock } from '../../platform/clock.ts';

/** Lets a loop wait for "something changed, or some time has passed", without missing a change made meanwhile. */
export class Nudge {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #poked = false;
  #wake = (): void => undefined;

  constructor(clock: Clock, signal: AbortSignal) {
    this.#clock = clock;
    this.#signal = signal;
    signal.addEventListener(
      'abort',
      () => {
        this.#wake();
      },
      { once: true },
    );
  }

  poke(): void {
    this.#poked = true;
    this.#wake();
  }

  /** Resolves at once when poked since the last wait, else at the next poke or after `ms`; rejects when aborted. */
  async wait(ms: number): Promise<void> {
    if (!this.#poked && !this.#signal.aborted) {
      await new Promise<void>((resolve) => {
        const cancel = this.#clock.schedule(ms, resolve);
        this.#wake = () => {
          cancel();
          resolve();
        };
      });
    }
    this.#poked = false;
    this.#signal.throwIfAborted();
  }
}
