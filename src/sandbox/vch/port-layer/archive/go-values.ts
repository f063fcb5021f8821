/** Values as Go writes them. */
import type { ImageEntry } from '../../../engines/port.ts';

/** Seconds from the year 1 to 1970. */
const EPOCH = 62_135_596_800n;
const KINDS: Readonly<Record<ImageEntry['kind'], number>> = { folder: 2 ** 31, link: 2 ** 27, other: 2 ** 26, file: 0 };

/** time.Time GobEncode: version, seconds, nanoseconds, and minutes from UTC, which are none. */
export function gobTime(ms: number): Buffer {
  const bytes = Buffer.alloc(15);
  const seconds = Math.floor(ms / 1000);
  bytes.writeUInt8(1, 0);
  bytes.writeBigInt64BE(BigInt(seconds) + EPOCH, 1);
  bytes.writeUInt32BE(Math.floor((ms - seconds * 1000) * 1e6), 9);
  return bytes;
}

/** os.FileMode. */
export function goMode({ kind, mode }: Pick<ImageEntry, 'kind' | 'mode'>): number {
  const special = ((mode & 0o4000) === 0 ? 0 : 2 ** 23) + ((mode & 0o2000) === 0 ? 0 : 2 ** 22) + ((mode & 0o1000) === 0 ? 0 : 2 ** 20);
  return KINDS[kind] + special + (mode & 0o777);
}
