/**
 * What the kubelet core needs of whatever runs pods. It speaks CRI's vocabulary where it can
 * (k8s.io/cri-api/pkg/apis/runtime/v1/api.proto) and knows no back end.
 *
 * Rules for every provider:
 * - A pod is known by its UID, never by its name: the same name may exist twice while one of them terminates.
 * - `undefined` means *absent*. Whatever else goes wrong must throw: the core then knows nothing and does nothing.
 * - Every call may be repeated. `create` is idempotent by UID; `stop`, `remove` of something absent succeed.
 * - Objects handed over are immutable; the provider keeps what it needs for recovery in the back end, with the pod.
 */
import type { Container, NodeAddress, NodeSystemInfo, Pod } from '../platform/kubernetes-objects.ts';
import type { ContainerAttach, ContainerExec, ContainerLogs, ImageService, PodNetwork, PodStats, VolumeService } from './capabilities.ts';

export interface PodProvider {
  /** Short name, also the `<type>` of `containerID` and `containerRuntimeVersion`: `vic`, `docker`, `memory`. */
  readonly name: string;
  /**
   * What images are chosen for at once: a whole pod at `create`, which is given definitions then and keeps their images
   * for its life, or a container at its start. Default: a container.
   */
  readonly imagesOf?: 'container' | 'pod';
  readonly support: SupportTable;

  /** Absent: the provider needs no images, and the core pulls none. */
  readonly images?: ImageService;
  /** Absent: file volumes keep what they had at the start. */
  readonly volumes?: VolumeService;
  /** Absent: the verbs that need it are answered with 501 and the reason; probes and hooks of that kind are refused. */
  readonly logs?: ContainerLogs;
  readonly exec?: ContainerExec;
  readonly attach?: ContainerAttach;
  readonly network?: PodNetwork;
  readonly stats?: PodStats;

  /** Facts for `node.status.nodeInfo` and the addresses under which port 10250 is reached. */
  describe(signal: AbortSignal): Promise<NodeFacts>;
  /** Total and allocatable resources as Kubernetes quantities. Throws when unknown; the core keeps the last answer. */
  capacity(signal: AbortSignal): Promise<NodeCapacity>;
  /** One probe of everything this provider depends on. Never throws for an unhealthy back end: that is the answer. */
  health(signal: AbortSignal): Promise<ProviderHealth>;

  /** Every pod in the back end that this provider made, whether or not this process made it. Complete, or it throws. */
  list(signal: AbortSignal): Promise<readonly RecoveredPod[]>;
  /**
   * Makes the pod's sandbox: identity, volumes, network. With images of containers that is all, and `status` shows its
   * addresses; with images of pods the containers are defined as well and none is started. On failure nothing is left behind.
   */
  create(request: CreatePodRequest, signal: AbortSignal): Promise<void>;
  /**
   * Starts containers from the given definitions: one that has run before is made anew. Starting what runs already
   * succeeds. Once it has resolved, `status` shows the new run and no longer the exit of the one before, whose log stays
   * readable as `previous`.
   */
  start(request: StartRequest, signal: AbortSignal): Promise<void>;
  /** Stops one container with its stop signal, then by force after `graceSeconds`. Resolves when it has stopped. */
  stop(target: StopTarget, signal: AbortSignal): Promise<void>;
  /** Removes the pod and everything of it; resolves when it is verifiably gone. */
  remove(uid: string, signal: AbortSignal): Promise<void>;
  /** The state of one pod, or undefined when the back end has no such pod. */
  status(uid: string, signal: AbortSignal): Promise<ObservedPod | undefined>;
  /**
   * Tells which pods may have changed, as a hint; `undefined` means "any". Runs until the signal aborts and
   * reconnects by itself. A provider with no events polls.
   */
  watch(onChange: (uid: string | undefined) => void, signal: AbortSignal): Promise<void>;
}

export interface NodeFacts {
  readonly systemInfo: Pick<
    NodeSystemInfo,
    'architecture' | 'operatingSystem' | 'osImage' | 'kernelVersion' | 'machineID' | 'systemUUID' | 'bootID' | 'containerRuntimeVersion'
  >;
  readonly addresses: readonly NodeAddress[];
}

export interface NodeCapacity {
  readonly capacity: Readonly<Record<string, string>>;
  readonly allocatable: Readonly<Record<string, string>>;
  /** Set when the back end says it is short of something; drives the pressure conditions. */
  readonly pressure?: { readonly memory?: string; readonly disk?: string; readonly pid?: string };
}

export interface ProviderHealth {
  readonly healthy: boolean;
  readonly components: readonly { readonly name: string; readonly healthy: boolean; readonly message?: string }[];
}

/** Identity of a pod as the provider stored it beside the pod. */
export interface RecoveredPod {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
}

export interface CreatePodRequest {
  readonly pod: Pod;
  readonly volumes: readonly VolumeRequest[];
  /** Every container of the pod in spec order, init containers first. Needed with images of pods only (see `imagesOf`). */
  readonly define: DefineContainers;
  /** Tells the pod's owner of something that the pod has to do without. Never called for what makes `create` fail. */
  readonly warn?: (message: string) => void;
}

export interface StartRequest {
  readonly uid: string;
  /** The core names one at a time. */
  readonly containers: readonly string[];
  /** The definitions of just these containers, worked out anew for every start. */
  readonly define: DefineContainers;
  /** The pod's volumes as they are now, for a provider that has to make a part of the pod anew. Rejects as `create` is kept from being called. */
  readonly volumes?: () => Promise<readonly VolumeRequest[]>;
  /** As CreatePodRequest has it. */
  readonly warn?: (message: string) => void;
}

/**
 * Works out definitions for a pod that has these addresses (without prefix length; empty while unknown). Rejects with
 * ProviderFailure `CreateContainerConfigError` for what is missing, an address that a variable needs included.
 */
export type DefineContainers = (ips: readonly string[]) => Promise<readonly ContainerRequest[]>;

/** Everything is resolved: `$(VAR)` expanded, references read, defaults applied. */
export interface ContainerRequest {
  readonly name: string;
  readonly role: 'init' | 'sidecar' | 'main' | 'ephemeral';
  /** The entry of the spec, for what needs no resolving: resources, ports, stop signal. */
  readonly spec: Container;
  readonly image: string;
  /** Id of the image that the policy chose, as ImageService told it; undefined without an ImageService. */
  readonly imageId?: string;
  readonly imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  /** Replaces the image's entrypoint and drops its cmd; undefined: the image's. */
  readonly command: readonly string[] | undefined;
  /** Replaces the image's cmd; undefined: the image's unless `command` is given. */
  readonly args: readonly string[] | undefined;
  /** In order; later names win over the image's. */
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly workingDir: string | undefined;
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly mounts: readonly MountRequest[];
  readonly security: SecurityRequest;
  /** The provider puts what it finds there into `message` of the exit (kubelet limits: 4096 bytes; of a log 80 lines or 2048 bytes). */
  readonly terminationMessage: { readonly path: string; readonly fallbackToLogsOnError: boolean };
}

/** A pod's security context with the container's over it (pkg/securitycontext/util.go, DetermineEffectiveSecurityContext). */
export interface SecurityRequest {
  readonly runAsUser?: number;
  readonly runAsGroup?: number;
  readonly runAsNonRoot: boolean;
  readonly supplementalGroups: readonly number[];
  readonly fsGroup?: number;
  readonly privileged: boolean;
  readonly readOnlyRootFilesystem: boolean;
  readonly allowPrivilegeEscalation: boolean;
  readonly addCapabilities: readonly string[];
  readonly dropCapabilities: readonly string[];
}

export interface MountRequest {
  /** Name of a volume of the pod. */
  readonly volume: string;
  readonly mountPath: string;
  /** Below the volume's root, cleaned, without `..`; undefined for all of it. */
  readonly subPath: string | undefined;
  readonly readOnly: boolean;
}

export type VolumeRequest =
  | { readonly name: string; readonly kind: 'emptyDir'; readonly medium: 'disk' | 'memory'; readonly sizeLimitBytes?: number; readonly fsGroup?: number }
  /** configMap, secret, downwardAPI, projected: files that the core has put together. Read-only for containers. */
  | {
      readonly name: string;
      readonly kind: 'files';
      readonly files: readonly VolumeFile[];
      readonly inMemory: boolean;
      readonly fsGroup?: number;
      /** The service account token that admission adds to every pod: one that cannot have it may run without. */
      readonly injectedToken?: true;
    }
  | { readonly name: string; readonly kind: 'hostPath'; readonly path: string; readonly type: string };

export interface VolumeFile {
  /** Relative, cleaned, without `..`. */
  readonly path: string;
  readonly content: Uint8Array;
  /** Permission bits. */
  readonly mode: number;
  /** Owner, when the content is for one user only (service account tokens). */
  readonly uid?: number;
}

export interface StopTarget {
  readonly uid: string;
  readonly container: string;
  readonly graceSeconds: number;
}

export interface ObservedPod {
  readonly uid: string;
  /** Addresses without prefix length, IPv4 first; empty while unknown. */
  readonly ips: readonly string[];
  readonly containers: readonly ObservedContainer[];
  /** The sandbox itself (its network, its VM) was lost, and its containers with it: the pod must be made anew. */
  readonly sandboxLost?: boolean;
}

export interface ObservedContainer {
  readonly name: string;
  /** Id in the back end without `<type>://`. A new run of the same container may keep or change it. */
  readonly id: string;
  readonly imageID?: string;
  readonly state: ObservedState;
}

/** Times are milliseconds since the epoch. */
export type ObservedState =
  | { readonly kind: 'created' }
  | { readonly kind: 'starting' }
  | { readonly kind: 'running'; readonly startedAt: number }
  | {
      readonly kind: 'exited';
      readonly exitCode: number;
      readonly signal?: number;
      /** Overrules `Completed` and `Error`: `OOMKilled`, `StartError`, `ContainerCannotRun` … */
      readonly reason?: string;
      readonly message?: string;
      readonly startedAt?: number;
      readonly finishedAt: number;
    }
  /** It existed, and the back end cannot tell what became of it. Never used for "the call failed". */
  | { readonly kind: 'unknown'; readonly message: string };

/** Errors a provider throws with a meaning to the core; anything else is "unknown, try again". */
export type ProviderFailureReason =
  | 'ErrImagePull'
  | 'RegistryUnavailable'
  | 'ErrImageNeverPull'
  | 'InvalidImageName'
  | 'ImageInspectError'
  | 'CreateContainerConfigError'
  | 'CreateContainerError'
  | 'RunContainerError'
  | 'CreatePodSandboxError';

/** See PodProvider.imagesOf. */
export function imagesOf(provider: Pick<PodProvider, 'imagesOf'>): 'container' | 'pod' {
  return provider.imagesOf ?? 'container';
}

const FAILURE = Symbol.for('vick.dev/provider-failure');

/** A failure the pod's user should see as a container's waiting reason. */
export class ProviderFailure extends Error {
  readonly [FAILURE] = true;
  readonly reason: ProviderFailureReason;
  /** Undefined: the failure is the whole pod's. */
  readonly container: string | undefined;

  constructor(reason: ProviderFailureReason, message: string, options: { readonly container?: string; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ProviderFailure';
    this.reason = reason;
    this.container = options.container;
  }
}

export function isProviderFailure(error: unknown): error is ProviderFailure {
  return typeof error === 'object' && error !== null && FAILURE in error;
}

/** What a provider does with a pod field. Data: admission, `vick check` and the docs read the same table. */
export interface SupportEntry {
  /** Path in PodSpec, `[]` for every element: `containers[].resources.limits`, `volumes[].hostPath`. */
  readonly field: string;
  readonly support: 'honoured' | 'degraded' | 'refused';
  /** How it is degraded or why it is refused; a full sentence that a pod's owner understands. */
  readonly note?: string;
  /** Told in tables and nowhere else: no event at each pod that is degraded so. */
  readonly quiet?: true;
}

/** A field that is set in a pod and has no entry counts as refused: nothing is silently ignored. */
export type SupportTable = readonly SupportEntry[];
