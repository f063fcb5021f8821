import { rfc3339 } from '../../../platform/clock.ts';
import type { Engine } from '../engine.ts';
import { isObject } from '../json.ts';
import type { DeleteDecision, Draft, DraftMeta, RequestContext, ResourceDefinition } from '../resource.ts';
import { forbiddenObject, notFound } from '../status-errors.ts';

export const NAMESPACES = { group: '', resource: 'namespaces' };

/** Namespaces that always exist; the first three may not be deleted (NamespaceLifecycle admission). */
export const SYSTEM_NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];
const IMMORTAL = ['default', 'kube-system', 'kube-public'];

/** Refuses new objects in an absent namespace (404) and in a terminating one (403). */
export function checkNamespaceAdmits(engine: Engine, definition: ResourceDefinition, meta: DraftMeta): void {
  const namespace = meta.namespace ?? '';
  const found = engine.store.get({ ...NAMESPACES, name: namespace });
  if (found === undefined) throw notFound(NAMESPACES, namespace);
  if (found.metadata.deletionTimestamp === undefined) return;
  const message = `namespace ${namespace} is being terminated`;
  throw forbiddenObject(definition, meta.name ?? '', `unable to create new content in namespace ${namespace} because it is being terminated`, [
    { reason: 'NamespaceTerminating', message, field: 'metadata.namespace' },
  ]);
}

/** What DELETE does to a namespace: it terminates, and `drainNamespaces` finishes it. Undefined for everything else. */
export function beginNamespaceDeletion(definition: ResourceDefinition, stored: Draft, context: RequestContext): DeleteDecision | undefined {
  if (definition.group !== '' || definition.resource !== NAMESPACES.resource) return undefined;
  const name = stored.metadata.name ?? '';
  if (IMMORTAL.includes(name)) throw forbiddenObject(NAMESPACES, name, 'this namespace may not be deleted');
  if (stored.metadata.deletionTimestamp !== undefined) return { kind: 'unchanged' };
  const draft = structuredClone(stored);
  draft.metadata.deletionTimestamp = rfc3339(context.clock.now());
  draft['status'] = { ...(isObject(draft['status']) ? draft['status'] : {}), phase: 'Terminating' };
  return { kind: 'update', draft };
}
