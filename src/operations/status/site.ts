import type { VchListing } from '../../clients/vic-machine/ls-table.ts';
import { NODE_LEASE_NAMESPACE, paths } from '../../clients/kubernetes/paths.ts';
import type { KubernetesApi } from '../../clients/kubernetes/port.ts';
import { isVickError } from '../../errors/vick-error.ts';
import type { Lease, Node, NodeCondition, Pod } from '../../platform/kubernetes-objects.ts';
import { getNode, listNodes, nameOf, VIRTUAL_NODE_SELECTOR } from '../node/find-nodes.ts';
import { readLeases } from '../node/list.ts';
import { nodeFacts, type NodeFacts } from '../node/node-facts.ts';
import { isVchNode, runsSomethingElse } from '../node/vch-node.ts';
import { healthOf, problemsOf, type Health } from './health.ts';
import { lineUp, type LinedUp } from './line-up.ts';
import { valueOf, type Part } from './part.ts';
import { podLine, type PodLine } from './pod-line.ts';
import { findServices, type ServiceHints } from './services.ts';
import { requestedBy } from './usage.ts';
import { askVch, type StatusTools, type VchParts } from './vch-parts.ts';
import { listingOf, type VSphereView } from './vsphere.ts';

/** Everything `vick status` shows, as far as the operator's credentials may see it. */
export interface SiteStatus {
  readonly cluster: Part<{ readonly server: string; readonly version: string }>;
  readonly health: Health;
  readonly nodes: readonly NodeStatus[];
  /** VCHs that vSphere has and that are no nodes of this cluster. */
  readonly withoutNode: readonly VchListing[];
  readonly vsphere: Part<VSphereView>;
}

export interface NodeStatus extends NodeFacts {
  readonly conditions: readonly NodeCondition[];
  readonly capacity: Readonly<Record<string, string>>;
  readonly allocatable: Readonly<Record<string, string>>;
  /** What its pods ask for, as quantities. Undefined where the operator may not list pods. */
  readonly requested: Readonly<Record<string, string>> | undefined;
  /** Undefined where the operator may not list pods. */
  readonly pods: readonly PodLine[] | undefined;
  /** Of a VCH; undefined for a node that runs pods on something else. */
  readonly parts: VchParts | undefined;
  readonly vsphere: Part<VchListing>;
  /** With `lineUp` only. */
  readonly lineUp: readonly LinedUp[] | undefined;
  readonly problems: readonly string[];
}

export interface StatusQuestion {
  /** One VCH or node by name, or every virtual node. */
  readonly name: string | undefined;
  readonly hints: ServiceHints;
  readonly vsphere: Part<VSphereView>;
  /** Lines Kubernetes, the kubelet and the port layer up. */
  readonly lineUp: boolean;
}

/** KUBE_* when the cluster or the node cannot be seen. */
export async function readStatus(api: KubernetesApi, question: StatusQuestion, tools: StatusTools, signal: AbortSignal): Promise<SiteStatus> {
  const { name, vsphere } = question;
  const { gitVersion } = await api.request<{ readonly gitVersion?: string }>({ method: 'GET', path: paths.version() }, signal);
  const nodes = name === undefined ? await listNodes(api, VIRTUAL_NODE_SELECTOR, signal) : [await getNode(api, name, signal)];
  const leases = name === undefined ? await readLeases(api, signal) : await readLease(api, nameOf(nodes[0] ?? {}), signal);
  const statuses = await Promise.all(nodes.map((node) => nodeStatus(api, node, leases.get(nameOf(node)), question, tools, signal)));
  const known = new Set(statuses.map(({ vch }) => vch));
  const withoutNode = name === undefined ? (valueOf(vsphere)?.listings ?? []).filter((vch) => !known.has(vch.name)) : [];
  const cluster = { state: 'ok', value: { server: api.server, version: gitVersion ?? 'unknown' } } as const;
  return { cluster, health: healthOf(statuses), nodes: statuses, withoutNode, vsphere };
}

async function readLease(api: KubernetesApi, node: string, signal: AbortSignal): Promise<ReadonlyMap<string, Lease>> {
  const lease = await unlessDenied(api.request<Lease>({ method: 'GET', path: paths.lease(NODE_LEASE_NAMESPACE, node) }, signal));
  return new Map(lease === undefined ? [] : [[node, lease]]);
}

async function nodeStatus(
  api: KubernetesApi,
  node: Node,
  lease: Lease | undefined,
  question: StatusQuestion,
  tools: StatusTools,
  signal: AbortSignal,
): Promise<NodeStatus> {
  const query = { fieldSelector: `spec.nodeName=${nameOf(node)}` };
  const pods = await unlessDenied(api.request<{ readonly items?: readonly Pod[] }>({ method: 'GET', path: paths.allPods(), query }, signal));
  const facts = nodeFacts(node, lease);
  const parts = await partsOf(api, node, facts, question, tools, signal);
  const vsphere = listingOf(runsSomethingElse(node) ? '' : facts.vch, question.vsphere);
  const items = pods?.items ?? [];
  const lined = question.lineUp && pods !== undefined ? await lineUpOf(api, node, items, parts, signal) : undefined;
  return {
    ...facts,
    conditions: node.status?.conditions ?? [],
    capacity: node.status?.capacity ?? {},
    allocatable: node.status?.allocatable ?? {},
    requested: pods === undefined ? undefined : requestedBy(items),
    pods: pods === undefined ? undefined : items.map(podLine),
    parts,
    vsphere,
    lineUp: lined,
    problems: problemsOf({ ready: facts.ready, parts, vsphere, lineUp: lined }),
  };
}

/** Of a node that is a VCH, by the runtime it reports, or by what somebody here knows of it. */
async function partsOf(
  api: KubernetesApi,
  node: Node,
  { vch, internalIp }: NodeFacts,
  { hints, vsphere }: StatusQuestion,
  tools: StatusTools,
  signal: AbortSignal,
): Promise<VchParts | undefined> {
  const inspected = valueOf(vsphere)?.inspected;
  const seen = inspected?.name === vch ? { dockerHost: inspected.dockerHost, adminPortal: inspected.adminPortal } : {};
  const services = await findServices(vch, { ...seen, ...hints }, tools);
  if (!isVchNode(node) && Object.values(services).every((service) => service === undefined)) return undefined;
  const kubeletPort = node.status?.daemonEndpoints?.kubeletEndpoint?.Port;
  return askVch({ vch, name: nameOf(node), internalIp, kubeletPort: kubeletPort === 0 ? undefined : kubeletPort }, services, api, tools, signal);
}

async function lineUpOf(
  api: KubernetesApi,
  node: Node,
  kubernetes: readonly Pod[],
  parts: VchParts | undefined,
  signal: AbortSignal,
): Promise<readonly LinedUp[]> {
  const containers = parts === undefined ? undefined : valueOf(parts.portLayer)?.containers;
  const kubelet = parts?.kubelet.state === 'ok' ? await kubeletPods(api, nameOf(node), signal) : undefined;
  const bound = new Set(kubernetes.map(({ metadata }) => metadata?.uid));
  const first = lineUp({ kubernetes, kubelet, containers });
  const strays = first.filter(({ mark, uid }) => mark === 'orphan' && !bound.has(uid));
  if (strays.length === 0) return first;
  const elsewhere = new Set<string>();
  for (const { namespace, name, uid } of strays) {
    const pod = await unlessDenied(api.request<Pod>({ method: 'GET', path: paths.pod(namespace, name) }, signal));
    if (pod?.metadata?.uid === uid && pod.spec?.nodeName !== nameOf(node)) elsewhere.add(uid);
  }
  return lineUp({ kubernetes, elsewhere, kubelet, containers });
}

async function kubeletPods(api: KubernetesApi, node: string, signal: AbortSignal): Promise<readonly Pod[] | undefined> {
  try {
    return (
      (await api.request<{ readonly items?: readonly Pod[] }>({ method: 'GET', path: paths.nodeProxy(node, '/pods'), timeoutMs: 5_000 }, signal)).items ?? []
    );
  } catch (error) {
    signal.throwIfAborted();
    if (!isVickError(error)) throw error;
    return undefined;
  }
}

/** What may not be read, or is not there, is left out instead of failing the whole picture. */
async function unlessDenied<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isVickError(error) && ['KUBE_FORBIDDEN', 'KUBE_NOT_FOUND'].includes(error.code)) return undefined;
    throw error;
  }
}
