import type { Engine } from '../engine.ts';
import { restrictNode } from '../authz/node-restriction.ts';
import { storageKey } from '../registry.ts';
import type { DeleteOptions, Draft, ResourceDefinition } from '../resource.ts';
import { ApiError } from '../api-error.ts';
import { notFound } from '../status-errors.ts';
import { selectedObjects } from './read.ts';
import { deleteOptionsOf } from './options.ts';
import { removeObject } from './remove.ts';
import type { Answer, ResourceRequest } from './request.ts';

/** DELETE of one object. Answers the object where the kind does so or where it stays for now, else a Status. */
export function handleDelete(engine: Engine, request: ResourceRequest): Answer {
  const { definition, target, user } = request;
  const { options, dryRun } = deleteOptionsOf(request);
  const name = target.name ?? '';
  const key = storageKey(definition, target.namespace, name);
  const stored = engine.store.get(key);
  if (stored === undefined) throw notFound(definition, name);
  checkPreconditions(definition, stored, options);
  restrictNode(engine, definition, 'delete', user, stored, stored, undefined);
  const storing = engine.registry.storing(definition);
  const removal = removeObject(engine, storing, key, engine.contextFor(user, dryRun), options);
  if (removal === undefined) throw notFound(definition, name);
  if (!removal.gone || storing.deleteAnswersObject === true) return { kind: 'object', code: 200, object: removal.object, definition };
  return { kind: 'plain', code: 200, body: successStatus(definition, removal.object) };
}

/** DELETE of a collection: the answer lists the objects as they were. */
export function handleDeleteCollection(engine: Engine, request: ResourceRequest): Answer {
  const { definition, user } = request;
  const { options, dryRun } = deleteOptionsOf(request);
  const items = selectedObjects(engine, request);
  const resourceVersion = String(engine.store.revision);
  const storing = engine.registry.storing(definition);
  for (const item of items) {
    const key = storageKey(definition, item.metadata.namespace, item.metadata.name ?? '');
    removeObject(engine, storing, key, engine.contextFor(user, dryRun), options);
  }
  return { kind: 'list', definition, items, meta: { resourceVersion } };
}

function checkPreconditions(definition: ResourceDefinition, stored: Draft, options: DeleteOptions): void {
  const { uid, resourceVersion } = options.preconditions ?? {};
  if (uid !== undefined && uid !== stored.metadata.uid) {
    throw precondition(
      definition,
      stored,
      `the UID in the precondition (${uid}) does not match the UID in record (${stored.metadata.uid ?? ''}). The object might have been deleted and then recreated`,
    );
  }
  if (resourceVersion !== undefined && resourceVersion !== stored.metadata.resourceVersion) {
    throw precondition(
      definition,
      stored,
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${stored.metadata.resourceVersion ?? ''}). The object might have been modified`,
    );
  }
}

/** Unlike other conflicts these name the kind, not the resource. */
function precondition(definition: ResourceDefinition, stored: Draft, cause: string): ApiError {
  const name = stored.metadata.name ?? '';
  const subject = definition.group === '' ? definition.kind : `${definition.kind}.${definition.group}`;
  return new ApiError(409, 'Conflict', `Operation cannot be fulfilled on ${subject} "${name}": ${cause}`, {
    name,
    ...(definition.group === '' ? {} : { group: definition.group }),
    kind: definition.kind,
  });
}

function successStatus(definition: ResourceDefinition, object: Draft): object {
  const { name, uid } = object.metadata;
  const details = { name, ...(definition.group === '' ? {} : { group: definition.group }), kind: definition.resource, uid };
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
}
