import { SYSTEM_USER, type Engine } from './engine.ts';
import { storageKey } from './registry.ts';
import type { Draft, ObjectKey, RequestContext, ResourceDefinition, StoreAccess, UserInfo } from './resource.ts';
import { commitUpdate } from './rest/commit.ts';
import { createObject } from './rest/create.ts';
import { removeObject } from './rest/remove.ts';

/** Completes an engine: gives it the contexts in which definitions reach other objects, through the same definitions. */
export function withContexts(parts: Omit<Engine, 'contextFor'>): Engine {
  const engine: Engine = {
    ...parts,
    contextFor: (user: UserInfo, dryRun = false): RequestContext => ({
      clock: parts.clock,
      random: parts.random,
      user,
      dryRun,
      caCertificate: parts.caCertificate,
      mintToken: parts.mintToken,
      mayDo: (verb, request) => parts.authorizer.authorize({ user, verb, request }).allowed,
      store: storeAccess(engine, dryRun),
    }),
  };
  return engine;
}

function storeAccess(engine: Engine, dryRun: boolean): StoreAccess {
  const definitionOf = (key: { group: string; resource: string }): ResourceDefinition => engine.registry.storing(key);
  const keyOf = (key: ObjectKey): ObjectKey => storageKey(definitionOf(key), key.namespace, key.name);
  return {
    get: (key) => clone(engine.store.get(keyOf(key))),
    list: (resource, namespace) => engine.store.list(definitionOf(resource), namespace).map((object) => structuredClone(object)),
    create: (resource, draft) => createObject(engine, definitionOf(resource), structuredClone(draft), { user: SYSTEM_USER, dryRun }),
    update: (key, change, options) => {
      const stored = engine.store.get(keyOf(key));
      if (stored === undefined) return undefined;
      const draft = structuredClone(stored);
      change(draft);
      return commitUpdate(engine, definitionOf(key), keyOf(key), draft, stored, dryRun, options?.keepGeneration);
    },
    remove: (key, options) => {
      if (!dryRun) removeObject(engine, definitionOf(key), keyOf(key), engine.contextFor(SYSTEM_USER), options);
    },
  };
}

function clone(object: Draft | undefined): Draft | undefined {
  return object === undefined ? undefined : structuredClone(object);
}
