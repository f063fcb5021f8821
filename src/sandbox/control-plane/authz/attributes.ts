import type { UserInfo } from '../resource.ts';
import type { FieldTerm } from '../selectors/fields.ts';

/** One question to the authorizer (k8s.io/apiserver/pkg/authorization/authorizer.Attributes). */
export interface Attributes {
  readonly user: UserInfo;
  readonly verb: string;
  readonly request: ResourceAttributes | { readonly path: string };
}

export interface ResourceAttributes {
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string | undefined;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly fields?: readonly FieldTerm[];
}

export interface Decision {
  readonly allowed: boolean;
  /** Why not; part of 403 messages and of access reviews. */
  readonly reason?: string;
}

/** Says who may do what. */
export interface Authorizer {
  authorize(attributes: Attributes): Decision;
}

export function isResourceRequest(request: Attributes['request']): request is ResourceAttributes {
  return 'resource' in request;
}
