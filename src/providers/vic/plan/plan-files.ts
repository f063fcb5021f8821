import { ProviderFailure, type MountRequest, type VolumeFile, type VolumeRequest } from '../../../kubelet/provider.ts';
import type { ArchiveEntry } from '../../../platform/tar.ts';
import { diskPath, isOffDisk, podVolumes, type MountingContainer, type PodVolumes } from './pod-volumes.ts';
import { checkFolders } from './shared-folders.ts';

/**
 * The files of a pod's volumes, written into the root file systems of its containers: nothing else that a VCH mounts is
 * seen by a container. What follows from that:
 * - The files lie on the VM's disk. They survive restarts of the VM, and go with it.
 * - They lie beside what the image has below the mount path, and replace what has their name. They can be written to.
 * - Containers that share a disk, because their images are the same, see each other's.
 * - Everything belongs to root. What a kubelet would allow a file's owner (a token for one user) or its group (fsGroup), to
 *   which all containers that may read it belong, is therefore allowed to everybody, writing excepted. Where neither is set,
 *   modes stay as they are: a file that a kubelet would keep from a container's user is kept from it here as well.
 */

/** Where a volume is in a root file system. */
export interface MountPlace {
  readonly volume: string;
  readonly injectedToken: boolean;
  readonly container: string;
  /** From the disk's root. */
  readonly path: string;
  /** All files of the volume, a part of it, or a folder for the container's own. */
  readonly holds: 'files' | 'part' | 'folder';
  readonly fsGroup?: number;
}

/** What one mount puts into a root file system. */
export interface Placement extends MountPlace {
  /** Paths from the disk's root; folders above them are left out. */
  readonly entries: readonly ArchiveEntry[];
}

/** A file, and the mount that it is below. */
export interface PlacedFile {
  readonly mount: string;
  readonly entry: ArchiveEntry;
}

type FileVolume = Extract<VolumeRequest, { readonly kind: 'files' }>;

const FOLDER_MODE = 0o755;

/**
 * Pure. What is to be written for the containers of one VM, by disk; a disk without anything is left out. ProviderFailure
 * for what cannot be had.
 */
export function planFiles(
  containers: readonly MountingContainer[],
  volumes: PodVolumes = podVolumes({ volumes: [] }, []),
): ReadonlyMap<string, readonly Placement[]> {
  const byName = new Map(volumes.requests.map((volume) => [volume.name, volume]));
  checkFolders(containers, volumes);
  const disks = new Map<string, readonly Placement[]>();
  for (const { request, disk } of containers) {
    const placements = uncovered(request.mounts.map((mount) => placementOf(request.name, mount, byName.get(mount.volume))));
    if (placements.length > 0) disks.set(disk, [...(disks.get(disk) ?? []), ...placements]);
  }
  for (const placements of disks.values()) diskEntries(placements);
  return disks;
}

/**
 * The members of one archive: folders before what lies in them, and nothing twice. ProviderFailure when two containers of
 * a disk want something different under one name.
 */
export function diskEntries(placements: readonly Placement[]): readonly ArchiveEntry[] {
  const found = new Map<string, { readonly entry: ArchiveEntry; readonly by: Placement }>();
  const add = (entry: ArchiveEntry, by: Placement): void => {
    const known = found.get(entry.path);
    if (known !== undefined && !isSame(known.entry, entry)) throw clash(entry.path, known.by, by);
    if (known === undefined) found.set(entry.path, { entry, by });
  };
  for (const placement of placements) {
    for (const entry of placement.entries) {
      for (const path of parentsOf(entry.path)) add({ path, kind: 'folder', mode: FOLDER_MODE }, placement);
      add(entry, placement);
    }
  }
  // A folder's path is the beginning of those of what lies in it.
  return [...found.values()].map(({ entry }) => entry).sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The same with the folders above them. */
export function withFolders(files: readonly ArchiveEntry[]): readonly ArchiveEntry[] {
  const folders = new Set(files.flatMap(({ path }) => parentsOf(path)));
  return [...[...folders].sort().map((path): ArchiveEntry => ({ path, kind: 'folder', mode: FOLDER_MODE })), ...files];
}

/** By path, what a volume that has these files now should have on a disk. Mounts of its parts keep what they have. */
export function filesOn(places: readonly MountPlace[], volume: string, files: readonly VolumeFile[]): ReadonlyMap<string, PlacedFile> {
  const found = new Map<string, PlacedFile>();
  for (const place of places.filter((one) => one.volume === volume && one.holds === 'files')) {
    const ordered = inward(places.filter(({ container }) => container === place.container));
    for (const file of files) {
      const entry = fileEntry(`${place.path}/${file.path}`, file, place.fsGroup);
      if (!isCovered(entry.path, place, ordered)) found.set(entry.path, { mount: place.path, entry });
    }
  }
  return found;
}

function placementOf(container: string, mount: MountRequest, volume: VolumeRequest | undefined): Placement {
  const path = diskPath(mount.mountPath);
  const refuse = (message: string): never => {
    throw new ProviderFailure('CreateContainerConfigError', `volume "${mount.volume}" cannot be mounted at ${mount.mountPath}: ${message}`, { container });
  };
  if (path === '') return refuse('a container needs its own root');
  if (isOffDisk(path)) return refuse('a pod VM has its own file systems there');
  if (volume === undefined) return refuse('its files are not known to this node any more');
  if (volume.kind === 'hostPath') return refuse('a pod VM shares nothing with a host');
  const folder: ArchiveEntry = { path, kind: 'folder', mode: FOLDER_MODE };
  const place = { volume: volume.name, container, path };
  if (volume.kind === 'emptyDir') return { ...place, injectedToken: false, holds: 'folder', entries: [folder] };
  const { injectedToken = false, fsGroup } = volume;
  return {
    ...{ ...place, injectedToken, holds: mount.subPath === undefined ? 'files' : 'part' },
    ...(fsGroup === undefined ? {} : { fsGroup }),
    entries: filesAt(path, mount.subPath, volume, folder),
  };
}

/** A part of a volume may be one of its files; one that is not there is an empty folder, as kubelets make it. */
function filesAt(path: string, subPath: string | undefined, { files, fsGroup }: FileVolume, folder: ArchiveEntry): readonly ArchiveEntry[] {
  const single = files.find((file) => file.path === subPath);
  if (single !== undefined) return [fileEntry(path, single, fsGroup)];
  const prefix = subPath === undefined ? '' : `${subPath}/`;
  const below = files.filter((file) => file.path.startsWith(prefix));
  return [folder, ...below.map((file) => fileEntry(`${path}/${file.path.slice(prefix.length)}`, file, fsGroup))];
}

function fileEntry(path: string, { mode, uid, content }: VolumeFile, fsGroup: number | undefined): ArchiveEntry {
  const owner = uid === undefined ? 0 : (mode >> 6) & 0o5;
  const group = fsGroup === undefined ? 0 : (mode >> 3) & 0o5;
  return { path, kind: 'file', mode: mode | owner | group, content };
}

/** Without what a deeper mount covers; all are of one container. */
function uncovered(placements: readonly Placement[]): readonly Placement[] {
  const ordered = inward(placements);
  return ordered.map((placement) => ({ ...placement, entries: placement.entries.filter(({ path }) => !isCovered(path, placement, ordered)) }));
}

function inward<T extends MountPlace>(places: readonly T[]): readonly T[] {
  return places.toSorted((a, b) => a.path.split('/').length - b.path.split('/').length);
}

function isCovered(path: string, by: MountPlace, ordered: readonly MountPlace[]): boolean {
  return ordered.slice(ordered.indexOf(by) + 1).some((cover) => path === cover.path || path.startsWith(`${cover.path}/`));
}

function parentsOf(path: string): readonly string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, depth) => parts.slice(0, depth + 1).join('/'));
}

function isSame(a: ArchiveEntry, b: ArchiveEntry): boolean {
  return a.kind === b.kind && a.mode === b.mode && Buffer.compare(a.content ?? new Uint8Array(), b.content ?? new Uint8Array()) === 0;
}

function clash(path: string, first: Placement, second: Placement): ProviderFailure {
  const who =
    first.container === second.container ? '' : `${first.container} and ${second.container} have one root file system, because their images are the same; `;
  const message = `${who}volumes "${first.volume}" and "${second.volume}" have different things for /${path}`;
  return new ProviderFailure('CreateContainerConfigError', message, { container: second.container });
}
