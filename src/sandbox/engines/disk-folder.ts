/** A disk of a machine as a folder of this computer: what was written to it, laid over the files of its image. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { FileSystem } from '../../platform/fs.ts';
import type { ArchiveEntry } from '../../platform/tar.ts';

export interface DiskFolder {
  readonly directory: string;
}

/** A disk that something was written to. */
export interface WrittenDisk extends DiskFolder {
  /** As `diskEntries`, for an engine that sends the files on. */
  entries(): Promise<readonly ArchiveEntry[]>;
  /** Keeps what an engine, whose programs do not write to the disk itself, wants for their next life. */
  keep(name: string, archive: Buffer): Promise<void>;
  kept(name: string): Promise<Buffer | undefined>;
}

/** What the files of the folder do not tell by themselves. Paths are relative to the root of the disk. */
export interface DiskIndex {
  /** Folders that the image has as well: they are here for what lies in them. */
  readonly shared: ReadonlySet<string>;
  /** Permission bits of what has others here, so that this user can go on working with it. */
  readonly modes: ReadonlyMap<string, number>;
}

/** The root of the disk's own files. */
export function diskRoot({ directory }: DiskFolder): string {
  return join(directory, 'files');
}

const indexFile = ({ directory }: DiskFolder): string => join(directory, 'disk.json');
const mountPointFile = ({ directory }: DiskFolder): string => join(directory, 'mount-points.json');

export async function readDiskIndex(fs: FileSystem, disk: DiskFolder): Promise<DiskIndex> {
  const text = await fs.readTextIfExists(indexFile(disk));
  const { shared, modes } = text === undefined ? { shared: [], modes: {} } : (JSON.parse(text) as { shared: readonly string[]; modes: Record<string, number> });
  return { shared: new Set(shared), modes: new Map(Object.entries(modes)) };
}

export async function writeDiskIndex(fs: FileSystem, disk: DiskFolder, { shared, modes }: DiskIndex): Promise<void> {
  await fs.writeFile(indexFile(disk), JSON.stringify({ shared: [...shared], modes: Object.fromEntries(modes) }));
}

/** Names in the disk that stand for what the image has there, for an engine that mounts it over them. Kept before they are made. */
export async function writeMountPoints(fs: FileSystem, disk: DiskFolder, paths: readonly string[]): Promise<void> {
  await fs.writeFile(mountPointFile(disk), JSON.stringify(paths));
}

/** Removes them; also those that an engine left which could not do so itself. */
export async function clearMountPoints(fs: FileSystem, disk: DiskFolder): Promise<void> {
  const text = await fs.readTextIfExists(mountPointFile(disk));
  if (text === undefined) return;
  await Promise.all(
    (JSON.parse(text) as readonly string[]).map(async (path) => {
      if (await isBehindLink(fs, disk, path)) return;
      await removeMountPoint(fs, join(diskRoot(disk), path));
    }),
  );
  await fs.remove(mountPointFile(disk));
}

/** A program may have put a link where a folder of the disk was: what lies behind it may be the computer's own. */
export async function isBehindLink(fs: FileSystem, disk: DiskFolder, path: string): Promise<boolean> {
  const parents = path.split('/').slice(0, -1);
  for (const [depth] of parents.entries()) {
    if ((await fs.readLink(join(diskRoot(disk), ...parents.slice(0, depth + 1)))) !== undefined) return true;
  }
  return false;
}

/**
 * Never more than an empty folder, an empty file or a link. Anything else is kept: a program wrote it where nothing was
 * mounted, or something is mounted there after all, and it is the computer's.
 */
export async function removeMountPoint(fs: FileSystem, place: string): Promise<void> {
  if ((await fs.readLink(place)) === undefined) {
    const info = await fs.info(place);
    if (info === undefined) return;
    const empty = info.kind === 'directory' ? (await fs.list(place)).length === 0 : info.kind === 'file' && info.size === 0;
    if (!empty) return;
  }
  await fs.remove(place);
}

/** `name`: of any characters. */
function keptFile({ directory }: DiskFolder, name: string): string {
  return join(directory, `kept-${createHash('sha256').update(name).digest('hex').slice(0, 32)}.tar`);
}

export function writtenDisk(fs: FileSystem, { directory }: DiskFolder): WrittenDisk {
  const disk = { directory };
  return {
    directory,
    entries: () => diskEntries(fs, disk),
    keep: (name, archive) => fs.writeFile(keptFile(disk, name), archive, { mode: 0o600 }),
    kept: async (name) => {
      const file = keptFile(disk, name);
      return (await fs.info(file)) === undefined ? undefined : fs.readBytes(file);
    },
  };
}

/** What is on the disk beside its image, parents first; without what is neither file, folder nor link. */
async function diskEntries(fs: FileSystem, disk: DiskFolder): Promise<readonly ArchiveEntry[]> {
  const index = await readDiskIndex(fs, disk);
  const within = async (folder: string): Promise<readonly ArchiveEntry[]> => {
    const names = await fs.list(join(diskRoot(disk), folder));
    return (await Promise.all(names.map((name) => entriesAt(join(folder, name))))).flat();
  };
  const entriesAt = async (path: string): Promise<readonly ArchiveEntry[]> => {
    const place = join(diskRoot(disk), path);
    const target = await fs.readLink(place);
    if (target !== undefined) return [{ path, kind: 'link', mode: 0o777, target }];
    const info = await fs.info(place);
    const mode = index.modes.get(path) ?? info?.mode ?? 0;
    if (info?.kind === 'file') return [{ path, kind: 'file', mode, content: await fs.readBytes(place) }];
    if (info?.kind !== 'directory') return [];
    return [...(index.shared.has(path) ? [] : [{ path, kind: 'folder', mode } as const]), ...(await within(path))];
  };
  return within('');
}
