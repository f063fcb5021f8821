/** Whether this node takes a pod (pkg/kubelet/lifecycle/predicate.go). Pure; a refused pod fails with the reason. */
import type { Node, Pod } from '../../platform/kubernetes-objects.ts';
import { matchesNode } from '../../platform/node-affinity.ts';
import { amounts, plus, podRequests, type ResourceAmounts } from '../../platform/pod-requests.ts';
import { untolerated } from '../../platform/tolerations.ts';
import type { SupportVerdict } from './support.ts';

export interface AdmissionInput {
  readonly pod: Pod;
  readonly node: Node;
  /** Undefined while the back end has not told: resources are then not checked. */
  readonly allocatable: Readonly<Record<string, string>> | undefined;
  /** What the accepted pods that have not ended ask for, and how many they are. */
  readonly used: ResourceAmounts;
  readonly podCount: number;
  /** What the support tables say of the pod. */
  readonly verdict: SupportVerdict;
}

export interface Rejection {
  readonly reason: string;
  readonly message: string;
}

export function admit(input: AdmissionInput): Rejection | undefined {
  const { pod, node } = input;
  return wrongNode(pod, node) ?? unsupported(input.verdict) ?? outOfResources(input);
}

function wrongNode(pod: Pod, node: Node): Rejection | undefined {
  const labels = node.metadata?.labels ?? {};
  const os = labels['kubernetes.io/os'] ?? 'linux';
  if (pod.spec?.os !== undefined && pod.spec.os.name !== os) {
    return { reason: 'PodOSNotSupported', message: `Pod needs operating system ${pod.spec.os.name}, and this node runs ${os}` };
  }
  if (!matchesNode(pod, node)) return { reason: 'NodeAffinity', message: "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector" };
  const taint = untolerated(node.spec?.taints ?? [], pod.spec?.tolerations ?? [], ['NoExecute']);
  if (taint === undefined) return undefined;
  return {
    reason: 'TaintToleration',
    message: `Predicate TaintToleration failed: node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`,
  };
}

function unsupported({ refused }: SupportVerdict): Rejection | undefined {
  if (refused.length === 0) return undefined;
  const causes = refused.map(({ field, note }) => `${field}: ${note ?? 'not supported on this node'}`);
  return { reason: 'UnsupportedPodField', message: `Pod asks for what this node cannot do: ${causes.join('; ')}` };
}

function outOfResources(input: AdmissionInput): Rejection | undefined {
  const limits = limitsOf(input.allocatable);
  const wanted = podRequests(input.pod);
  const total = plus(input.used, wanted);
  if (limits['pods'] !== undefined && BigInt(input.podCount + 1) * 1_000_000_000n > limits['pods']) {
    return insufficient('pods', 1n, BigInt(input.podCount), limits['pods'] / 1_000_000_000n);
  }
  if (input.allocatable === undefined) return undefined;
  for (const [name, amount] of Object.entries(wanted)) {
    const limit = limits[name] ?? 0n;
    if (amount <= 0n || (total[name] ?? 0n) <= limit) continue;
    const scale = name === 'cpu' ? 1_000_000n : 1_000_000_000n;
    return insufficient(name, amount / scale, (input.used[name] ?? 0n) / scale, limit / scale);
  }
  return undefined;
}

/** What a node has is asked for every pod, and seldom changes. */
const LIMITS = new WeakMap<NonNullable<AdmissionInput['allocatable']>, ResourceAmounts>();

function limitsOf(allocatable: AdmissionInput['allocatable']): ResourceAmounts {
  if (allocatable === undefined) return {};
  const limits = LIMITS.get(allocatable) ?? amounts(allocatable);
  LIMITS.set(allocatable, limits);
  return limits;
}

function insufficient(name: string, requested: bigint, used: bigint, capacity: bigint): Rejection {
  const facts = `requested: ${String(requested)}, used: ${String(used)}, capacity: ${String(capacity)}`;
  return { reason: `OutOf${name}`, message: `Node didn't have enough resource: ${name}, ${facts}` };
}
