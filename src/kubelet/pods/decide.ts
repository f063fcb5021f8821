/**
 * What to do next for one pod: a pure function of what the API wants, what the back end has, what is remembered, and
 * the time. It is asked only with a definite observation and while no operation of the pod is under way (except a
 * stop, which may be shortened).
 *
 * Rules: nothing starts once a pod is terminal, rejected, past its deadline, terminating or gone from the API. A
 * terminating pod is stopped, reported, removed from the back end, and only then deleted from the API.
 */
import { isTerminal, deadlineOf, viewPod, type PodInput, type PodView } from './view.ts';

export type Action =
  /** Define the pod and its containers in the back end. */
  | { readonly kind: 'create' }
  /** Start these containers; with `unit: 'pod'` the whole pod. */
  | { readonly kind: 'start'; readonly containers: readonly string[]; readonly restart: boolean }
  /** Stop all that runs, stage after stage; by force at `by`, milliseconds since the epoch. Nothing starts afterwards. */
  | StopAction
  /** Stop single containers of a pod that goes on; with `unit: 'pod'` all that runs. */
  | KillAction
  | { readonly kind: 'remove' }
  /** The API may forget the pod: nothing of it is left. */
  | { readonly kind: 'deleteObject' }
  /** Drop the pod from memory: neither the API nor the back end has it. */
  | { readonly kind: 'forget' };

export interface StopAction {
  readonly kind: 'stop';
  readonly by: number;
  /** All of `stages`. */
  readonly containers: readonly string[];
  /** Containers of one stage stop together, and the next stage begins when they have: sidecars come last, in reverse order. */
  readonly stages: readonly (readonly string[])[];
  readonly cause: 'deletion' | 'deadline' | 'terminal';
}

export interface KillAction {
  readonly kind: 'kill';
  readonly containers: readonly string[];
  readonly graceSeconds: number;
  /** `restart`: a pod VM whose containers are to start again while a sidecar of it still runs. */
  readonly cause: 'liveness' | 'startup' | 'definition' | 'restart';
  /** For the Killing event, as a kubelet words it: `Container c failed liveness probe, will be restarted`. */
  readonly message: string;
}

export interface Decision {
  readonly action?: Action;
  /** When to decide again if nothing changes before; milliseconds since the epoch. */
  readonly wakeAt?: number;
}

export interface DecideInput extends PodInput {
  /** The API object no longer exists, or never did (an orphan). */
  readonly gone: boolean;
  /** The terminal phase that the API is known to hold. */
  readonly reportedPhase: string | undefined;
}

/** A runtime never gets less than this, whatever is left of the grace (pkg/kubelet/kuberuntime). */
const MINIMUM_GRACE_SECONDS = 2;
const DEFAULT_GRACE_SECONDS = 30;

export function decide(input: DecideInput): Decision {
  const view = viewPod(input);
  const { pod, history, observed, now } = input;
  if (input.gone) return clear(input, view, MINIMUM_GRACE_SECONDS) ?? { action: { kind: 'forget' } };
  if (pod.metadata?.deletionTimestamp !== undefined) return terminate(input, view);

  const deadline = deadlineOf(pod, history);
  const expired = deadline !== undefined && now >= deadline;
  if (history.rejection !== undefined || isTerminal(input.reportedPhase) || isTerminal(pod.status?.phase) || expired) {
    return view.canRun ? stop(input, view, podGrace(input), expired ? 'deadline' : 'terminal') : {};
  }
  const next = observed === undefined ? define(input, view) : run(input, view);
  return deadline === undefined ? next : { ...next, wakeAt: Math.min(next.wakeAt ?? deadline, deadline) };
}

/** Stops, waits until the API holds the end, removes, and deletes the object. */
function terminate(input: DecideInput, view: PodView): Decision {
  const { pod, observed, history } = input;
  if (view.canRun) return stop(input, view, pod.metadata?.deletionGracePeriodSeconds ?? podGrace(input), 'deletion');
  if (!isTerminal(input.reportedPhase)) return {};
  if (observed !== undefined) return held(input, 'remove') ?? { action: { kind: 'remove' } };
  return history.trouble?.operation === 'remove' ? (held(input, 'remove') ?? { action: { kind: 'deleteObject' } }) : { action: { kind: 'deleteObject' } };
}

/** Stop and removal of a pod that nobody wants any more; undefined when nothing is left of it. */
function clear(input: DecideInput, view: PodView, graceSeconds: number): Decision | undefined {
  if (input.observed === undefined) return undefined;
  if (view.canRun) return stop(input, view, graceSeconds, 'deletion');
  return held(input, 'remove') ?? { action: { kind: 'remove' } };
}

function define(input: DecideInput, view: PodView): Decision {
  const wanted = view.containers.filter((container) => container.wanted);
  if (wanted.length === 0) return {};
  const startAt = Math.min(...wanted.map((container) => container.startAt));
  if (startAt > input.now) return { wakeAt: startAt };
  return held(input, 'create') ?? { action: { kind: 'create' } };
}

function run(input: DecideInput, view: PodView): Decision {
  const wanted = view.containers.filter((container) => container.wanted);
  if (wanted.length === 0) {
    // All has ended as far as anybody knows, and the back end cannot tell: settle it before a terminal phase is told.
    const settled = view.containers.every((container) => container.exit !== undefined);
    return settled && view.uncertain ? stop(input, view, podGrace(input), 'terminal') : {};
  }
  const due = wanted.filter((container) => container.startAt <= input.now);
  const later = wanted.filter((container) => container.startAt > input.now).map((container) => container.startAt);
  if (due.length === 0) return { wakeAt: Math.min(...later) };
  const wait = held(input, 'start');
  if (wait !== undefined) return wait;
  const restart = due.some((container) => container.record.run !== undefined);
  return { action: { kind: 'start', containers: due.map(({ name }) => name), restart }, ...(later.length > 0 ? { wakeAt: Math.min(...later) } : {}) };
}

function stop(input: DecideInput, view: PodView, graceSeconds: number, cause: StopAction['cause']): Decision {
  const by = Math.min(input.history.stopBy ?? Number.POSITIVE_INFINITY, input.now + Math.max(MINIMUM_GRACE_SECONDS, graceSeconds) * 1000);
  const states = input.observed?.containers ?? [];
  const containers = states.filter(({ state }) => state.kind !== 'created' && state.kind !== 'exited').map(({ name }) => name);
  const wait = held(input, 'stop');
  // A shorter grace than before does not wait for the pause after a failed attempt.
  if (wait !== undefined && by >= (input.history.stopBy ?? by)) return wait;
  return { action: { kind: 'stop', by, containers, stages: [containers], cause } };
}

function podGrace(input: DecideInput): number {
  return input.pod.spec?.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
}

/** The pause after `operation` failed, or undefined when it is over. */
function held(input: DecideInput, operation: string): Decision | undefined {
  const { trouble } = input.history;
  if (trouble?.operation !== operation) return undefined;
  const until = trouble.failedAt + trouble.backOff.delayMs;
  return until > input.now ? { wakeAt: until } : undefined;
}
