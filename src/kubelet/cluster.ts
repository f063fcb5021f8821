/**
 * What the kubelet core needs of the Kubernetes API. `clients/kubernetes` implements it; tests have one in memory.
 * Errors are VickErrors: KUBE_NOT_FOUND, KUBE_CONFLICT, KUBE_FORBIDDEN, KUBE_INVALID, KUBE_UNREACHABLE …
 */
import type { ConfigMap, Event, Json, Lease, Node, Pod, Secret, Service } from '../platform/kubernetes-objects.ts';

export interface Cluster {
  getNode(name: string, signal: AbortSignal): Promise<Node>;
  createNode(node: Node, signal: AbortSignal): Promise<Node>;
  /** Strategic merge patch of the main resource (labels, annotations). */
  patchNode(name: string, patch: Json, signal: AbortSignal): Promise<Node>;
  /** Strategic merge patch of `nodes/status`. */
  patchNodeStatus(name: string, patch: Json, signal: AbortSignal): Promise<Node>;

  getLease(name: string, signal: AbortSignal): Promise<Lease>;
  createLease(lease: Lease, signal: AbortSignal): Promise<Lease>;
  /** PUT with the lease's resourceVersion; KUBE_CONFLICT when it moved. */
  replaceLease(lease: Lease, signal: AbortSignal): Promise<Lease>;

  getPod(ref: PodRef, signal: AbortSignal): Promise<Pod>;
  /** Strategic merge patch of `pods/status`; `ref.uid` goes into the patch as precondition. */
  patchPodStatus(ref: PodRef, status: Json, signal: AbortSignal): Promise<Pod>;
  /** DELETE with grace 0 and the UID as precondition. KUBE_NOT_FOUND and KUBE_CONFLICT both mean: that pod is gone. */
  deletePod(ref: PodRef, signal: AbortSignal): Promise<void>;
  /** Lists, then watches, all pods bound to the node; survives every error by listing again. Ends when the signal aborts. */
  watchPods(nodeName: string, onUpdate: (update: PodUpdate) => void, signal: AbortSignal): Promise<void>;
  /** The Node object itself, followed in the same way. */
  watchNode(name: string, onUpdate: (node: Node | undefined) => void, signal: AbortSignal): Promise<void>;

  /** As watchPods and watchNode, for all nodes at once; absent where that is not to be had. */
  readonly watchAllPods?: (onUpdate: (update: PodUpdate) => void, signal: AbortSignal) => Promise<void>;
  readonly watchAllNodes?: (onUpdate: (update: NodeUpdate) => void, signal: AbortSignal) => Promise<void>;

  /** One object by name: a node identity may read what its pods refer to, and list nothing. */
  getConfigMap(ref: ObjectName, signal: AbortSignal): Promise<ConfigMap>;
  getSecret(ref: ObjectName, signal: AbortSignal): Promise<Secret>;
  /** Follows one object as `watchPods` follows pods; tells when what it last told may have become old. */
  watchObject(ref: ObjectRef, onUpdate: (update: ObjectUpdate) => void, signal: AbortSignal): Promise<void>;
  /** TokenRequest of a service account, bound to a pod. */
  createToken(account: ObjectName, request: TokenSpec, signal: AbortSignal): Promise<IssuedToken>;
  /** Lists, then watches, the services of all namespaces. */
  watchServices(onUpdate: (update: ServiceUpdate) => void, signal: AbortSignal): Promise<void>;

  createEvent(event: Event, signal: AbortSignal): Promise<Event>;
  /** Merge patch, for the count and last time of an aggregated event. */
  patchEvent(ref: { readonly namespace: string; readonly name: string }, patch: Json, signal: AbortSignal): Promise<Event>;
}

export interface PodRef {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export type PodUpdate =
  /** A complete list: pods that are not in it no longer exist. The first one says that start-up clean-up is allowed. */
  | { readonly kind: 'listed'; readonly pods: readonly Pod[] }
  | { readonly kind: 'changed'; readonly pod: Pod }
  | { readonly kind: 'deleted'; readonly pod: Pod };

export type NodeUpdate =
  | { readonly kind: 'listed'; readonly nodes: readonly Node[] }
  | { readonly kind: 'changed'; readonly node: Node }
  | { readonly kind: 'deleted'; readonly node: Node };

export interface ObjectName {
  readonly namespace: string;
  readonly name: string;
}

export interface ObjectRef extends ObjectName {
  readonly kind: 'ConfigMap' | 'Secret';
}

export type ObjectUpdate =
  /** The object as it is now; undefined: there is none. */
  | { readonly kind: 'known'; readonly object: ConfigMap | Secret | undefined }
  /** The watch broke and is being set up again. */
  | { readonly kind: 'interrupted'; readonly error: unknown };

/** `spec` of a TokenRequest (k8s.io/api/authentication/v1). */
export interface TokenSpec {
  /** Empty: the API server's own. */
  readonly audiences: readonly string[];
  readonly expirationSeconds: number;
  readonly boundTo: PodRef;
}

/** A secret: never logged. */
export interface IssuedToken {
  readonly token: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

export type ServiceUpdate =
  /** The watch broke and is being set up again. */
  | { readonly kind: 'interrupted'; readonly error: unknown }
  | { readonly kind: 'listed'; readonly services: readonly Service[] }
  | { readonly kind: 'changed'; readonly service: Service }
  | { readonly kind: 'deleted'; readonly service: Service };
