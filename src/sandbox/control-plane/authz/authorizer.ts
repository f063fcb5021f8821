import { ApiError } from '../api-error.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { qualifiedResource } from '../status-errors.ts';
import { isResourceRequest, type Attributes, type Authorizer } from './attributes.ts';
import { authorizeNode } from './node-authorizer.ts';
import { ruleAllows, rulesFor, type Grant } from './rules.ts';

/** The authorizers Node and RBAC, in that order; what neither allows is refused, with the Node authorizer's reason. */
export function createAuthorizer(store: ObjectStore, grants: readonly Grant[]): Authorizer {
  return {
    authorize: (attributes) => {
      const node = authorizeNode(attributes, store);
      if (node?.allowed === true) return node;
      const namespace = isResourceRequest(attributes.request) ? attributes.request.namespace : undefined;
      const allowed = rulesFor(attributes.user, namespace, grants).some((rule) => ruleAllows(rule, attributes));
      if (allowed) return { allowed: true };
      return { allowed: false, ...(node?.reason === undefined ? {} : { reason: node.reason }) };
    },
  };
}

/** The 403 for a refused request (k8s.io/apiserver/pkg/endpoints/handlers/responsewriters.Forbidden). */
export function forbidden(attributes: Attributes, reason: string | undefined): ApiError {
  const { user, verb, request } = attributes;
  const tail = reason === undefined ? '' : `: ${reason}`;
  if (!isResourceRequest(request)) {
    return new ApiError(403, 'Forbidden', `forbidden: User ${JSON.stringify(user.username)} cannot ${verb} path ${JSON.stringify(request.path)}${tail}`, {});
  }
  const { group, resource, subresource, namespace, name } = request;
  const subject =
    name === undefined || name === ''
      ? `${qualifiedResource({ group, resource })} is forbidden`
      : `${qualifiedResource({ group, resource })} "${name}" is forbidden`;
  const what = subresource === undefined || subresource === '' ? resource : `${resource}/${subresource}`;
  const where = namespace === undefined || namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  const message = `${subject}: User "${user.username}" cannot ${verb} resource "${what}" in API group "${group}" ${where}${tail}`;
  return new ApiError(403, 'Forbidden', message, {
    ...(name === undefined || name === '' ? {} : { name }),
    ...(group === '' ? {} : { group }),
    kind: resource,
  });
}
