/** The containers of a pod in the order in which they start, and the part each of them plays. */
import type { Container, ContainerStatus, Pod, PodStatus } from '../../platform/kubernetes-objects.ts';
import type { ContainerRequest } from '../provider.ts';

export interface PodContainer {
  readonly name: string;
  readonly role: ContainerRequest['role'];
  readonly spec: Container;
}

const NONE: readonly PodContainer[] = [];
const known = new WeakMap<object, readonly PodContainer[]>();

/** Init containers and sidecars as listed, then main containers, then ephemeral ones. */
export function podContainers(pod: Pod): readonly PodContainer[] {
  const { spec } = pod;
  if (spec === undefined) return NONE;
  const before = known.get(spec);
  if (before !== undefined) return before;
  const containers: readonly PodContainer[] = [
    ...(spec.initContainers ?? []).map((init): PodContainer => ({ name: init.name, role: init.restartPolicy === 'Always' ? 'sidecar' : 'init', spec: init })),
    ...spec.containers.map((main): PodContainer => ({ name: main.name, role: 'main', spec: main })),
    ...(spec.ephemeralContainers ?? []).map((ephemeral): PodContainer => ({ name: ephemeral.name, role: 'ephemeral', spec: ephemeral })),
  ];
  known.set(spec, containers);
  return containers;
}

/** Every container status of a pod, whichever list it is in; names are unique in a pod. */
export function containerStatusesOf(status: PodStatus | undefined): readonly ContainerStatus[] {
  return [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? []), ...(status?.ephemeralContainerStatuses ?? [])];
}
