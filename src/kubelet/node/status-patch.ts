import type { Json, JsonObject, NodeCondition } from '../../platform/kubernetes-objects.ts';
import { omit } from '../omit.ts';
import { sameJson } from '../same-json.ts';
import type { NodeStatus } from './desired-node.ts';

export interface NodeStatusPatch {
  /** Strategic merge patch of `status`; always carries the heartbeats. */
  readonly patch: JsonObject;
  /** Something other than heartbeat times differs. */
  readonly changed: boolean;
}

/**
 * The difference between what the API holds and what should be. Addresses merge by type, which would lose the second of
 * two InternalIPs, so a changed list is replaced as a whole; conditions of other writers are left alone.
 */
export function nodeStatusPatch(current: NodeStatus, desired: NodeStatus): NodeStatusPatch {
  const patch: Record<string, Json> = {};
  for (const key of ['capacity', 'allocatable', 'nodeInfo'] as const) {
    const difference = mapPatch(current[key], desired[key]);
    if (difference !== undefined) patch[key] = difference;
  }
  if (desired.daemonEndpoints !== undefined && !sameJson(current.daemonEndpoints, desired.daemonEndpoints)) {
    patch['daemonEndpoints'] = desired.daemonEndpoints;
  }
  if (desired.addresses !== undefined && !sameJson(current.addresses ?? [], desired.addresses)) {
    patch['addresses'] = [{ $patch: 'replace' }, ...(desired.addresses as unknown as readonly Json[])];
  }
  // The list has no merge key and is replaced as a whole.
  if (desired.images !== undefined && !sameJson(current.images ?? [], desired.images)) patch['images'] = desired.images;
  const conditions = desired.conditions ?? [];
  const moved = conditions.some((condition) => {
    const before = current.conditions?.find(({ type }) => type === condition.type);
    return before === undefined || !sameJson(silent(before), silent(condition));
  });
  const changed = moved || Object.keys(patch).length > 0;
  // Not a change by itself: an API server that does not know the field drops it every time.
  if (desired.declaredFeatures !== undefined && !sameJson(current.declaredFeatures, desired.declaredFeatures)) {
    patch['declaredFeatures'] = desired.declaredFeatures;
  }
  return { patch: { status: { ...patch, conditions: conditions as unknown as readonly Json[] } }, changed };
}

function silent(condition: NodeCondition): unknown {
  return omit(condition, 'lastHeartbeatTime');
}

/** Changed keys, and null for those that are gone; undefined when nothing differs or nothing is known. */
function mapPatch(current: object | undefined, desired: object | undefined): JsonObject | undefined {
  if (desired === undefined) return undefined;
  const [before, after] = [{ ...current } as Record<string, Json>, { ...desired } as Record<string, Json>];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const changes = names.filter((name) => !sameJson(before[name], after[name]) && !(after[name] === '' && before[name] === undefined));
  return changes.length === 0 ? undefined : Object.fromEntries(changes.map((name) => [name, after[name] ?? null]));
}
