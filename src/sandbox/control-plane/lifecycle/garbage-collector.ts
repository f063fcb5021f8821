import { SYSTEM_USER, type Engine } from '../engine.ts';
import { apiVersionOf, storageKey } from '../registry.ts';
import type { Draft, ResourceDefinition } from '../resource.ts';
import { commitUpdate } from '../rest/commit.ts';
import { removeObject } from '../rest/remove.ts';
import type { StoreEvent } from '../store/object-store.ts';

interface Dependent {
  readonly definition: ResourceDefinition;
  readonly object: Draft;
}

/**
 * The garbage collector: objects all of whose owners are gone are deleted in the background; an owner deleted in the foreground
 * waits for its dependents, and one deleted with Orphan lets them go. Returns how to stop.
 */
export function collectGarbage(engine: Engine): () => void {
  return engine.store.subscribe((event) => {
    const uid = event.object.metadata.uid ?? '';
    if (event.type === 'DELETED') {
      queueMicrotask(() => {
        deleteDependents(engine, uid);
        releaseOwners(engine, event);
      });
    } else if (event.type === 'ADDED' && event.object.metadata.ownerReferences !== undefined) {
      queueMicrotask(() => {
        checkOwners(engine, event);
      });
    } else if (event.object.metadata.deletionTimestamp !== undefined) {
      const { finalizers = [] } = event.object.metadata;
      if (finalizers.includes('orphan')) queueMicrotask(() => orphanDependents(engine, event));
      if (finalizers.includes('foregroundDeletion')) queueMicrotask(() => deleteInForeground(engine, event));
    }
  });
}

function deleteDependents(engine: Engine, ownerUid: string): void {
  for (const dependent of dependentsOf(engine, ownerUid)) dropDeadOwners(engine, dependent);
}

/** An object may name owners that were already gone when it was made. */
function checkOwners(engine: Engine, event: StoreEvent): void {
  const object = engine.store.get(event.key);
  if (object === undefined || object.metadata.uid !== event.object.metadata.uid) return;
  dropDeadOwners(engine, { definition: engine.registry.storing(event.key), object });
}

/** Deletes an object none of whose owners is there; takes the absent ones off its list when others are. */
function dropDeadOwners(engine: Engine, { definition, object }: Dependent): void {
  const owners = object.metadata.ownerReferences ?? [];
  const living = owners.filter((owner) => exists(engine, owner.apiVersion, owner.kind, object.metadata.namespace, owner.name, owner.uid));
  if (living.length === owners.length) return;
  const key = storageKey(definition, object.metadata.namespace, object.metadata.name ?? '');
  if (living.length > 0) {
    const draft = structuredClone(object);
    draft.metadata.ownerReferences = living;
    commitUpdate(engine, definition, key, draft, object, false);
  } else if (object.metadata.deletionTimestamp === undefined) {
    removeObject(engine, definition, key, engine.contextFor(SYSTEM_USER));
  }
}

function orphanDependents(engine: Engine, event: StoreEvent): void {
  const uid = event.object.metadata.uid ?? '';
  for (const { definition, object } of dependentsOf(engine, uid)) {
    const draft = structuredClone(object);
    draft.metadata.ownerReferences = (object.metadata.ownerReferences ?? []).filter((owner) => owner.uid !== uid);
    commitUpdate(engine, definition, storageKey(definition, object.metadata.namespace, object.metadata.name ?? ''), draft, object, false);
  }
  dropFinalizer(engine, event, 'orphan');
}

function deleteInForeground(engine: Engine, event: StoreEvent): void {
  const dependents = dependentsOf(engine, event.object.metadata.uid ?? '');
  if (dependents.length === 0) {
    dropFinalizer(engine, event, 'foregroundDeletion');
    return;
  }
  for (const { definition, object } of dependents) {
    if (object.metadata.deletionTimestamp !== undefined) continue;
    const key = storageKey(definition, object.metadata.namespace, object.metadata.name ?? '');
    removeObject(engine, definition, key, engine.contextFor(SYSTEM_USER), { propagationPolicy: 'Foreground' });
  }
}

/** When a dependent is gone, an owner that waits for it may be finished. */
function releaseOwners(engine: Engine, event: StoreEvent): void {
  for (const owner of event.object.metadata.ownerReferences ?? []) {
    const definition = engine.registry.ofKind(owner.apiVersion, owner.kind);
    if (definition === undefined) continue;
    const key = storageKey(definition, event.object.metadata.namespace, owner.name);
    const object = engine.store.get(key);
    if (object?.metadata.uid !== owner.uid || object.metadata.finalizers?.includes('foregroundDeletion') !== true) continue;
    deleteInForeground(engine, { ...event, key, object });
  }
}

function dropFinalizer(engine: Engine, event: StoreEvent, finalizer: string): void {
  const stored = engine.store.get(event.key);
  if (stored?.metadata.uid !== event.object.metadata.uid || stored === undefined) return;
  const draft = structuredClone(stored);
  draft.metadata.finalizers = (stored.metadata.finalizers ?? []).filter((name) => name !== finalizer);
  commitUpdate(engine, engine.registry.storing(event.key), event.key, draft, stored, false);
}

function dependentsOf(engine: Engine, ownerUid: string): readonly Dependent[] {
  return engine.registry.stored.flatMap((definition) =>
    engine.store
      .list(definition)
      .filter((object) => object.metadata.ownerReferences?.some((owner) => owner.uid === ownerUid) === true)
      .map((object) => ({ definition, object })),
  );
}

function exists(engine: Engine, apiVersion: string, kind: string, namespace: string | undefined, name: string, uid: string): boolean {
  const definition = engine.registry.definitions.find((candidate) => candidate.kind === kind && apiVersionOf(candidate) === apiVersion);
  // An owner of a kind that is not served cannot be looked up: it counts as alive, so nothing is deleted by mistake.
  if (definition === undefined) return true;
  return engine.store.get(storageKey(definition, namespace, name))?.metadata.uid === uid;
}
