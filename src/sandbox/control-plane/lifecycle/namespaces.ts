import { SYSTEM_USER, type Engine } from '../engine.ts';
import { storageKey } from '../registry.ts';
import { removeObject } from '../rest/remove.ts';
import type { StoreEvent } from '../store/object-store.ts';
import { NAMESPACES } from './namespace-rules.ts';

/**
 * The namespace controller: empties terminating namespaces and removes them when nothing is left. Driven by store events: a pod
 * that a kubelet still has to stop keeps its namespace until it is gone. Returns how to stop.
 */
export function drainNamespaces(engine: Engine): () => void {
  const drain = (name: string): void => {
    const namespace = engine.store.get({ ...NAMESPACES, name });
    if (namespace?.metadata.deletionTimestamp === undefined) return;
    if (emptyNamespace(engine, name) > 0) return;
    engine.store.remove({ ...NAMESPACES, name });
  };
  const wanted = new Set<string>();
  return engine.store.subscribe((event) => {
    const name = affectedNamespace(event);
    if (name === undefined || wanted.has(name)) return;
    if (engine.store.get({ ...NAMESPACES, name })?.metadata.deletionTimestamp === undefined) return;
    wanted.add(name);
    // After the write that woke us has been answered, and once for a burst of writes.
    queueMicrotask(() => {
      wanted.delete(name);
      drain(name);
    });
  });
}

/** Deletes the content of a namespace that is not terminating yet; says how many objects are still there. */
function emptyNamespace(engine: Engine, namespace: string): number {
  const context = engine.contextFor(SYSTEM_USER);
  let left = 0;
  for (const definition of engine.registry.stored.filter((candidate) => candidate.namespaced)) {
    for (const object of engine.store.list(definition, namespace)) {
      const key = storageKey(definition, namespace, object.metadata.name ?? '');
      const removal = object.metadata.deletionTimestamp === undefined ? removeObject(engine, definition, key, context) : { gone: false };
      if (removal?.gone === false) left += 1;
    }
  }
  return left;
}

function affectedNamespace(event: StoreEvent): string | undefined {
  if (event.key.group === '' && event.key.resource === NAMESPACES.resource) return event.type === 'MODIFIED' ? event.key.name : undefined;
  return event.type === 'DELETED' ? event.key.namespace : undefined;
}
