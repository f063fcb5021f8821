import type { Attributes } from './authz/attributes.ts';
import type { Engine } from './engine.ts';
import type { ResourceTarget } from './http/request-info.ts';
import type { ResourceDefinition, SubresourceDefinition, UserInfo, Verb } from './resource.ts';
import { handleDelete, handleDeleteCollection } from './rest/delete.ts';
import { handlePatch } from './rest/patch.ts';
import { handleAction, handleCreate } from './rest/post.ts';
import { handleGet, handleList } from './rest/read.ts';
import type { Answer, ResourceRequest } from './rest/request.ts';
import { handleUpdate } from './rest/update.ts';
import { parseFieldSelector, type FieldTerm } from './selectors/fields.ts';
import { unservedResource } from './not-served.ts';
import { methodNotAllowed, noSuchResource } from './status-errors.ts';

/** Carries out everything but a watch. Throws ApiError. */
export function dispatch(engine: Engine, request: ResourceRequest): Answer {
  const { definition, target } = request;
  checkServed(definition, target);
  if (target.subresource !== undefined) return dispatchSubresource(engine, request);
  switch (target.verb) {
    case 'get':
      return handleGet(engine, request);
    case 'list':
    case 'watch':
      return handleList(engine, request);
    case 'create':
      if (target.name !== undefined) throw methodNotAllowed();
      return handleCreate(engine, request);
    case 'update':
      return handleUpdate(engine, request);
    case 'patch':
      return handlePatch(engine, request);
    case 'delete':
      return handleDelete(engine, request);
    case 'deletecollection':
      return handleDeleteCollection(engine, request);
  }
}

/** Refuses paths that name no resource (404), and methods that the path does not have (405). */
export function checkServed(definition: ResourceDefinition, target: ResourceTarget): void {
  const { verb, name, subresource } = target;
  const misplaced = definition.namespaced
    ? target.namespace === undefined && name !== undefined
    : target.namespace !== undefined && target.resource !== 'namespaces';
  if (misplaced) throw noSuchResource();
  if (subresource !== undefined) {
    checkSubresource(definition, subresource, target);
    return;
  }
  const needsName: readonly Verb[] = ['update', 'patch'];
  if (!definition.verbs.includes(verb) || (needsName.includes(verb) && name === undefined) || (verb === 'create' && name !== undefined)) {
    throw methodNotAllowed();
  }
}

function checkSubresource(definition: ResourceDefinition, subresource: string, target: ResourceTarget): void {
  const found = Object.hasOwn(definition.subresources, subresource) ? definition.subresources[subresource] : undefined;
  if (found === undefined) throw unservedResource(target);
  // A proxy's path goes on behind it.
  if (target.hasTail && subresource !== 'proxy') throw noSuchResource();
  if (!verbsOf(found).includes(target.verb)) throw methodNotAllowed();
}

function verbsOf(subresource: SubresourceDefinition): readonly Verb[] {
  return subresource.style === 'action' ? ['create'] : subresource.verbs;
}

function dispatchSubresource(engine: Engine, request: ResourceRequest): Answer {
  switch (request.target.verb) {
    case 'get':
      return handleGet(engine, request);
    case 'update':
      return handleUpdate(engine, request);
    case 'patch':
      return handlePatch(engine, request);
    case 'create':
      return handleAction(engine, request);
    default:
      throw methodNotAllowed();
  }
}

/** The question that a resource request puts to the authorizer. */
export function attributesOf(user: UserInfo, target: ResourceTarget, query: URLSearchParams): Attributes {
  const { verb, group, resource, subresource, namespace, name } = target;
  return { user, verb, request: { group, resource, subresource, namespace, name, fields: fieldTerms(query) } };
}

/** A selector that is not valid restricts nothing here; the handler refuses it later, to those who may ask at all. */
function fieldTerms(query: URLSearchParams): readonly FieldTerm[] {
  try {
    return parseFieldSelector(query.get('fieldSelector') ?? '');
  } catch {
    return [];
  }
}
