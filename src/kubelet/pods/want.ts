/** Failures for want of something that a pod refers to: over as soon as that is there. Pure. */
import { omit } from '../omit.ts';
import type { PodHistory, Trouble } from './history.ts';

/** `history` without the failures that a changed reference may have mended; their back-offs do not hold any more. */
export function withoutWant(history: PodHistory): PodHistory {
  const containers = Object.fromEntries(
    Object.entries(history.containers).map(([name, record]) => [name, isWant(record.trouble) ? omit(record, 'trouble') : record]),
  );
  const rest = { ...history, containers };
  return isWant(history.trouble) ? omit(rest, 'trouble') : rest;
}

/** Volumes fail without a reason of their own. */
function isWant(trouble: Trouble | undefined): boolean {
  if (trouble?.operation === 'create') return trouble.reason === undefined || trouble.reason === 'CreateContainerConfigError';
  return trouble?.operation === 'start' && trouble.reason === 'CreateContainerConfigError';
}
