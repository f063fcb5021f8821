import { modify } from '../handles.ts';
import type { Operation } from '../operation.ts';
import { parseAddress } from '../addresses.ts';
import type { ScopeRequest } from '../networks.ts';
import { DroppedConnection, empty, failed, json, PortLayerError } from '../replies.ts';
import { MODELS } from '../schema.ts';
import type { PortLayerState } from '../state.ts';
import { addEndpoint, removeEndpoint } from '../vm-config.ts';

/** Scopes, and the endpoints of containers in them. */
export function scopeOperations(state: PortLayerState): readonly Operation[] {
  const { handles, networks } = state;
  return [
    { id: 'ListAll', method: 'GET', path: '/scopes', handle: () => json(networks.list()) },
    { id: 'List', method: 'GET', path: '/scopes/{idName}', handle: ({ path }) => json([networks.find(path['idName'] ?? '')]) },
    {
      id: 'CreateScope',
      method: 'POST',
      path: '/scopes',
      body: { name: 'config', type: MODELS.ScopeConfig, required: false },
      handle: ({ body, hasBody }) => {
        if (!hasBody) throw new DroppedConnection('create scope without a body');
        return json(networks.create(body as unknown as ScopeRequest), 201);
      },
    },
    {
      id: 'DeleteScope',
      method: 'DELETE',
      path: '/scopes/{idName}',
      handle: ({ path }) => {
        networks.remove(path['idName'] ?? '');
        return empty();
      },
    },
    {
      id: 'AddContainer',
      method: 'POST',
      path: '/scopes/{scope}/containers',
      body: { name: 'config', type: MODELS.ScopesAddContainerConfig },
      handle: ({ body }) => {
        const handle = handles.needContainer(body['handle']);
        const wanted = body['networkConfig'] as { networkName: string; address?: string; aliases?: readonly string[]; ports?: readonly string[] };
        const scope = networks.resolve(wanted.networkName);
        const { address } = wanted;
        if (address !== undefined && address !== '' && parseAddress(address) === undefined) throw failed(500, `invalid ip address ${JSON.stringify(address)}`);
        modify(
          handle,
          addEndpoint({ scope, ports: wanted.ports ?? [], aliases: wanted.aliases ?? [], ...(address === undefined || address === '' ? {} : { address }) }),
        );
        return json(handle.key);
      },
    },
    {
      id: 'RemoveContainer',
      method: 'DELETE',
      path: '/scopes/{scope}/containers/{handle}',
      handle: ({ path }) => {
        const handle = handles.needContainer(path['handle']);
        const scope = networks.resolve(path['scope'] ?? '');
        if (networks.bound(handle.id)) throw failed(500, 'container is bound');
        modify(handle, removeEndpoint(scope));
        return json(handle.key);
      },
    },
    {
      id: 'BindContainer',
      method: 'POST',
      path: '/scopes/containers/{handle}/binding',
      handle: ({ path }) => {
        const handle = handles.needContainer(path['handle']);
        return json({ endpoints: networks.bind(handle.config), handle: handle.key });
      },
    },
    {
      id: 'UnbindContainer',
      method: 'DELETE',
      path: '/scopes/containers/{handle}/binding',
      handle: ({ path }) => {
        const handle = handles.find(path['handle']);
        if (handle === undefined) throw new PortLayerError(404);
        return json({ endpoints: networks.unbind(handle.id), handle: handle.key });
      },
    },
    {
      id: 'GetContainerEndpoints',
      method: 'GET',
      path: '/scopes/containers/{handleOrId}',
      handle: ({ path }) => {
        const key = path['handleOrId'] ?? '';
        const endpoints = networks.endpoints(handles.find(key)?.id ?? key);
        if (endpoints.length === 0) throw failed(404, 'container not found');
        return json(endpoints);
      },
    },
  ];
}
