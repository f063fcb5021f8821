/** Writes what `find | cpio -o -H newc` writes. */

export type RootEntry = Buffer | { readonly link: string } | { readonly data: Buffer; readonly mode: number } | 'folder' | { readonly hardLinkOf: string };

/** `entries`: paths without a leading slash. Hard links come without data, but the last of each. */
export function rootArchive(entries: Readonly<Record<string, RootEntry>>, options: { readonly prefix?: string } = {}): Buffer {
  const parts: Buffer[] = [];
  const names = Object.keys(entries);
  const inodes = new Map(names.map((name, index) => [name, index + 1]));
  const group = (name: string): readonly string[] => {
    const entry = entries[name];
    const head = entry !== undefined && typeof entry === 'object' && 'hardLinkOf' in entry ? entry.hardLinkOf : name;
    return names.filter((other) => {
      const each = entries[other];
      return other === head || (each !== undefined && typeof each === 'object' && 'hardLinkOf' in each && each.hardLinkOf === head);
    });
  };
  for (const name of names) {
    const same = group(name);
    const content = contentOf(entries[same[0] ?? name] ?? 'folder');
    const data = same.length > 1 && same.at(-1) !== name ? Buffer.alloc(0) : content.data;
    parts.push(entryOf(`${options.prefix ?? ''}${name}`, content.mode, data, inodes.get(same[0] ?? name) ?? 0, same.length));
  }
  parts.push(entryOf('TRAILER!!!', 0, Buffer.alloc(0), 0, 1));
  const whole = Buffer.concat(parts);
  return Buffer.concat([whole, Buffer.alloc((512 - (whole.length % 512)) % 512)]);
}

function contentOf(entry: RootEntry): { mode: number; data: Buffer } {
  if (entry === 'folder') return { mode: 0o040755, data: Buffer.alloc(0) };
  if (Buffer.isBuffer(entry)) return { mode: 0o100755, data: entry };
  if ('link' in entry) return { mode: 0o120777, data: Buffer.from(entry.link) };
  if ('data' in entry) return { mode: 0o100000 | entry.mode, data: entry.data };
  return { mode: 0o100755, data: Buffer.alloc(0) };
}

function entryOf(name: string, mode: number, data: Buffer, inode: number, links: number): Buffer {
  const hex = (value: number): string => value.toString(16).toUpperCase().padStart(8, '0');
  const nameSize = Buffer.byteLength(name) + 1;
  const header = `070701${[inode, mode, 0, 0, links, 0, data.length, 8, 1, 0, 0, nameSize, 0].map(hex).join('')}`;
  return Buffer.concat([fourfold(Buffer.from(`${header}${name}\0`)), fourfold(data)]);
}

function fourfold(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}
