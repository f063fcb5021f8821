/**
 * What the kubelet remembers about a pod between two looks at it. Plain data: seeded from the pod's status in the
 * API (seed-history.ts), moved forward by observations, never stored elsewhere, so a restarted kubelet continues from the same facts.
 *
 * A container's *run* is the time between one start and the exit after it. A run that cannot be found any more has
 * ended with 137 and reason ContainerStatusUnknown (pkg/kubelet/kubelet_pods.go), which restartPolicy then judges.
 */
import type { Pod } from '../../platform/kubernetes-objects.ts';
import type { ObservedContainer, ObservedPod, ObservedState, PodProvider, ProviderFailureReason } from '../provider.ts';
import { omit } from '../omit.ts';
import { CRASH_LIMITS, raise, SYNC_LIMITS, type BackOff } from './back-off.ts';
import { wantsRestart } from './restart-policy.ts';

export interface Exit {
  readonly exitCode: number;
  readonly signal?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly startedAt?: number;
  readonly finishedAt: number;
  /** `<type>://<id>`. */
  readonly containerID?: string;
}

export interface Run {
  readonly startedAt?: number;
  readonly exit?: Exit;
  /** True for a run that was read from the API, where times have whole seconds only. */
  readonly coarse?: boolean;
}

export interface ContainerRecord {
  readonly restartCount: number;
  readonly run?: Run;
  /** The exit of the run before this one: `lastState`. */
  readonly lastExit?: Exit;
  readonly backOff?: BackOff;
  /** When the back end last said that it has started the container. */
  readonly lastStart?: number;
  readonly imageID?: string;
  readonly containerID?: string;
  /** Its latest start failed before it ran. */
  readonly trouble?: Trouble;
  /** The image that its latest run was defined with, as written in the spec. */
  readonly image?: string;
  /** Its run was ended by the kubelet, and another is to follow whatever its exit code says. */
  readonly replaced?: 'liveness' | 'startup' | 'definition' | 'restart';
}

/**
 * The last operation that failed and has not succeeded since. Failures to start a container (its image, its
 * configuration, the back end) are kept with that container and hold back nothing else; all others are the pod's.
 */
export interface Trouble {
  readonly operation: 'create' | 'start' | 'kill' | 'stop' | 'remove';
  /** Undefined when the back end gave no reason that the pod's user should see. */
  readonly reason?: ProviderFailureReason;
  readonly message: string;
  readonly container?: string;
  /** The image that could not be pulled. */
  readonly image?: string;
  readonly failedAt: number;
  readonly backOff: BackOff;
}

export interface PodHistory {
  readonly startTime?: number;
  readonly admitted: boolean;
  readonly rejection?: { readonly reason: string; readonly message: string };
  readonly containers: Readonly<Record<string, ContainerRecord>>;
  readonly trouble?: Trouble;
  /** When a termination that has begun must be over; it only ever moves closer. */
  readonly stopBy?: number;
  /** A stop succeeded and nothing was started since: whatever the back end cannot name does not run. */
  readonly stopConfirmed: boolean;
}

const UNKNOWN_EXIT = { exitCode: 137, reason: 'ContainerStatusUnknown' } as const;

export function recordOf(history: PodHistory, container: string): ContainerRecord {
  return history.containers[container] ?? { restartCount: 0 };
}

/** `history` after an answer of the back end. `observed` undefined means that it has no such pod. */
export function remember(
  input: { readonly pod: Pod; readonly unit: PodProvider['unit']; readonly provider: string; readonly now: number },
  history: PodHistory,
  observed: ObservedPod | undefined,
): PodHistory {
  const policy = input.pod.spec?.restartPolicy;
  const containers: Record<string, ContainerRecord> = {};
  for (const { name } of input.pod.spec?.containers ?? []) {
    const record = recordOf(history, name);
    const seen = observed?.containers.find((container) => container.name === name);
    // What ended for good never changes again: the API server refuses terminated containers that come back.
    const final = record.run?.exit !== undefined && !wantsRestart(policy, record.run.exit.exitCode);
    containers[name] = final ? record : rememberContainer(record, seen, input.provider, input.now);
  }
  if (input.unit === 'pod' && neverStartedWithPod(containers, observed)) {
    for (const [name, record] of Object.entries(containers)) {
      if (record.run === undefined) containers[name] = { ...record, run: { exit: lost('The container did not run when its pod did', input.now) } };
    }
  }
  return { ...history, containers };
}

/** `history` after an operation failed; `reason` is what the pod's user sees. Each repeat waits longer. */
export function rememberTrouble(history: PodHistory, failure: Omit<Trouble, 'backOff'>): PodHistory {
  const before = history.trouble?.operation === failure.operation ? history.trouble.backOff : undefined;
  const limits = failure.reason === undefined ? SYNC_LIMITS : CRASH_LIMITS;
  return { ...history, trouble: { ...failure, backOff: raise(before, failure.failedAt, limits) } };
}

/** `history` after `operation` succeeded: its trouble, and that of what had to happen before it, is over. */
export function rememberSuccess(history: PodHistory, change: Partial<PodHistory> = {}): PodHistory {
  return { ...omit(history, 'trouble'), ...change };
}

/** `history` after containers were started: a run that ended is the last one now, and the next restart waits longer. */
export function rememberStart(history: PodHistory, names: readonly string[], now: number): PodHistory {
  const containers = { ...history.containers };
  for (const name of names) containers[name] = begun(recordOf(history, name), now);
  return { ...history, containers, stopConfirmed: false };
}

/** `history` after a start that the back end refused: for CRI runtimes that is an exit with 128 and StartError. */
export function rememberFailedStart(history: PodHistory, names: readonly string[], message: string, now: number): PodHistory {
  const containers = { ...history.containers };
  for (const name of names) {
    containers[name] = { ...begun(recordOf(history, name), now), run: { exit: { exitCode: 128, reason: 'StartError', message, finishedAt: now } } };
  }
  return { ...history, containers };
}

function begun(record: ContainerRecord, now: number): ContainerRecord {
  if (record.run?.exit === undefined) return { ...record, lastStart: now };
  return { ...newRun(record, {}), lastStart: now, backOff: raise(record.backOff, now, CRASH_LIMITS) };
}

function rememberContainer(record: ContainerRecord, seen: ObservedContainer | undefined, provider: string, now: number): ContainerRecord {
  if (seen === undefined) return vanished(record, 'The container could not be located', now);
  const containerID = `${provider}://${seen.id}`;
  const known: ContainerRecord = {
    ...record,
    // A container that was never started tells nothing new: no status is written for it.
    ...(seen.state.kind === 'created' ? {} : { containerID, ...(seen.imageID === undefined ? {} : { imageID: seen.imageID }) }),
  };
  return afterState(known, seen.state, containerID, now);
}

function afterState(record: ContainerRecord, state: ObservedState, containerID: string, now: number): ContainerRecord {
  const { run } = record;
  switch (state.kind) {
    case 'created':
      return run?.startedAt === undefined ? record : vanished(record, 'The container has lost its run', now);
    case 'starting':
      return run?.exit === undefined ? record : newRun(record, {});
    case 'running':
      if (run === undefined) return { ...record, run: { startedAt: state.startedAt } };
      if (run.exit !== undefined || later(state.startedAt, run.startedAt, run)) return newRun(record, { startedAt: state.startedAt });
      return run.startedAt === state.startedAt && run.coarse !== true ? record : { ...record, run: { startedAt: state.startedAt } };
    case 'exited': {
      const facts = omit(state, 'kind');
      const exit: Exit = { ...facts, containerID, ...startOf(facts.startedAt ?? (run?.exit === undefined ? run?.startedAt : undefined)) };
      const next: Run = { exit, ...startOf(exit.startedAt) };
      if (run === undefined) return { ...record, run: next };
      // One run may show two ends: that of its process, and a later one of what was left around it.
      const comparable = run.exit === undefined || (state.startedAt !== undefined && run.startedAt !== undefined);
      const another = comparable ? later(state.startedAt, run.startedAt, run) : later(state.finishedAt, run.exit.finishedAt, run);
      if (another) return newRun(record, next);
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

function lost(message: string, now: number, startedAt?: number, containerID?: string): Exit {
  return { ...UNKNOWN_EXIT, message, finishedAt: now, ...startOf(startedAt), ...(containerID === undefined ? {} : { containerID }) };
}

function newRun(record: ContainerRecord, run: Run): ContainerRecord {
  if (record.run === undefined) return { ...record, run };
  const lastExit = record.run.exit ?? record.lastExit;
  return { ...record, run, restartCount: record.restartCount + 1, ...(lastExit === undefined ? {} : { lastExit }) };
}

/** A pod VM starts all containers at once: one that shows no run after the others have ended will not run by itself. */
function neverStartedWithPod(containers: Readonly<Record<string, ContainerRecord>>, observed: ObservedPod | undefined): boolean {
  if (observed?.containers.some(({ state }) => state.kind === 'running' || state.kind === 'starting') === true) return false;
  return Object.values(containers).some((record) => record.run?.exit !== undefined);
}

function later(time: number | undefined, known: number | undefined, run: Run): boolean {
  if (time === undefined || known === undefined) return false;
  return run.coarse === true ? Math.floor(time / 1000) > Math.floor(known / 1000) : time > known;
}

function startOf(startedAt: number | undefined): { readonly startedAt?: number } {
  return startedAt === undefined ? {} : { startedAt };
}
