import type { Pod, PodStatus } from '../../platform/kubernetes-objects.ts';
import type { PodRef } from '../cluster.ts';
import { omit } from '../omit.ts';
import type { RecoveredPod } from '../provider.ts';
import type { PodHistory } from './history.ts';
import type { ContainerVerdict } from './view.ts';
import { containerStatusesOf } from './pod-containers.ts';
import { seedHistory } from './seed-history.ts';
import { deadlineOf, isTerminal } from './view.ts';

/** An operation on the back end that is under way; its end makes the pod be looked at again. */
export interface Operation {
  readonly kind: 'create' | 'start' | 'kill' | 'stop' | 'remove';
  readonly abort: AbortController;
  /** Of a stop: when force is used, milliseconds since the epoch. A nearer one replaces it. */
  readonly by?: number;
  /** Of a start: the containers whose start is not finished (postStart included). Whoever carries it out keeps it true. */
  containers?: readonly string[];
}

/** All that the kubelet holds of one pod. */
export interface PodRuntime {
  /** The newest object the API told of. */
  pod: Pod;
  /** The API no longer has the pod, or never had (an orphan of the back end). */
  gone: boolean;
  history: PodHistory;
  /** The last status that was worked out. */
  status: PodStatus | undefined;
  /** The terminal phase that the API is known to hold. */
  reportedPhase: string | undefined;
  operation: Operation | undefined;
  /** The API object was deleted by us; finalizers may keep it for a while. */
  deleted: boolean;
  /** Written by the prober, which then asks for a look at the pod; emptied for a container that starts anew. */
  verdicts: Readonly<Record<string, ContainerVerdict>>;
  /** The back end had this pod when it was last known. */
  present: boolean;
  /** Since when it has been missing there; milliseconds since the epoch. */
  absentSince: number | undefined;
  /** Calls off what is to be told of the pod in a moment. */
  cancelTelling: () => void;
  /** Ephemeral containers that were told to be impossible here. */
  readonly refusedContainers: Set<string>;
}

export function newRuntime(pod: Pod): PodRuntime {
  const phase = pod.status?.phase;
  return {
    pod: slim(pod),
    gone: false,
    history: seedHistory(pod),
    status: undefined,
    reportedPhase: isTerminal(phase) ? phase : undefined,
    operation: undefined,
    deleted: false,
    verdicts: {},
    present: containerStatusesOf(pod.status).some(({ containerID = '' }) => containerID !== ''),
    absentSince: undefined,
    cancelTelling: () => undefined,
    refusedContainers: new Set(),
  };
}

/** A pod that only the back end knows. */
export function orphanRuntime(recovered: RecoveredPod): PodRuntime {
  const { uid, namespace, name } = recovered;
  return { ...newRuntime({ metadata: { uid, namespace, name }, spec: { containers: [] } }), gone: true };
}

/** Takes over what the API says, unless it is what is known or older than that. True when it was taken. */
export function takeOver(runtime: PodRuntime, pod: Pod): boolean {
  if (!isNews(pod.metadata?.resourceVersion, runtime.pod.metadata?.resourceVersion)) return false;
  runtime.pod = slim(pod);
  if (isTerminal(pod.status?.phase)) runtime.reportedPhase = pod.status.phase;
  return true;
}

/** Nothing of this pod may start any more, so an operation that would start something is called off. */
export function isDoomed(runtime: PodRuntime, now: number): boolean {
  const deadline = deadlineOf(runtime.pod, runtime.history);
  const phase = runtime.reportedPhase ?? runtime.pod.status?.phase;
  return runtime.gone || runtime.pod.metadata?.deletionTimestamp !== undefined || isTerminal(phase) || (deadline !== undefined && now >= deadline);
}

export function refOf(pod: Pod): PodRef {
  const { namespace = '', name = '', uid = '' } = pod.metadata ?? {};
  return { namespace, name, uid };
}

/** Field management is most of a pod's bytes and none of the kubelet's business. */
function slim(pod: Pod): Pod {
  if (pod.metadata?.managedFields === undefined) return pod;
  return { ...pod, metadata: omit(pod.metadata, 'managedFields') };
}

/** Resource versions are whole numbers that rise (apimachinery resourceversion.CompareResourceVersion). */
function isNews(version: string | undefined, known: string | undefined): boolean {
  if (version === undefined || known === undefined) return true;
  if (version === known) return false;
  return !/^\d+$/.test(version) || !/^\d+$/.test(known) || BigInt(version) > BigInt(known);
}
