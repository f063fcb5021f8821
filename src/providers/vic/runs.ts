/**
 * What a pod's VM has run so far. A VM remembers its latest start only, and its annotations cannot change; so the group of
 * containers that it is set up for, and how earlier runs ended, are kept in the VCH's key-value store, one key per VM. A
 * pod that was never set up differently has no such key.
 */
import type { ContainerInfo } from '../../clients/port-layer/port.ts';
import type { ObservedState } from '../../kubelet/provider.ts';
import { firstGroup, primaryOf, type PodIdentity } from './identity.ts';

export interface PodRuns {
  /** The containers whose tasks the VM has. */
  readonly group: readonly string[];
  /** Fingerprints of what they are started as. */
  readonly definitions: Readonly<Record<string, string>>;
  /** Oldest first. */
  readonly past: readonly PastRun[];
}

interface PastRun {
  readonly group: readonly string[];
  /** Milliseconds in whole seconds, as the port layer tells them. */
  readonly startedAt: number;
  readonly stoppedAt: number;
  /** How the group's primary ended. */
  readonly end: Extract<ObservedState, { kind: 'exited' | 'unknown' }>;
}

const VERSION = 1;
/** Enough for the last run of every container and the log of the one before it. */
const KEPT = 20;

/** Before anything was recorded. */
export function initialRuns(identity: PodIdentity): PodRuns {
  const group = firstGroup(identity);
  const definitions = identity.containers.filter(({ name }) => group.includes(name)).map(({ name, definition = '' }) => [name, definition]);
  return { group, definitions: Object.fromEntries(definitions) as Record<string, string>, past: [] };
}

/**
 * Whether what the VM shows is a run of the group that it is set up for; false while it still shows the run before, and
 * before the first start.
 */
export function isCurrent({ past }: PodRuns, info: Pick<ContainerInfo, 'process'>): boolean {
  return info.process.startedAt > 0 && info.process.startedAt !== past.at(-1)?.startedAt;
}

/** `runs` with the run that the VM shows, which ended with `end`, as the last of the past ones. */
export function closeRun(runs: PodRuns, info: Pick<ContainerInfo, 'process'>, end: ObservedState): PodRuns {
  const { startedAt, stoppedAt } = info.process;
  if (!isCurrent(runs, info) || (end.kind !== 'exited' && end.kind !== 'unknown')) return runs;
  return { ...runs, past: [...runs.past, { group: runs.group, startedAt, stoppedAt: Math.max(startedAt, stoppedAt), end }].slice(-KEPT) };
}

/** How a container's latest past run ended; undefined when it has never run. */
export function lastEnd(identity: PodIdentity, { past }: PodRuns, container: string): ObservedState | undefined {
  const run = past.findLast(({ group }) => group.includes(container));
  if (run === undefined) return undefined;
  return primaryOf(identity, run.group)?.name === container ? run.end : unknownEnd(container);
}

export function unknownEnd(container: string): ObservedState {
  return {
    kind: 'unknown',
    message: `The pod VM is powered off. A VCH keeps the exit code of one container of a group; how ${container} ended is not known.`,
  };
}

export function encodeRuns(runs: PodRuns): string {
  return JSON.stringify({ version: VERSION, ...runs });
}

/** Undefined for what was not written by this version. */
export function decodeRuns(text: string | undefined): PodRuns | undefined {
  if (text === undefined || text === '') return undefined;
  try {
    const { version, group, definitions, past } = JSON.parse(text) as PodRuns & { readonly version?: unknown };
    if (version !== VERSION || !Array.isArray(group) || !Array.isArray(past)) return undefined;
    return { group, definitions, past };
  } catch {
    return undefined;
  }
}
