/**
 * Just enough of ISO 9660 (ECMA-119) with Rock Ridge names (IEEE P1282) to take a file out of an image: the primary
 * volume descriptor, directory records, system use entries with their continuations. No Joliet, no UDF, no El Torito.
 */
import { VickError } from '../../errors/vick-error.ts';

const SECTOR = 2048;
const FIRST_DESCRIPTOR = 16;
const PRIMARY = 1;
const TERMINATOR = 255;
/** A folder deeper than this, or a file of more parts, is a loop and no image. */
const MAX_DEPTH = 16;
const MAX_RECORDS = 100_000;

const DIRECTORY = 0x02;
const MORE_EXTENTS = 0x80;

export interface IsoImage {
  /** The publisher field, without padding: VIC writes its version as the last word of it. */
  readonly publisher: string;
  readonly volume: string;
  /** The bytes of the file at an absolute path, compared without regard to case where the image has no Rock Ridge names; undefined: no such file. */
  file(path: string): Buffer | undefined;
  /** Names in a folder; undefined: no such folder. */
  list(path: string): readonly string[] | undefined;
}

/** APPLIANCE_INVALID when the bytes are no such image, or one that is cut short. */
export function readIso(bytes: Buffer): IsoImage {
  const primary = primaryDescriptor(bytes);
  const root = readRecord(primary, 156);
  if (root === undefined) throw invalid('its primary volume descriptor has no root folder');
  const skip = systemUseSkip(bytes, root);
  const entriesOf = (folder: Extent): readonly Entry[] => readFolder(bytes, folder, skip);
  const find = (path: string): Entry | undefined => {
    const words = path.split('/').filter((word) => word !== '');
    if (words.length > MAX_DEPTH) return undefined;
    let entry: Entry | undefined = { name: '', isFolder: true, extents: [root] };
    for (const word of words) {
      const [extent]: readonly Extent[] = entry?.extents ?? [];
      if (entry?.isFolder !== true || extent === undefined) return undefined;
      const entries = entriesOf(extent);
      entry = entries.find(({ name }) => name === word) ?? entries.find(({ name }) => name.toLowerCase() === word.toLowerCase());
    }
    return entry;
  };
  return {
    publisher: text(primary, 318, 128),
    volume: text(primary, 40, 32),
    file: (path) => {
      const entry = find(path);
      return entry === undefined || entry.isFolder ? undefined : Buffer.concat(entry.extents.map((extent) => slice(bytes, extent)));
    },
    list: (path) => {
      const entry = find(path);
      const [extent] = entry?.extents ?? [];
      return entry?.isFolder === true && extent !== undefined ? entriesOf(extent).map(({ name }) => name) : undefined;
    },
  };
}

interface Extent {
  readonly block: number;
  readonly length: number;
}

interface Entry {
  readonly name: string;
  readonly isFolder: boolean;
  /** More than one for files of 4 GiB and more. */
  readonly extents: readonly Extent[];
}

interface DirectoryRecord extends Extent {
  readonly size: number;
  readonly flags: number;
  readonly identifier: Buffer;
  readonly systemUse: Buffer;
}

function primaryDescriptor(bytes: Buffer): Buffer {
  for (let sector = FIRST_DESCRIPTOR; ; sector += 1) {
    const descriptor = bytes.subarray(sector * SECTOR, (sector + 1) * SECTOR);
    if (descriptor.length < SECTOR || descriptor.toString('latin1', 1, 6) !== 'CD001' || descriptor[0] === TERMINATOR) {
      throw invalid('it is not an ISO 9660 image');
    }
    if (descriptor[0] === PRIMARY) return descriptor;
  }
}

function readFolder(bytes: Buffer, folder: Extent, skip: number): readonly Entry[] {
  const content = slice(bytes, folder);
  const entries: Entry[] = [];
  let open: Entry | undefined;
  let records = 0;
  for (let at = 0; at < content.length;) {
    const record = readRecord(content, at);
    // Records do not cross sectors: what is left of one is zero.
    if (record === undefined) {
      at = (Math.floor(at / SECTOR) + 1) * SECTOR;
      continue;
    }
    at += record.size;
    records += 1;
    if (records > MAX_RECORDS) throw invalid('a folder in it has no end');
    // The folder itself and the one above it.
    if (record.identifier.length === 1 && (record.identifier[0] ?? 0) <= 1) continue;
    const part: Extent = { block: record.block, length: record.length };
    const entry: Entry =
      open === undefined
        ? { name: nameOf(bytes, record, skip), isFolder: (record.flags & DIRECTORY) !== 0, extents: [part] }
        : { ...open, extents: [...open.extents, part] };
    open = (record.flags & MORE_EXTENTS) === 0 ? undefined : entry;
    if (open === undefined) entries.push(entry);
  }
  return entries;
}

function readRecord(content: Buffer, at: number): DirectoryRecord | undefined {
  const size = content[at] ?? 0;
  if (size === 0) return undefined;
  if (size < 34 || at + size > content.length) throw invalid('a folder in it is damaged');
  const nameLength = content.readUInt8(at + 32);
  const nameEnd = at + 33 + nameLength;
  if (nameEnd > at + size) throw invalid('a folder in it is damaged');
  return {
    size,
    block: content.readUInt32LE(at + 2),
    length: content.readUInt32LE(at + 10),
    flags: content.readUInt8(at + 25),
    identifier: content.subarray(at + 33, nameEnd),
    // Padded to an even place.
    systemUse: content.subarray(nameEnd + (nameLength % 2 === 0 ? 1 : 0), at + size),
  };
}

/** The Rock Ridge name, else the identifier without its version number. */
function nameOf(bytes: Buffer, record: DirectoryRecord, skip: number): string {
  const parts: Buffer[] = [];
  for (const { kind, data } of systemUseEntries(bytes, record.systemUse.subarray(skip))) {
    if (kind === 'NM') parts.push(data.subarray(1));
  }
  if (parts.length > 0) return Buffer.concat(parts).toString('utf8');
  return record.identifier.toString('latin1').replace(/;\d+$/, '').replace(/\.$/, '').toLowerCase();
}

/** How many bytes of each system use field belong to somebody else: said by the SP entry of the root's own record. */
function systemUseSkip(bytes: Buffer, root: Extent): number {
  const self = readRecord(slice(bytes, root), 0);
  const area = self?.systemUse;
  return area !== undefined && area.length >= 7 && area.toString('latin1', 0, 2) === 'SP' ? area.readUInt8(6) : 0;
}

function systemUseEntries(bytes: Buffer, area: Buffer): readonly { readonly kind: string; readonly data: Buffer }[] {
  const entries: { readonly kind: string; readonly data: Buffer }[] = [];
  let here: Buffer | undefined = area;
  for (let hops = 0; here !== undefined && hops <= MAX_DEPTH; hops += 1) {
    let next: Buffer | undefined;
    for (let at = 0; at + 4 <= here.length;) {
      const size = here.readUInt8(at + 2);
      if (size < 4 || at + size > here.length) break;
      const kind = here.toString('latin1', at, at + 2);
      const data = here.subarray(at + 4, at + size);
      at += size;
      if (kind === 'ST') break;
      if (kind === 'CE' && data.length >= 24) {
        const start = data.readUInt32LE(0) * SECTOR + data.readUInt32LE(8);
        next = bytes.subarray(start, start + data.readUInt32LE(16));
      } else {
        entries.push({ kind, data });
      }
    }
    here = next;
  }
  return entries;
}

function slice(bytes: Buffer, { block, length }: Extent): Buffer {
  const start = block * SECTOR;
  if (start + length > bytes.length) throw invalid('it is cut short');
  return bytes.subarray(start, start + length);
}

function text(descriptor: Buffer, at: number, length: number): string {
  return descriptor
    .toString('latin1', at, at + length)
    .replaceAll('\0', ' ')
    .trim();
}

function invalid(why: string): VickError {
  return new VickError('APPLIANCE_INVALID', `this is no appliance image: ${why}`, { hint: 'Take the image from the release of VIC, or download it again.' });
}
