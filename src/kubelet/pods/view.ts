/** What observation and history together say about a pod; the common ground of `decide` and `computeStatus`. */
import type { ContainerStatus, Pod } from '../../platform/kubernetes-objects.ts';
import type { ObservedPod, ObservedState } from '../provider.ts';
import { CRASH_LIMITS, delayAfter } from './back-off.ts';
import { recordOf, type ContainerRecord, type Exit, type PodHistory } from './history.ts';
import { containerStatusesOf, podContainers, type PodContainer } from './pod-containers.ts';
import { endedForGood } from './runs.ts';

export interface PodInput {
  readonly pod: Pod;
  /** See PodProvider.imagesOf. */
  readonly imagesOf: 'container' | 'pod';
  /** Undefined: the back end has no such pod. Never stands for "could not be asked". */
  readonly observed: ObservedPod | undefined;
  readonly history: PodHistory;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** By container name, for the current run only. A container without probes needs none. */
  readonly verdicts?: Readonly<Record<string, ContainerVerdict>>;
}

/** What probes say of the current run of a container; what is left out is not known yet. */
export interface ContainerVerdict {
  /** Of a startup probe. */
  readonly started?: boolean;
  /** Of a readiness probe. */
  readonly ready?: boolean;
  /** A probe has failed as often as its threshold allows: the run must end. */
  readonly failed?: {
    readonly probe: 'liveness' | 'startup';
    readonly message: string;
    /** Undefined: the pod's own grace. */
    readonly graceSeconds?: number;
  };
}

export interface ContainerView {
  readonly name: string;
  readonly role: PodContainer['role'];
  readonly record: ContainerRecord;
  /** Running or starting right now. */
  readonly alive: boolean;
  readonly running: boolean;
  /** Running, and its startup probe, if it has one, has succeeded. */
  readonly started: boolean;
  /** Started, and its readiness probe, if it has one, has succeeded. */
  readonly ready: boolean;
  /** The exit of its latest run; undefined while alive and before the first run. */
  readonly exit: Exit | undefined;
  /** It ended and never runs again, whatever the back end shows. */
  readonly ended: boolean;
  /** Not alive, and to be started (again) as policy goes. */
  readonly wanted: boolean;
  /** When a wanted container may start; milliseconds since the epoch, 0 for at once. */
  readonly startAt: number;
}

export interface PodView {
  /** In the order in which they start (pod-containers.ts). */
  readonly containers: readonly ContainerView[];
  /** Something of this pod runs, or may run for all that the back end can tell. */
  readonly canRun: boolean;
  /** The same for what the back end cannot name, before a stop has settled it. */
  readonly uncertain: boolean;
  /** Init containers are done and sidecars have started, or a main container has begun in this sandbox. */
  readonly initialized: boolean;
  /** An init container failed for good. */
  readonly initFailed: boolean;
  /** No main container will run again: sidecars end, and with them the pod. */
  readonly finished: boolean;
}

/** How long a back end may need to show what it has started, before it is asked to start it again. */
const SETTLE_MS = 10_000;

/** The pod and each of its containers as they are now. */
export function viewPod(input: PodInput): PodView {
  const { pod, observed, history } = input;
  const states = new Map(observed?.containers.map((container) => [container.name, container.state]));
  const containers = podContainers(pod).map((container) => viewContainer(input, container, states.get(container.name)));
  const lost = observed?.sandboxLost === true;
  const anyAlive = !lost && [...states.values()].some(({ kind }) => kind === 'running' || kind === 'starting');
  const uncertain = !lost && !history.stopConfirmed && [...states.values()].some(({ kind }) => kind === 'unknown');
  const mains = containers.filter(({ role }) => role === 'main');
  const inits = containers.filter(({ role }) => role === 'init');
  const begun = mains.some(({ alive, record }) => alive || (record.run !== undefined && record.run.stale !== true));
  const initFailed = !begun && inits.some(({ ended, record }) => ended && record.run?.exit?.exitCode !== 0);
  return {
    containers,
    canRun: anyAlive || uncertain,
    uncertain,
    initialized: begun || (inits.every(({ ended }) => ended) && !initFailed && sidecarsStarted(containers)),
    initFailed,
    finished: initFailed || (mains.length > 0 && mains.every(({ ended }) => ended)),
  };
}

function viewContainer(input: PodInput, container: PodContainer, state: ObservedState | undefined): ContainerView {
  const { pod, history } = input;
  const { name, role, spec } = container;
  const record = recordOf(history, name);
  const alive = (state?.kind === 'running' || state?.kind === 'starting') && input.observed?.sandboxLost !== true;
  const running = alive && state.kind === 'running';
  const verdict = input.verdicts?.[name];
  const told = running ? toldOfRun(pod, name, record) : undefined;
  const started = running && (spec.startupProbe === undefined || (verdict?.started ?? told?.started ?? false));
  const last = record.run?.exit;
  const ended = endedForGood(pod, container, record);
  const startAt =
    last === undefined ? (record.lastStart ?? -SETTLE_MS) + SETTLE_MS : last.finishedAt + delayAfter(record.backOff, last.finishedAt, CRASH_LIMITS);
  return {
    ...{ name, role, record, alive, running, started, ended, startAt },
    ready: started && (spec.readinessProbe === undefined || (verdict?.ready ?? told?.ready ?? false)),
    exit: alive && !ended ? undefined : last,
    wanted: !alive && !ended,
  };
}

/** What the API holds of the run that is under way: probes of a restarted kubelet have nothing to say yet. */
function toldOfRun(pod: Pod, name: string, record: ContainerRecord): ContainerStatus | undefined {
  const told = containerStatusesOf(pod.status).find((status) => status.name === name);
  const { startedAt } = record.run ?? {};
  if (told?.state?.running?.startedAt === undefined || startedAt === undefined) return undefined;
  return Math.floor(Date.parse(told.state.running.startedAt) / 1000) === Math.floor(startedAt / 1000) ? told : undefined;
}

function sidecarsStarted(containers: readonly ContainerView[]): boolean {
  return containers.every(({ role, started }) => role !== 'sidecar' || started);
}

/** Milliseconds since the epoch at which `activeDeadlineSeconds` ends, or undefined. */
export function deadlineOf(pod: Pod, history: PodHistory): number | undefined {
  const seconds = pod.spec?.activeDeadlineSeconds;
  return seconds === undefined || history.startTime === undefined ? undefined : history.startTime + seconds * 1000;
}

/** A phase the API holds and that can never change again. */
export function isTerminal(phase: string | undefined): phase is 'Succeeded' | 'Failed' {
  return phase === 'Succeeded' || phase === 'Failed';
}
