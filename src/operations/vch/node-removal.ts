/** What deleting a VCH does to its node in the cluster, as the operator: a node identity may not delete its Node. */
import { paths } from '../../clients/kubernetes/paths.ts';
import type { KubernetesApi } from '../../clients/kubernetes/port.ts';
import { isVickError, VickError } from '../../errors/vick-error.ts';
import type { Node, Pod } from '../../platform/kubernetes-objects.ts';

interface PodName {
  readonly namespace: string;
  readonly name: string;
}

export async function findNode(api: KubernetesApi, nodeName: string, signal: AbortSignal): Promise<Node | undefined> {
  try {
    return await api.request<Node>({ method: 'GET', path: paths.node(nodeName), timeoutMs: 10_000 }, signal);
  } catch (error) {
    if (isVickError(error) && error.code === 'KUBE_NOT_FOUND') return undefined;
    signal.throwIfAborted();
    if (!isVickError(error)) throw error;
    throw new VickError(error.code, error.message, { cause: error, hint: `${error.hint ?? ''} To leave the node alone: --keep-node.`.trimStart() });
  }
}

/** Pods that still have something to lose: finished ones and those of DaemonSets are not counted, as kubectl drain does not. */
export async function podsOn(api: KubernetesApi, nodeName: string, signal: AbortSignal): Promise<readonly PodName[]> {
  const list = await api.request<{ readonly items?: readonly Pod[] }>(
    { method: 'GET', path: paths.allPods(), query: { fieldSelector: `spec.nodeName=${nodeName}` } },
    signal,
  );
  return (list.items ?? [])
    .filter((pod) => pod.status?.phase !== 'Succeeded' && pod.status?.phase !== 'Failed')
    .filter((pod) => pod.metadata?.ownerReferences?.some((owner) => owner.kind === 'DaemonSet') !== true)
    .map((pod) => ({ namespace: pod.metadata?.namespace ?? 'default', name: pod.metadata?.name ?? '' }));
}

/** Keeps new pods away. The returned function takes that back when the VCH stays after all; it never throws. */
export async function cordon(api: KubernetesApi, nodeName: string, signal: AbortSignal): Promise<() => Promise<void>> {
  const set = async (unschedulable: boolean | null, abort?: AbortSignal): Promise<Node> =>
    api.request<Node>(
      { method: 'PATCH', path: paths.node(nodeName), contentType: 'application/merge-patch+json', body: { spec: { unschedulable } }, timeoutMs: 10_000 },
      abort,
    );
  const before = await findNode(api, nodeName, signal);
  if (before === undefined || before.spec?.unschedulable === true) return () => Promise.resolve();
  try {
    await set(true, signal);
  } catch (error) {
    signal.throwIfAborted();
    // Without the right to patch, the pods that come meanwhile are lost with the VCH; no reason to stop.
    if (!isVickError(error)) throw error;
    return () => Promise.resolve();
  }
  return async () => {
    await set(null).catch(() => undefined);
  };
}

export async function deleteNode(api: KubernetesApi, nodeName: string, signal: AbortSignal): Promise<'deleted' | 'absent'> {
  return (await ignoreAbsent(api.request({ method: 'DELETE', path: paths.node(nodeName) }, signal))) ? 'deleted' : 'absent';
}

async function ignoreAbsent(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (isVickError(error) && error.code === 'KUBE_NOT_FOUND') return false;
    throw error;
  }
}
