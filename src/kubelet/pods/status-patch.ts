/**
 * The strategic merge patch that turns one pod status into another. Conditions merge by `type`, so only changed ones
 * are sent and those of other writers stay; container statuses are replaced whole; addresses merge by `ip`, so a
 * changed list starts with a replace directive (k8s.io/api/core/v1/types.go, patchStrategy tags).
 */
import type { Json, JsonObject, PodCondition, PodStatus } from '../../platform/kubernetes-objects.ts';
import { sameJson } from '../same-json.ts';

const SCALARS = ['observedGeneration', 'phase', 'reason', 'message', 'startTime', 'hostIP', 'podIP'] as const;
const REMOVABLE: ReadonlySet<string> = new Set(['reason', 'message']);

/** Undefined when `current` says all of `desired` already. */
export function statusPatch(current: PodStatus, desired: PodStatus): JsonObject | undefined {
  const patch: Record<string, Json> = {};
  for (const key of SCALARS) {
    const value = desired[key];
    if (value === undefined ? REMOVABLE.has(key) && current[key] !== undefined : value !== current[key]) patch[key] = value ?? null;
  }
  for (const key of ['hostIPs', 'podIPs'] as const) {
    const value = desired[key];
    if (value === undefined || sameJson(value, current[key])) continue;
    patch[key] = [...((current[key] ?? []).length > 0 ? [{ $patch: 'replace' }] : []), ...json(value)];
  }
  const conditions = (desired.conditions ?? []).flatMap((condition) => {
    const before = current.conditions?.find(({ type }) => type === condition.type);
    return before !== undefined && sameJson(before, condition) ? [] : [conditionPatch(condition, before)];
  });
  if (conditions.length > 0) patch['conditions'] = conditions;
  for (const key of ['initContainerStatuses', 'containerStatuses', 'ephemeralContainerStatuses'] as const) {
    const value = desired[key];
    if (value !== undefined && !sameJson(value, current[key])) patch[key] = json(value);
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

/** A field that a merged list element no longer has must be sent as null. */
function conditionPatch(condition: PodCondition, before: PodCondition | undefined): Json {
  const dropped = Object.keys(before ?? {}).filter((key) => !(key in condition) && key !== 'lastProbeTime');
  return { ...Object.fromEntries(dropped.map((key) => [key, null])), ...(condition as unknown as JsonObject) };
}

function json(value: readonly unknown[]): readonly Json[] {
  return value as readonly Json[];
}
