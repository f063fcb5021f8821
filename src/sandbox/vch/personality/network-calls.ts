/** The calls of the Docker API on networks: the scopes of the port layer. */
import { PortLayerError } from '../port-layer/replies.ts';
import type { PortLayerState } from '../port-layer/state.ts';
import type { Route } from './api.ts';
import { typedBody } from './body-types.ts';
import { DockerError } from './errors.ts';
import { Filters } from './filters.ts';
import { CONNECT_BODY, connectNetwork, createNetwork, NETWORK_BODY, type ConnectBody, type NetworkBody } from './network-create.ts';
import { networkLabels, networkResource, type ScopeInfo } from './network-resource.ts';

const FILTERS = new Set(['driver', 'type', 'name', 'id', 'label']);
const BUILTIN = new Set(['bridge', 'host', 'none', 'default']);
const NOT_FOUND = 404;

export const networkHandlers: readonly Route[] = [
  {
    method: 'GET',
    path: /^\/networks\/?$/,
    handle: ({ state }, { query }) => {
      const shown = listNetworks(state, query.get('filters'));
      return { kind: 'json', status: 200, value: shown.map((scope) => networkResource(scope, state.clock.now())) };
    },
  },
  {
    method: 'GET',
    path: /^\/networks\/(.+)$/,
    handle: ({ state }, _call, match) => {
      const name = match[1] ?? '';
      const scope = asked(name, () => state.networks.find(name)) as ScopeInfo;
      return { kind: 'json', status: 200, value: networkResource(scope, state.clock.now()) };
    },
  },
  {
    method: 'POST',
    path: /^\/networks\/create$/,
    handle: async ({ state }, call) => {
      const body = typedBody(NETWORK_BODY, await call.body()) as NetworkBody;
      return { kind: 'json', status: 201, value: { Id: createNetwork(state, body), Warning: '' } };
    },
  },
  {
    method: 'POST',
    path: /^\/networks\/(.+)\/connect$/,
    handle: async ({ state }, call, match) => {
      const body = typedBody(CONNECT_BODY, await call.body()) as ConnectBody;
      await connectNetwork(state, match[1] ?? '', body);
      return { kind: 'empty', status: 200 };
    },
  },
  {
    method: 'DELETE',
    path: /^\/networks\/(.+)$/,
    handle: ({ state }, _call, match) => {
      const name = match[1] ?? '';
      asked(name, () => {
        state.networks.remove(name);
      });
      return { kind: 'empty', status: 204 };
    },
  },
];

function listNetworks({ networks }: PortLayerState, text: string | null): readonly ScopeInfo[] {
  const filters = Filters.parse(text);
  filters.allowOnly(FILTERS);
  const wrong = filters.values('type').find((type) => type !== 'builtin' && type !== 'custom');
  if (wrong !== undefined) throw new DockerError(500, `Invalid filter: 'type'='${wrong}'`);
  return (networks.list() as readonly ScopeInfo[])
    .filter((scope) => filters.exact('driver', scope.scopeType) && filters.pattern('name', scope.name) && filters.pattern('id', scope.id))
    .filter((scope) => filters.labels('label', networkLabels(scope)))
    .filter((scope) => filters.exact('type', BUILTIN.has(scope.name) ? 'builtin' : 'custom'));
}

/** Carries out what the port layer may refuse: an unknown network is 404, anything else 500. */
function asked<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof PortLayerError)) throw error;
    throw error.status === NOT_FOUND ? new DockerError(NOT_FOUND, `network ${name} not found`) : new DockerError(500, error.message);
  }
}
