/** What nodes of VCHs leave in a cluster when they go: the Node, its lease, what its identity was made with. */
import type { CertificateSigningRequest } from '../../clients/kubernetes/certificate-order.ts';
import { NODE_LEASE_NAMESPACE, paths } from '../../clients/kubernetes/paths.ts';
import type { KubeErrorDetails, KubernetesApi } from '../../clients/kubernetes/port.ts';
import type { VchListing } from '../../clients/vic-machine/ls-table.ts';
import { isVickError } from '../../errors/vick-error.ts';
import type { Lease, Node } from '../../platform/kubernetes-objects.ts';
import { withdrawIdentity } from '../identity/withdraw.ts';
import { nameOf, vchOf } from '../node/find-nodes.ts';
import { nodeFacts } from '../node/node-facts.ts';
import { isVchNode } from '../node/vch-node.ts';
import { deleteNode } from '../vch/node-removal.ts';
import type { Leftover } from './leftover.ts';

/** A create that is under way has no Node yet; what is older belongs to none. */
const UNDER_WAY_MS = 60 * 60_000;
/** Node identities vick makes begin so, as the VCHs' nodes do. */
const NODE_PREFIX = 'kubelet-';
/** The label of what vick makes for a node (operations/identity). */
const NODE_LABEL = 'vick.dev/node';
const MANAGED = 'app.kubernetes.io/managed-by=vick';

/** Leases of nodes that are gone: the cluster's garbage collector takes them along only where it runs. */
export async function findLeases(api: KubernetesApi, nodes: readonly Node[], now: number, signal: AbortSignal): Promise<readonly Leftover[]> {
  const there = new Set(nodes.map(nameOf));
  const leases = await listed<Lease>(api, paths.leases(NODE_LEASE_NAMESPACE), undefined, signal);
  return leases.flatMap(({ metadata, spec }): readonly Leftover[] => {
    const name = metadata?.name ?? '';
    const renewed = Date.parse(spec?.renewTime ?? metadata?.creationTimestamp ?? '');
    // A kubelet that is being registered makes its lease first.
    const isStale = !Number.isNaN(renewed) && now - renewed > UNDER_WAY_MS;
    if (!name.startsWith(NODE_PREFIX) || spec?.holderIdentity !== name || there.has(name) || !isStale) return [];
    return [
      {
        kind: 'lease',
        name,
        vch: name.slice(NODE_PREFIX.length),
        why: `there is no node ${name}, and nobody renews it`,
        remove: (abort) => ignoreAbsent(api.request({ method: 'DELETE', path: paths.lease(NODE_LEASE_NAMESPACE, name) }, abort)),
      },
    ];
  });
}

/** Certificate requests, and the binding that goes with them, of nodes that are gone. */
export async function findIdentities(api: KubernetesApi, nodes: readonly Node[], now: number, signal: AbortSignal): Promise<readonly Leftover[]> {
  const there = new Set(nodes.map(nameOf));
  const requests = await listed<CertificateSigningRequest>(api, paths.signingRequests(), MANAGED, signal);
  const byNode = group(requests);
  return [...byNode].flatMap(([node, own]): readonly Leftover[] => {
    const newest = Math.max(...own.map(({ metadata }) => Date.parse(metadata?.creationTimestamp ?? '')));
    if (there.has(node) || !(now - newest > UNDER_WAY_MS)) return [];
    return [
      {
        kind: 'certificate-requests',
        name: own.map(({ metadata }) => metadata?.name ?? '').join(', '),
        vch: node.slice(NODE_PREFIX.length),
        why: `there is no node ${node}`,
        remove: async (abort) => {
          await withdrawIdentity(api, node, abort);
        },
      },
    ];
  });
}

/**
 * Nodes whose VCH is gone from vSphere. Certain only of a VCH that is known to have been made on that very target: those of another vCenter
 * are not in its list either.
 */
export function findNodes(
  api: KubernetesApi,
  nodes: readonly Node[],
  listings: readonly VchListing[],
  madeHere: (vch: string) => boolean,
): readonly Leftover[] {
  return nodes.flatMap((node): readonly Leftover[] => {
    const [name, vch] = [nameOf(node), vchOf(node)];
    if (vch === '' || !isVchNode(node) || nodeFacts(node, undefined).ready || listings.some((listing) => listing.name === vch)) return [];
    const about = { kind: 'node', name, vch } as const;
    if (!madeHere(vch)) return [{ ...about, why: `not Ready, and this vSphere has no VCH ${vch}; it was not made here, so it is left alone` }];
    return [
      {
        ...about,
        why: `not Ready, and its VCH is gone from vSphere`,
        remove: async (abort) => {
          await deleteNode(api, name, abort);
        },
      },
    ];
  });
}

function group(requests: readonly CertificateSigningRequest[]): ReadonlyMap<string, readonly CertificateSigningRequest[]> {
  const byNode = new Map<string, CertificateSigningRequest[]>();
  for (const request of requests) {
    const node = request.metadata?.labels?.[NODE_LABEL] ?? '';
    if (node.startsWith(NODE_PREFIX)) byNode.set(node, [...(byNode.get(node) ?? []), request]);
  }
  return byNode;
}

/** Nothing where the operator may not look, or the server has no such thing: then there is nothing to remove either. */
async function listed<T>(api: KubernetesApi, path: string, labelSelector: string | undefined, signal: AbortSignal): Promise<readonly T[]> {
  try {
    const query = labelSelector === undefined ? {} : { labelSelector };
    return (await api.request<{ readonly items?: readonly T[] }>({ method: 'GET', path, query }, signal)).items ?? [];
  } catch (error) {
    signal.throwIfAborted();
    if (isVickError(error) && [403, 404, 501].includes((error.details as KubeErrorDetails | undefined)?.httpStatus ?? 0)) return [];
    throw error;
  }
}

async function ignoreAbsent(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isVickError(error) || error.code !== 'KUBE_NOT_FOUND') throw error;
  }
}
