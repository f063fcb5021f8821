/** `POST /networks/create` and joining a container to a network (vmware/vic lib/apiservers/engine/backends/network.go). */
import { parseAddress } from '../port-layer/addresses.ts';
import { modify } from '../port-layer/handles.ts';
import { PortLayerError } from '../port-layer/replies.ts';
import type { PortLayerState } from '../port-layer/state.ts';
import { addEndpoint } from '../port-layer/vm-config.ts';
import type { BodyType } from './body-types.ts';
import { findContainer } from './containers.ts';
import { aliasesOf, type EndpointSettings } from './endpoint-settings.ts';
import { DockerError } from './errors.ts';
import { labelAnnotations, type ScopeInfo } from './network-resource.ts';

export interface NetworkBody {
  readonly Name?: string;
  readonly Driver?: string;
  readonly Internal?: boolean;
  readonly Labels?: Readonly<Record<string, string>> | null;
  readonly IPAM?: { readonly Config?: readonly IpamConfig[] | null } | null;
}

interface IpamConfig {
  readonly Subnet?: string;
  readonly IPRange?: string;
  readonly Gateway?: string;
}

export interface ConnectBody {
  readonly Container?: string;
  readonly EndpointConfig?: EndpointSettings | null;
}

export const NETWORK_BODY: BodyType = {
  package: 'types',
  name: 'NetworkCreateRequest',
  fields: { Name: 'string', Driver: 'string', Internal: 'bool', Labels: 'map', IPAM: 'any' },
};
export const CONNECT_BODY: BodyType = { package: 'types', name: 'NetworkConnect', fields: { Container: 'string', EndpointConfig: 'any' } };

const CONFLICT = 409;

/** The id of the network. */
export function createNetwork({ networks }: PortLayerState, body: NetworkBody): string {
  const { Name: name = '', Driver: driver = '', Internal: internal = false, Labels: labels, IPAM: ipam } = body;
  const [config, ...more] = ipam?.Config ?? [];
  if (more.length > 0) throw new DockerError(500, 'at most one ipam config supported');
  if (name === '') throw new DockerError(500, 'name in body is required');
  const { Subnet: subnet = '', Gateway: gateway = '', IPRange: range = '' } = config ?? {};
  try {
    const scope = networks.create({
      ...{ name, scopeType: driver === '' ? 'bridge' : driver, subnet, gateway, internal },
      ipam: range === '' ? [] : [range],
      annotations: labelAnnotations(labels ?? {}),
    });
    return (scope as ScopeInfo).id;
  } catch (error) {
    if (!(error instanceof PortLayerError)) throw error;
    throw error.status === CONFLICT ? new DockerError(CONFLICT, `vicnetwork ${name} already exists`) : new DockerError(500, error.message);
  }
}

/** For a container that does not run: one that does is left as it is. Every refusal is 500. */
export async function connectNetwork(state: PortLayerState, network: string, { Container: wanted = '', EndpointConfig: settings }: ConnectBody): Promise<void> {
  const vm = containerOf(state, wanted);
  try {
    const scope = state.networks.resolve(network);
    const address = settings?.IPAMConfig?.IPv4Address ?? '';
    if (address !== '' && parseAddress(address) === undefined) throw new DockerError(500, `invalid ip address ${JSON.stringify(address)}`);
    if (vm.poweredOn) return;
    const handle = state.containers.take(vm.id);
    modify(handle, addEndpoint({ scope, ports: [], aliases: aliasesOf(settings), ...(address === '' ? {} : { address }) }));
    await state.containers.commit(handle, undefined);
  } catch (error) {
    throw error instanceof PortLayerError ? new DockerError(500, error.message) : error;
  }
}

function containerOf(state: PortLayerState, wanted: string): ReturnType<typeof findContainer> {
  try {
    return findContainer(state, wanted);
  } catch (error) {
    throw error instanceof DockerError ? new DockerError(500, `container ${wanted} not found`) : error;
  }
}
