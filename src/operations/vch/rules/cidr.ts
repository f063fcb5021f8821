import { isIP } from 'node:net';

/** An IPv4 network with the address it was written with. */
export interface Cidr {
  readonly address: number;
  readonly prefix: number;
}

/** `192.0.2.7/24`; undefined for anything else. vic-machine's networks are IPv4 only. */
export function parseCidr(text: string): Cidr | undefined {
  const found = /^([\d.]+)\/(\d{1,2})$/.exec(text);
  const address = parseIpv4(found?.[1] ?? '');
  const prefix = Number(found?.[2]);
  return address === undefined || prefix > 32 ? undefined : { address, prefix };
}

export function parseIpv4(text: string): number | undefined {
  if (isIP(text) !== 4) return undefined;
  return text.split('.').reduce((value, part) => value * 256 + Number(part), 0);
}

export function contains({ address, prefix }: Cidr, other: number): boolean {
  const size = 2 ** (32 - prefix);
  return Math.floor(address / size) === Math.floor(other / size);
}

/** First and last address of `192.0.2.0/24`, `192.0.2.10-192.0.2.20` or `192.0.2.10-20`; undefined for anything else. */
export function parseRange(text: string): readonly [number, number] | undefined {
  const cidr = parseCidr(text);
  if (cidr !== undefined) {
    const size = 2 ** (32 - cidr.prefix);
    const first = Math.floor(cidr.address / size) * size;
    return [first, first + size - 1];
  }
  const [from = '', to, ...more] = text.split('-');
  const first = parseIpv4(from);
  if (first === undefined || to === undefined || more.length > 0) return undefined;
  const last = /^\d{1,3}$/.test(to) && Number(to) < 256 ? first - (first % 256) + Number(to) : parseIpv4(to);
  return last === undefined || last < first ? undefined : [first, last];
}
