import { NODE_LEASE_NAMESPACE, paths } from '../../clients/kubernetes/paths.ts';
import type { KubernetesApi } from '../../clients/kubernetes/port.ts';
import { isVickError } from '../../errors/vick-error.ts';
import type { Lease } from '../../platform/kubernetes-objects.ts';
import { listNodes, nameOf, VIRTUAL_NODE_SELECTOR } from './find-nodes.ts';
import { nodeFacts, type NodeFacts } from './node-facts.ts';

export interface ListInput {
  /** Default: virtual nodes only. */
  readonly selector?: string | undefined;
  /** Every node of the cluster. */
  readonly all?: boolean | undefined;
}

export async function listVirtualNodes(api: KubernetesApi, input: ListInput, signal: AbortSignal): Promise<readonly NodeFacts[]> {
  const selector = input.selector ?? (input.all === true ? undefined : VIRTUAL_NODE_SELECTOR);
  const [nodes, leases] = await Promise.all([listNodes(api, selector, signal), readLeases(api, signal)]);
  return nodes.map((node) => nodeFacts(node, leases.get(nameOf(node))));
}

/** Leases are a help, not a need: without the right to read them the list is shown without their age. */
export async function readLeases(api: KubernetesApi, signal: AbortSignal): Promise<ReadonlyMap<string, Lease>> {
  try {
    const list = await api.request<{ readonly items?: readonly Lease[] }>({ method: 'GET', path: paths.leases(NODE_LEASE_NAMESPACE) }, signal);
    return new Map((list.items ?? []).map((lease) => [lease.metadata?.name ?? '', lease]));
  } catch (error) {
    if (isVickError(error) && ['KUBE_FORBIDDEN', 'KUBE_NOT_FOUND'].includes(error.code)) return new Map();
    throw error;
  }
}
