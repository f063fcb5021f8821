import { NODE_LEASE_NAMESPACE, paths } from '../../clients/kubernetes/paths.ts';
import type { KubernetesApi } from '../../clients/kubernetes/port.ts';
import { isVickError } from '../../errors/vick-error.ts';
import type { Lease, Node, NodeCondition, Pod } from '../../platform/kubernetes-objects.ts';
import { getNode, listNodes, nameOf, VIRTUAL_NODE_SELECTOR } from '../node/find-nodes.ts';
import { readLeases } from '../node/list.ts';
import { nodeFacts, type NodeFacts } from '../node/node-facts.ts';

/** Everything `vick status` shows, as far as the operator's credentials may see it. */
export interface SiteStatus {
  readonly cluster: { readonly server: string; readonly version: string };
  readonly nodes: readonly NodeStatus[];
}

export interface NodeStatus extends NodeFacts {
  readonly conditions: readonly NodeCondition[];
  readonly capacity: Readonly<Record<string, string>>;
  readonly allocatable: Readonly<Record<string, string>>;
  /** Undefined where the operator may not list pods. */
  readonly pods: readonly PodLine[] | undefined;
}

interface PodLine {
  readonly namespace: string;
  readonly name: string;
  /** What kubectl shows under STATUS: the phase, or the reason of a waiting or ended container. */
  readonly status: string;
  /** `1/2` containers ready. */
  readonly ready: string;
  readonly restarts: number;
  readonly startedAt: number | undefined;
}

/** One VCH or node by name, or every virtual node. KUBE_* when the cluster or the node cannot be seen. */
export async function readStatus(api: KubernetesApi, name: string | undefined, signal: AbortSignal): Promise<SiteStatus> {
  const { gitVersion } = await api.request<{ readonly gitVersion?: string }>({ method: 'GET', path: paths.version() }, signal);
  const nodes = name === undefined ? await listNodes(api, VIRTUAL_NODE_SELECTOR, signal) : [await getNode(api, name, signal)];
  const leases = name === undefined ? await readLeases(api, signal) : await readLease(api, nameOf(nodes[0] ?? {}), signal);
  const statuses: NodeStatus[] = [];
  for (const node of nodes) statuses.push(await nodeStatus(api, node, leases.get(nameOf(node)), signal));
  return { cluster: { server: api.server, version: gitVersion ?? 'unknown' }, nodes: statuses };
}

async function readLease(api: KubernetesApi, node: string, signal: AbortSignal): Promise<ReadonlyMap<string, Lease>> {
  const lease = await unlessDenied(api.request<Lease>({ method: 'GET', path: paths.lease(NODE_LEASE_NAMESPACE, node) }, signal));
  return new Map(lease === undefined ? [] : [[node, lease]]);
}

async function nodeStatus(api: KubernetesApi, node: Node, lease: Lease | undefined, signal: AbortSignal): Promise<NodeStatus> {
  const query = { fieldSelector: `spec.nodeName=${nameOf(node)}` };
  const pods = await unlessDenied(api.request<{ readonly items?: readonly Pod[] }>({ method: 'GET', path: paths.allPods(), query }, signal));
  return {
    ...nodeFacts(node, lease),
    conditions: node.status?.conditions ?? [],
    capacity: node.status?.capacity ?? {},
    allocatable: node.status?.allocatable ?? {},
    pods: pods === undefined ? undefined : (pods.items ?? []).map(podLine),
  };
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

/** The STATUS column of kubectl get pods, for what a reader needs: deletion, then containers, then the pod itself. */
function podLine(pod: Pod): PodLine {
  const containers = pod.status?.containerStatuses ?? [];
  const troubled = [...(pod.status?.initContainerStatuses ?? []), ...containers]
    .map(
      ({ state }) =>
        state?.waiting?.reason ??
        (state?.terminated?.exitCode !== undefined && state.terminated.exitCode !== 0
          ? (state.terminated.reason ?? `ExitCode:${String(state.terminated.exitCode)}`)
          : undefined),
    )
    .find((reason) => reason !== undefined && reason !== 'PodInitializing');
  const phase = pod.status?.reason ?? troubled ?? (pod.status?.phase === 'Succeeded' ? 'Completed' : pod.status?.phase) ?? 'Unknown';
  const started = Date.parse(pod.metadata?.creationTimestamp ?? '');
  return {
    namespace: pod.metadata?.namespace ?? '',
    name: pod.metadata?.name ?? '',
    status: pod.metadata?.deletionTimestamp === undefined ? phase : 'Terminating',
    ready: `${String(containers.filter((container) => container.ready).length)}/${String(pod.spec?.containers.length ?? 0)}`,
    restarts: containers.reduce((sum, container) => sum + container.restartCount, 0),
    startedAt: Number.isNaN(started) ? undefined : started,
  };
}
