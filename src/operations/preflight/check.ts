/** Checks before anything is touched: each has a name and a verdict, and all failures are reported together. */
import { ERROR_CODES, type ErrorCode, type ExitName } from '../../errors/codes.ts';
import { isVickError, messageOf, VickError } from '../../errors/vick-error.ts';

type CheckStatus = 'pass' | 'fail' | 'warn' | 'skip';

export interface Check {
  /** Stable, for scripts: `cluster-reachable`. */
  readonly name: string;
  readonly title: string;
  readonly status: CheckStatus;
  /** What was found; for `skip`: why it was not looked at. */
  readonly message?: string;
  readonly code?: ErrorCode;
  readonly hint?: string;
}

export interface CheckName {
  readonly name: string;
  readonly title: string;
}

export const passed = (about: CheckName, message?: string): Check => ({ ...about, status: 'pass', ...(message === undefined ? {} : { message }) });
export const skipped = (about: CheckName, message: string): Check => ({ ...about, status: 'skip', message });
export const warned = (about: CheckName, message: string, hint?: string): Check => ({
  ...about,
  status: 'warn',
  message,
  ...(hint === undefined ? {} : { hint }),
});
export const failed = (about: CheckName, code: ErrorCode, message: string, hint?: string): Check => ({
  ...about,
  status: 'fail',
  code,
  message,
  ...(hint === undefined ? {} : { hint }),
});

/** A thrown error as a failed check; errors that are not VickErrors are bugs and go on. */
export function failedWith(about: CheckName, error: unknown): Check {
  if (!isVickError(error)) throw error;
  return failed(about, error.code, messageOf(error), error.hint);
}

export const isFailure = (check: Check): boolean => check.status === 'fail';

/**
 * Throws when a check failed, with every failure on its own line. What scripts are told: the code of the failures when
 * they agree (on the code, or all are conflicts), that of the first missing credential or permission when there is one,
 * and PREFLIGHT for any other mixture.
 */
export function refuseFailures(checks: readonly Check[], subject: string): void {
  const failures = checks.filter(isFailure);
  const [first] = failures;
  if (first === undefined) return;
  const details = { checks };
  if (failures.length === 1) {
    throw new VickError(first.code ?? 'PREFLIGHT', first.message ?? first.title, { details, ...(first.hint === undefined ? {} : { hint: first.hint }) });
  }
  const hinted = failures.length <= HINTED_FAILURES;
  const lines = failures.map(
    (check) => `  ${check.code ?? 'PREFLIGHT'}: ${check.message ?? check.title}${check.hint === undefined || !hinted ? '' : `\n    ${check.hint}`}`,
  );
  throw new VickError(
    commonCode(failures.map((check) => check.code ?? 'PREFLIGHT')),
    [`${subject} cannot start: ${failures.length} checks failed`, ...lines].join('\n'),
    {
      details,
      hint: `Nothing was changed. Correct these and run the command again${hinted ? '' : ' (with -o json each has its own hint)'}.`,
    },
  );
}

/** Above this number the failures stand without their hints: the error must fit on a screen. */
const HINTED_FAILURES = 4;

function commonCode(codes: readonly ErrorCode[]): ErrorCode {
  const exits = (exit: ExitName) => (code: ErrorCode) => ERROR_CODES[code].exit === exit;
  const [first = 'PREFLIGHT'] = codes;
  if (codes.every((code) => code === first) || codes.every(exits('conflict'))) return first;
  return codes.find(exits('auth')) ?? 'PREFLIGHT';
}
