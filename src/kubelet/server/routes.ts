/** The paths of the kubelet API and what a caller must be allowed for them (pkg/kubelet/server/auth.go, server.go). */

export type RouteName =
  | 'healthz'
  | 'pods'
  | 'runningPods'
  | 'configz'
  | 'metrics'
  | 'metricsCadvisor'
  | 'metricsResource'
  | 'metricsProbes'
  | 'statsSummary'
  | 'nodeLogs'
  | 'containerLogs'
  | 'exec'
  | 'attach'
  | 'portForward'
  | 'run'
  | 'disabled'
  | 'unknown';

export interface Route {
  readonly name: RouteName;
  /** Subresources of nodes, tried in order. */
  readonly subresources: readonly string[];
  readonly methods: readonly string[];
  /** Verb that is asked for whatever the method: a WebSocket exec is a GET. */
  readonly verb?: 'create';
  readonly parameters: RouteParameters;
}

/** Names as the caller wrote them, for comparison only. */
export interface RouteParameters {
  readonly namespace?: string;
  readonly pod?: string;
  readonly uid?: string;
  readonly container?: string;
}

const GET = ['GET'];
const STREAM = ['GET', 'POST'];
const PROXY = ['proxy'];
const NONE: RouteParameters = {};

const FIXED: Readonly<Record<string, readonly [RouteName, readonly string[]]>> = {
  healthz: ['healthz', ['healthz', 'proxy']],
  'healthz/ping': ['healthz', ['healthz', 'proxy']],
  'healthz/syncloop': ['healthz', ['healthz', 'proxy']],
  pods: ['pods', ['pods', 'proxy']],
  runningpods: ['runningPods', ['pods', 'proxy']],
  configz: ['configz', ['configz', 'proxy']],
  metrics: ['metrics', ['metrics']],
  'metrics/cadvisor': ['metricsCadvisor', ['metrics']],
  'metrics/resource': ['metricsResource', ['metrics']],
  'metrics/probes': ['metricsProbes', ['metrics']],
  'stats/summary': ['statsSummary', ['stats']],
};

/** `path` is the request target up to its query. Never throws: what is no path of ours is `unknown`. */
export function routeOf(path: string): Route {
  const segments = decodeSegments(path);
  if (segments === undefined) return unknown(PROXY);
  const fixed = Object.hasOwn(FIXED, segments.join('/')) ? FIXED[segments.join('/')] : undefined;
  if (fixed !== undefined) return { name: fixed[0], subresources: fixed[1], methods: GET, parameters: NONE };
  const [first = '', ...rest] = segments;
  switch (first) {
    case 'logs':
      return { name: 'nodeLogs', subresources: ['log'], methods: GET, parameters: NONE };
    case 'metrics':
    case 'stats':
      return unknown([first]);
    case 'debug':
      return { name: 'disabled', subresources: PROXY, methods: GET, parameters: NONE };
    case 'checkpoint':
      return unknown(['checkpoint']);
    case 'containerLogs':
      return rest.length === 3 ? { name: 'containerLogs', subresources: PROXY, methods: GET, parameters: container(rest) } : unknown(PROXY);
    case 'exec':
    case 'attach':
    case 'run': {
      const methods = first === 'run' ? ['POST'] : STREAM;
      if (rest.length !== 3 && rest.length !== 4) return unknown(PROXY, 'create');
      return { name: first, subresources: PROXY, methods, verb: 'create', parameters: container(rest) };
    }
    case 'portForward':
      if (rest.length !== 2 && rest.length !== 3) return unknown(PROXY, 'create');
      return { name: 'portForward', subresources: PROXY, methods: STREAM, verb: 'create', parameters: pod(rest) };
    default:
      return unknown(PROXY);
  }
}

function unknown(subresources: readonly string[], verb?: 'create'): Route {
  return { name: 'unknown', subresources, methods: [], parameters: NONE, ...(verb === undefined ? {} : { verb }) };
}

/** `ns/pod/container` or `ns/pod/uid/container`. */
function container(rest: readonly string[]): RouteParameters {
  const name = rest.at(-1);
  return { ...pod(rest.slice(0, -1)), ...(name === undefined ? {} : { container: name }) };
}

function pod([namespace, name, uid]: readonly string[]): RouteParameters {
  return {
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { pod: name }),
    ...(uid === undefined ? {} : { uid }),
  };
}

/** One slash at the end is fine. Undefined for dot segments, empty ones, and what does not decode to plain text. */
function decodeSegments(path: string): readonly string[] | undefined {
  if (!path.startsWith('/')) return undefined;
  const raw = path.replace(/^\//, '').replace(/\/$/, '').split('/');
  try {
    const segments = raw.map((segment) => decodeURIComponent(segment));
    return segments.every((segment) => segment !== '' && segment !== '.' && segment !== '..' && !/[/\\\u0000-\u001f\u007f]/.test(segment))
      ? segments
      : undefined;
  } catch {
    return undefined;
  }
}
