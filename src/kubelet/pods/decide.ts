/**
 * What to do next for one pod: a pure function of what the API wants, what the back end has, what is remembered, and
 * the time. It is asked only with a definite observation and while no operation of the pod is under way (except a
 * stop, which may be shortened).
 *
 * Rules: nothing starts once a pod is terminal, rejected, past its deadline, terminating or gone from the API. A
 * terminating pod is stopped, reported, removed from the back end, and only then deleted from the API.
 */
import { podContainers } from './pod-containers.ts';
import { isTerminal, deadlineOf, viewPod, type ContainerView, type PodInput, type PodView } from './view.ts';

export type Action =
  /** Make the pod in the back end. */
  | { readonly kind: 'create' }
  /** Start these containers in this order. */
  | { readonly kind: 'start'; readonly containers: readonly string[]; readonly restart: boolean }
  /** Stop all that runs, stage after stage; by force at `by`, milliseconds since the epoch. Nothing starts afterwards. */
  | StopAction
  /** Stop single containers of a pod that goes on. */
  | KillAction
  | { readonly kind: 'remove' }
  /** The API may forget the pod: nothing of it is left. */
  | { readonly kind: 'deleteObject' }
  /** Drop the pod from memory: neither the API nor the back end has it. */
  | { readonly kind: 'forget' };

interface StopAction {
  readonly kind: 'stop';
  readonly by: number;
  /** All of `stages`. */
  readonly containers: readonly string[];
  /** Containers of one stage stop together, and the next stage begins when they have: sidecars come last, in reverse order. */
  readonly stages: readonly (readonly string[])[];
  readonly cause: 'deletion' | 'deadline' | 'terminal';
}

interface KillAction {
  readonly kind: 'kill';
  readonly containers: readonly string[];
  readonly graceSeconds: number;
  readonly cause: 'liveness' | 'startup' | 'definition';
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
  const wanted = view.containers.filter(({ role, wanted }) => wanted && role === 'main');
  if (view.finished || wanted.length === 0) return {};
  const startAt = Math.min(...wanted.map((container) => container.startAt));
  if (startAt > input.now) return { wakeAt: startAt };
  return held(input, 'create') ?? { action: { kind: 'create' } };
}

function run(input: DecideInput, view: PodView): Decision {
  if (view.finished) return view.canRun ? stop(input, view, podGrace(input), 'terminal') : {};
  if (input.observed?.sandboxLost === true) return held(input, 'remove') ?? { action: { kind: 'remove' } };
  const kill = unfit(input, view);
  if (kill !== undefined) return held(input, 'kill') ?? { action: kill };
  return startContainers(input, view);
}

/** The first container whose run must end although the pod goes on. */
function unfit(input: DecideInput, view: PodView): KillAction | undefined {
  const specs = podContainers(input.pod);
  for (const [index, { name, role, alive, record }] of view.containers.entries()) {
    const { spec } = specs[index] ?? {};
    if (!alive || role === 'ephemeral') continue;
    const failed = input.verdicts?.[name]?.failed;
    const cause = record.replaced ?? failed?.probe ?? (input.imagesOf === 'container' && changed(record.image, spec?.image) ? 'definition' : undefined);
    if (cause === undefined) continue;
    const graceSeconds = Math.max(MINIMUM_GRACE_SECONDS, failed?.graceSeconds ?? podGrace(input));
    const message = `Container ${name} ${cause === 'definition' ? 'definition changed' : `failed ${cause} probe`}, will be restarted`;
    return { kind: 'kill', containers: [name], graceSeconds, cause, message };
  }
  return undefined;
}

function changed(defined: string | undefined, wanted: string | undefined): boolean {
  return defined !== undefined && defined !== '' && wanted !== undefined && defined !== wanted;
}

/** Whatever may start now, each container after its own back-off; the order of init containers and sidecars is kept. */
function startContainers(input: DecideInput, view: PodView): Decision {
  const wanted = [...view.containers.filter(({ role, wanted }) => role === 'ephemeral' && wanted), ...nextInOrder(view)];
  const times = new Map(wanted.map((container) => [container.name, dueAt(container)]));
  const due = wanted.filter(({ name }) => (times.get(name) ?? 0) <= input.now);
  const later = [...times.values()].filter((at) => at > input.now);
  const wake = later.length > 0 ? { wakeAt: Math.min(...later) } : {};
  if (due.length === 0) return wake;
  const restart = due.some(({ record }) => record.run !== undefined);
  return held(input, 'start') ?? { action: { kind: 'start', containers: due.map(({ name }) => name), restart }, ...wake };
}

function nextInOrder(view: PodView): readonly ContainerView[] {
  if (view.initialized) return view.containers.filter(({ role, wanted }) => wanted && (role === 'sidecar' || role === 'main'));
  const next: ContainerView[] = [];
  for (const container of view.containers) {
    if (container.role !== 'init' && container.role !== 'sidecar') break;
    if (container.wanted) next.push(container);
    if (container.role === 'init' ? !container.ended : !container.started) break;
  }
  return next;
}

/** When the back-off after its last run and the pause after a failed start are both over. */
function dueAt({ record, startAt }: ContainerView): number {
  const { trouble } = record;
  return Math.max(startAt, trouble === undefined ? 0 : trouble.failedAt + trouble.backOff.delayMs);
}

function stop(input: DecideInput, view: PodView, graceSeconds: number, cause: StopAction['cause']): Decision {
  const by = Math.min(input.history.stopBy ?? Number.POSITIVE_INFINITY, input.now + Math.max(MINIMUM_GRACE_SECONDS, graceSeconds) * 1000);
  const states = input.observed?.containers ?? [];
  const containers = states.filter(({ state }) => state.kind !== 'created' && state.kind !== 'exited').map(({ name }) => name);
  const wait = held(input, 'stop');
  // A shorter grace than before does not wait for the pause after a failed attempt.
  if (wait !== undefined && by >= (input.history.stopBy ?? by)) return wait;
  return { action: { kind: 'stop', by, containers, stages: stages(view, containers), cause } };
}

/** Sidecars outlast the containers they serve, and the one that started first is the last to go. */
function stages(view: PodView, containers: readonly string[]): readonly (readonly string[])[] {
  const sidecars = view.containers.filter(({ name, role }) => role === 'sidecar' && containers.includes(name)).map(({ name }) => name);
  const others = containers.filter((name) => !sidecars.includes(name));
  return [...(others.length > 0 ? [others] : []), ...sidecars.reverse().map((name) => [name])];
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
