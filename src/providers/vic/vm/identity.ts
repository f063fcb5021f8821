import type { ContainerInfo } from '../../../clients/port-layer/port.ts';
import type { ContainerRequest, RecoveredPod } from '../../../kubelet/provider.ts';

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
  /** Where its termination message is on the disk of its image; undefined: where it cannot be read. */
  readonly messageFile?: string;
  /** Fingerprint of the process that the VM was made with; undefined for those that come later. */
  readonly definition?: string;
}

/** What a pod's VM says about itself: all that recovery after a restart needs. */
export interface PodIdentity extends RecoveredPod {
  readonly hostname: string;
  /** In spec order, init containers first; of a VM that is a part of its pod, the one that it is for. */
  readonly containers: readonly PodContainer[];
  /** Undefined: the VM is the whole pod. */
  readonly part?: PodPart;
}

/** A VM that is made for one container of its pod. */
export interface PodPart {
  readonly container: string;
  /** Names of all containers of the pod in spec order, init containers first. */
  readonly order: readonly string[];
  /** TCP ports that the container declares. */
  readonly ports: readonly number[];
  /** The pod's, for VMs that are made later than the others. */
  readonly subdomain?: string;
}

/** Keys of the VM's annotations. People may read the first four; the last one is JSON, with a version for later readers. */
const UID = 'vick.dev/uid';
const NAMESPACE = 'vick.dev/namespace';
const NAME = 'vick.dev/name';
const CONTAINER = 'vick.dev/container';
const CONTAINERS = 'vick.dev/containers';
const VERSION = 2;

export function podAnnotations(identity: PodIdentity): Readonly<Record<string, string>> {
  return {
    [UID]: identity.uid,
    [NAMESPACE]: identity.namespace,
    [NAME]: identity.name,
    ...(identity.part === undefined ? {} : { [CONTAINER]: identity.part.container }),
    [CONTAINERS]: JSON.stringify({ version: VERSION, hostname: identity.hostname, containers: identity.containers, part: identity.part }),
  };
}

/** Undefined: not a pod that this provider made, for example a docker user's container. */
export function readIdentity(info: Pick<ContainerInfo, 'annotations'>): PodIdentity | undefined {
  const { [UID]: uid, [NAMESPACE]: namespace, [NAME]: name, [CONTAINERS]: text } = info.annotations;
  if (uid === undefined || uid === '' || namespace === undefined || name === undefined) return undefined;
  return { uid, namespace, name, ...readDetails(text, name, info.annotations[CONTAINER]) };
}

/** What the VM starts with: the container that is the first to start. */
export function firstGroup({ containers }: PodIdentity): readonly string[] {
  return containers.slice(0, 1).map(({ name }) => name);
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

/** A task that is joined while the VM runs. Never the id of another one, of which the port layer would not tell them apart. */
export function taskIdOf(vmId: string, container: string, number: number): string {
  return `${vmId.slice(0, 12)}-${container}-${String(number)}`;
}

function readDetails(text: string | undefined, podName: string, container: string | undefined): Pick<PodIdentity, 'hostname' | 'containers' | 'part'> {
  const part = container === undefined ? undefined : { container, order: [container], ports: [] };
  // A pod whose containers cannot be told apart can still be found, stopped and removed.
  const unreadable = { hostname: podName, containers: [], ...(part === undefined ? {} : { part }) };
  try {
    const stored = JSON.parse(text ?? '') as { readonly version?: unknown; readonly hostname?: unknown; readonly containers?: unknown; readonly part?: object };
    if (stored.version !== VERSION || typeof stored.hostname !== 'string' || !Array.isArray(stored.containers)) return unreadable;
    const { hostname, containers } = stored;
    return { hostname, containers: containers as readonly PodContainer[], ...(part === undefined ? {} : { part: { ...part, ...stored.part } }) };
  } catch {
    return unreadable;
  }
}
