import { rfc3339 } from '../../../platform/clock.ts';
import type { TokenRegistry } from '../authn/tokens.ts';
import type { Authorizer } from '../authz/attributes.ts';
import { nodeOf } from '../authz/node-authorizer.ts';
import { rulesFor, type Grant } from '../authz/rules.ts';
import type { Engine } from '../engine.ts';
import { isObject, omit } from '../json.ts';
import { bodyOfKind } from '../rest/incoming.ts';
import type { Answer, ResourceRequest } from '../rest/request.ts';
import type { Draft, UserInfo } from '../resource.ts';
import { badRequest, methodNotAllowed } from '../status-errors.ts';
import { reviewedAccess } from './access.ts';
import type { ReviewKind } from './kinds.ts';

export interface ReviewTools {
  readonly engine: Engine;
  readonly authorizer: Authorizer;
  readonly tokens: TokenRegistry;
  readonly grants: readonly Grant[];
}

/** Answers a POSTed review. */
export function handleReview(tools: ReviewTools, review: ReviewKind, request: Omit<ResourceRequest, 'definition'>): Answer {
  if (request.target.verb !== 'create' || request.target.name !== undefined) throw methodNotAllowed();
  const body = bodyOfKind(request, review, tools.engine.registry);
  return { kind: 'plain', code: 201, body: answerOf(tools, review, request, body) };
}

function answerOf(tools: ReviewTools, review: ReviewKind, request: Omit<ResourceRequest, 'definition'>, body: Draft): object {
  const head = { kind: review.kind, apiVersion: `${review.group}/${review.version}` };
  const spec = isObject(body['spec']) ? body['spec'] : {};
  switch (review.kind) {
    case 'SelfSubjectReview':
      return { ...head, metadata: { creationTimestamp: rfc3339(tools.engine.clock.now()) }, status: { userInfo: request.user } };
    case 'SelfSubjectRulesReview':
      return { ...head, metadata: {}, spec: {}, status: rulesStatus(tools, request.user, spec['namespace']) };
    case 'TokenReview':
      return { ...head, metadata: {}, spec, status: tokenStatus(tools, spec) };
    default: {
      const metadata = request.target.namespace === undefined ? {} : { namespace: request.target.namespace };
      return { ...head, metadata, ...reviewedAccess(tools.authorizer, review, request, spec) };
    }
  }
}

function rulesStatus(tools: ReviewTools, user: UserInfo, namespace: unknown): object {
  if (typeof namespace !== 'string' || namespace === '') throw badRequest('no namespace on request');
  const rules = rulesFor(user, namespace, tools.grants);
  const incomplete = nodeOf(user) !== undefined;
  return {
    resourceRules: rules.filter((rule) => rule.resources !== undefined).map((rule) => omit(rule, 'nonResourceURLs')),
    nonResourceRules: rules.filter((rule) => rule.nonResourceURLs !== undefined).map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
    incomplete,
    ...(incomplete ? { evaluationError: 'node authorizer does not support user rule resolution' } : {}),
  };
}

function tokenStatus(tools: ReviewTools, spec: Record<string, unknown>): object {
  const token = spec['token'];
  if (typeof token !== 'string' || token === '') throw badRequest('token is required for TokenReview in authentication');
  const asked = Array.isArray(spec['audiences']) && spec['audiences'].length > 0 ? (spec['audiences'] as unknown[]).map(String) : undefined;
  const verdict = tools.tokens.verify(token, asked);
  if (!verdict.authenticated) return { user: {}, error: verdict.error };
  const { username, uid, groups, extra } = verdict.user;
  const all = groups.includes('system:authenticated') ? groups : [...groups, 'system:authenticated'];
  return {
    authenticated: true,
    user: { username, ...(uid === undefined ? {} : { uid }), groups: all, ...(extra === undefined ? {} : { extra }) },
    audiences: verdict.audiences,
  };
}
