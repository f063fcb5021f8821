import type { Network } from '../inventory.ts';
import { contains, networkOf, parseCidr } from './addresses.ts';
import { isReleased } from './build.ts';
import { quote } from './go-text.ts';
import type { RoleNetwork } from './networks.ts';
import type { Validation } from './validation.ts';

export type RoleName = 'public' | 'client' | 'management';

/** Port group of each role: the client's defaults to the public one, management's to the client's. */
export function portGroups(networks: Readonly<Record<RoleName, RoleNetwork>>): Readonly<Record<RoleName, string>> {
  const publicGroup = networks.public.portGroup;
  const client = networks.client.portGroup || publicGroup;
  return { public: publicGroup, client, management: networks.management.portGroup || client };
}

/** Every check of networks that needs vSphere (vmware/vic lib/install/validate/network.go). */
export function checkNetworks(validation: Validation): void {
  const { args } = validation;
  const groups = portGroups(args.networks);
  checkStaticAddresses(validation, groups);
  for (const role of ['public', 'client', 'management'] as const) {
    const group = groups[role];
    if (!findNetwork(validation, group)) {
      validation.note(`Error checking network for --${role}-network: network '${group}' not found`);
      suggest(validation, `--${role}-network`, true);
    }
    if (group === args.bridge) validation.note(`the bridge network must not be shared with another network role - ${role} also uses ${quote(args.bridge)}`);
  }
  checkBridge(validation);
  checkContainerNetworks(validation);
}

function checkStaticAddresses(validation: Validation, groups: Readonly<Record<RoleName, string>>): void {
  const { log } = validation.run;
  const { networks } = validation.args;
  const roles = (['management', 'client', 'public'] as const).filter((role) => networks[role].ip !== undefined);
  const sharing = (['client', 'management'] as const).filter((role) => groups[role] === groups.public && networks[role].ip !== undefined);
  for (const role of sharing) {
    log.error(`${role} network shares port group with public network, but has static IP configuration`);
    log.error(`To resolve this, configure static IP for public network and assign ${role} network to same port group`);
    log.error('The static IP will be automatically configured for networks sharing the port group');
  }
  const used = [...new Set(roles.map((role) => groups[role]))];
  const addresses = (group: string) => roles.filter((role) => groups[role] === group).map((role) => networks[role].ip?.address ?? '');
  const crowded = used.find((group) => addresses(group).length > 1);
  if (sharing.length > 0) {
    validation.note('Static IP on network sharing port group with public network - Configuration ONLY allowed through public network options');
  } else if (crowded !== undefined) {
    log.error(`Port group ${quote(crowded)} is configured for networks with more than one static IP: [${addresses(crowded).join(' ')}]`);
    log.error('All VCH networks on the same port group must have the same IP address');
    log.error('To resolve this, configure static IP for one network and assign other networks to same port group');
    log.error('The static IP will be automatically configured for networks sharing the port group');
    validation.note(`Incorrect static IP configuration for networks on port group ${quote(crowded)}`);
  } else warnOfSharedSubnets(validation, groups, roles);
  for (const group of used) {
    if (addresses(group).length !== 1) {
      validation.note(`Failed to configure static IP for additional networks using port group ${quote(group)}`);
      break;
    }
    log.info(`Configuring static IP for additional networks using port group ${quote(group)}`);
  }
  for (const role of ['client', 'management'] as const) {
    const { gateway, destinations } = networks[role];
    if (groups[role] === groups.public || gateway === undefined || destinations.length > 0) continue;
    validation.note(`${role} network gateway specified without at least one routing destination`);
  }
  if (networks.public.ip !== undefined && networks.public.gateway === undefined) {
    validation.note('public network must have both static IP and gateway specified');
  }
  if (networks.public.gateway !== undefined && networks.public.destinations.length > 0) {
    validation.note('public network has the default route and must not have any routing destinations specified for gateway');
  }
}

function warnOfSharedSubnets(validation: Validation, groups: Readonly<Record<RoleName, string>>, roles: readonly RoleName[]): void {
  const seen = new Map<string, string>();
  for (const role of roles) {
    const ip = validation.args.networks[role].ip;
    if (ip === undefined) continue;
    const subnet = networkOf(ip);
    const other = seen.get(subnet);
    if (other === undefined) seen.set(subnet, groups[role]);
    else {
      validation.run.log.warn(
        `Unsupported static IP configuration: Same subnet ${quote(subnet)} is assigned to multiple port groups ${quote(other)} and ${quote(groups[role])}`,
      );
    }
  }
}

function checkBridge(validation: Validation): void {
  const { args, run } = validation;
  const released = isReleased(run.build);
  const problem = distributedProblem(validation, args.bridge);
  if (problem !== undefined && (validation.isVCenter || findNetwork(validation, args.bridge))) {
    const kind = released ? 'distributed port group or opaque network' : 'distributed port group';
    validation.note(`An existing ${kind} must be specified for bridge network on vCenter: ${problem}`);
    suggest(validation, '--bridge-network', false);
  }
  const range = parseCidr(run.flags.text('bridge-network-range'));
  if (!released && range !== undefined && range.prefix > 16) {
    validation.note(
      'Specified bridge network range is not large enough for the default bridge network size. --bridge-network-range must be /16 or larger network.',
    );
  }
  if (problem === undefined) checkMembership(validation, args.bridge);
}

function checkContainerNetworks(validation: Validation): void {
  const { args } = validation;
  let suggested = false;
  for (const { alias, portGroup, gateway, ranges } of args.containerNetworks) {
    if (alias === 'bridge') {
      validation.note('Cannot use reserved name "bridge" for container network');
      continue;
    }
    if (ranges.length > 0 && gateway === undefined) {
      validation.note(`IP range specified without gateway for container network ${quote(alias)}`);
      continue;
    }
    if (gateway !== undefined && networkOf(gateway).split('/')[0] === gateway.address) {
      validation.note(`Gateway ${gateway.address} is not a routable address`);
      continue;
    }
    const outside = gateway === undefined ? undefined : ranges.find((range) => !bounds(range).every((address) => contains(gateway, address)));
    if (outside !== undefined && gateway !== undefined) {
      validation.note(`IP range ${quote(outside)} is not in subnet ${quote(`${gateway.address}/${String(gateway.prefix)}`)}`);
      continue;
    }
    const problem = distributedProblem(validation, portGroup);
    if (problem !== undefined) {
      validation.note(`Error adding container network ${quote(alias)}: ${problem}`);
      if (!suggested) suggest(validation, '--container-network', true);
      suggested = true;
      continue;
    }
    if (args.bridge === portGroup) {
      validation.note(`the bridge network must not be shared with another network role - ${quote(portGroup)} also mapped as container network ${quote(alias)}`);
    }
    checkMembership(validation, portGroup);
  }
}

function bounds(range: string): readonly string[] {
  const cidr = parseCidr(range);
  if (cidr !== undefined) return [cidr.address];
  const [first = '', last = ''] = range.split('-');
  return [first, last.includes('.') ? last : `${first.slice(0, first.lastIndexOf('.'))}.${last}`];
}

function checkMembership(validation: Validation, name: string): void {
  const { run, datacenter, compute } = validation;
  if (!validation.isVCenter) return;
  const released = isReleased(run.build);
  const what = released ? 'vDS or Opaque Network' : 'vDS';
  if (compute === undefined) {
    validation.note(`Unable to check hosts in ${what} for ${quote(name)}: Invalid cluster. Check --compute-resource`);
    return;
  }
  const members = datacenter.networks.find((network) => network.name === name)?.hosts;
  const missing = members === undefined ? [] : compute.cluster.hosts.filter((host) => !members.includes(host.name)).map(({ path }) => path);
  if (missing.length === 0) {
    run.log.info(`${released ? 'Network' : 'vDS'} configuration OK on ${quote(name)}`);
    return;
  }
  run.log.error(`${released ? 'Configuration' : 'vDS configuration'} incorrect on ${quote(name)}. All cluster hosts must be in the ${what}.`);
  run.log.error(`  ${quote(name)} is missing hosts:`);
  for (const path of missing) run.log.error(`    ${quote(path)}`);
  validation.note(`All cluster hosts must be in the ${what}. ${quote(name)} is missing hosts: [${missing.join(' ')}]`);
}

function findNetwork({ datacenter }: Validation, name: string): Network | undefined {
  return datacenter.networks.find((network) => network.name === name);
}

function distributedProblem(validation: Validation, name: string): string | undefined {
  const network = findNetwork(validation, name);
  if (network === undefined) return `network '${name}' not found`;
  if (!validation.isVCenter || network.kind !== 'standard') return undefined;
  return `${quote(name)} is not a Distributed Port Group${isReleased(validation.run.build) ? ' or an Opaque Network' : ''}`;
}

function suggest({ run, datacenter }: Validation, flag: string, standard: boolean): void {
  const shown = datacenter.networks.filter(
    ({ kind }) => kind === 'distributed' || (kind === 'uplink' && !isReleased(run.build)) || (standard && kind === 'standard'),
  );
  if (shown.length === 0) {
    run.log.info('No networks found');
    return;
  }
  run.log.info(`Suggested values for ${flag}:`);
  for (const { name } of shown) if (flag === '--bridge-network' || name !== 'bridge') run.log.info(`  ${quote(name)}`);
}
