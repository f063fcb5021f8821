import type { ContainerInfo } from '../../clients/port-layer/port.ts';
import type { ContainerRequest, RecoveredPod } from '../../kubelet/provider.ts';

/** One container of a pod, as it is remembered with the pod's VM. */
export interface PodContainer {
  readonly name: string;
  readonly role: ContainerRequest['role'];
  readonly layerId: string;
  readonly imageId: string;
  /** `repository@sha256:…` or `sha256:…`, for `containerStatuses[].imageID`. */
  readonly imageRef: string;
  readonly stopSignal: string;
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly stdinOnce: boolean;
  /** The end of the log is the termination message when it fails. */
  readonly logMessage?: boolean;
  /** Fingerprint of the process that the VM was made with; undefined for those that come later. */
  readonly definition?: string;
}

/** What a pod's VM says about itself: all that recovery after a restart needs. */
export interface PodIdentity extends RecoveredPod {
  readonly hostname: string;
  /** In spec order, init containers first. */
  readonly containers: readonly PodContainer[];
}

/** Keys of the VM's annotations. People may read the first three; the last one is JSON, with a version for later readers. */
const UID = 'vick.dev/uid';
const NAMESPACE = 'vick.dev/namespace';
const NAME = 'vick.dev/name';
const CONTAINERS = 'vick.dev/containers';
const VERSION = 2;

export function podAnnotations(identity: PodIdentity): Readonly<Record<string, string>> {
  return {
    [UID]: identity.uid,
    [NAMESPACE]: identity.namespace,
    [NAME]: identity.name,
    [CONTAINERS]: JSON.stringify({ version: VERSION, hostname: identity.hostname, containers: identity.containers }),
  };
}

/** Undefined: not a pod that this provider made, for example a docker user's container. */
export function readIdentity(info: Pick<ContainerInfo, 'annotations'>): PodIdentity | undefined {
  const { [UID]: uid, [NAMESPACE]: namespace, [NAME]: name, [CONTAINERS]: text } = info.annotations;
  if (uid === undefined || uid === '' || namespace === undefined || name === undefined) return undefined;
  return { uid, namespace, name, ...readDetails(text, name) };
}

/** What the VM starts with: its first init container, or all that are none. */
export function firstGroup({ containers }: PodIdentity): readonly string[] {
  const init = containers.find(({ role }) => role === 'init');
  return init === undefined ? containers.map(({ name }) => name) : [init.name];
}

/** The one of a group whose end the port layer tells: the first main container, or the first there is. */
export function primaryOf(identity: PodIdentity, group: readonly string[]): PodContainer | undefined {
  const members = identity.containers.filter(({ name }) => group.includes(name));
  return members.find(({ role }) => role === 'main') ?? members[0];
}

/**
 * The task that runs a container. The primary's has the VM's id. The others' names must be unique in the whole VCH,
 * because streams are found by the task alone.
 */
export function taskOf(vmId: string, container: string, primary: string | undefined): string {
  return container === primary ? vmId : `${container}-${vmId.slice(0, 12)}`;
}

function readDetails(text: string | undefined, podName: string): Pick<PodIdentity, 'hostname' | 'containers'> {
  // A pod whose containers cannot be told apart can still be found, stopped and removed.
  const unreadable = { hostname: podName, containers: [] };
  try {
    const stored = JSON.parse(text ?? '') as { readonly version?: unknown; readonly hostname?: unknown; readonly containers?: unknown };
    if (stored.version !== VERSION || typeof stored.hostname !== 'string' || !Array.isArray(stored.containers)) return unreadable;
    return { hostname: stored.hostname, containers: stored.containers as readonly PodContainer[] };
  } catch {
    return unreadable;
  }
}
