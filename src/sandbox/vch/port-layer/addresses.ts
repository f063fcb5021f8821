/** IPv4 arithmetic and the pools from which the port layer hands out container addresses. */

export interface Range {
  readonly first: number;
  readonly last: number;
}

/** Undefined when `text` is not an IPv4 address. */
export function parseAddress(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}

export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}

/** `10.0.0.0/8` as a range and its prefix length; undefined when malformed. */
export function parseCidr(text: string): (Range & { readonly prefix: number }) | undefined {
  const [address = '', length = '', ...rest] = text.split('/');
  const number = parseAddress(address);
  if (number === undefined || rest.length > 0 || !/^\d{1,2}$/.test(length) || Number(length) > 32) return undefined;
  const size = 2 ** (32 - Number(length));
  const first = Math.floor(number / size) * size;
  return { first, last: first + size - 1, prefix: Number(length) };
}

/** A pool element: a CIDR, `a-b`, or one address. */
export function parseRange(text: string): Range | undefined {
  if (text.includes('/')) return parseCidr(text);
  const [from = '', to = from] = text.split('-');
  const first = parseAddress(from.trim());
  const last = parseAddress(to.trim());
  return first === undefined || last === undefined || last < first ? undefined : { first, last };
}

export function overlaps(a: Range, b: Range): boolean {
  return a.first <= b.last && b.first <= a.last;
}

export function contains(range: Range, address: number): boolean {
  return range.first <= address && address <= range.last;
}

/** The lowest address of `pools` that is neither in use nor reserved; undefined when there is none. */
export function nextFree(pools: readonly Range[], used: ReadonlySet<number>): number | undefined {
  for (const pool of pools) {
    for (let address = pool.first; address <= pool.last; address += 1) if (!used.has(address)) return address;
  }
  return undefined;
}
