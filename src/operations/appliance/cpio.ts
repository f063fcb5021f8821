/** Archives in the "new ASCII" format of cpio, which the kernel unpacks as initramfs (Linux Documentation/driver-api/early-userspace/buffer-format.rst). */
import { VickError } from '../../errors/vick-error.ts';

export interface CpioEntry {
  /** Without a leading `/` or `./`. */
  readonly path: string;
  /** Type and permission bits, as in stat. */
  readonly mode: number;
  readonly size: number;
  /** Of a symbolic link, or of a file that was asked for. */
  readonly data: Buffer | undefined;
}

const HEADER = 110;
const MAGIC = /^07070[12]$/;
const TRAILER = 'TRAILER!!!';
const MAX_NAME = 4096;
export const FILE_TYPE = 0o170000;
export const SYMBOLIC_LINK = 0o120000;
export const REGULAR_FILE = 0o100000;

/**
 * Every entry of the archives that follow each other in `stream`, in order. Data is kept only of links and of the files
 * that `wanted` asks for. Hard links have their data with the last of their names. APPLIANCE_INVALID for anything else.
 */
export async function* readCpio(stream: AsyncIterable<Buffer>, wanted: (path: string) => boolean): AsyncIterable<CpioEntry> {
  const input = new Input(stream);
  const linked = new Map<string, CpioEntry[]>();
  for (;;) {
    const header = await nextHeader(input);
    if (header === undefined) break;
    const { path, mode, size, inode, links } = header;
    if (path === TRAILER) {
      yield* [...linked.values()].flat();
      linked.clear();
      continue;
    }
    const type = mode & FILE_TYPE;
    const others = links > 1 && type === REGULAR_FILE ? (linked.get(inode) ?? []) : [];
    const keep = type === SYMBOLIC_LINK || wanted(path) || (size > 0 && others.some((other) => wanted(other.path)));
    const data = keep ? await input.take(size) : undefined;
    if (!keep) await input.skip(size);
    await input.skip(padding(size));
    const entry: CpioEntry = { path, mode, size, data };
    if (links > 1 && type === REGULAR_FILE && size === 0) {
      linked.set(inode, [...others, entry]);
      continue;
    }
    for (const other of others) yield { ...other, size, data: wanted(other.path) ? data : undefined };
    linked.delete(inode);
    yield entry;
  }
  yield* [...linked.values()].flat();
}

interface Header {
  readonly path: string;
  readonly mode: number;
  readonly size: number;
  readonly links: number;
  /** Device and inode. */
  readonly inode: string;
}

/** Zeros between archives, and after the last one, are skipped. */
async function nextHeader(input: Input): Promise<Header | undefined> {
  await input.skipZeros();
  if (await input.atEnd()) return undefined;
  const header = (await input.take(HEADER)).toString('latin1');
  if (!MAGIC.test(header.slice(0, 6))) throw invalid('the root file system in it is not a cpio archive of the new ASCII format');
  const field = (index: number): number => {
    const digits = header.slice(6 + index * 8, 14 + index * 8);
    if (!/^[0-9a-fA-F]{8}$/.test(digits)) throw invalid('the root file system in it is damaged');
    return Number.parseInt(digits, 16);
  };
  const nameSize = field(11);
  if (nameSize < 1 || nameSize > MAX_NAME) throw invalid('the root file system in it is damaged');
  const name = await input.take(nameSize);
  await input.skip(padding(HEADER + nameSize));
  const path = name
    .toString('utf8', 0, nameSize - 1)
    .replace(/^(?:\.?\/)+/, '')
    .replace(/^\.$/, '');
  return { path, mode: field(1), size: field(6), links: field(4), inode: `${field(7)}:${field(8)}:${field(0)}` };
}

function padding(size: number): number {
  return (4 - (size % 4)) % 4;
}

/** A stream of buffers, read by counts of bytes. */
class Input {
  readonly #source: AsyncIterator<Buffer>;
  #buffer: Buffer = Buffer.alloc(0);
  #ended = false;

  constructor(stream: AsyncIterable<Buffer>) {
    this.#source = stream[Symbol.asyncIterator]();
  }

  async atEnd(): Promise<boolean> {
    return !(await this.#more());
  }

  async take(size: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    let left = size;
    while (left > 0) {
      if (!(await this.#more())) throw invalid('the root file system in it is cut short');
      const part = this.#buffer.subarray(0, left);
      this.#buffer = this.#buffer.subarray(part.length);
      left -= part.length;
      parts.push(part);
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  }

  async skip(size: number): Promise<void> {
    let left = size;
    while (left > 0) {
      if (!(await this.#more())) throw invalid('the root file system in it is cut short');
      const part = Math.min(left, this.#buffer.length);
      this.#buffer = this.#buffer.subarray(part);
      left -= part;
    }
  }

  async skipZeros(): Promise<void> {
    while (await this.#more()) {
      const at = this.#buffer.findIndex((byte) => byte !== 0);
      this.#buffer = at === -1 ? this.#buffer.subarray(this.#buffer.length) : this.#buffer.subarray(at);
      if (at !== -1) return;
    }
  }

  /** Whether there is a byte to read. */
  async #more(): Promise<boolean> {
    while (this.#buffer.length === 0 && !this.#ended) {
      const next = await this.#source.next();
      if (next.done === true) this.#ended = true;
      else this.#buffer = next.value;
    }
    return this.#buffer.length > 0;
  }
}

function invalid(why: string): VickError {
  return new VickError('APPLIANCE_INVALID', `this is no appliance image: ${why}`, { hint: 'Take the image from the release of VIC, or build it again.' });
}
