import { ERROR_CODES, EXIT_CODES, type ErrorCode, type ErrorFamily, type ExitCode, type ExitName } from './codes.ts';
import { redact } from './redact.ts';

const BRAND = Symbol.for('vick.dev/error');

export interface VickErrorOptions {
  /** The next command or the thing to check, as one sentence. Required in practice for family `user`. */
  readonly hint?: string;
  readonly cause?: unknown;
  /** Facts for `-o json` and `--verbose`, for example every failed check of a preflight. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** The one error type of vick: a stable code, what happened to what, and what to do next. Secrets are redacted here. */
export class VickError extends Error {
  readonly [BRAND] = true;
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(code: ErrorCode, message: string, options: VickErrorOptions = {}) {
    super(redact(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'VickError';
    this.code = code;
    this.hint = options.hint === undefined ? undefined : redact(options.hint);
    this.details = options.details;
  }

  get family(): ErrorFamily {
    return ERROR_CODES[this.code].family;
  }

  get exitName(): ExitName {
    return ERROR_CODES[this.code].exit;
  }

  get exitCode(): ExitCode {
    return EXIT_CODES[ERROR_CODES[this.code].exit];
  }
}

/** True for every VickError, also one made by another copy of this module. */
export function isVickError(error: unknown): error is VickError {
  return typeof error === 'object' && error !== null && BRAND in error;
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** `error` and its causes, outermost first; bounded, so that a cause that points to itself ends. */
export function causeChain(error: unknown, limit = 8): readonly unknown[] {
  const chain: unknown[] = [];
  let current: unknown = error;
  while (current !== undefined && current !== null && chain.length < limit && !chain.includes(current)) {
    chain.push(current);
    current = current instanceof Error ? current.cause : undefined;
  }
  return chain;
}
