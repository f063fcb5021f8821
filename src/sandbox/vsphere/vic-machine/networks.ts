import { isIP } from 'node:net';
import { contains, networkOf, parseCidr, type Cidr } from './addresses.ts';
import { quote } from './go-text.ts';
import { CommandFailure, type Invocation } from './io.ts';

/** One of the endpoint VM's network roles. */
export interface RoleNetwork {
  readonly portGroup: string;
  readonly ip?: Cidr;
  readonly gateway?: string;
  /** Networks that are routed through the gateway. */
  readonly destinations: readonly string[];
}

export interface ContainerNetwork {
  readonly portGroup: string;
  readonly alias: string;
  readonly gateway?: Cidr;
  readonly ranges: readonly string[];
  readonly dns: readonly string[];
  readonly firewall?: string;
}

/** Reads `--ROLE-network`, its address and its gateway. Throws CommandFailure. */
export function readRoleNetwork({ flags }: Invocation, role: 'client' | 'public' | 'management'): RoleNetwork {
  const portGroup = flags.text(`${role}-network`);
  const address = flags.text(`${role}-network-ip`);
  const gatewayText = flags.text(`${role}-network-gateway`);
  if (gatewayText !== '' && address === '') throw new CommandFailure(`Gateway provided without static IP for ${role} network`);
  if (address === '') return { portGroup, destinations: [] };
  const ip = parseCidr(address);
  if (ip === undefined) throw new CommandFailure(`Failed to parse the provided ${role} network IP address ${address}: invalid CIDR address: ${address}`);
  if (gatewayText === '') return { portGroup, ip, destinations: [] };
  const { gateway, destinations } = readGateway(gatewayText, role);
  if (!contains(ip, gateway)) throw new CommandFailure(`${role} gateway with IP ${gateway} is not reachable from ${networkOf(ip)}`);
  return { portGroup, ip, gateway, destinations };
}

function readGateway(text: string, role: string): { readonly gateway: string; readonly destinations: readonly string[] } {
  const invalid = (reason: string) => new CommandFailure(`Invalid ${role} network gateway: ${reason}`);
  const parts = text.split(':');
  if (parts.length > 2) throw invalid(`gateway ${text} specified incorrectly`);
  const gateway = parts[1] ?? parts[0] ?? '';
  const list = parts.length === 2 ? (parts[0] ?? '') : '';
  if (isIP(gateway) === 0) throw invalid(`Provided gateway IP address is not valid: ${gateway}`);
  const destinations = list === '' ? [] : list.split(',');
  const bad = destinations.find((destination) => parseCidr(destination) === undefined);
  if (bad !== undefined) throw invalid(`invalid CIDR in gateway specification: invalid CIDR address: ${bad}`);
  return { gateway, destinations };
}

const FIREWALL_LEVELS = ['closed', 'outbound', 'peers', 'published', 'open'];

/** Reads the five container network flags and checks that they agree. Says which do not and throws CommandFailure. */
export function readContainerNetworks({ flags, log }: Invocation): readonly ContainerNetwork[] {
  const gateways = new Map<string, Cidr>();
  for (const text of flags.list('container-network-gateway')) {
    const { network, value } = splitParameter(text);
    const gateway = parseCidr(value);
    if (gateway === undefined) throw new CommandFailure(`Error parsing container network parameter ${text}: invalid CIDR address: ${value}`);
    if (gateways.has(network)) throw new CommandFailure(`Duplicate gateway specified for container network ${network}`);
    gateways.set(network, gateway);
  }
  const ranges = collect(flags.list('container-network-ip-range'), isRange, (value) => `Invalid IP range: ${value}`);
  const dns = collect(
    flags.list('container-network-dns'),
    (value) => isIP(value) !== 0,
    (value) => `invalid IP address: ${value}`,
  );
  const firewalls = new Map<string, string>();
  for (const text of flags.list('container-network-firewall')) {
    const { network, value } = splitParameter(text);
    if (!FIREWALL_LEVELS.includes(value.toLowerCase())) throw new CommandFailure(`Unrecognized container trust level ${value}.`);
    firewalls.set(network, value.toLowerCase());
  }
  const networks = flags.list('container-network').map((text): ContainerNetwork => {
    const { network, value } = split(text);
    const [gateway, firewall] = [gateways.get(network), firewalls.get(network)];
    const entry = { portGroup: network, alias: value === '' ? network : value, ranges: ranges.get(network) ?? [], dns: dns.get(network) ?? [] };
    return { ...entry, ...(gateway === undefined ? {} : { gateway }), ...(firewall === undefined ? {} : { firewall }) };
  });
  for (const { portGroup } of networks) for (const map of [gateways, ranges, dns, firewalls]) map.delete(portGroup);

  const stray = (what: string, flag: string, lines: readonly string[]) => {
    if (lines.length === 0) return false;
    log.error(
      `The following container network ${what} is set, but CONTAINER-NETWORK cannot be found. Please check the --container-network and ${flag} settings`,
    );
    for (const line of lines) log.error(`\t${line} should be a vSphere network name`);
    return true;
  };
  const complaints = [
    stray(
      'gateway',
      '--container-network-gateway',
      [...gateways].map(([key, { address, prefix }]) => `${key}:${address}/${String(prefix)}, ${quote(key)}`),
    ),
    stray(
      'ip range',
      '--container-network-ip-range',
      [...ranges].map(([key, values]) => `${key}:[${values.join(' ')}], ${quote(key)}`),
    ),
    stray(
      'dns',
      '--container-network-dns',
      [...dns].map(([key, values]) => `${key}:[${values.join(' ')}], ${quote(key)}`),
    ),
    stray('firewall', '--container-network-firewall', [...firewalls.keys()].map(quote)),
  ];
  if (complaints.includes(true)) throw new CommandFailure('Inconsistent container network configuration.');
  return networks;
}

function collect(texts: readonly string[], valid: (value: string) => boolean, problem: (value: string) => string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const text of texts) {
    const { network, value } = splitParameter(text);
    if (!valid(value)) throw new CommandFailure(`Error parsing container network parameter ${text}: ${problem(value)}`);
    found.set(network, [...(found.get(network) ?? []), value]);
  }
  return found;
}

function isRange(text: string): boolean {
  if (parseCidr(text) !== undefined) return true;
  const [first = '', last] = text.split('-');
  if (last === undefined || isIP(first) !== 4) return false;
  return isIP(last) === 4 || /^\d{1,3}$/.test(last);
}

function splitParameter(text: string): { readonly network: string; readonly value: string } {
  try {
    return split(text);
  } catch (error) {
    throw new CommandFailure(`Error parsing container network parameter ${text}: ${(error as Error).message}`);
  }
}

function split(text: string): { readonly network: string; readonly value: string } {
  const parts = text.split(':');
  const [network = '', value = ''] = parts;
  if (parts.length > 2) throw new CommandFailure(`Invalid value for parameter ${text}`);
  if (network === '') throw new CommandFailure(`Container network not specified in parameter ${text}`);
  if (network.includes(' ') && value === '') throw new CommandFailure(`A network alias must be supplied when network name ${quote(text)} contains spaces.`);
  if (value.includes(' ')) throw new CommandFailure(`The network alias supplied in ${quote(text)} cannot contain spaces.`);
  return { network, value };
}
