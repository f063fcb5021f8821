/** A failure after which something can be done at once: `run` shows it, asks, and does that when the answer is yes. */
import type { ExitCode } from '../errors/codes.ts';
import type { VickError } from '../errors/vick-error.ts';

export interface Offer {
  readonly message: string;
  /** What answers the same question where nobody is asked. */
  readonly flag: string;
  /** Given a way to run a further command line of vick as if it had been typed, with more variables. */
  readonly accept: (runVick: RunVick) => Promise<void>;
}

type RunVick = (argv: readonly string[], env: Readonly<Record<string, string>>) => Promise<ExitCode>;

const BRAND = Symbol.for('vick.dev/offered-failure');

/** Ends the command as `failure` does, whatever the answer is and comes of it. */
export class OfferedFailure extends Error {
  readonly [BRAND] = true;
  readonly failure: VickError;
  readonly offer: Offer;

  constructor(failure: VickError, offer: Offer) {
    super(failure.message, { cause: failure });
    this.failure = failure;
    this.offer = offer;
  }
}

/** True for every OfferedFailure, also one made by another copy of this module. */
export function isOfferedFailure(error: unknown): error is OfferedFailure {
  return typeof error === 'object' && error !== null && BRAND in error;
}
