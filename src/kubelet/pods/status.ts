/** The status of a pod as the kubelet tells it: pure, from the same input as `decide`. */
import type { ContainerStatus, NodeAddress, Pod, PodStatus } from '../../platform/kubernetes-objects.ts';
import { rfc3339 } from '../../platform/clock.ts';
import { podConditions } from './conditions.ts';
import { containerStatus, FRESH_FAILURE_MS } from './container-status.ts';
import type { PodHistory } from './history.ts';
import { deadlineOf, isTerminal, viewPod, type PodInput, type PodView } from './view.ts';

export interface StatusInput extends PodInput {
  /** The last status that was told, or the API's for a pod that this process sees for the first time. */
  readonly previous: PodStatus;
  readonly addresses: readonly NodeAddress[];
  /** An operation that may start something is under way. */
  readonly busy: boolean;
}

const DEADLINE = { reason: 'DeadlineExceeded', message: 'Pod was active on the node longer than the specified deadline' } as const;

/** Conditions of other writers are not part of the result: a strategic merge patch leaves them alone. */
export function computeStatus(input: StatusInput): PodStatus {
  const { pod, history, previous, now } = input;
  if (isTerminal(previous.phase) && previous.containerStatuses?.some(({ state }) => state?.running !== undefined) !== true) return previous;
  const generation = pod.metadata?.generation;
  const base: PodStatus = {
    ...(generation === undefined || generation === 0 ? {} : { observedGeneration: Math.max(generation, previous.observedGeneration ?? 0) }),
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
  const containerStatuses = statusesOf(input, view, ending, over);
  const told = isTerminal(previous.phase) ? previous.phase : undefined;
  const cause = pastDeadline(input) && told === undefined ? DEADLINE : previous;
  const phase = told ?? phaseOf(input, view, { ending, over, statuses: containerStatuses });
  const ips = input.observed === undefined || input.observed.ips.length === 0 ? (previous.podIPs ?? []).map(({ ip }) => ip) : input.observed.ips;
  const sandboxReady = !isTerminal(phase) && input.observed !== undefined && (ips.length > 0 || view.canRun);
  return {
    ...base,
    phase,
    ...(isTerminal(phase) && cause.reason !== undefined ? { reason: cause.reason } : {}),
    ...(isTerminal(phase) && cause.message !== undefined ? { message: cause.message } : {}),
    conditions: podConditions({
      pod,
      previous,
      phase,
      sandboxReady,
      unready: containerStatuses.filter(({ ready }) => !ready).map(({ name }) => name),
      now,
    }),
    ...hostAddresses(input.addresses),
    ...(ips[0] === undefined ? {} : { podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) }),
    containerStatuses,
  };
}

/** When the status changes by time alone; milliseconds since the epoch, or undefined. */
export function statusChangesAt(history: PodHistory, now: number): number | undefined {
  const { trouble } = history;
  const at = trouble === undefined ? 0 : trouble.failedAt + FRESH_FAILURE_MS;
  return at > now ? at : undefined;
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

function statusesOf(input: StatusInput, view: PodView, ending: boolean, over: boolean): readonly ContainerStatus[] {
  const specs = input.pod.spec?.containers ?? [];
  return view.containers
    .flatMap((container, index) => {
      const spec = specs[index];
      const told = input.previous.containerStatuses?.find(({ name }) => name === container.name);
      const facts = { view: container, history: input.history, podTitle: podTitle(input.pod), previous: told, ending, over, now: input.now };
      return spec === undefined ? [] : [containerStatus({ spec, ...facts })];
    })
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** The phase rules of pkg/kubelet/kubelet_pods.go (getPhase); a terminal phase only when nothing can still run. */
function phaseOf(
  input: StatusInput,
  view: PodView,
  facts: { readonly ending: boolean; readonly over: boolean; readonly statuses: readonly ContainerStatus[] },
): 'Pending' | 'Running' | 'Succeeded' | 'Failed' {
  const ran = view.containers.some(({ alive, running, record }) => running || (!alive && record.run !== undefined) || record.restartCount > 0);
  if (facts.ending && !facts.over) return input.previous.phase === 'Running' || ran ? 'Running' : 'Pending';
  if (facts.ending) {
    if (pastDeadline(input) && input.pod.metadata?.deletionTimestamp === undefined) return 'Failed';
    return facts.statuses.every(({ state }) => state?.terminated?.exitCode === 0) ? 'Succeeded' : 'Failed';
  }
  const waiting = view.containers.some(({ record, running }) => record.run === undefined && !running);
  if (waiting) return 'Pending';
  if (view.canRun || input.busy || view.containers.some(({ exit }) => exit === undefined)) return 'Running';
  if (view.containers.some(({ wanted }) => wanted)) return 'Running';
  return view.containers.every(({ exit }) => exit?.exitCode === 0) ? 'Succeeded' : 'Failed';
}

function hostAddresses(addresses: readonly NodeAddress[]): Pick<PodStatus, 'hostIP' | 'hostIPs'> {
  const ips = addresses.filter(({ type }) => type === 'InternalIP').map(({ address }) => address);
  return ips[0] === undefined ? {} : { hostIP: ips[0], hostIPs: ips.map((ip) => ({ ip })) };
}
