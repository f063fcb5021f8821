/** Which events a pod's failures and state changes are told by (reasons of pkg/kubelet/events/event.go). Pure. */
import type { Pod, PodStatus } from '../../platform/kubernetes-objects.ts';
import type { EventText } from '../events.ts';
import type { PodHistory, Trouble } from './history.ts';
import { containerStatusesOf, podContainers } from './pod-containers.ts';
import { podTitle } from './status.ts';
import { mountMessage, type VolumeFailure } from './volumes/failure.ts';

export interface PodEvent {
  readonly event: EventText;
  readonly container?: string;
}

/** What to tell about the pod's trouble that `history` holds. */
export function troubleEvents(pod: Pod, history: PodHistory): readonly PodEvent[] {
  return history.trouble === undefined ? [] : eventsOf(pod, history.trouble);
}

/** What to tell about one failed operation. */
export function eventsOf(pod: Pod, trouble: Trouble): readonly PodEvent[] {
  const warning = (reason: string, message: string): PodEvent => ({
    event: { type: 'Warning', reason, message },
    ...(trouble.container === undefined ? {} : { container: trouble.container }),
  });
  const ends = trouble.operation === 'stop' || trouble.operation === 'kill' || trouble.operation === 'remove';
  if (ends) return [warning('FailedKillPod', `error killing pod: ${trouble.message}`)];
  const { reason } = trouble;
  if (reason === undefined) {
    return trouble.operation === 'create'
      ? [warning('FailedCreatePodSandBox', `Failed to create pod: ${trouble.message}`)]
      : [warning('FailedSync', `error starting pod: ${trouble.message}`)];
  }
  switch (reason) {
    case 'CreatePodSandboxError':
      return [warning('FailedCreatePodSandBox', `Failed to create pod sandbox: ${trouble.message}`)];
    case 'RegistryUnavailable':
    case 'ErrImagePull': {
      const image = podContainers(pod).find(({ name }) => name === trouble.container)?.spec.image ?? '';
      return [warning('Failed', `Failed to pull image "${image}": ${trouble.message}`), warning('Failed', `Error: ${reason}`)];
    }
    case 'ErrImageNeverPull':
      return [warning('ErrImageNeverPull', trouble.message)];
    case 'InvalidImageName':
    case 'ImageInspectError':
      return [warning('InspectFailed', trouble.message), warning('Failed', `Error: ${reason}`)];
    case 'CreateContainerConfigError':
    case 'CreateContainerError':
    case 'RunContainerError':
      return [warning('Failed', `Error: ${trouble.message}`)];
  }
}

/** One event for each volume that could not be set up. */
export function mountEvents({ problems }: VolumeFailure): readonly PodEvent[] {
  return problems.map((problem) => ({ event: { type: 'Warning', reason: 'FailedMount', message: mountMessage(problem) } }));
}

/** Back-offs that a container has entered between two statuses. */
export function backOffEvents(pod: Pod, before: PodStatus | undefined, after: PodStatus): readonly PodEvent[] {
  const known = containerStatusesOf(before);
  return containerStatusesOf(after).flatMap((status): readonly PodEvent[] => {
    const old = known.find(({ name }) => name === status.name);
    const reason = status.state?.waiting?.reason;
    const same = old?.state?.waiting?.reason === reason && old?.restartCount === status.restartCount;
    if (reason === undefined || same) return [];
    const container = status.name;
    if (reason === 'CrashLoopBackOff') {
      const message = `Back-off restarting failed container ${container} in pod ${podTitle(pod)}`;
      return [{ container, event: { type: 'Warning', reason: 'BackOff', message } }];
    }
    if (reason !== 'ImagePullBackOff') return [];
    return [
      { container, event: { type: 'Normal', reason: 'BackOff', message: `Back-off pulling image "${status.image}"` } },
      { container, event: { type: 'Warning', reason: 'Failed', message: 'Error: ImagePullBackOff' } },
    ];
  });
}
