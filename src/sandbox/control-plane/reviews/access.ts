import { ApiError } from '../api-error.ts';
import type { Attributes, Authorizer, ResourceAttributes } from '../authz/attributes.ts';
import { isObject } from '../json.ts';
import type { ResourceRequest } from '../rest/request.ts';
import type { UserInfo } from '../resource.ts';
import { parseFieldSelector, type FieldTerm } from '../selectors/fields.ts';
import { badRequest } from '../status-errors.ts';
import type { ReviewKind } from './kinds.ts';

/** Spec (as understood) and status of an access review of any of the three kinds. Throws 422 when the spec asks nothing. */
export function reviewedAccess(
  authorizer: Authorizer,
  review: ReviewKind,
  request: Omit<ResourceRequest, 'definition'>,
  spec: Record<string, unknown>,
): object {
  const isSelf = review.kind === 'SelfSubjectAccessReview';
  const resource = isObject(spec['resourceAttributes']) ? spec['resourceAttributes'] : undefined;
  const path = isObject(spec['nonResourceAttributes']) ? spec['nonResourceAttributes'] : undefined;
  if ((resource === undefined) === (path === undefined)) {
    throw incomplete(review, 'spec.resourceAttributes', 'null', 'exactly one of nonResourceAttributes or resourceAttributes must be specified');
  }
  const user = isSelf ? request.user : subject(spec);
  if (!isSelf && user.username === '' && user.groups.length === 0) {
    throw incomplete(review, 'spec.user', '""', 'at least one of user or group must be specified');
  }
  if (review.namespaced && textOf(resource?.['namespace']) !== request.target.namespace) {
    throw badRequest(`spec.resourceAttributes.namespace must match namespace: ${request.target.namespace ?? ''}`);
  }
  const attributes: Attributes = {
    user,
    verb: textOf((resource ?? path)?.['verb']),
    request: resource === undefined ? { path: textOf(path?.['path']) } : resourceAttributes(resource),
  };
  const { allowed, reason } = authorizer.authorize(attributes);
  return { spec: shown(spec, isSelf), status: { allowed, ...(allowed || reason === undefined ? {} : { reason }) } };
}

function resourceAttributes(asked: Record<string, unknown>): ResourceAttributes {
  const optional = (name: string): string | undefined => textOf(asked[name]) || undefined;
  return {
    group: textOf(asked['group']),
    resource: textOf(asked['resource']),
    subresource: optional('subresource'),
    namespace: optional('namespace'),
    name: optional('name'),
    fields: fieldTerms(asked['fieldSelector']),
  };
}

/** A field selector as text or as requirements; what cannot be understood restricts nothing, as the reviewer would have to assume. */
function fieldTerms(selector: unknown): readonly FieldTerm[] {
  if (!isObject(selector)) return [];
  if (typeof selector['rawSelector'] === 'string' && selector['rawSelector'] !== '') {
    try {
      return parseFieldSelector(selector['rawSelector']);
    } catch {
      return [];
    }
  }
  const requirements: unknown[] = Array.isArray(selector['requirements']) ? selector['requirements'] : [];
  return requirements.filter(isObject).flatMap((requirement): FieldTerm[] => {
    const values: unknown[] = Array.isArray(requirement['values']) ? requirement['values'] : [];
    const operator = requirement['operator'] === 'In' ? '=' : requirement['operator'] === 'NotIn' ? '!=' : undefined;
    return operator === undefined || values.length !== 1 ? [] : [{ field: textOf(requirement['key']), operator, value: textOf(values[0]) }];
  });
}

function subject(spec: Record<string, unknown>): UserInfo {
  const groups = Array.isArray(spec['groups']) ? (spec['groups'] as unknown[]).filter((group) => typeof group === 'string') : [];
  return { username: textOf(spec['user']), groups };
}

function shown(spec: Record<string, unknown>, isSelf: boolean): object {
  const { resourceAttributes: resource, nonResourceAttributes: path, ...who } = spec;
  return {
    ...(isObject(resource) ? { resourceAttributes: resource } : {}),
    ...(isObject(path) ? { nonResourceAttributes: path } : {}),
    ...(isSelf ? {} : who),
  };
}

/** These 422 answers name no kind. */
function incomplete(review: ReviewKind, field: string, value: string, why: string): ApiError {
  const message = `Invalid value: ${value}: ${why}`;
  return new ApiError(422, 'Invalid', `.${review.group} "" is invalid: ${field}: ${message}`, {
    group: review.group,
    causes: [{ reason: 'FieldValueInvalid', message, field }],
  });
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
