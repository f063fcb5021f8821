/** What an ELF program needs of the system that runs it (System V ABI, gABI chapters 4 and 5; symbol versions as in the LSB). */

export interface ElfFacts {
  /** As Node and Kubernetes know them: `x64`, `arm64`; else the number of the machine. */
  readonly architecture: string;
  /** The dynamic loader: `/lib64/ld-linux-x86-64.so.2`; undefined for a static program. */
  readonly interpreter: string | undefined;
  /** Names of shared libraries. */
  readonly libraries: readonly string[];
  /** Versions of symbols by library: `libc.so.6` → `GLIBC_2.28`, ….  */
  readonly versions: ReadonlyMap<string, readonly string[]>;
}

const MACHINES: Readonly<Record<number, string>> = { 3: 'ia32', 40: 'arm', 62: 'x64', 183: 'arm64' };
const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const DT_NEEDED = 1;
const DT_STRTAB = 5;
const DT_VERNEED = 0x6ffffffe;
const MAX_VERSIONS = 1000;

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

export function isElf(bytes: Buffer): boolean {
  return bytes.length > 64 && bytes.readUInt32BE(0) === 0x7f454c46;
}

/** Undefined for what is no ELF file of this byte order, or a damaged one. */
export function readElf(bytes: Buffer): ElfFacts | undefined {
  if (!isElf(bytes) || bytes[5] !== 1) return undefined;
  try {
    return facts(bytes, bytes[4] === 2);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function facts(bytes: Buffer, wide: boolean): ElfFacts {
  const machine = bytes.readUInt16LE(18);
  const segments = segmentsOf(bytes, wide);
  const interp = segments.find(({ type }) => type === PT_INTERP);
  const dynamic = segments.find(({ type }) => type === PT_DYNAMIC);
  const tags = dynamic === undefined ? [] : tagsOf(bytes, dynamic, wide);
  const at = (tag: number): number | undefined => {
    const address = tags.find((entry) => entry.tag === tag)?.value;
    return address === undefined ? undefined : offsetOf(segments, address);
  };
  const strings = at(DT_STRTAB);
  const name = (offset: number): string => (strings === undefined ? '' : cString(bytes, strings + offset));
  const needs = at(DT_VERNEED);
  return {
    architecture: MACHINES[machine] ?? `machine ${machine}`,
    interpreter: interp === undefined ? undefined : cString(bytes, interp.offset),
    libraries: tags.filter(({ tag }) => tag === DT_NEEDED).map(({ value }) => name(value)),
    versions: needs === undefined ? new Map() : versionsOf(bytes, needs, name),
  };
}

function segmentsOf(bytes: Buffer, wide: boolean): readonly Segment[] {
  const [start, size, count] = wide
    ? [word(bytes, 32), bytes.readUInt16LE(54), bytes.readUInt16LE(56)]
    : [bytes.readUInt32LE(28), bytes.readUInt16LE(42), bytes.readUInt16LE(44)];
  return Array.from({ length: count }, (_none, index) => {
    const at = start + index * size;
    return wide
      ? { type: bytes.readUInt32LE(at), offset: word(bytes, at + 8), address: word(bytes, at + 16), size: word(bytes, at + 32) }
      : { type: bytes.readUInt32LE(at), offset: bytes.readUInt32LE(at + 4), address: bytes.readUInt32LE(at + 8), size: bytes.readUInt32LE(at + 16) };
  });
}

function tagsOf(bytes: Buffer, { offset, size }: Segment, wide: boolean): readonly { readonly tag: number; readonly value: number }[] {
  const tags: { readonly tag: number; readonly value: number }[] = [];
  const step = wide ? 16 : 8;
  for (let at = offset; at + step <= offset + size; at += step) {
    const tag = wide ? word(bytes, at) : bytes.readUInt32LE(at);
    if (tag === 0) break;
    tags.push({ tag, value: wide ? word(bytes, at + 8) : bytes.readUInt32LE(at + 4) });
  }
  return tags;
}

function versionsOf(bytes: Buffer, start: number, name: (offset: number) => string): ReadonlyMap<string, readonly string[]> {
  const versions = new Map<string, readonly string[]>();
  let left = MAX_VERSIONS;
  for (let at = start; left > 0;) {
    const found: string[] = [];
    for (let aux = at + bytes.readUInt32LE(at + 8), more = bytes.readUInt16LE(at + 2); more > 0 && left > 0; more -= 1, left -= 1) {
      found.push(name(bytes.readUInt32LE(aux + 8)));
      aux += bytes.readUInt32LE(aux + 12);
    }
    versions.set(name(bytes.readUInt32LE(at + 4)), found);
    const next = bytes.readUInt32LE(at + 12);
    if (next === 0) break;
    at += next;
    left -= 1;
  }
  return versions;
}

function offsetOf(segments: readonly Segment[], address: number): number | undefined {
  const segment = segments.find((one) => one.type === PT_LOAD && address >= one.address && address < one.address + one.size);
  return segment === undefined ? undefined : segment.offset + (address - segment.address);
}

/** 64 bits that must be a place in a file. */
function word(bytes: Buffer, at: number): number {
  return Number(bytes.readBigUInt64LE(at));
}

function cString(bytes: Buffer, at: number): string {
  const end = bytes.indexOf(0, at);
  if (at < 0 || at >= bytes.length || end === -1) throw new RangeError('a text without an end');
  return bytes.toString('utf8', at, end);
}
