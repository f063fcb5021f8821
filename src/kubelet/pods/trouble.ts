/** Operations on the back end that fail: how long the next attempt waits, and when the failure is over. Pure. */
import { omit } from '../omit.ts';
import type { ProviderFailureReason } from '../provider.ts';
import { CRASH_LIMITS, raise, SYNC_LIMITS } from './back-off.ts';
import { recordOf, type PodHistory, type Trouble } from './history.ts';

const PULL_REASONS: ReadonlySet<ProviderFailureReason> = new Set(['ErrImagePull', 'RegistryUnavailable', 'ImageInspectError']);

/** `history` after an operation failed; `reason` is what the pod's user sees. Each repeat waits longer. */
export function rememberTrouble(history: PodHistory, failure: Omit<Trouble, 'backOff'>): PodHistory {
  const own = failure.operation === 'start' && failure.container !== undefined ? recordOf(history, failure.container) : undefined;
  const known = own === undefined ? history.trouble : own.trouble;
  const before = known?.operation === failure.operation && known.image === failure.image ? known.backOff : undefined;
  const limits = failure.reason !== undefined && PULL_REASONS.has(failure.reason) ? CRASH_LIMITS : SYNC_LIMITS;
  const trouble: Trouble = { ...failure, backOff: raise(before, failure.failedAt, limits) };
  if (own === undefined || failure.container === undefined) return { ...history, trouble };
  return { ...history, containers: { ...history.containers, [failure.container]: { ...own, trouble } } };
}

/** `history` after `operation` succeeded: the pod's trouble, and that of what had to happen before it, is over. */
export function rememberSuccess(history: PodHistory, change: Partial<PodHistory> = {}): PodHistory {
  return { ...omit(history, 'trouble'), ...change };
}

/** `history` in which nothing waits for the end of a pause after a failed start: what was missing may be there now. */
export function forgetPauses(history: PodHistory): PodHistory {
  const calm = (trouble: Trouble): Trouble => ({ ...trouble, backOff: { ...trouble.backOff, delayMs: 0 } });
  const containers = Object.entries(history.containers).map(([name, record]) => [
    name,
    record.trouble === undefined ? record : { ...record, trouble: calm(record.trouble) },
  ]);
  const { trouble } = history;
  return {
    ...history,
    containers: Object.fromEntries(containers) as PodHistory['containers'],
    ...(trouble?.operation === 'create' || trouble?.operation === 'start' ? { trouble: calm(trouble) } : {}),
  };
}
