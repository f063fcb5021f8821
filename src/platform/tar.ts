/** Tar archives as archive endpoints of engines and of the port layer take and give them (POSIX.1-2001 pax interchange format). */

export interface ArchiveEntry {
  /** Relative, without a leading or trailing slash. */
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'link';
  /** Permission bits. */
  readonly mode: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly content?: Uint8Array;
  /** Of a symbolic link. */
  readonly target?: string;
  /** Milliseconds since the epoch, written in whole seconds; default the time of packing. */
  readonly modifiedAt?: number;
}

const BLOCK = 512;
export const ARCHIVE_END: Buffer = Buffer.alloc(BLOCK * 2);

export function packArchive(entries: readonly ArchiveEntry[], nowMs: number): Buffer {
  return Buffer.concat([...entries.map((entry) => packMember(entry, nowMs)), ARCHIVE_END]);
}

/** One member of an archive, for archives that are sent while they are made; `ARCHIVE_END` is their end. */
export function packMember(entry: ArchiveEntry, nowMs: number): Buffer {
  return Buffer.concat(packEntry(entry, Math.floor((entry.modifiedAt ?? nowMs) / 1000)));
}

/** The content of the first regular file of an archive, which may have been cut; undefined when there is none. */
export function firstFile(archive: Buffer): Buffer | undefined {
  for (const { kind, content } of readArchive(archive)) if (kind === 'file') return content;
  return undefined;
}

/** Names of what lies directly in the one folder that the archive is of. */
export function namesInFolder(archive: Buffer): readonly string[] {
  const paths = [...readArchive(archive)].map(({ path }) => path.replace(/^\.\//, '').replace(/\/$/, '').split('/'));
  return [...new Set(paths.flatMap(([, name, ...rest]) => (name === undefined || rest.length > 0 ? [] : [name])))];
}

export type ArchiveMember = Pick<ArchiveEntry, 'path' | 'mode'> & {
  readonly kind: ArchiveEntry['kind'] | 'other';
  readonly content: Buffer;
  readonly target: string;
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number;
};

/** The members in their order, with paths as they are written there; an archive that was cut ends where it was cut. */
export function* readArchive(archive: Buffer): Generator<ArchiveMember> {
  let long: { readonly path?: string; readonly target?: string } = {};
  for (let at = 0; at + BLOCK <= archive.length && archive[at] !== 0;) {
    const start = at;
    const text = (from: number, size: number): string => archive.toString('utf8', start + from, start + from + size).replace(/\0.*$/s, '');
    const size = Number.parseInt(text(124, 12).trim(), 8) || 0;
    const content = archive.subarray(at + BLOCK, at + BLOCK + size);
    const kind = text(156, 1);
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    if (kind === 'x') long = { ...long, ...paxNames(content.toString('utf8')) };
    else if (kind === 'L') long = { ...long, path: content.toString('utf8').replace(/\0.*$/s, '') };
    else if (kind === 'K') long = { ...long, target: content.toString('utf8').replace(/\0.*$/s, '') };
    else {
      const prefix = text(345, 155);
      const path = long.path ?? (prefix === '' ? text(0, 100) : `${prefix}/${text(0, 100)}`);
      const modifiedAt = (Number.parseInt(text(136, 12).trim(), 8) || 0) * 1000;
      const mode = Number.parseInt(text(100, 8).trim(), 8) || 0;
      yield { path, kind: KINDS[kind] ?? 'other', mode, content, target: long.target ?? text(157, 100), modifiedAt };
      long = {};
    }
  }
}

const KINDS: Readonly<Record<string, ArchiveEntry['kind']>> = { '': 'file', '0': 'file', '5': 'folder', '2': 'link' };

function paxNames(records: string): { readonly path?: string; readonly target?: string } {
  const value = (key: string): string | undefined => new RegExp(`(?:^|\\n)\\d+ ${key}=([^\\n]*)\\n`).exec(records)?.[1];
  const [path, target] = [value('path'), value('linkpath')];
  return { ...(path === undefined ? {} : { path }), ...(target === undefined ? {} : { target }) };
}

function packEntry(entry: ArchiveEntry, seconds: number): readonly Buffer[] {
  const content = Buffer.from(entry.content ?? []);
  const path = entry.kind === 'folder' ? `${entry.path}/` : entry.path;
  const records = [paxRecord('path', path), ...(entry.target === undefined ? [] : [paxRecord('linkpath', entry.target)])];
  const needed = Buffer.byteLength(path) > 100 || Buffer.byteLength(entry.target ?? '') > 100 || !/^[\x20-\x7e]*$/.test(path + (entry.target ?? ''));
  const pax = Buffer.from(records.join(''));
  const kind = { file: '0', folder: '5', link: '2' }[entry.kind];
  return [
    ...(needed ? [header({ path: 'pax', mode: 0o644, uid: 0, gid: 0, size: pax.length, seconds, kind: 'x', target: '' }), padded(pax)] : []),
    header({ path, mode: entry.mode, uid: entry.uid ?? 0, gid: entry.gid ?? 0, size: content.length, seconds, kind, target: entry.target ?? '' }),
    padded(content),
  ];
}

/** `<length> <key>=<value>\n`, where the length counts itself. */
function paxRecord(key: string, value: string): string {
  const body = Buffer.byteLength(` ${key}=${value}\n`);
  let length = body + String(body).length;
  if (String(length).length !== String(body).length) length = body + String(length).length;
  return `${String(length)} ${key}=${value}\n`;
}

interface Header {
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly seconds: number;
  readonly kind: string;
  readonly target: string;
}

function header(of: Header): Buffer {
  const block = Buffer.alloc(BLOCK);
  const put = (at: number, size: number, bytes: Buffer): void => void bytes.copy(block, at, 0, size);
  const octal = (at: number, size: number, value: number): void => put(at, size, Buffer.from(`${value.toString(8).padStart(size - 1, '0')}\0`, 'latin1'));
  put(0, 100, Buffer.from(of.path));
  octal(100, 8, of.mode);
  number(108, of.uid);
  number(116, of.gid);
  octal(124, 12, of.size);
  octal(136, 12, of.seconds);
  block.fill(0x20, 148, 156);
  put(156, 1, Buffer.from(of.kind));
  put(157, 100, Buffer.from(of.target));
  put(257, 8, Buffer.from('ustar\x0000', 'latin1'));
  octal(
    148,
    7,
    block.reduce((sum, byte) => sum + byte, 0),
  );
  return block;

  /** Ids beyond seven octal digits are binary, marked by the first bit (GNU tar). */
  function number(at: number, value: number): void {
    if (value <= 0o7777777) octal(at, 8, value);
    else {
      block[at] = 0x80;
      block.writeUInt32BE(value, at + 4);
    }
  }
}

function padded(content: Buffer): Buffer {
  return Buffer.concat([content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)]);
}
