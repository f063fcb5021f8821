import type { UserInfo } from '../resource.ts';
import { isResourceRequest, type Attributes } from './attributes.ts';

/** What an RBAC role allows (rbac.authorization.k8s.io/v1 PolicyRule). `*` matches everything. */
export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  /** `pods`, `pods/log`, a wildcard, or a wildcard parent as in `*` + `/status`. */
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  /** Paths outside the resources; a trailing `*` matches any ending. */
  readonly nonResourceURLs?: readonly string[];
}

/** Rules given to users and groups, for the whole cluster or for some namespaces. */
export interface Grant {
  readonly users?: readonly string[];
  readonly groups?: readonly string[];
  readonly namespaces?: readonly string[];
  readonly rules: readonly PolicyRule[];
}

const DISCOVERY_PATHS = ['/api', '/api/*', '/apis', '/apis/*', '/healthz', '/livez', '/openapi', '/openapi/*', '/readyz', '/version', '/version/'];
const PUBLIC_PATHS = ['/healthz', '/livez', '/readyz', '/version', '/version/'];

/** What every cluster gives: system:masters may do anything; the bootstrap roles basic-user, discovery and public-info-viewer. */
export const BUILT_IN_GRANTS: readonly Grant[] = [
  {
    groups: ['system:masters'],
    rules: [
      { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
      { verbs: ['*'], nonResourceURLs: ['*'] },
    ],
  },
  {
    groups: ['system:authenticated'],
    rules: [
      { verbs: ['create'], apiGroups: ['authorization.k8s.io'], resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'] },
      { verbs: ['create'], apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'] },
      { verbs: ['get'], nonResourceURLs: DISCOVERY_PATHS },
    ],
  },
  { groups: ['system:authenticated', 'system:unauthenticated'], rules: [{ verbs: ['get'], nonResourceURLs: PUBLIC_PATHS }] },
];

/** The rules that apply to `user` in `namespace` (undefined: cluster-wide ones only). */
export function rulesFor(user: UserInfo, namespace: string | undefined, grants: readonly Grant[]): readonly PolicyRule[] {
  return grants
    .filter((grant) => isSubject(user, grant) && (grant.namespaces === undefined || (namespace !== undefined && grant.namespaces.includes(namespace))))
    .flatMap((grant) => grant.rules);
}

export function ruleAllows(rule: PolicyRule, { verb, request }: Pick<Attributes, 'verb' | 'request'>): boolean {
  if (!includes(rule.verbs, verb)) return false;
  if (!isResourceRequest(request)) return rule.nonResourceURLs?.some((pattern) => matchesPath(pattern, request.path)) === true;
  const named = rule.resourceNames === undefined || rule.resourceNames.length === 0 || rule.resourceNames.includes(request.name ?? '');
  return named && includes(rule.apiGroups, request.group) && matchesResource(rule.resources ?? [], request.resource, request.subresource);
}

function isSubject(user: UserInfo, grant: Grant): boolean {
  return grant.users?.includes(user.username) === true || grant.groups?.some((group) => user.groups.includes(group)) === true;
}

function includes(values: readonly string[] | undefined, value: string): boolean {
  return values?.some((candidate) => candidate === '*' || candidate === value) === true;
}

function matchesResource(patterns: readonly string[], resource: string, subresource: string | undefined): boolean {
  const whole = subresource === undefined || subresource === '' ? resource : `${resource}/${subresource}`;
  return patterns.some((pattern) => pattern === '*' || pattern === whole || (subresource !== undefined && pattern === `*/${subresource}`));
}

function matchesPath(pattern: string, path: string): boolean {
  return pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : pattern === path;
}
