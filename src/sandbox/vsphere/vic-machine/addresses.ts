import { BlockList, isIP } from 'node:net';
import { lookup } from 'node:dns/promises';

export interface Cidr {
  readonly address: string;
  readonly prefix: number;
}

/** `IP/len` as Go's net.ParseCIDR reads it; undefined where Go says "invalid CIDR address". */
export function parseCidr(text: string): Cidr | undefined {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text);
  const address = match?.[1] ?? '';
  const prefix = Number(match?.[2] ?? -1);
  const family = isIP(address);
  if (family === 0 || prefix < 0 || prefix > (family === 4 ? 32 : 128)) return undefined;
  return { address, prefix };
}

/** Whether the subnet that holds `cidr` holds `address` too. */
export function contains(cidr: Cidr, address: string): boolean {
  const family = isIP(cidr.address);
  if (family === 0 || isIP(address) !== family) return false;
  const list = new BlockList();
  list.addSubnet(cidr.address, cidr.prefix, family === 4 ? 'ipv4' : 'ipv6');
  return list.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

/** The network of a CIDR as Go prints it: `10.0.0.5/24` gives `10.0.0.0/24`. */
export function networkOf({ address, prefix }: Cidr): string {
  if (isIP(address) !== 4) return `${address}/${String(prefix)}`;
  const value = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - prefix);
  const base = Math.floor(value / size) * size;
  return `${[24, 16, 8, 0].map((shift) => String(Math.floor(base / 2 ** shift) % 256)).join('.')}/${String(prefix)}`;
}

/** Addresses of a host name; empty where it has none. Names that RFC 6761 reserves are never looked up. */
export async function addressesOf(name: string): Promise<readonly string[]> {
  if (/(^|\.)(test|example|invalid)$/.test(name) || name.startsWith('*') || name === '') return [];
  try {
    return (await lookup(name, { all: true })).map(({ address }) => address);
  } catch {
    return [];
  }
}
