/** Finds what a path names among the pods of this node. Names are compared, never used otherwise. */
import type { ContainerStatus, Pod } from '../../platform/kubernetes-objects.ts';
import { HttpError } from './responses.ts';
import type { RouteParameters } from './routes.ts';

export interface FoundPod {
  readonly pod: Pod;
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
}

export interface FoundContainer extends FoundPod {
  readonly container: string;
  /** Undefined while the pod's status does not name the container. */
  readonly status: ContainerStatus | undefined;
}

/** Undefined: no such pod here. Of several of one name, one of which may still be ending, the newest. */
export function findPod(pods: readonly Pod[], { namespace, pod: name, uid }: RouteParameters): FoundPod | undefined {
  const [pod] = pods
    .filter(({ metadata }) => metadata?.namespace === namespace && metadata?.name === name && (uid === undefined || metadata?.uid === uid))
    .sort((a, b) => (b.metadata?.creationTimestamp ?? '').localeCompare(a.metadata?.creationTimestamp ?? ''));
  const found = pod?.metadata?.uid;
  if (pod === undefined || found === undefined || name === undefined || namespace === undefined) return undefined;
  return { pod, uid: found, name, namespace };
}

/** Undefined: the pod has no such container. */
export function findContainer(found: FoundPod, container: string | undefined): FoundContainer | undefined {
  const { spec, status } = found.pod;
  const all = [...(spec?.containers ?? []), ...(spec?.initContainers ?? []), ...(spec?.ephemeralContainers ?? [])];
  if (container === undefined || !all.some(({ name }) => name === container)) return undefined;
  const statuses = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? []), ...(status?.ephemeralContainerStatuses ?? [])];
  return { ...found, container, status: statuses.find(({ name }) => name === container) };
}

/** For exec and attach: the container must be there and run. Throws HttpError. */
export function runningContainer(pods: readonly Pod[], parameters: RouteParameters): FoundContainer {
  const pod = findPod(pods, parameters);
  if (pod === undefined) throw new HttpError(404, 'pod does not exist');
  const found = findContainer(pod, parameters.container);
  if (found === undefined) throw new HttpError(404, `container not found ("${parameters.container ?? ''}")`);
  if (found.status?.state?.running === undefined) throw new HttpError(400, `container "${found.container}" in pod "${found.name}" is not running`);
  return found;
}
