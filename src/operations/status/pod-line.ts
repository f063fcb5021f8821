import type { Pod } from '../../platform/kubernetes-objects.ts';

export interface PodLine {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  /** What kubectl shows under STATUS: the phase, or the reason of a waiting or ended container. */
  readonly status: string;
  /** `1/2` containers ready. */
  readonly ready: string;
  readonly restarts: number;
  readonly startedAt: number | undefined;
}

/** The STATUS column of kubectl get pods, for what a reader needs: deletion, then containers, then the pod itself. */
export function podLine(pod: Pod): PodLine {
  const containers = pod.status?.containerStatuses ?? [];
  const troubled = [...(pod.status?.initContainerStatuses ?? []), ...containers]
    .map(
      ({ state }) =>
        state?.waiting?.reason ??
        (state?.terminated?.exitCode !== undefined && state.terminated.exitCode !== 0
          ? (state.terminated.reason ?? `ExitCode:${String(state.terminated.exitCode)}`)
          : undefined),
    )
    .find((reason) => reason !== undefined && reason !== 'PodInitializing');
  const phase = pod.status?.reason ?? troubled ?? (pod.status?.phase === 'Succeeded' ? 'Completed' : pod.status?.phase) ?? 'Unknown';
  const started = Date.parse(pod.metadata?.creationTimestamp ?? '');
  return {
    uid: pod.metadata?.uid ?? '',
    namespace: pod.metadata?.namespace ?? '',
    name: pod.metadata?.name ?? '',
    status: pod.metadata?.deletionTimestamp === undefined ? phase : 'Terminating',
    ready: `${String(containers.filter((container) => container.ready).length)}/${String(pod.spec?.containers.length ?? 0)}`,
    restarts: containers.reduce((sum, container) => sum + container.restartCount, 0),
    startedAt: Number.isNaN(started) ? undefined : started,
  };
}
