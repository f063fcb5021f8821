import type { Verb } from '../resource.ts';

/** What a path and method ask for (k8s.io/apiserver/pkg/endpoints/request.RequestInfo). */
export interface RequestInfo {
  readonly path: string;
  /** The API verb, or the lower-case method for paths that are no resource. */
  readonly verb: string;
  /** Undefined for paths outside /api/<version> and /apis/<group>/<version>. */
  readonly target: ResourceTarget | undefined;
}

export interface ResourceTarget {
  readonly verb: Verb;
  readonly group: string;
  readonly version: string;
  readonly namespace: string | undefined;
  readonly resource: string;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
  /** True when the path has parts after the subresource (nodes/x/proxy/a/b). */
  readonly hasTail: boolean;
}

const VERBS: Readonly<Record<string, Verb>> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete', GET: 'get', HEAD: 'get' };

/** Subresources of a namespace itself; anything else after its name is a resource inside it. */
const NAMESPACE_SUBRESOURCES = new Set(['status', 'finalize']);

export function requestInfo(method: string, path: string, query: URLSearchParams): RequestInfo {
  const segments = path
    .split('/')
    .filter((segment) => segment !== '')
    .map(decode);
  const start = resourceStart(segments);
  if (start === undefined) return { path, verb: method.toLowerCase(), target: undefined };
  const { group, version } = start;
  let rest = segments.slice(start.length);
  const legacyWatch = rest[0] === 'watch';
  if (legacyWatch) rest = rest.slice(1);
  let namespace: string | undefined;
  if (rest[0] === 'namespaces' && rest[1] !== undefined) {
    namespace = rest[1];
    if (rest[2] !== undefined && !NAMESPACE_SUBRESOURCES.has(rest[2])) rest = rest.slice(2);
  }
  const [resource, name, subresource, ...tail] = rest;
  if (resource === undefined) return { path, verb: method.toLowerCase(), target: undefined };
  const verb = refine(VERBS[method] ?? 'get', name, legacyWatch, query);
  return { path, verb, target: { verb, group, version, namespace, resource, name, subresource, hasTail: tail.length > 0 } };
}

/** `/api/v1` or `/apis/<group>/<version>`, followed by something. */
function resourceStart(segments: readonly string[]): { group: string; version: string; length: number } | undefined {
  if (segments[0] === 'api' && segments.length > 2) return { group: '', version: segments[1] ?? '', length: 2 };
  if (segments[0] === 'apis' && segments.length > 3) return { group: segments[1] ?? '', version: segments[2] ?? '', length: 3 };
  return undefined;
}

function refine(verb: Verb, name: string | undefined, legacyWatch: boolean, query: URLSearchParams): Verb {
  if (verb === 'get' && legacyWatch) return 'watch';
  if (verb === 'get' && name === undefined) return isTrue(query.get('watch')) ? 'watch' : 'list';
  if (verb === 'delete' && name === undefined) return 'deletecollection';
  return verb;
}

/** Boolean query parameters: `true` and `1` (and an empty value, as Go's conversion has it). */
export function isTrue(value: string | null): boolean {
  return value !== null && value !== 'false' && value !== '0';
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
