/** How a pod's history moves forward: by what the back end shows, and by what the kubelet itself does. Pure. */
import type { Pod } from '../../platform/kubernetes-objects.ts';
import { omit } from '../omit.ts';
import type { ObservedPod } from '../provider.ts';
import { recordOf, type ContainerRecord, type PodHistory } from './history.ts';
import { podContainers } from './pod-containers.ts';
import { wantsRestart } from './restart-policy.ts';
import { begun, lost, observed as afterObservation, outlived, settled, UNKNOWN_EXIT } from './runs.ts';

/**
 * `history` after an answer of the back end. `observed` undefined means that it has no such pod. When the sandbox was
 * lost, nothing that ran in it counts for the next one: init containers run again. A pod of policy Never that has begun
 * does not begin anew (pkg/kubelet/kuberuntime, PodSandboxChanged and shouldRestartOnFailure).
 */
export function remember(
  input: { readonly pod: Pod; readonly imagesOf: 'container' | 'pod'; readonly provider: string; readonly now: number },
  history: PodHistory,
  observed: ObservedPod | undefined,
): PodHistory {
  const { pod, now } = input;
  const lostSandbox = observed === undefined || observed.sandboxLost === true;
  const states = new Map(observed?.containers.map((container) => [container.name, container]));
  const containers: Record<string, ContainerRecord> = {};
  for (const container of podContainers(pod)) {
    const record = recordOf(history, container.name);
    const looked = record.settled === true ? record : afterObservation(record, states.get(container.name), input.provider, now);
    const named = looked.run !== undefined && looked.image === undefined ? { ...looked, image: container.spec.image ?? '' } : looked;
    // Back-offs go by container and definition (pkg/kubelet/kuberuntime, getStableKey): one that waits with another image begins at once.
    const changed =
      input.imagesOf === 'container' && named.run?.exit !== undefined && named.image !== undefined && named.image !== (container.spec.image ?? '');
    const due = changed ? omit(named, 'backOff') : named;
    containers[container.name] = lostSandbox ? outlived(due, now) : due;
  }
  const begun = podContainers(pod).some(({ name, role }) => role !== 'ephemeral' && containers[name]?.run !== undefined);
  for (const container of podContainers(pod)) {
    const { name, role } = container;
    const record = containers[name];
    if (record === undefined) continue;
    const never = lostSandbox && begun && role === 'main' && record.run === undefined && !wantsRestart(pod, container, UNKNOWN_EXIT.exitCode);
    const ended = never ? { ...record, run: { exit: lost('The pod was lost before the container ran', now) } } : record;
    containers[name] = settled(pod, container, ended);
  }
  return { ...history, containers };
}

/** `history` when containers are about to start from their present definitions. */
export function rememberImages(history: PodHistory, pod: Pod, names: readonly string[]): PodHistory {
  const containers = { ...history.containers };
  for (const { name, spec } of podContainers(pod)) {
    if (names.includes(name)) containers[name] = { ...recordOf(history, name), image: spec.image ?? '' };
  }
  return { ...history, containers };
}

/**
 * `history` after containers were started: a run that ended is the last one now, and the next restart waits longer.
 * `before` is the history from before the start: a run that was seen since is the one that was started, be it over already.
 */
export function rememberStart(history: PodHistory, names: readonly string[], now: number, before: PodHistory = history): PodHistory {
  const containers = { ...history.containers };
  for (const name of names) {
    const [then, record] = [recordOf(before, name), recordOf(history, name)];
    const seen = record.restartCount > then.restartCount || (then.run === undefined && record.run !== undefined);
    containers[name] = seen ? { ...omit(record, 'trouble'), lastStart: now } : begun(record, now);
  }
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
