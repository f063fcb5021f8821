import { ApiError } from '../api-error.ts';
import type { Engine } from '../engine.ts';
import { decodeContinue, encodeContinue } from '../list/continue.ts';
import { storageKey } from '../registry.ts';
import type { Draft } from '../resource.ts';
import { checkSelectableFields, matchesFields, parseFieldSelector } from '../selectors/fields.ts';
import { parseLabelSelector } from '../selectors/labels.ts';
import { matchesLabels } from '../selectors/requirements.ts';
import { badRequest, notFound, tooLargeResourceVersion } from '../status-errors.ts';
import { forbiddenOption } from './options.ts';
import type { Answer, ResourceRequest } from './request.ts';

/** GET of one object. */
export function handleGet(engine: Engine, request: ResourceRequest): Answer {
  const { definition, target } = request;
  const wanted = revisionParameter(request.query);
  if (wanted !== undefined && wanted > engine.store.revision) throw tooLargeResourceVersion(wanted, engine.store.revision);
  const object = engine.store.get(storageKey(definition, target.namespace, target.name ?? ''));
  if (object === undefined) throw notFound(definition, target.name ?? '');
  return { kind: 'object', code: 200, object, definition };
}

/** GET of a collection: selectors, limit and continue, and the meanings of resourceVersion and resourceVersionMatch. */
export function handleList(engine: Engine, request: ResourceRequest): Answer {
  const { definition, query } = request;
  const limit = limitOf(query);
  const matches = matcher(request);
  const token = query.get('continue') ?? '';
  const { revision, after } = token === '' ? { revision: listRevision(engine, query), after: undefined } : continuedList(engine, query, token);
  const all = engine.store.list(definition.viewOf?.of ?? definition, namespaceOf(request), revision);
  const remaining = all.filter((object) => matches(object) && (after === undefined || positionOf(request, object) > after));
  const items = limit > 0 ? remaining.slice(0, limit) : remaining;
  const last = items.at(-1);
  const more = remaining.length - items.length;
  const selected = (query.get('labelSelector') ?? '') !== '' || (query.get('fieldSelector') ?? '') !== '';
  return {
    kind: 'list',
    definition,
    items,
    meta: {
      resourceVersion: String(revision),
      ...(more > 0 && last !== undefined ? { continue: encodeContinue(revision, positionOf(request, last)) } : {}),
      // With selectors a real server does not know how many are left.
      ...(more > 0 && !selected ? { remainingItemCount: more } : {}),
    },
  };
}

/** Every object that the request's path and selectors name. */
export function selectedObjects(engine: Engine, request: ResourceRequest): readonly Draft[] {
  const { definition } = request;
  return engine.store.list(definition.viewOf?.of ?? definition, namespaceOf(request)).filter(matcher(request));
}

/** A predicate for the request's label and field selectors; 400 when one is not valid. */
export function matcher(request: ResourceRequest): (object: Draft) => boolean {
  const { definition, query, target } = request;
  const labels = parseLabelSelector(query.get('labelSelector') ?? '');
  const fields = parseFieldSelector(query.get('fieldSelector') ?? '');
  checkSelectableFields(fields, definition);
  const inView = (object: Draft): Draft => definition.viewOf?.fromStored(object) ?? object;
  return (object) =>
    (target.name === undefined || object.metadata.name === target.name) &&
    matchesLabels(labels, object.metadata.labels ?? {}) &&
    (fields.length === 0 || matchesFields(fields, inView(object), definition));
}

export function namespaceOf(request: ResourceRequest): string | undefined {
  return request.definition.namespaced ? request.target.namespace : undefined;
}

function limitOf(query: URLSearchParams): number {
  const text = query.get('limit') ?? '';
  if (text === '') return 0;
  if (!/^-?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

/** The resourceVersion parameter as a number; undefined when absent or "0" (any revision will do). 400 when malformed. */
function revisionParameter(query: URLSearchParams): number | undefined {
  const text = query.get('resourceVersion') ?? '';
  if (text === '' || text === '0') return undefined;
  if (!/^\d+$/.test(text)) throw badRequest(`invalid resource version: ${malformedRevision(text)}`);
  return Number(text);
}

export function malformedRevision(text: string): string {
  return `resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`;
}

function listRevision(engine: Engine, query: URLSearchParams): number {
  const match = query.get('resourceVersionMatch') ?? '';
  const text = query.get('resourceVersion') ?? '';
  if (match !== '') {
    if (text === '') throw forbiddenOption('ListOptions', 'resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided');
    if (match === 'Exact' && text === '0') {
      throw forbiddenOption('ListOptions', 'resourceVersionMatch', 'resourceVersionMatch "Exact" is forbidden for resourceVersion "0"');
    }
  }
  const wanted = revisionParameter(query);
  if (wanted === undefined) return engine.store.revision;
  if (wanted > engine.store.revision) throw tooLargeResourceVersion(wanted, engine.store.revision);
  if (match !== 'Exact') return engine.store.revision;
  if (wanted < engine.store.floor) throw new ApiError(410, 'Expired', 'The resourceVersion for the provided list is too old.');
  return wanted;
}

function continuedList(engine: Engine, query: URLSearchParams, token: string): { revision: number; after: string } {
  if ((query.get('resourceVersion') ?? '') !== '' && query.get('resourceVersion') !== '0') {
    throw badRequest('specifying resource version is not allowed when using continue');
  }
  const { revision, after } = decodeContinue(token);
  if (revision < 0) return { revision: engine.store.revision, after };
  if (revision > engine.store.revision) throw tooLargeResourceVersion(revision, engine.store.revision);
  if (revision < engine.store.floor) throw expiredContinue(after);
  return { revision, after };
}

/** 410 that carries a token to go on with, without consistency. */
function expiredContinue(after: string): ApiError {
  const message =
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.';
  return new ApiError(410, 'Expired', message, undefined, { continue: encodeContinue(-1, after) });
}

/** The object's place in the collection: its key below the request's path. */
function positionOf(request: ResourceRequest, object: Draft): string {
  const { namespace = '', name = '' } = object.metadata;
  return request.definition.namespaced && request.target.namespace === undefined ? `${namespace}/${name}\0` : `${name}\0`;
}
