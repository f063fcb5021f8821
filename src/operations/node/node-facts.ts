import type { Lease, Node } from '../../platform/kubernetes-objects.ts';
import { nameOf, vchOf } from './find-nodes.ts';
import { formatTaint } from './taint-spec.ts';

/** A node as vick speaks of it. Times are milliseconds since the epoch. */
export interface NodeFacts {
  readonly name: string;
  /** Empty where the name does not follow vick's rule. */
  readonly vch: string;
  /** `Ready`, `NotReady`, `Unknown`, with `,SchedulingDisabled` when cordoned, as kubectl prints it. */
  readonly status: string;
  readonly ready: boolean;
  readonly reason: string | undefined;
  readonly message: string | undefined;
  readonly taints: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly version: string | undefined;
  readonly internalIp: string | undefined;
  readonly createdAt: number | undefined;
  /** When the node last renewed its lease; undefined without a lease or without the right to read it. */
  readonly leaseRenewedAt: number | undefined;
}

export function nodeFacts(node: Node, lease: Lease | undefined): NodeFacts {
  const ready = node.status?.conditions?.find((condition) => condition.type === 'Ready');
  const word = ready?.status === 'True' ? 'Ready' : ready?.status === 'False' ? 'NotReady' : 'Unknown';
  return {
    name: nameOf(node),
    vch: vchOf(node),
    status: node.spec?.unschedulable === true ? `${word},SchedulingDisabled` : word,
    ready: word === 'Ready',
    reason: ready?.reason,
    message: ready?.message,
    taints: (node.spec?.taints ?? []).map(formatTaint),
    labels: node.metadata?.labels ?? {},
    version: node.status?.nodeInfo?.kubeletVersion,
    internalIp: node.status?.addresses?.find((address) => address.type === 'InternalIP')?.address,
    createdAt: instant(node.metadata?.creationTimestamp),
    leaseRenewedAt: instant(lease?.spec?.renewTime),
  };
}

function instant(time: string | undefined): number | undefined {
  const ms = time === undefined ? Number.NaN : Date.parse(time);
  return Number.isNaN(ms) ? undefined : ms;
}
