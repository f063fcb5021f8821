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
import { podContainers, type PodContainer } from './pod-containers.ts';
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
  /** It was in a sandbox that is no more. */
  readonly stale?: boolean;
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
  /** It has ended for good: whatever the back end shows later is not a run of it. */
  readonly settled?: boolean;
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

const PULL_REASONS: ReadonlySet<ProviderFailureReason> = new Set(['ErrImagePull', 'RegistryUnavailable', 'ImageInspectError']);
const UNKNOWN_EXIT = { exitCode: 137, reason: 'ContainerStatusUnknown' } as const;

export function recordOf(history: PodHistory, container: string): ContainerRecord {
  return history.containers[container] ?? { restartCount: 0 };
}

/**
 * `history` after an answer of the back end. `observed` undefined means that it has no such pod. When the sandbox was
 * lost, nothing that ran in it counts for the next one: init containers run again. A pod of policy Never that has begun
 * does not begin anew (pkg/kubelet/kuberuntime, PodSandboxChanged and shouldRestartOnFailure).
 */
export function remember(
  input: { readonly pod: Pod; readonly unit: PodProvider['unit']; readonly provider: string; readonly now: number },
  history: PodHistory,
  observed: ObservedPod | undefined,
): PodHistory {
  const { pod, now } = input;
  const lostSandbox = observed === undefined || observed.sandboxLost === true;
  const states = new Map(observed?.containers.map((container) => [container.name, container]));
  const containers: Record<string, ContainerRecord> = {};
  for (const container of podContainers(pod)) {
    const record = recordOf(history, container.name);
    const looked = record.settled === true ? record : rememberContainer(record, states.get(container.name), input.provider, now);
    const named = looked.run !== undefined && looked.image === undefined ? { ...looked, image: container.spec.image ?? '' } : looked;
    // Back-offs go by container and definition (pkg/kubelet/kuberuntime, getStableKey): one that waits with another image begins at once.
    const changed = input.unit === 'container' && named.run?.exit !== undefined && named.image !== undefined && named.image !== (container.spec.image ?? '');
    const due = changed ? omit(named, 'backOff') : named;
    containers[container.name] = lostSandbox ? outlived(due, now) : due;
  }
  const endWith = (names: readonly PodContainer[], message: string): void => {
    for (const { name } of names) {
      const record = containers[name];
      if (record?.run === undefined) containers[name] = { ...record, restartCount: record?.restartCount ?? 0, run: { exit: lost(message, now) } };
    }
  };
  const begun = podContainers(pod).some(({ name, role }) => role !== 'ephemeral' && containers[name]?.run !== undefined);
  const mains = podContainers(pod).filter(({ role }) => role === 'main');
  if (lostSandbox && begun) {
    endWith(
      mains.filter((main) => !wantsRestart(pod, main, UNKNOWN_EXIT.exitCode)),
      'The pod was lost before the container ran',
    );
  } else if (input.unit === 'pod' && mainsEnded(mains, containers, observed)) {
    endWith(
      podContainers(pod).filter(({ role }) => role === 'main' || role === 'sidecar'),
      'The container did not run when its pod did',
    );
  }
  for (const container of podContainers(pod)) {
    const record = containers[container.name];
    if (record !== undefined) containers[container.name] = settled(pod, container, record);
  }
  return { ...history, containers };
}

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

/** `history` when containers are about to start from their present definitions. */
export function rememberImages(history: PodHistory, pod: Pod, names: readonly string[]): PodHistory {
  const containers = { ...history.containers };
  for (const { name, spec } of podContainers(pod)) {
    if (names.includes(name)) containers[name] = { ...recordOf(history, name), image: spec.image ?? '' };
  }
  return { ...history, containers };
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
    const record = recordOf(history, name);
    if (record.settled === true) continue;
    containers[name] = { ...begun(record, now), run: { exit: { exitCode: 128, reason: 'StartError', message, finishedAt: now } } };
  }
  return { ...history, containers };
}

/** `history` when the kubelet is about to end these runs itself, to start others. */
export function rememberKill(history: PodHistory, names: readonly string[], cause: NonNullable<ContainerRecord['replaced']>): PodHistory {
  const containers = { ...history.containers };
  for (const name of names) containers[name] = { ...recordOf(history, name), replaced: cause };
  return { ...history, containers };
}

/** Whether a container has ended for good, as far as it is known. */
export function endedForGood(pod: Pod, container: PodContainer, record: ContainerRecord): boolean {
  const { run, replaced } = record;
  if (run?.exit === undefined) return false;
  if (replaced === 'definition' || replaced === 'restart') return false;
  // A container that a probe has ended goes by policy as one that failed, whatever its exit code.
  if (replaced !== undefined) return !wantsRestart(pod, container, UNKNOWN_EXIT.exitCode);
  if (container.role === 'init' && run.exit.exitCode === 0) return run.stale !== true;
  return !wantsRestart(pod, container, run.exit.exitCode);
}

function settled(pod: Pod, container: PodContainer, record: ContainerRecord): ContainerRecord {
  const ended = endedForGood(pod, container, record);
  if (ended === (record.settled === true)) return record;
  return ended ? { ...record, settled: true } : omit(record, 'settled');
}

/** What a container of a lost sandbox leaves: a run that did not end is lost, and none counts for the next sandbox. */
function outlived(record: ContainerRecord, now: number): ContainerRecord {
  const { run } = vanished(record, 'The container could not be located', now);
  return run === undefined || run.stale === true ? record : { ...omit(record, 'settled'), run: { ...run, stale: true } };
}

function begun(record: ContainerRecord, now: number): ContainerRecord {
  // A pod VM starts again with containers in it that have ended for good: their end stands.
  if (record.settled === true) return record;
  const started = { ...omit(record, 'trouble'), lastStart: now };
  return record.run?.exit === undefined ? started : newRun(started, {}, now);
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
      return run?.exit === undefined ? record : newRun(record, {}, now);
    case 'running':
      if (run === undefined) return { ...record, run: { startedAt: state.startedAt } };
      if (run.exit !== undefined || later(state.startedAt, run.startedAt, run)) return newRun(record, { startedAt: state.startedAt }, now);
      return run.startedAt === state.startedAt && run.coarse !== true ? record : { ...record, run: { startedAt: state.startedAt } };
    case 'exited': {
      const facts = omit(state, 'kind');
      const exit: Exit = { ...facts, containerID, ...startOf(facts.startedAt ?? (run?.exit === undefined ? run?.startedAt : undefined)) };
      const next: Run = { exit, ...startOf(exit.startedAt) };
      if (run === undefined) return { ...record, run: next };
      // One run may show two ends: that of its process, and a later one of what was left around it.
      const comparable = run.exit === undefined || (state.startedAt !== undefined && run.startedAt !== undefined);
      const another = comparable ? later(state.startedAt, run.startedAt, run) : later(state.finishedAt, run.exit.finishedAt, run);
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

function lost(message: string, now: number, startedAt?: number, containerID?: string): Exit {
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

/** A pod VM starts all containers at once: one that shows no run after the others have ended will not run by itself. */
function mainsEnded(mains: readonly PodContainer[], containers: Readonly<Record<string, ContainerRecord>>, observed: ObservedPod | undefined): boolean {
  if (observed?.containers.some(({ state }) => state.kind === 'running' || state.kind === 'starting') === true) return false;
  return mains.some(({ name }) => containers[name]?.run?.exit !== undefined);
}

function later(time: number | undefined, known: number | undefined, run: Run): boolean {
  if (time === undefined || known === undefined) return false;
  return run.coarse === true ? Math.floor(time / 1000) > Math.floor(known / 1000) : time > known;
}

function startOf(startedAt: number | undefined): { readonly startedAt?: number } {
  return startedAt === undefined ? {} : { startedAt };
}
