/**
 * What the kubelet core needs of the Kubernetes API. `clients/kubernetes` implements it; tests have one in memory.
 * Errors are VickErrors: KUBE_NOT_FOUND, KUBE_CONFLICT, KUBE_FORBIDDEN, KUBE_INVALID, KUBE_UNREACHABLE …
 */
import type { Event, Json, Lease, Node, Pod } from '../platform/kubernetes-objects.ts';

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
