/** Writes the least of a 64-bit ELF program that names what it needs. It does nothing when run. */

export interface ElfProgram {
  readonly machine?: number;
  readonly interpreter?: string | undefined;
  readonly libraries?: readonly string[];
  readonly versions?: Readonly<Record<string, readonly string[]>>;
  /** Whatever else is in it. */
  readonly payload?: string;
}

const BASE = 0x400000;

export function elfProgram({ machine = 62, interpreter, libraries = [], versions = {}, payload = '' }: ElfProgram): Buffer {
  const strings = new Strings();
  const needed = libraries.map((name) => strings.add(name));
  const verneed = versionTable(versions, strings);
  const interp = Buffer.from(interpreter === undefined ? '' : `${interpreter}\0`);
  const table = strings.bytes();
  const at = { interp: 64 + 3 * 56, strings: 0, verneed: 0, dynamic: 0 };
  at.strings = at.interp + interp.length;
  at.verneed = at.strings + table.length;
  at.dynamic = at.verneed + verneed.length;
  const tags: (readonly [number, number])[] = [...needed.map((offset) => [1, offset] as const), [5, BASE + at.strings]];
  if (verneed.length > 0) tags.push([0x6ffffffe, BASE + at.verneed]);
  tags.push([0, 0]);
  const dynamic = Buffer.alloc(tags.length * 16);
  tags.forEach(([tag, value], index) => {
    dynamic.writeBigUInt64LE(BigInt(tag), index * 16);
    dynamic.writeBigUInt64LE(BigInt(value), index * 16 + 8);
  });
  const total = at.dynamic + dynamic.length;
  const segments = [segment(1, 0, total), segment(2, at.dynamic, dynamic.length), ...(interp.length === 0 ? [] : [segment(3, at.interp, interp.length)])];
  const header = Buffer.alloc(at.interp);
  header.write('\x7fELF', 0, 'latin1');
  header.set([2, 1, 1], 4);
  header.writeUInt16LE(2, 16);
  header.writeUInt16LE(machine, 18);
  header.writeBigUInt64LE(64n, 32);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(segments.length, 56);
  Buffer.concat(segments).copy(header, 64);
  return Buffer.concat([header, interp, table, verneed, dynamic, Buffer.from(payload, 'latin1')]);
}

function segment(type: number, offset: number, size: number): Buffer {
  const bytes = Buffer.alloc(56);
  bytes.writeUInt32LE(type, 0);
  bytes.writeBigUInt64LE(BigInt(offset), 8);
  bytes.writeBigUInt64LE(BigInt(BASE + offset), 16);
  bytes.writeBigUInt64LE(BigInt(size), 32);
  return bytes;
}

function versionTable(versions: Readonly<Record<string, readonly string[]>>, strings: Strings): Buffer {
  const libraries = Object.entries(versions);
  return Buffer.concat(
    libraries.flatMap(([library, names], index) => {
      const need = Buffer.alloc(16);
      need.writeUInt16LE(1, 0);
      need.writeUInt16LE(names.length, 2);
      need.writeUInt32LE(strings.add(library), 4);
      need.writeUInt32LE(16, 8);
      need.writeUInt32LE(index === libraries.length - 1 ? 0 : 16 + names.length * 16, 12);
      return [
        need,
        ...names.map((name, place) => {
          const aux = Buffer.alloc(16);
          aux.writeUInt32LE(strings.add(name), 8);
          aux.writeUInt32LE(place === names.length - 1 ? 0 : 16, 12);
          return aux;
        }),
      ];
    }),
  );
}

class Strings {
  #text = '\0';

  add(text: string): number {
    const at = this.#text.length;
    this.#text += `${text}\0`;
    return at;
  }

  bytes(): Buffer {
    return Buffer.from(this.#text, 'latin1');
  }
}
