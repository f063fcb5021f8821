import type { ContainerInfo } from '../../clients/port-layer/port.ts';
import type { ContainerRequest, RecoveredPod } from '../../kubelet/provider.ts';

/** One container of a pod, as it is remembered with the pod's VM. */
export interface PodContainer {
  readonly name: string;
  readonly role: ContainerRequest['role'];
  /** The task that runs it. The first container's is the VM's own id. */
  readonly task: string;
  readonly layerId: string;
  readonly imageId: string;
  /** `repository@sha256:…` or `sha256:…`, for `containerStatuses[].imageID`. */
  readonly imageRef: string;
  readonly stopSignal: string;
}

/** What a pod's VM says about itself: all that recovery after a restart needs. */
export interface PodIdentity extends RecoveredPod {
  readonly containers: readonly PodContainer[];
}

/** Keys of the VM's annotations. People may read the first three; the last one is JSON, with a version for later readers. */
const UID = 'vick.dev/uid';
const NAMESPACE = 'vick.dev/namespace';
const NAME = 'vick.dev/name';
const CONTAINERS = 'vick.dev/containers';
const VERSION = 1;

/** The task of the first container has the VM's id, which is only known once the VM's handle exists. */
const PRIMARY = '';

export function podAnnotations(identity: RecoveredPod, containers: readonly PodContainer[], vmId: string): Readonly<Record<string, string>> {
  const stored = containers.map((container) => ({ ...container, task: container.task === vmId ? PRIMARY : container.task }));
  return {
    [UID]: identity.uid,
    [NAMESPACE]: identity.namespace,
    [NAME]: identity.name,
    [CONTAINERS]: JSON.stringify({ version: VERSION, containers: stored }),
  };
}

/** Undefined: not a pod that this provider made, for example a docker user's container. */
export function readIdentity(info: Pick<ContainerInfo, 'id' | 'annotations'>): PodIdentity | undefined {
  const { [UID]: uid, [NAMESPACE]: namespace, [NAME]: name, [CONTAINERS]: text } = info.annotations;
  if (uid === undefined || uid === '' || namespace === undefined || name === undefined) return undefined;
  return { uid, namespace, name, containers: readContainers(text, info.id) };
}

function readContainers(text: string | undefined, vmId: string): readonly PodContainer[] {
  try {
    const stored = JSON.parse(text ?? '') as { readonly version?: unknown; readonly containers?: unknown };
    if (stored.version !== VERSION || !Array.isArray(stored.containers)) return [];
    return (stored.containers as readonly PodContainer[]).map((container) => ({
      ...container,
      task: container.task === PRIMARY ? vmId : container.task,
    }));
  } catch {
    // A pod whose containers cannot be told apart can still be found, stopped and removed.
    return [];
  }
}
