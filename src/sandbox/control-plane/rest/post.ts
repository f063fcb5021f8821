import type { Engine } from '../engine.ts';
import { restrictNode } from '../authz/node-restriction.ts';
import type { Draft } from '../resource.ts';
import { badRequest, methodNotAllowed } from '../status-errors.ts';
import { createObject } from './create.ts';
import { bodyOfKind, incomingObject } from './incoming.ts';
import { dryRunOf, fieldValidationOf } from './options.ts';
import type { Answer, ResourceRequest } from './request.ts';

/** POST to a collection. */
export function handleCreate(engine: Engine, request: ResourceRequest): Answer {
  const { definition, target, query, user } = request;
  const dryRun = dryRunOf(query, 'CreateOptions');
  const draft = incomingObject(request, definition, engine.registry, fieldValidationOf(query, 'CreateOptions'));
  placeInNamespace(request, draft);
  const storing = engine.registry.storing(definition);
  const wanted = definition.viewOf?.toStored(draft) ?? draft;
  restrictNode(engine, storing, 'create', user, wanted, undefined, target.subresource);
  return { kind: 'object', code: 201, object: createObject(engine, storing, wanted, { user, dryRun }), definition };
}

/** POST to a subresource that acts: binding, eviction, token. */
export function handleAction(engine: Engine, request: ResourceRequest): Answer {
  const { definition, target, query, user } = request;
  const action = definition.subresources[target.subresource ?? ''];
  if (action?.style !== 'action') throw methodNotAllowed();
  const dryRun = dryRunOf(query, 'CreateOptions');
  const draft = bodyOfKind(request, { group: action.group, version: action.version, kind: action.kind }, engine.registry);
  const name = target.name ?? '';
  restrictNode(engine, definition, 'create', user, draft, undefined, target.subresource, name, target.namespace);
  const { code, body } = action.post(draft, name, target.namespace ?? '', engine.contextFor(user, dryRun));
  return { kind: 'plain', code, body };
}

function placeInNamespace(request: ResourceRequest, draft: Draft): void {
  const { definition, target } = request;
  if (!definition.namespaced) {
    delete draft.metadata.namespace;
    return;
  }
  if (target.namespace === undefined) throw methodNotAllowed();
  const own = draft.metadata.namespace ?? '';
  if (own !== '' && own !== target.namespace) throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  draft.metadata.namespace = target.namespace;
}
