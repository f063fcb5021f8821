/** Events for changes of a Node that people follow (pkg/kubelet/kubelet_node_status.go). Pure. */
import type { Node } from '../../platform/kubernetes-objects.ts';
import type { EventText } from '../events.ts';

/** By condition: the reason when it is True, and when it is False. */
const REASONS: readonly (readonly [type: string, whenTrue: string, whenFalse: string])[] = [
  ['MemoryPressure', 'NodeHasInsufficientMemory', 'NodeHasSufficientMemory'],
  ['DiskPressure', 'NodeHasDiskPressure', 'NodeHasNoDiskPressure'],
  ['PIDPressure', 'NodeHasInsufficientPID', 'NodeHasSufficientPID'],
  ['Ready', 'NodeReady', 'NodeNotReady'],
];

/** `before` undefined: this process has told nothing yet. */
export function conditionEvents(name: string, before: Node | undefined, after: Node): readonly EventText[] {
  const statusOf = (node: Node | undefined, type: string): string | undefined => node?.status?.conditions?.find((condition) => condition.type === type)?.status;
  const reasons = REASONS.flatMap(([type, whenTrue, whenFalse]) => {
    const status = statusOf(after, type);
    return status === undefined || status === statusOf(before, type) ? [] : [status === 'True' ? whenTrue : whenFalse];
  });
  const cordoned = after.spec?.unschedulable === true;
  const changed = before === undefined ? cordoned : cordoned !== (before.spec?.unschedulable === true);
  const all = [...reasons, ...(changed ? [cordoned ? 'NodeNotSchedulable' : 'NodeSchedulable'] : [])];
  return all.map((reason) => ({ type: 'Normal', reason, message: `Node ${name} status is now: ${reason}` }));
}
