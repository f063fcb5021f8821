/** Networks of a VCH as vic-machine judges them (vmware/vic cmd/vic-machine/create, lib/install/validate/network.go). */
import { contains, parseCidr, parseIpv4 } from './cidr.ts';
import { valueOf, valuesOf, type VicOptions } from './options.ts';

const ROLES = ['public', 'client', 'management'] as const;
type Role = (typeof ROLES)[number];

/** What is wrong with the roles' port groups, addresses and gateways. */
export function networkProblems(options: VicOptions): readonly string[] {
  const groups = portGroups(options);
  return [
    ...bridgeProblems(options, groups),
    ...ROLES.flatMap((role) => roleProblems(options, role, groups)),
    ...sharingProblems(options, groups),
    ...dnsProblems(options),
  ];
}

function portGroups(options: VicOptions): Readonly<Record<Role, string>> {
  const publicGroup = valueOf(options, '--public-network') ?? 'VM Network';
  const client = valueOf(options, '--client-network') ?? publicGroup;
  return { public: publicGroup, client, management: valueOf(options, '--management-network') ?? client };
}

function bridgeProblems(options: VicOptions, groups: Readonly<Record<Role, string>>): readonly string[] {
  const bridge = valueOf(options, '--bridge-network');
  const shared = bridge === undefined ? undefined : ROLES.find((role) => groups[role] === bridge);
  const range = valueOf(options, '--bridge-network-range');
  const parsed = range === undefined ? undefined : parseCidr(range);
  return [
    ...(shared === undefined ? [] : [`--bridge-network ${q(bridge)} is also the ${shared} network; it must be the VCH's own`]),
    ...(range !== undefined && parsed === undefined ? [`--bridge-network-range ${q(range)} is no network such as 172.16.0.0/12`] : []),
    ...(parsed !== undefined && parsed.prefix > 16 ? [`--bridge-network-range ${q(range)} is too small: /16 or larger`] : []),
  ];
}

function roleProblems(options: VicOptions, role: Role, groups: Readonly<Record<Role, string>>): readonly string[] {
  const ip = valueOf(options, `--${role}-network-ip`);
  const gateway = valueOf(options, `--${role}-network-gateway`);
  const flag = `--${role}-network-gateway ${q(gateway)}`;
  const network = ip === undefined ? undefined : parseCidr(ip);
  if (ip !== undefined && network === undefined) return [`--${role}-network-ip ${q(ip)} is no address with its network, such as 192.0.2.10/24`];
  if (gateway === undefined) {
    return role === 'public' && ip !== undefined ? ['--public-network-ip needs --public-network-gateway'] : [];
  }
  if (network === undefined) return [`${flag} needs --${role}-network-ip`];
  const parts = gateway.split(':');
  const address = parseIpv4(parts.at(-1) ?? '');
  const destinations = parts.length === 2 ? (parts[0] ?? '').split(',') : [];
  if (parts.length > 2 || address === undefined) {
    return [`${flag} is no gateway: write ${role === 'public' ? 'an IP address' : '[CIDR,CIDR…:]IP'}`];
  }
  const bad = destinations.find((destination) => parseCidr(destination) === undefined);
  return [
    ...(bad === undefined ? [] : [`${flag}: the destination ${q(bad)} is no network such as 10.0.0.0/8`]),
    ...(contains(network, address) ? [] : [`${flag} is not in the network of --${role}-network-ip ${q(ip)}`]),
    ...(role === 'public' && destinations.length > 0 ? [`${flag}: the public network has the default route and takes no destinations`] : []),
    ...(role !== 'public' && destinations.length === 0 && groups[role] !== groups.public
      ? [`${flag} needs the networks that are reached through it: CIDR[,CIDR…]:IP`]
      : []),
  ];
}

/** Roles on one port group share one network card, and so one address. */
function sharingProblems(options: VicOptions, groups: Readonly<Record<Role, string>>): readonly string[] {
  const has = (role: Role): boolean => valueOf(options, `--${role}-network-ip`) !== undefined;
  const onPublic = (['client', 'management'] as const).filter((role) => has(role) && groups[role] === groups.public);
  if (onPublic.length > 0) {
    return onPublic.map(
      (role) => `--${role}-network-ip: the ${role} network shares the port group ${q(groups.public)} with the public one; give --public-network-ip instead`,
    );
  }
  return has('client') && has('management') && groups.client === groups.management
    ? [`--client-network-ip and --management-network-ip are both on the port group ${q(groups.client)}; give one of them`]
    : [];
}

function dnsProblems(options: VicOptions): readonly string[] {
  return valuesOf(options, '--dns-server')
    .filter((server) => (server !== '' && !/^[\d.]+$|:/.test(server) ? true : server !== '' && !server.includes(':') && parseIpv4(server) === undefined))
    .map((server) => `--dns-server ${q(server)} is no IP address`);
}

function q(text: string | undefined): string {
  return JSON.stringify(text ?? '');
}
