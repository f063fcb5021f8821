/** The status of a pod as the kubelet tells it: pure, from the same input as `decide`. */
import type { ContainerStatus, NodeAddress, Pod, PodStatus } from '../../platform/kubernetes-objects.ts';
import { rfc3339 } from '../../platform/clock.ts';
import { observedGeneration, podConditions, seenAgain } from './conditions.ts';
import { containerStatus, FRESH_FAILURE_MS } from './container-status.ts';
import type { PodHistory } from './history.ts';
import { containerStatusesOf, podContainers, type PodContainer } from './pod-containers.ts';
import { wantsRestart } from './restart-policy.ts';
import { deadlineOf, isTerminal, viewPod, type PodInput, type PodView } from './view.ts';

export interface StatusInput extends PodInput {
  /** The last status that was told, or the API's for a pod that this process sees for the first time. */
  readonly previous: PodStatus;
  readonly addresses: readonly NodeAddress[];
  /** An operation that may start something is under way. */
  readonly busy: boolean;
  /** Containers whose start is not finished: they run before their postStart hook has ended. */
  readonly starting?: readonly string[];
}

const DEADLINE = { reason: 'DeadlineExceeded', message: 'Pod was active on the node longer than the specified deadline' } as const;

/** Conditions of other writers are not part of the result: a strategic merge patch leaves them alone. */
export function computeStatus(input: StatusInput): PodStatus {
  const { pod, history, previous, now } = input;
  if (isTerminal(previous.phase) && !containerStatusesOf(previous).some(({ state }) => state?.running !== undefined)) return seenAgain(pod, previous);
  const base: PodStatus = {
    ...observedGeneration(pod, previous),
    startTime: previous.startTime ?? rfc3339(history.startTime ?? now),
    ...(previous.qosClass === undefined ? {} : { qosClass: previous.qosClass }),
  };
  if (history.rejection !== undefined) {
    const { reason, message } = history.rejection;
    return { ...base, phase: 'Failed', reason, message: `Pod was rejected: ${message}` };
  }
  const view = viewPod(input);
  const ending = isEnding(input);
  const over = ending && !view.canRun && !input.busy;
  const statuses = statusesOf(input, view, ending, over);
  const told = isTerminal(previous.phase) ? previous.phase : undefined;
  const cause = pastDeadline(input) && told === undefined ? DEADLINE : previous;
  const phase = told ?? phaseOf(input, view, { ending, over, statuses: statuses.containerStatuses ?? [] });
  const ips = input.observed === undefined || input.observed.ips.length === 0 ? (previous.podIPs ?? []).map(({ ip }) => ip) : input.observed.ips;
  const lost = input.observed === undefined || input.observed.sandboxLost === true;
  const sandboxReady = !isTerminal(phase) && !lost && (input.observed.ips.length > 0 || view.canRun);
  return {
    ...base,
    phase,
    ...(isTerminal(phase) && cause.reason !== undefined ? { reason: cause.reason } : {}),
    ...(isTerminal(phase) && cause.message !== undefined ? { message: cause.message } : {}),
    conditions: podConditions({ pod, previous, phase, sandboxReady, incomplete: incomplete(view), unready: unready(view, statuses), now }),
    ...hostAddresses(input.addresses),
    ...(ips[0] === undefined ? {} : { podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) }),
    ...statuses,
  };
}

/** When the status changes by time alone; milliseconds since the epoch, or undefined. */
export function statusChangesAt(history: PodHistory, now: number): number | undefined {
  const troubles = [history.trouble, ...Object.values(history.containers).map(({ trouble }) => trouble)];
  const times = troubles.flatMap((trouble) => (trouble === undefined ? [] : [trouble.failedAt + FRESH_FAILURE_MS])).filter((at) => at > now);
  return times.length === 0 ? undefined : Math.min(...times);
}

/** How a pod is named in messages: `<name>_<namespace>(<uid>)`. */
export function podTitle(pod: Pod): string {
  const { name = '', namespace = '', uid = '' } = pod.metadata ?? {};
  return `${name}_${namespace}(${uid})`;
}

function isEnding(input: StatusInput): boolean {
  return input.pod.metadata?.deletionTimestamp !== undefined || isTerminal(input.previous.phase) || pastDeadline(input);
}

function pastDeadline(input: PodInput): boolean {
  const deadline = deadlineOf(input.pod, input.history);
  return deadline !== undefined && input.now >= deadline;
}

type Statuses = Pick<PodStatus, 'initContainerStatuses' | 'containerStatuses' | 'ephemeralContainerStatuses'>;

/** Init containers in the order of the spec, all others by name; a list that the spec does not have is left out. */
function statusesOf(input: StatusInput, view: PodView, ending: boolean, over: boolean): Statuses {
  const told = containerStatusesOf(input.previous);
  const inOrder = podContainers(input.pod).flatMap(({ name, role, spec }, index) => {
    const container = view.containers[index];
    if (container === undefined) return [];
    const status = containerStatus({
      ...{ spec, view: container, history: input.history, podTitle: podTitle(input.pod), ending, over, now: input.now },
      previous: told.find((status) => status.name === name),
      starting: input.starting?.includes(name) === true,
      initializing: !view.initialized,
      hasInits: view.containers.some(({ role }) => role === 'init' || role === 'sidecar'),
      terminating: input.pod.metadata?.deletionTimestamp !== undefined,
      leavesTerminated: mayLeaveTerminated(input.pod, podContainers(input.pod)[index]),
    });
    return [{ role, status }];
  });
  const of = (...roles: readonly string[]): ContainerStatus[] => inOrder.filter(({ role }) => roles.includes(role)).map(({ status }) => status);
  const [inits, ephemeral] = [of('init', 'sidecar'), of('ephemeral')];
  return {
    ...(inits.length === 0 ? {} : { initContainerStatuses: inits }),
    containerStatuses: of('main').sort(byName),
    ...(ephemeral.length === 0 ? {} : { ephemeralContainerStatuses: ephemeral.sort(byName) }),
  };
}

function byName(a: ContainerStatus, b: ContainerStatus): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/** Whether the API server takes a state after this terminated one (pkg/apis/core/validation, ValidateContainerStateTransition). */
function mayLeaveTerminated(pod: Pod, container: PodContainer | undefined): (exitCode: number) => boolean {
  return (exitCode) => {
    if (container === undefined || container.role === 'sidecar' || (pod.spec?.restartPolicy ?? 'Always') === 'Always') return true;
    return wantsRestart(pod, container, exitCode);
  };
}

/** Init containers that have not succeeded and sidecars that have not started. */
function incomplete(view: PodView): readonly string[] {
  if (view.initialized) return [];
  return view.containers
    .filter(({ role, ended, started, record }) => (role === 'init' && !(ended && record.run?.exit?.exitCode === 0)) || (role === 'sidecar' && !started))
    .map(({ name }) => name);
}

function unready(view: PodView, statuses: Statuses): readonly string[] {
  const ready = new Set(
    [...(statuses.initContainerStatuses ?? []), ...(statuses.containerStatuses ?? [])].filter(({ ready }) => ready).map(({ name }) => name),
  );
  return view.containers.filter(({ name, role }) => (role === 'main' || role === 'sidecar') && !ready.has(name)).map(({ name }) => name);
}

/** The phase rules of pkg/kubelet/kubelet_pods.go (getPhase); a terminal phase only when nothing can still run. */
function phaseOf(
  input: StatusInput,
  view: PodView,
  facts: { readonly ending: boolean; readonly over: boolean; readonly statuses: readonly ContainerStatus[] },
): 'Pending' | 'Running' | 'Succeeded' | 'Failed' {
  const mains = view.containers.filter(({ role }) => role === 'main');
  const ran = mains.some(({ alive, running, record }) => running || (!alive && record.run !== undefined) || record.restartCount > 0);
  if (facts.ending && !facts.over) return input.previous.phase === 'Running' || ran ? 'Running' : 'Pending';
  if (facts.ending) {
    if (pastDeadline(input) && input.pod.metadata?.deletionTimestamp === undefined) return 'Failed';
    return !view.initFailed && facts.statuses.every(({ state }) => state?.terminated?.exitCode === 0) ? 'Succeeded' : 'Failed';
  }
  if (view.finished && !view.canRun && !input.busy) {
    return !view.initFailed && mains.every(({ exit }) => exit?.exitCode === 0) ? 'Succeeded' : 'Failed';
  }
  const untold = (name: string): boolean =>
    input.starting?.includes(name) === true && facts.statuses.some((status) => status.name === name && neverRan(status));
  const waiting = mains.some(({ name, record, running }) => (record.run === undefined && !running) || untold(name));
  return !view.initialized || waiting ? 'Pending' : 'Running';
}

function neverRan({ state, lastState, restartCount }: ContainerStatus): boolean {
  return state?.waiting !== undefined && restartCount === 0 && lastState?.terminated === undefined;
}

function hostAddresses(addresses: readonly NodeAddress[]): Pick<PodStatus, 'hostIP' | 'hostIPs'> {
  const ips = addresses.filter(({ type }) => type === 'InternalIP').map(({ address }) => address);
  return ips[0] === undefined ? {} : { hostIP: ips[0], hostIPs: ips.map((ip) => ({ ip })) };
}
