/** What observation and history together say about a pod; the common ground of `decide` and `computeStatus`. */
import type { Pod } from '../../platform/kubernetes-objects.ts';
import type { ObservedPod, PodProvider } from '../provider.ts';
import { CRASH_LIMITS, delayAfter } from './back-off.ts';
import { recordOf, type ContainerRecord, type Exit, type PodHistory } from './history.ts';
import { wantsRestart } from './restart-policy.ts';

export interface PodInput {
  readonly pod: Pod;
  readonly unit: PodProvider['unit'];
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
  readonly record: ContainerRecord;
  /** Running or starting right now. */
  readonly alive: boolean;
  readonly running: boolean;
  /** The exit of its latest run; undefined while alive and before the first run. */
  readonly exit: Exit | undefined;
  /** Not alive, and to be started (again) as policy goes. */
  readonly wanted: boolean;
  /** When a wanted container may start; milliseconds since the epoch, 0 for at once. */
  readonly startAt: number;
}

export interface PodView {
  readonly containers: readonly ContainerView[];
  /** Something of this pod runs, or may run for all that the back end can tell. */
  readonly canRun: boolean;
  /** The same for what the back end cannot name, before a stop has settled it. */
  readonly uncertain: boolean;
}

/** How long a back end may need to show what it has started, before it is asked to start it again. */
const SETTLE_MS = 10_000;

/**
 * With `unit: 'pod'` the containers start and stop together: a container that ended waits for the others, and when all
 * have ended the whole pod starts again if policy wants any of them, after the longest of their back-offs. A container
 * that has succeeded under OnFailure counts as succeeded, whatever it does in a later run of its pod.
 */
export function viewPod(input: PodInput): PodView {
  const { pod, observed, history, unit } = input;
  const policy = pod.spec?.restartPolicy;
  const states = new Map(observed?.containers.map((container) => [container.name, container.state]));
  const separate = (pod.spec?.containers ?? []).map(({ name }): ContainerView => {
    const record = recordOf(history, name);
    const state = states.get(name)?.kind;
    const alive = state === 'running' || state === 'starting';
    const last = record.run?.exit;
    const final = last !== undefined && !wantsRestart(policy, last.exitCode);
    const startAt =
      last === undefined ? (record.lastStart ?? -SETTLE_MS) + SETTLE_MS : last.finishedAt + delayAfter(record.backOff, last.finishedAt, CRASH_LIMITS);
    return { name, record, alive, running: state === 'running', exit: alive && !final ? undefined : last, wanted: !alive && !final, startAt };
  });
  const anyAlive = [...states.values()].some(({ kind }) => kind === 'running' || kind === 'starting');
  const uncertain = !history.stopConfirmed && [...states.values()].some(({ kind }) => kind === 'unknown');
  const startAt = Math.max(0, ...separate.filter(({ wanted }) => wanted).map((container) => container.startAt));
  const together = unit === 'pod' ? separate.map((container) => ({ ...container, startAt, wanted: container.wanted && !anyAlive })) : separate;
  return { containers: together, canRun: anyAlive || uncertain, uncertain };
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
