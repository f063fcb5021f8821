import { omit, sameJson } from '../json.ts';
import { tidyObject } from '../metadata.ts';
import { apiVersionOf } from '../registry.ts';
import type { Draft, ObjectKey, ResourceDefinition } from '../resource.ts';
import type { Engine } from '../engine.ts';

/**
 * Stores the outcome of an update. Nothing is written, and the resourceVersion stays, when nothing changed; the
 * generation moves when anything but metadata and status did; an object whose deletion waited for its last finalizer goes.
 */
export function commitUpdate(
  engine: Engine,
  definition: ResourceDefinition,
  key: ObjectKey,
  draft: Draft,
  stored: Draft,
  dryRun: boolean,
  keepGeneration = false,
): Draft {
  const present = { ...draft, metadata: { ...draft.metadata, resourceVersion: stored.metadata.resourceVersion ?? '' } };
  const next = tidyObject(definition, present, apiVersionOf(definition));
  if (sameJson(next, stored)) return stored;
  if (definition.hasGeneration && !keepGeneration && !sameJson(desired(next), desired(stored)) && next.metadata.generation === stored.metadata.generation) {
    next.metadata = { ...next.metadata, generation: (stored.metadata.generation ?? 0) + 1 };
  }
  if (dryRun) return next;
  if (deletionCompleted(next, stored)) {
    const removed = engine.store.remove(key);
    return removed === undefined ? next : { ...next, metadata: { ...next.metadata, resourceVersion: removed.metadata.resourceVersion ?? '' } };
  }
  return engine.store.put(key, next);
}

/** The last finalizer of a terminating object was taken away and no grace period is left. */
function deletionCompleted(next: Draft, stored: Draft): boolean {
  const waits = (stored.metadata.deletionGracePeriodSeconds ?? 0) > 0;
  return (
    stored.metadata.deletionTimestamp !== undefined && !waits && (stored.metadata.finalizers ?? []).length > 0 && (next.metadata.finalizers ?? []).length === 0
  );
}

function desired(object: Draft): unknown {
  return omit(object, 'metadata', 'status', 'kind', 'apiVersion');
}
