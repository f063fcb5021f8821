/** The five container network flags and how they must agree (vmware/vic cmd/vic-machine/common/container_network.go). */
import { isIP } from 'node:net';
import { contains, parseCidr, parseRange, type Cidr } from './cidr.ts';
import { valuesOf, type VicOptions } from './options.ts';

const LEVELS = ['closed', 'outbound', 'peers', 'published', 'open'];
const NETWORK = '--container-network';

export function containerNetworkProblems(options: VicOptions): readonly string[] {
  const problems: string[] = [];
  const say = (flag: string, value: string, what: string): void => void problems.push(`${flag} ${JSON.stringify(value)} ${what}`);
  const known = new Set(valuesOf(options, NETWORK).map((value) => readNetwork(value, say)));
  const gateways = new Map<string, Cidr>();
  const each = (suffix: string, form: string, read: (group: string, value: string, text: string) => string | undefined): void => {
    const flag = `${NETWORK}-${suffix}`;
    for (const text of valuesOf(options, flag)) {
      const at = text.indexOf(':');
      const [group, value] = [text.slice(0, at), text.slice(at + 1)];
      if (at <= 0 || value === '') say(flag, text, `is not of the form PORTGROUP:${form}`);
      else if (!known.has(group)) say(flag, text, `is for the port group ${JSON.stringify(group)}, which no ${NETWORK} names (the port group, not its alias)`);
      else {
        const problem = read(group, value, text);
        if (problem !== undefined) say(flag, text, problem);
      }
    }
  };
  each('gateway', 'IP/LENGTH', (group, value) => {
    const network = parseCidr(value);
    if (network === undefined) return 'has no gateway with its network, such as 192.0.2.1/24';
    if (gateways.has(group)) return 'is a second gateway for that port group';
    gateways.set(group, network);
    return undefined;
  });
  each('ip-range', 'RANGE', (group, value) => {
    const range = parseRange(value);
    const network = gateways.get(group);
    if (range === undefined) return 'has no range such as 192.0.2.0/25 or 192.0.2.10-192.0.2.20';
    if (network === undefined) return `needs ${NETWORK}-gateway for that port group`;
    return contains(network, range[0]) && contains(network, range[1]) ? undefined : "lies outside its gateway's network";
  });
  each('dns', 'IP', (_group, value) => (isIP(value) === 0 ? 'has no IP address' : undefined));
  each('firewall', 'LEVEL', (_group, value) => (LEVELS.includes(value.toLowerCase()) ? undefined : `has no level: ${LEVELS.join(', ')}`));
  return problems;
}

/** The port group; complains of what vic-machine would not take. */
function readNetwork(text: string, say: (flag: string, value: string, what: string) => void): string {
  const [group = '', alias, ...more] = text.split(':');
  if (group === '' || more.length > 0) say(NETWORK, text, 'is not of the form PORTGROUP[:ALIAS]');
  else if (alias === undefined || alias === '') {
    if (group.includes(' ')) say(NETWORK, text, 'has a space in its name and so needs an alias: PORTGROUP:ALIAS');
    else if (group === 'bridge') say(NETWORK, text, 'may not be called bridge: give an alias');
  } else if (/\s/.test(alias)) say(NETWORK, text, 'has a space in its alias');
  else if (alias === 'bridge') say(NETWORK, text, 'may not have the alias bridge');
  return group;
}
