/** The runs of one container: how an observation, a start or the loss of its sandbox moves its record forward. Pure. */
import type { Pod } from '../../platform/kubernetes-objects.ts';
import { omit } from '../omit.ts';
import type { ObservedContainer, ObservedState } from '../provider.ts';
import { CRASH_LIMITS, raise } from './back-off.ts';
import type { ContainerRecord, Exit, Run } from './history.ts';
import type { PodContainer } from './pod-containers.ts';
import { wantsRestart } from './restart-policy.ts';

/** The exit of a run that cannot be found any more. */
export const UNKNOWN_EXIT = { exitCode: 137, reason: 'ContainerStatusUnknown' } as const;

/** Whether a container has ended for good, as far as it is known. */
export function endedForGood(pod: Pod, container: PodContainer, record: ContainerRecord): boolean {
  const { run, replaced } = record;
  if (run?.exit === undefined) return false;
  if (replaced === 'definition') return false;
  // A container that a probe has ended goes by policy as one that failed, whatever its exit code.
  if (replaced !== undefined) return !wantsRestart(pod, container, UNKNOWN_EXIT.exitCode);
  if (container.role === 'init' && run.exit.exitCode === 0) return run.stale !== true;
  return !wantsRestart(pod, container, run.exit.exitCode);
}

/** The record, with whether its container has ended for good written down. */
export function settled(pod: Pod, container: PodContainer, record: ContainerRecord): ContainerRecord {
  const ended = endedForGood(pod, container, record);
  if (ended === (record.settled === true)) return record;
  return ended ? { ...record, settled: true } : omit(record, 'settled');
}

/** What a container of a lost sandbox leaves: a run that did not end is lost, and none counts for the next sandbox. */
export function outlived(record: ContainerRecord, now: number): ContainerRecord {
  const { run } = vanished(record, 'The container could not be located', now);
  return run === undefined || run.stale === true ? record : { ...omit(record, 'settled'), run: { ...run, stale: true } };
}

/** The record of a container that was just started. */
export function begun(record: ContainerRecord, now: number): ContainerRecord {
  // What ended for good while it waited for its turn stays ended.
  if (record.settled === true) return record;
  const started = { ...omit(record, 'trouble'), lastStart: now };
  return record.run?.exit === undefined ? started : newRun(started, {}, now);
}

/** The record after the back end has told of the container, or that it has none of that name. */
export function observed(record: ContainerRecord, seen: ObservedContainer | undefined, provider: string, now: number): ContainerRecord {
  if (seen === undefined) return vanished(record, 'The container could not be located', now);
  const containerID = `${provider}://${seen.id}`;
  const known: ContainerRecord = {
    ...record,
    // A container that was never started tells nothing new: no status is written for it.
    ...(seen.state.kind === 'created' ? {} : { containerID, ...(seen.imageID === undefined ? {} : { imageID: seen.imageID }) }),
  };
  return afterState(known, seen.state, { containerID, before: record.containerID }, now);
}

interface Ids {
  readonly containerID: string;
  /** The one on record; undefined: none is. */
  readonly before: string | undefined;
}

function afterState(record: ContainerRecord, state: ObservedState, ids: Ids, now: number): ContainerRecord {
  const { run } = record;
  switch (state.kind) {
    case 'created':
      return run?.startedAt === undefined ? record : vanished(record, 'The container has lost its run', now);
    case 'starting':
      return run?.exit === undefined ? record : newRun(record, {}, now);
    case 'running':
      if (run === undefined) return { ...record, run: { startedAt: state.startedAt } };
      if (run.exit !== undefined || later(state.startedAt, run.startedAt, run, ids)) return newRun(record, { startedAt: state.startedAt }, now);
      return run.startedAt === state.startedAt && run.coarse !== true ? record : { ...record, run: { startedAt: state.startedAt } };
    case 'exited': {
      const facts = omit(state, 'kind');
      const exit: Exit = { ...facts, containerID: ids.containerID, ...startOf(facts.startedAt ?? (run?.exit === undefined ? run?.startedAt : undefined)) };
      const next: Run = { exit, ...startOf(exit.startedAt) };
      if (run === undefined) return { ...record, run: next };
      // One run may show two ends: that of its process, and a later one of what was left around it.
      const comparable = run.exit === undefined || (state.startedAt !== undefined && run.startedAt !== undefined);
      const another = comparable ? later(state.startedAt, run.startedAt, run, ids) : later(state.finishedAt, run.exit.finishedAt, run, ids);
      if (another) return newRun(record, next, now);
      return run.exit !== undefined && run.coarse !== true ? record : { ...record, run: next };
    }
    case 'unknown':
      return run?.exit !== undefined ? record : { ...record, run: { ...run, exit: lost(state.message, now, run?.startedAt) } };
  }
}

function vanished(record: ContainerRecord, message: string, now: number): ContainerRecord {
  if (record.run === undefined || record.run.exit !== undefined) return record;
  return { ...record, run: { ...record.run, exit: lost(message, now, record.run.startedAt, record.containerID) } };
}

/** The exit of a run that was lost. */
export function lost(message: string, now: number, startedAt?: number, containerID?: string): Exit {
  return { ...UNKNOWN_EXIT, message, finishedAt: now, ...startOf(startedAt), ...(containerID === undefined ? {} : { containerID }) };
}

/** Another run than the one on record; the restart after one that ended makes the next wait longer. */
function newRun(before: ContainerRecord, run: Run, now: number): ContainerRecord {
  const record = omit(before, 'replaced', 'settled');
  if (record.run === undefined) return { ...record, run };
  const lastExit = record.run.exit ?? record.lastExit;
  // A new definition begins without a past.
  const backOff = before.replaced === 'definition' ? undefined : raise(record.backOff, now, CRASH_LIMITS);
  return {
    ...omit(record, 'backOff'),
    run,
    restartCount: record.restartCount + 1,
    ...(lastExit === undefined ? {} : { lastExit }),
    ...(backOff === undefined ? {} : { backOff }),
  };
}

/** Of times within one second that of another container is the later one. */
function later(time: number | undefined, known: number | undefined, run: Run, { containerID, before }: Ids): boolean {
  if (time === undefined || known === undefined) return false;
  if (run.coarse !== true) return time > known;
  const [second, knownSecond] = [Math.floor(time / 1000), Math.floor(known / 1000)];
  return second > knownSecond || (second === knownSecond && before !== undefined && before !== containerID);
}

function startOf(startedAt: number | undefined): { readonly startedAt?: number } {
  return startedAt === undefined ? {} : { startedAt };
}
