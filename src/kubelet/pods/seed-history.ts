/** The history of a pod as far as its status in the API tells it; a restarted kubelet begins with this. */
import type { ContainerStatus, Pod } from '../../platform/kubernetes-objects.ts';
import type { ContainerRecord, Exit, PodHistory, Run } from './history.ts';
import { containerStatusesOf } from './pod-containers.ts';

/** The history of a pod that this process sees for the first time. */
export function seedHistory(pod: Pod): PodHistory {
  const startTime = pod.status?.startTime;
  const statuses = containerStatusesOf(pod.status);
  return {
    ...(startTime === undefined ? {} : { startTime: Date.parse(startTime) }),
    admitted: startTime !== undefined,
    containers: Object.fromEntries(statuses.map((status) => [status.name, seedRecord(status)])),
    stopConfirmed: false,
  };
}

function seedRecord(status: ContainerStatus): ContainerRecord {
  const { running, terminated } = status.state ?? {};
  const previous = exitOf(status.lastState?.terminated);
  const current = exitOf(terminated);
  // CrashLoopBackOff and its like: the last run ended, and the next one has not begun.
  const waiting = status.state?.waiting !== undefined && previous !== undefined;
  const run: Run | undefined =
    current !== undefined
      ? { exit: current, coarse: true, ...startOf(current.startedAt) }
      : running !== undefined
        ? { coarse: true, ...startOf(running.startedAt === undefined ? undefined : Date.parse(running.startedAt)) }
        : waiting
          ? { exit: previous, coarse: true, ...startOf(previous.startedAt), ...staleOf(status) }
          : undefined;
  return {
    restartCount: status.restartCount,
    ...(run === undefined ? {} : { run }),
    ...(previous === undefined || waiting ? {} : { lastExit: previous }),
    ...(run === undefined || status.image === '' ? {} : { image: status.image }),
    ...(status.imageID === '' ? {} : { imageID: status.imageID }),
    ...(status.containerID === undefined || status.containerID === '' ? {} : { containerID: status.containerID }),
  };
}

/** A container that has run and waits for init containers lost its sandbox after that run. */
function staleOf(status: ContainerStatus): { readonly stale?: boolean } {
  return status.state?.waiting?.reason === 'PodInitializing' ? { stale: true } : {};
}

function exitOf(terminated: NonNullable<ContainerStatus['state']>['terminated']): Exit | undefined {
  if (terminated === undefined) return undefined;
  const { exitCode, signal, reason, message, startedAt, finishedAt, containerID } = terminated;
  return {
    exitCode,
    finishedAt: typeof finishedAt === 'string' ? Date.parse(finishedAt) : 0,
    ...(signal === undefined || signal === 0 ? {} : { signal }),
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
    ...startOf(typeof startedAt === 'string' ? Date.parse(startedAt) : undefined),
    ...(containerID === undefined ? {} : { containerID }),
  };
}

function startOf(startedAt: number | undefined): { readonly startedAt?: number } {
  return startedAt === undefined ? {} : { startedAt };
}
