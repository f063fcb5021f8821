/**
 * What a pod's VM has run so far. A VM remembers its latest start only, and its annotations cannot change; so what it is set
 * up for, what was started in it while it ran, and how earlier runs ended are kept in the VCH's key-value store, one key per
 * VM. A pod that was never set up differently has no such key.
 */
import type { ContainerInfo } from '../../../clients/port-layer/port.ts';
import type { ObservedState } from '../../../kubelet/provider.ts';
import { firstGroup, primaryOf, type PodIdentity } from './identity.ts';

export interface PodRuns {
  /** The containers that start with the VM: one, or several where an earlier version has made the VM. */
  readonly group: readonly string[];
  /** Fingerprints of what they are started as. */
  readonly definitions: Readonly<Record<string, string>>;
  /** Starts of the VM, and tasks whose container was started with the VM later; oldest first. */
  readonly past: readonly PastRun[];
  /** By container: its latest run, where that is one that was started while the VM ran. */
  readonly tasks: Readonly<Record<string, TaskRun>>;
  /** How many tasks the VM was ever given while it ran. */
  readonly taskCount: number;
}

/** A run as an exec task: while the VM stays on the port layer tells of it, and then forgets it. */
export interface TaskRun {
  readonly id: string;
  /** When the VM was started that it runs in; milliseconds, as the port layer tells them. */
  readonly boot: number;
  /** Milliseconds, by the clock of the kubelet: the port layer has no times of tasks. */
  readonly startedAt: number;
  /** Once it was seen. */
  readonly end?: End;
  /** How the run before it ended; undefined: there was none. */
  readonly before?: End;
  /** The task that the run before it was, where it was one. */
  readonly beforeId?: string;
  /** The run before it is in the log of the VM. */
  readonly afterLogged: boolean;
}

export type End = Extract<ObservedState, { kind: 'exited' | 'unknown' }>;

interface PastRun {
  readonly group: readonly string[];
  /** Milliseconds in whole seconds, as the port layer tells them. */
  readonly startedAt: number;
  readonly stoppedAt: number;
  /** How the group's primary ended. */
  readonly end: End;
  /** It was this task in the running VM, not a start of it. */
  readonly task?: string;
}

const VERSION = 1;
/** Enough for the last run of every container and the log of the one before it. */
const KEPT = 20;

/** Before anything was recorded. */
export function initialRuns(identity: PodIdentity): PodRuns {
  const made = identity.containers.filter(({ definition }) => definition !== undefined).map(({ name }) => name);
  const group = made.length === 0 ? firstGroup(identity) : made;
  const definitions = identity.containers.filter(({ name }) => group.includes(name)).map(({ name, definition = '' }) => [name, definition]);
  return { group, definitions: Object.fromEntries(definitions) as Record<string, string>, past: [], tasks: {}, taskCount: 0 };
}

/**
 * Whether what the VM shows is a run of the group that it is set up for; false while it still shows the run before, and
 * before the first start.
 */
export function isCurrent({ past }: PodRuns, info: Pick<ContainerInfo, 'process'>): boolean {
  return info.process.startedAt > 0 && info.process.startedAt !== past.findLast(({ task }) => task === undefined)?.startedAt;
}

/** `runs` with the run that the VM shows, which ended with `end`, as the last of the past ones. */
export function closeRun(runs: PodRuns, info: Pick<ContainerInfo, 'process'>, end: ObservedState): PodRuns {
  const { startedAt, stoppedAt } = info.process;
  if (!isCurrent(runs, info) || (end.kind !== 'exited' && end.kind !== 'unknown')) return runs;
  return { ...runs, past: [...runs.past, { group: runs.group, startedAt, stoppedAt: Math.max(startedAt, stoppedAt), end }].slice(-KEPT) };
}

/** `runs` when a container is about to start with the VM: its latest task, if it has one, is a past run then. */
export function closeTask(runs: PodRuns, container: string): PodRuns {
  const { [container]: task, ...tasks } = runs.tasks;
  if (task === undefined) return runs;
  const { id, end, startedAt } = task;
  if (end === undefined) return { ...runs, tasks };
  const run: PastRun = { group: [container], startedAt, stoppedAt: end.kind === 'exited' ? end.finishedAt : startedAt, end, task: id };
  return { ...runs, tasks, past: [...runs.past, run].slice(-KEPT) };
}

/** How a container's latest past run ended; undefined when it has never run. */
export function lastEnd(identity: PodIdentity, { past }: Pick<PodRuns, 'past'>, container: string): End | undefined {
  const run = past.findLast(({ group }) => group.includes(container));
  if (run === undefined) return undefined;
  return primaryOf(identity, run.group)?.name === container ? run.end : unknownEnd(container);
}

export function unknownEnd(container: string): End {
  return {
    kind: 'unknown',
    message: `The pod VM is powered off, and nobody saw ${container} end before: a VCH keeps the exit code of one container of a VM, so how it ended is not known.`,
  };
}

export function encodeRuns(runs: PodRuns): string {
  return JSON.stringify({ version: VERSION, ...runs });
}

/** Undefined for what was not written by this version. */
export function decodeRuns(text: string | undefined): PodRuns | undefined {
  if (text === undefined || text === '') return undefined;
  try {
    const {
      version,
      group,
      definitions,
      past,
      tasks = {},
      taskCount = 0,
    } = JSON.parse(text) as Omit<PodRuns, 'tasks' | 'taskCount'> & Partial<PodRuns> & { readonly version?: unknown };
    if (version !== VERSION || !Array.isArray(group) || !Array.isArray(past)) return undefined;
    return { group, definitions, past, tasks, taskCount };
  } catch {
    return undefined;
  }
}
