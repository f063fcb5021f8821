/** `Capacity` of a volume's options in whole megabytes (docker/go-units, lib/apiservers/engine/proxy/storage_proxy.go). */
const SIZE = /^(\d+(?:\.\d+)*) ?([kmgtp])?b?$/i;
const UNITS: Readonly<Record<string, number>> = { k: 1e3, m: 1e6, g: 1e9, t: 1e12, p: 1e15 };
const BYTES_PER_MB = 1e6;

/** Left to the port layer's default. */
export const DEFAULT_CAPACITY = -1;

/** A bare number counts megabytes, with a unit it is a size. Throws an Error whose message says what is wrong. */
export function capacityMb(text: string | undefined): number {
  if (text === undefined) return DEFAULT_CAPACITY;
  if (/^[+-]?\d+$/.test(text)) {
    if (Number(text) < 1) throw new Error(`Invalid size: ${text}`);
    return Number(text);
  }
  const [, number, unit] = SIZE.exec(text) ?? [];
  if (number === undefined) throw new Error(`invalid size: '${text}'`);
  if (Number.isNaN(Number(number))) throw new Error(`strconv.ParseFloat: parsing ${JSON.stringify(number)}: invalid syntax`);
  const bytes = Math.trunc(Number(number) * (UNITS[unit?.toLowerCase() ?? ''] ?? 1));
  if (bytes < 1 || bytes >= 2 ** 63) throw new Error(`Capacity value too large: ${text}`);
  return Math.trunc(bytes / BYTES_PER_MB);
}
