/** One entry of `status.containerStatuses` (pkg/kubelet/kubelet_pods.go, convertToAPIContainerStatuses). */
import type { Container, ContainerState, ContainerStatus } from '../../platform/kubernetes-objects.ts';
import { rfc3339 } from '../../platform/clock.ts';
import type { Exit, PodHistory, Trouble } from './history.ts';
import type { ContainerView } from './view.ts';

export interface ContainerStatusFacts {
  readonly spec: Container;
  readonly view: ContainerView;
  readonly history: PodHistory;
  /** `<pod>_<namespace>(<uid>)`, as a kubelet names a pod in messages. */
  readonly podTitle: string;
  /** What was told of this container last. */
  readonly previous: ContainerStatus | undefined;
  /** Nothing starts any more: whatever is not running stays as it is. */
  readonly ending: boolean;
  /** Nothing runs any more either: a container without a run never will have one. */
  readonly over: boolean;
  /** Its start is not finished. */
  readonly starting: boolean;
  /** Init containers or sidecars of the pod are still to come. */
  readonly initializing: boolean;
  /** The pod has init containers or sidecars at all. */
  readonly hasInits: boolean;
  /** The pod is being deleted: it is not ready any more. */
  readonly terminating: boolean;
  /** Whether the API server takes anything else than `terminated` after an exit with this code. */
  readonly leavesTerminated: (exitCode: number) => boolean;
  readonly now: number;
}

/** How long a failure is shown by its own reason before the back-off after it is. */
export const FRESH_FAILURE_MS = 3_000;

const PULL_REASONS: ReadonlySet<string | undefined> = new Set(['ErrImagePull', 'RegistryUnavailable']);

export function containerStatus(facts: ContainerStatusFacts): ContainerStatus {
  const { spec, view, previous } = facts;
  const { record, role } = view;
  // A kubelet tells of a pod when it is through with it (pkg/kubelet, syncPod): a run is not told before its start has ended,
  // or clients would see a restart that is counted and not ready.
  const untold = facts.starting && view.alive && !facts.ending;
  if (untold && previous !== undefined) return previous.state?.running === undefined ? previous : beforeRestart(facts, previous);
  const state: ContainerState = untold ? { waiting: idleState(facts) } : containerState(facts);
  const before = previous?.state?.terminated;
  // A completed init container that runs once more, for a sandbox that was lost, stays told as completed.
  if (previous !== undefined && before !== undefined && state.terminated === undefined && !facts.leavesTerminated(before.exitCode)) return previous;
  // While a restart is awaited the exit is the last state; otherwise the last state is the run before this one.
  const last = state.terminated === undefined && view.exit !== undefined ? view.exit : record.lastExit;
  const running = state.running !== undefined && !facts.starting;
  const ready = role === 'init' ? state.terminated?.exitCode === 0 : role !== 'ephemeral' && running && view.ready && !facts.terminating;
  return {
    name: spec.name,
    image: view.exit === undefined && !view.alive ? (spec.image ?? '') : (record.image ?? spec.image ?? ''),
    imageID: record.imageID ?? '',
    ...(record.containerID === undefined ? {} : { containerID: record.containerID }),
    ready,
    ...(role === 'ephemeral' ? {} : { started: running && view.started }),
    restartCount: record.restartCount,
    state,
    lastState: last === undefined ? {} : { terminated: terminated(last) },
  };
}

/** `previous` tells of the run before, whose end was not told by itself. */
function beforeRestart(facts: ContainerStatusFacts, previous: ContainerStatus): ContainerStatus {
  const exit = facts.view.record.lastExit;
  const state = exit === undefined ? { waiting: idleState(facts) } : { terminated: terminated(exit) };
  return { ...previous, ready: false, started: false, state };
}

function containerState(facts: ContainerStatusFacts): ContainerState {
  const { view, now } = facts;
  const { role, record } = view;
  const idle = idleState(facts);
  if (view.exit !== undefined) {
    const waiting = !facts.ending && view.wanted ? restartWaiting(facts, view.exit, idle) : undefined;
    return waiting ?? { terminated: terminated(view.exit) };
  }
  if (view.alive) return view.running ? { running: { startedAt: rfc3339(record.run?.startedAt ?? now) } } : { waiting: idle };
  if (facts.over && role === 'main') {
    return { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown', message: 'The container could not be located when the pod was terminated' } };
  }
  return { waiting: troubleWaiting(facts) ?? idle };
}

function idleState({ initializing, hasInits }: ContainerStatusFacts): { readonly reason: string } {
  return { reason: initializing && hasInits ? 'PodInitializing' : 'ContainerCreating' };
}

function restartWaiting(facts: ContainerStatusFacts, exit: Exit, idle: { readonly reason: string }): ContainerState | undefined {
  const { view, now } = facts;
  const trouble = troubleWaiting(facts);
  if (trouble !== undefined) return { waiting: trouble };
  // What ran in a sandbox that was lost waits like something that never ran.
  if (view.record.run?.stale === true && facts.initializing) return { waiting: idle };
  if (exit.reason === 'StartError' && exit.exitCode === 128 && now < exit.finishedAt + FRESH_FAILURE_MS) {
    return { waiting: { reason: 'RunContainerError', ...(exit.message === undefined ? {} : { message: exit.message }) } };
  }
  if (view.startAt <= now) {
    // Its time has come: it goes from waiting to running, without being shown as ended once more.
    const told = facts.previous?.state?.waiting;
    if (told?.reason === 'CrashLoopBackOff') return { waiting: told };
    return facts.leavesTerminated(exit.exitCode) ? undefined : { waiting: idle };
  }
  const delay = shortDuration(view.record.backOff?.delayMs ?? 0);
  const message = `back-off ${delay} restarting failed container=${view.name} pod=${facts.podTitle}`;
  return { waiting: { reason: 'CrashLoopBackOff', message } };
}

function troubleWaiting(facts: ContainerStatusFacts): ContainerState['waiting'] {
  const trouble = facts.view.record.trouble ?? podTrouble(facts);
  if (trouble?.reason === undefined) return undefined;
  if (PULL_REASONS.has(trouble.reason) && facts.now >= trouble.failedAt + FRESH_FAILURE_MS) {
    return { reason: 'ImagePullBackOff', message: `Back-off pulling image "${facts.spec.image ?? ''}": ${trouble.reason}: ${trouble.message}` };
  }
  return { reason: trouble.reason, message: trouble.message };
}

/** What keeps the whole pod from being made, as far as it concerns this container. */
function podTrouble({ history, spec }: ContainerStatusFacts): Trouble | undefined {
  const { trouble } = history;
  if (trouble === undefined || (trouble.operation !== 'create' && trouble.operation !== 'start')) return undefined;
  return trouble.container === undefined || trouble.container === spec.name ? trouble : undefined;
}

function terminated(exit: Exit): NonNullable<ContainerState['terminated']> {
  return {
    exitCode: exit.exitCode,
    ...(exit.signal === undefined || exit.signal === 0 ? {} : { signal: exit.signal }),
    reason: exit.reason ?? (exit.exitCode === 0 ? 'Completed' : 'Error'),
    ...(exit.message === undefined ? {} : { message: exit.message }),
    ...(exit.startedAt === undefined ? {} : { startedAt: rfc3339(exit.startedAt) }),
    finishedAt: rfc3339(exit.finishedAt),
    ...(exit.containerID === undefined ? {} : { containerID: exit.containerID }),
  };
}

/** Seconds as Go writes a duration: `10s`, `1m20s`, `5m0s`. */
function shortDuration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${String(seconds)}s` : `${String(Math.floor(seconds / 60))}m${String(seconds % 60)}s`;
}
