/** Addresses for pods out of one network, each given once at a time; the ones given back longest ago are given first. */
import { isIPv4 } from 'node:net';

export interface PodAddresses {
  /** An address that no pod has. Throws when there is none left. */
  take(): string;
  /** An address that a pod has from before, or by its own wish; of this network or not. */
  reserve(address: string): void;
  release(address: string): void;
}

/** `10.244.0.0/16`: all of it but its first and last address. Throws for what is no IPv4 network of at least four addresses. */
export function podAddresses(cidr: string): PodAddresses {
  const { first, count } = parseCidr(cidr);
  const used = new Map<string, number>();
  let next = 0;
  return {
    take: () => {
      for (let tried = 0; tried < count; tried += 1) {
        const address = format(first + next);
        next = (next + 1) % count;
        if (used.has(address)) continue;
        used.set(address, 1);
        return address;
      }
      throw new Error(`all ${String(count)} addresses of ${cidr} are taken`);
    },
    reserve: (address) => {
      used.set(address, (used.get(address) ?? 0) + 1);
    },
    release: (address) => {
      const left = (used.get(address) ?? 0) - 1;
      if (left > 0) used.set(address, left);
      else used.delete(address);
    },
  };
}

function parseCidr(cidr: string): { readonly first: number; readonly count: number } {
  const [address = '', length = ''] = cidr.split('/');
  const bits = Number(length);
  if (!isIPv4(address) || !/^\d{1,2}$/.test(length) || bits < 8 || bits > 30) throw new RangeError(`"${cidr}" is not an IPv4 network from /8 to /30`);
  const size = 2 ** (32 - bits);
  const number = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  return { first: Math.floor(number / size) * size + 1, count: size - 2 };
}

function format(number: number): string {
  return [24, 16, 8, 0].map((shift) => String(Math.floor(number / 2 ** shift) % 256)).join('.');
}
