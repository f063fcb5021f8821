/** Writes ISO 9660 images as xorriso and mkisofs do: with Rock Ridge names, long ones in a continuation area. */

export interface IsoOptions {
  readonly publisher?: string;
  /** Names in upper case with version numbers only. */
  readonly plain?: boolean;
  /** Bytes before each system use field, announced by its SP entry. */
  readonly skip?: number;
  /** Splits every file into this many extents. */
  readonly extents?: number;
}

const SECTOR = 2048;
const CONTINUATIONS = 18;

interface Folder {
  readonly [name: string]: Folder | Buffer;
}

/** `files`: absolute paths and contents. */
export function isoImage(files: Readonly<Record<string, Buffer>>, options: IsoOptions = {}): Buffer {
  const root = treeOf(files);
  const sectors: Buffer[] = [];
  let continuation = Buffer.alloc(0);
  // 16 sectors of system area, two descriptors, one sector for continuations.
  const first = 19;
  const place = (content: Buffer): { block: number; length: number } => {
    const block = first + sectors.length;
    for (let at = 0; at < Math.max(content.length, 1); at += SECTOR) sectors.push(padded(content.subarray(at, at + SECTOR)));
    return { block, length: content.length };
  };
  const continued = (entry: Buffer): Buffer => {
    const ce = Buffer.alloc(28);
    ce.write('CE', 0, 'latin1');
    ce[2] = 28;
    ce[3] = 1;
    ce.writeUInt32LE(CONTINUATIONS, 4);
    ce.writeUInt32LE(continuation.length, 12);
    ce.writeUInt32LE(entry.length, 20);
    continuation = Buffer.concat([continuation, entry]);
    return ce;
  };
  const skip = Buffer.alloc(options.skip ?? 0, 0xee);

  const writeFolder = (folder: Folder, isRoot: boolean): { block: number; length: number } => {
    const records: Buffer[] = [];
    for (const [name, value] of Object.entries(folder)) {
      const parts = Buffer.isBuffer(value) ? split(value, options.extents ?? 1) : [value];
      parts.forEach((part, index) => {
        const { block, length } = Buffer.isBuffer(part) ? place(part) : writeFolder(part, false);
        const flags = (Buffer.isBuffer(part) ? 0 : 2) | (index < parts.length - 1 ? 0x80 : 0);
        const identifier = Buffer.from(
          `${name
            .toUpperCase()
            .replaceAll(/[^A-Z0-9.]/g, '_')
            .slice(0, 30)}${Buffer.isBuffer(part) ? ';1' : ''}`,
          'latin1',
        );
        const use = options.plain === true ? [] : [skip, ...nameEntries(name, continued)];
        records.push(record(identifier, block, length, flags, Buffer.concat(use)));
      });
    }
    const sp = Buffer.from([0x53, 0x50, 7, 1, 0xbe, 0xef, skip.length]);
    const self = (block: number, length: number): Buffer =>
      record(Buffer.from([0]), block, length, 2, options.plain === true || !isRoot ? Buffer.alloc(0) : sp);
    const content = packed([self(0, 0), record(Buffer.from([1]), 0, 0, 2, Buffer.alloc(0)), ...records]);
    const { block } = place(content);
    const own = self(block, content.length);
    own.copy(sectors[block - first] ?? Buffer.alloc(0));
    return { block, length: content.length };
  };
  const { block, length } = writeFolder(root, true);

  const primary = Buffer.alloc(SECTOR);
  primary[0] = 1;
  primary.write('CD001', 1, 'latin1');
  primary.fill(' ', 40, 72).write('ISOIMAGE', 40, 'latin1');
  primary.fill(' ', 318, 446).write(options.publisher ?? 'VMware, Inc. v1.5.0-dev-19900-c7d40ac8', 318, 'latin1');
  record(Buffer.from([0]), block, length, 2, Buffer.alloc(0)).copy(primary, 156);
  const end = Buffer.alloc(SECTOR);
  end[0] = 255;
  end.write('CD001', 1, 'latin1');
  return Buffer.concat([Buffer.alloc(16 * SECTOR), primary, end, padded(continuation), ...sectors]);
}

/** Records do not cross sectors. */
function packed(records: readonly Buffer[]): Buffer {
  const sectors: Buffer[] = [];
  let here = Buffer.alloc(0);
  for (const one of records) {
    if (here.length + one.length > SECTOR) {
      sectors.push(padded(here));
      here = Buffer.alloc(0);
    }
    here = Buffer.concat([here, one]);
  }
  return Buffer.concat([...sectors, padded(here)]);
}

function nameEntries(name: string, continued: (entry: Buffer) => Buffer): readonly Buffer[] {
  const bytes = Buffer.from(name);
  const entry = (part: Buffer, more: boolean): Buffer => Buffer.concat([Buffer.from([0x4e, 0x4d, part.length + 5, 1, more ? 1 : 0]), part]);
  const px = Buffer.concat([Buffer.from('PX'), Buffer.from([36, 1]), Buffer.alloc(32)]);
  if (bytes.length <= 60) return [px, entry(bytes, false)];
  return [px, entry(bytes.subarray(0, 60), true), continued(entry(bytes.subarray(60), false))];
}

function record(identifier: Buffer, block: number, length: number, flags: number, use: Buffer): Buffer {
  const nameEnd = 33 + identifier.length + (identifier.length % 2 === 0 ? 1 : 0);
  const size = nameEnd + use.length + (use.length % 2);
  const bytes = Buffer.alloc(size);
  bytes[0] = size;
  bytes.writeUInt32LE(block, 2);
  bytes.writeUInt32BE(block, 6);
  bytes.writeUInt32LE(length, 10);
  bytes.writeUInt32BE(length, 14);
  bytes[25] = flags;
  bytes[32] = identifier.length;
  identifier.copy(bytes, 33);
  use.copy(bytes, nameEnd);
  return bytes;
}

function treeOf(files: Readonly<Record<string, Buffer>>): Folder {
  const root: Record<string, Folder | Buffer> = {};
  for (const [path, content] of Object.entries(files)) {
    const words = path.split('/').filter(Boolean);
    const name = words.pop() ?? '';
    let folder = root;
    for (const word of words) folder = (folder[word] ??= {}) as Record<string, Folder | Buffer>;
    folder[name] = content;
  }
  return root;
}

/** All but the last part of whole sectors. */
function split(content: Buffer, count: number): readonly Buffer[] {
  const step = Math.max(1, Math.ceil(content.length / count / SECTOR)) * SECTOR;
  return Array.from({ length: Math.max(1, Math.ceil(content.length / step)) }, (_none, index) => content.subarray(index * step, (index + 1) * step));
}

/** Whole sectors, one at least. */
function padded(content: Buffer): Buffer {
  return Buffer.concat([content, Buffer.alloc(Math.max(1, Math.ceil(content.length / SECTOR)) * SECTOR - content.length)]);
}
