/** The scheduler's decision, pure: which node a pod goes to, or why it goes nowhere. */
import type { Node, Pod, Taint } from '../../platform/kubernetes-objects.ts';
import { matchesNode } from '../../platform/node-affinity.ts';
import { podRequests } from '../../platform/pod-requests.ts';
import { parseQuantity } from '../../platform/quantity.ts';
import { untolerated } from '../../platform/tolerations.ts';

export type Placement = { readonly kind: 'node'; readonly node: string } | { readonly kind: 'unschedulable'; readonly message: string };

const RESOURCES = ['cpu', 'memory', 'ephemeral-storage'] as const;
const HARD_EFFECTS = ['NoSchedule', 'NoExecute'];

/** `placed` are all pods that occupy a node: bound, or just sent there by this scheduler, and not finished. */
export function place(pod: Pod, nodes: readonly Node[], placed: readonly Pod[]): Placement {
  const reasons: string[] = [];
  const fitting: { node: string; soft: number; free: number }[] = [];
  for (const node of nodes) {
    const here = placed.filter((other) => other.spec?.nodeName === node.metadata?.name);
    const refusals = refusalsOf(pod, node, here);
    if (refusals.length > 0) reasons.push(...refusals);
    else fitting.push({ node: node.metadata?.name ?? '', soft: softTaints(pod, node), free: freeShare(node, here) });
  }
  const best = fitting.sort((a, b) => a.soft - b.soft || b.free - a.free || a.node.localeCompare(b.node))[0];
  if (best !== undefined) return { kind: 'node', node: best.node };
  return { kind: 'unschedulable', message: unschedulableMessage(nodes.length, reasons) };
}

/** As kube-scheduler words it: `0/2 nodes are available: 1 Insufficient cpu, 1 node(s) were unschedulable.` */
function unschedulableMessage(count: number, reasons: readonly string[]): string {
  if (count === 0) return 'no nodes available to schedule pods';
  const counted = [...new Set(reasons)].map((reason) => `${reasons.filter((other) => other === reason).length} ${reason}`).sort();
  return `0/${count} nodes are available: ${counted.join(', ')}.`;
}

/** In the order of the scheduler's filters; only the first failing one is told, but every lacking resource is. */
function refusalsOf(pod: Pod, node: Node, here: readonly Pod[]): readonly string[] {
  if (node.spec?.unschedulable === true && untolerated([UNSCHEDULABLE], pod.spec?.tolerations ?? [], HARD_EFFECTS) !== undefined) {
    return ['node(s) were unschedulable'];
  }
  const taint = untolerated(node.spec?.taints ?? [], pod.spec?.tolerations ?? [], HARD_EFFECTS);
  if (taint !== undefined) return [`node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`];
  if (!matchesNode(pod, node)) return ["node(s) didn't match Pod's node affinity/selector"];
  if (!isReady(node)) return ['node(s) were not ready'];
  return lacking(pod, node, here);
}

const UNSCHEDULABLE: Taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

function isReady(node: Node): boolean {
  return node.status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ?? false;
}

function lacking(pod: Pod, node: Node, here: readonly Pod[]): readonly string[] {
  const allocatable = node.status?.allocatable ?? {};
  const maxPods = allocatable['pods'];
  const short = RESOURCES.filter((resource) => {
    const wanted = podRequests(pod)[resource] ?? 0n;
    return wanted > 0n && wanted > nano(allocatable[resource]) - used(here, resource);
  }).map((resource) => `Insufficient ${resource}`);
  return maxPods !== undefined && BigInt(here.length + 1) * NANO > nano(maxPods) ? ['Too many pods', ...short] : short;
}

function softTaints(pod: Pod, node: Node): number {
  const tolerations = pod.spec?.tolerations ?? [];
  return (node.spec?.taints ?? []).filter((taint) => untolerated([taint], tolerations, ['PreferNoSchedule']) !== undefined).length;
}

/** Share of CPU and memory that is still free, 0 to 2. */
function freeShare(node: Node, here: readonly Pod[]): number {
  const share = (resource: 'cpu' | 'memory'): number => {
    const total = nano(node.status?.allocatable?.[resource]);
    return total === 0n ? 0 : Number(((total - used(here, resource)) * 1000n) / total) / 1000;
  };
  return share('cpu') + share('memory');
}

const used = (pods: readonly Pod[], resource: string): bigint => pods.reduce((sum, pod) => sum + (podRequests(pod)[resource] ?? 0n), 0n);

const NANO = 1_000_000_000n;
const nano = (quantity: string | undefined): bigint => (quantity === undefined ? 0n : parseQuantity(quantity).nano);
