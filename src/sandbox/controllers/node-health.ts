/**
 * What the node-lifecycle controller decides, pure: conditions of silent nodes, the taints that follow from conditions
 * (k8s.io/kubernetes/pkg/controller/nodelifecycle).
 */
import { rfc3339 } from '../../platform/clock.ts';
import type { Node, NodeCondition, Taint } from '../../platform/kubernetes-objects.ts';

const SILENCED = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'];

/** Conditions to write for a node whose heartbeats have stopped; empty when that is written already. */
export function silentConditions(node: Node, now: number): readonly NodeCondition[] {
  const at = rfc3339(now);
  return SILENCED.flatMap((type) => {
    const present = node.status?.conditions?.find((condition) => condition.type === type);
    if (present?.status === 'Unknown') return [];
    const never = present === undefined;
    return [
      {
        type,
        status: 'Unknown',
        reason: never ? 'NodeStatusNeverUpdated' : 'NodeStatusUnknown',
        message: never ? 'Kubelet never posted node status.' : 'Kubelet stopped posting node status.',
        lastHeartbeatTime: present?.lastHeartbeatTime ?? node.metadata?.creationTimestamp ?? at,
        lastTransitionTime: at,
      },
    ];
  });
}

const PREFIX = 'node.kubernetes.io/';
const NOT_READY = `${PREFIX}not-ready`;
const UNREACHABLE = `${PREFIX}unreachable`;
const OWNED = ['not-ready', 'unreachable', 'memory-pressure', 'disk-pressure', 'pid-pressure', 'network-unavailable', 'unschedulable'].map(
  (name) => PREFIX + name,
);
const BY_CONDITION: readonly (readonly [string, string])[] = [
  ['MemoryPressure', `${PREFIX}memory-pressure`],
  ['DiskPressure', `${PREFIX}disk-pressure`],
  ['PIDPressure', `${PREFIX}pid-pressure`],
  ['NetworkUnavailable', `${PREFIX}network-unavailable`],
];

/**
 * The taints a node should have: everybody else's as they are, and the controller's own made from conditions. With
 * `evict` false (every node of the cluster is unhealthy) NoExecute is left out, as the real controller does then.
 */
export function wantedTaints(node: Node, now: number, evict: boolean): readonly Taint[] {
  const present = node.spec?.taints ?? [];
  const status = (type: string): string | undefined => node.status?.conditions?.find((condition) => condition.type === type)?.status;
  const wanted: Taint[] = [];
  const add = (key: string, effect: string): void => {
    const same = present.find((taint) => taint.key === key && taint.effect === effect);
    wanted.push(same ?? { key, effect, ...(effect === 'NoExecute' ? { timeAdded: rfc3339(now) } : {}) });
  };
  const ready = status('Ready');
  const health = ready === 'True' ? undefined : ready === 'Unknown' ? UNREACHABLE : NOT_READY;
  if (health !== undefined) {
    add(health, 'NoSchedule');
    // A node that never reported anything is only not-ready: there is nothing on it to evict.
    if (evict && ready !== undefined) add(health, 'NoExecute');
  }
  for (const [type, key] of BY_CONDITION) if (status(type) === 'True') add(key, 'NoSchedule');
  if (node.spec?.unschedulable === true) add(`${PREFIX}unschedulable`, 'NoSchedule');
  return [...present.filter((taint) => !OWNED.includes(taint.key)), ...wanted];
}

/** Same taints by key and effect, in any order. */
export function sameTaints(a: readonly Taint[], b: readonly Taint[]): boolean {
  const names = (taints: readonly Taint[]): string =>
    taints
      .map((taint) => `${taint.key}=${taint.value ?? ''}:${taint.effect}`)
      .sort()
      .join();
  return names(a) === names(b);
}
