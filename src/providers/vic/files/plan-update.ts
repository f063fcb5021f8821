import type { VolumeFile } from '../../../kubelet/provider.ts';
import { hashOf, type DiskRecord, type WrittenFile } from './file-records.ts';
import { filesOn, type MountPlace, type PlacedFile } from '../plan/plan-files.ts';

/** What has to be done on one disk so that a volume has other files. Paths are from the disk's root. */
export interface DiskUpdate {
  readonly write: readonly PlacedFile[];
  readonly remove: readonly string[];
  /** Folders of the volume that have no file any more, the innermost first. */
  readonly emptied: readonly string[];
  /** Files that may have been begun by an attempt before this one. */
  readonly begun: readonly { readonly mount: string; readonly path: string }[];
  /** The disk while it is being done: of what is touched nothing is certain. */
  readonly during: DiskRecord;
  readonly after: DiskRecord;
}

/**
 * Pure. Undefined: the disk has what it should have. Throws when the files would be where those of another volume are.
 * Files of images are replaced, and are gone when the volume has them no more.
 */
export function planUpdate(disk: DiskRecord, volume: string, files: readonly VolumeFile[], salt: string): DiskUpdate | undefined {
  const wanted = filesOn(disk.places, volume, files);
  const known = Object.entries(disk.files);
  const own = known.filter(([, file]) => file.volume === volume && file.part !== true);
  const next = [...wanted].map(([path, { entry }]): Item => [path, { volume, mode: entry.mode, hash: hashOf(entry.content ?? new Uint8Array(), salt) }]);
  for (const [path, file] of next) refuseClash(path, file, disk);
  const changed = next.filter(([path, file]) => !isSame(disk.files[path], file));
  const removed = own.filter(([path]) => !wanted.has(path));
  if (changed.length === 0 && removed.length === 0) return undefined;
  const others = known.filter((item) => !own.includes(item));
  const mountOf = (path: string): string => mountAbove(disk.places, volume, path);
  const remove = removed.map(([path]) => path);
  return {
    write: changed.flatMap(([path]) => wanted.get(path) ?? []),
    remove,
    emptied: emptiedBy(
      remove,
      [...others, ...next].map(([path]) => path),
      mountOf,
    ),
    begun: own.filter(([, { hash }]) => hash === '').map(([path]) => ({ path, mount: mountOf(path) })),
    during: { ...disk, files: { ...disk.files, ...Object.fromEntries([...removed, ...changed].map((item) => uncertain(item, disk))) } },
    after: { ...disk, files: Object.fromEntries([...others, ...next]) },
  };
}

/** What can be done of it while the VM is off: an archive adds files and changes contents, but removes nothing and changes no mode. */
export function planOff(
  disk: DiskRecord,
  { write, remove, after, during }: DiskUpdate,
): Pick<DiskUpdate, 'write' | 'after' | 'during'> & { readonly whole: boolean } {
  const blocked = (path: string): boolean => remove.some((other) => path.startsWith(`${other}/`) || other.startsWith(`${path}/`));
  const possible = write.filter(({ entry: { path, mode } }) => (disk.files[path]?.mode ?? mode) === mode && !blocked(path));
  const of = (from: DiskRecord): DiskRecord => ({
    ...disk,
    files: {
      ...disk.files,
      ...Object.fromEntries(possible.flatMap(({ entry: { path } }) => (from.files[path] === undefined ? [] : [[path, from.files[path]]]))),
    },
  });
  return { write: possible, during: of(during), after: of(after), whole: remove.length === 0 && possible.length === write.length };
}

type Item = readonly [string, WrittenFile];

/** A mode that may be either is none. */
function uncertain([path, file]: Item, { files }: DiskRecord): Item {
  return [path, { ...file, mode: (files[path]?.mode ?? file.mode) === file.mode ? file.mode : 0, hash: '' }];
}

function refuseClash(path: string, file: WrittenFile, { files, places }: DiskRecord): void {
  const known = files[path];
  const parts = path.split('/');
  const above = parts.map((_, depth) => parts.slice(0, depth).join('/')).find((parent) => files[parent] !== undefined && files[parent].volume !== file.volume);
  const inside = Object.keys(files).find((other) => other.startsWith(`${path}/`) && files[other]?.volume !== file.volume);
  const folder = places.find((place) => place.volume !== file.volume && place.holds !== 'part' && place.path === path);
  const other =
    known !== undefined && known.volume !== file.volume && !isSame(known, file) ? known.volume : (files[above ?? inside ?? '']?.volume ?? folder?.volume);
  if (other === undefined) return;
  throw new Error(`volumes "${other}" and "${file.volume}" have different things for /${path}, in a root file system that containers share`);
}

function isSame(a: WrittenFile | undefined, b: WrittenFile | undefined): boolean {
  return a !== undefined && a.part !== true && a.mode === b?.mode && a.hash === b.hash;
}

function mountAbove(places: readonly MountPlace[], volume: string, path: string): string {
  const above = places.filter((place) => place.volume === volume && place.holds === 'files' && path.startsWith(`${place.path}/`)).map((place) => place.path);
  return above.sort((a, b) => b.length - a.length)[0] ?? '';
}

function emptiedBy(removed: readonly string[], left: readonly string[], mountOf: (path: string) => string): readonly string[] {
  const folders = removed.flatMap((path) => {
    const mount = mountOf(path);
    const parts = path
      .slice(mount.length + 1)
      .split('/')
      .slice(0, -1);
    return parts.map((_, depth) => [mount, ...parts.slice(0, depth + 1)].join('/'));
  });
  const empty = [...new Set(folders)].filter((folder) => !left.some((path) => path.startsWith(`${folder}/`)));
  return empty.sort((a, b) => b.length - a.length);
}
