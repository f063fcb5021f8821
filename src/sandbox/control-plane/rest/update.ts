import type { Engine } from '../engine.ts';
import { restrictNode } from '../authz/node-restriction.ts';
import { checkMetadataUpdate } from '../metadata.ts';
import { storageKey } from '../registry.ts';
import type { Draft, ResourceDefinition } from '../resource.ts';
import { ApiError } from '../api-error.ts';
import { badRequest, conflict, methodNotAllowed, notFound } from '../status-errors.ts';
import { commitUpdate } from './commit.ts';
import { createObject, type WriteOptions } from './create.ts';
import { incomingObject } from './incoming.ts';
import { dryRunOf, fieldValidationOf } from './options.ts';
import type { Answer, ResourceRequest } from './request.ts';

/** PUT of an object or of a subresource that reads and writes the same object. */
export function handleUpdate(engine: Engine, request: ResourceRequest): Answer {
  const { definition, target, query, user } = request;
  const dryRun = dryRunOf(query, 'UpdateOptions');
  const draft = incomingObject(request, definition, engine.registry, fieldValidationOf(query, 'UpdateOptions'));
  checkNameAndNamespace(request, draft);
  const wanted = definition.viewOf?.toStored(draft) ?? draft;
  const stored = engine.store.get(storageKey(definition, target.namespace, target.name ?? ''));
  const options = { user, dryRun };
  if (stored === undefined) {
    if (definition.createsOnUpdate !== true || target.subresource !== undefined) throw notFound(definition, target.name ?? '');
    const storing = engine.registry.storing(definition);
    delete wanted.metadata.uid;
    delete wanted.metadata.resourceVersion;
    return { kind: 'object', code: 201, object: createObject(engine, storing, wanted, options), definition };
  }
  checkPreconditions(definition, wanted, stored);
  return { kind: 'object', code: 200, object: updateObject(engine, definition, wanted, stored, options, target.subresource), definition };
}

/** Lets the definition judge `draft` against `stored` and stores the outcome. `draft` is the caller's to give away. */
export function updateObject(engine: Engine, definition: ResourceDefinition, draft: Draft, stored: Draft, options: WriteOptions, subresource?: string): Draft {
  const storing = engine.registry.storing(definition);
  const context = engine.contextFor(options.user, options.dryRun);
  checkMetadataUpdate(storing, draft.metadata, stored.metadata);
  draft.metadata = { ...draft.metadata, ...serverOwned(stored) };
  restrictNode(engine, storing, 'update', options.user, draft, stored, subresource);
  const before = structuredClone(stored);
  if (subresource === undefined) {
    storing.prepareUpdate(draft, before, context);
  } else {
    const sub = storing.subresources[subresource];
    if (sub?.style !== 'update') throw methodNotAllowed();
    sub.prepareUpdate(draft, before, context);
  }
  const key = storageKey(storing, stored.metadata.namespace, stored.metadata.name ?? '');
  return commitUpdate(engine, storing, key, draft, stored, options.dryRun);
}

/** A resourceVersion or uid in the wanted object must be the stored one's (optimistic locking). */
function checkPreconditions(definition: ResourceDefinition, draft: Draft, stored: Draft): void {
  const { resourceVersion = '', uid = '' } = draft.metadata;
  const name = stored.metadata.name ?? '';
  if (uid !== '' && uid !== stored.metadata.uid) {
    const path = ['/registry', definition.resource, stored.metadata.namespace, name].filter((part) => part !== undefined).join('/');
    const cause = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${stored.metadata.uid ?? ''}`;
    throw conflict(definition, name, `StorageError: invalid object, Code: 4, Key: ${path}, ResourceVersion: 0, AdditionalErrorMsg: ${cause}`);
  }
  if (definition.requiresResourceVersion === true && (resourceVersion === '' || resourceVersion === '0')) throw resourceVersionRequired(definition, name);
  checkResourceVersion(definition, draft, stored);
}

/** 409 when `draft` was made from another state than the stored one. */
export function checkResourceVersion(definition: ResourceDefinition, draft: Draft, stored: Draft): void {
  const { resourceVersion = '' } = draft.metadata;
  if (resourceVersion === '' || resourceVersion === '0' || resourceVersion === stored.metadata.resourceVersion) return;
  if (!/^\d+$/.test(resourceVersion)) {
    throw new ApiError(
      500,
      '',
      `resourceVersion: Invalid value: ${JSON.stringify(resourceVersion)}: strconv.ParseUint: parsing ${JSON.stringify(resourceVersion)}: invalid syntax`,
    );
  }
  throw conflict(definition, stored.metadata.name ?? '');
}

function checkNameAndNamespace(request: ResourceRequest, draft: Draft): void {
  const { name = '', namespace } = request.target;
  const own = draft.metadata.name ?? '';
  if (own === '') throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  if (own !== name) throw badRequest(`the name of the object (${own}) does not match the name on the URL (${name})`);
  const ownNamespace = draft.metadata.namespace ?? '';
  if (!request.definition.namespaced) return;
  if (ownNamespace !== '' && ownNamespace !== namespace) {
    throw badRequest(`the namespace of the object (${ownNamespace}) does not match the namespace on the URL (${namespace ?? ''})`);
  }
  if (namespace !== undefined) draft.metadata.namespace = namespace;
}

/** What a client may send back but not change. */
function serverOwned(stored: Draft): Partial<Draft['metadata']> {
  const owned: Record<string, unknown> = {};
  for (const name of ['name', 'namespace', 'uid', 'resourceVersion', 'generation', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds']) {
    owned[name] = stored.metadata[name];
  }
  return owned;
}

function resourceVersionRequired(definition: ResourceDefinition, name: string): ApiError {
  const message = 'Invalid value: 0: must be specified for an update';
  const resource = definition.group === '' ? definition.resource : `${definition.resource}.${definition.group}`;
  return new ApiError(422, 'Invalid', `${resource} "${name}" is invalid: metadata.resourceVersion: ${message}`, {
    name,
    ...(definition.group === '' ? {} : { group: definition.group }),
    kind: definition.resource,
    causes: [{ reason: 'FieldValueInvalid', message, field: 'metadata.resourceVersion' }],
  });
}
