/**
 * A room: a mount namespace whose root is a disk, with everything of this computer that the disk does not have mounted
 * into it. Programs in it see both; what they write into folders of the disk stays there, and what they do to files of the
 * computer they do to the computer, as without a room. Nobody else sees the mounts, and they end with the room.
 */
import { join } from 'node:path';
import { once } from 'node:events';
import type { Clock } from '../../platform/clock.ts';
import type { FileSystem } from '../../platform/fs.ts';
import type { ChildProcess, Spawner } from '../../platform/runner.ts';
import { clearMountPoints, diskRoot, isBehindLink, readDiskIndex, removeMountPoint, writeMountPoints, type DiskFolder } from './disk-folder.ts';
import type { RoomTools, RoomWay } from './room-way.ts';

export interface RoomOptions {
  readonly spawner: Spawner;
  readonly fs: FileSystem;
  readonly clock: Clock;
}

export interface Room {
  /** Names on the disk that only stand for what is mounted there. */
  readonly mountPoints: ReadonlySet<string>;
  /** What to start instead of a program, so that it runs in the room. The path is one of the room. */
  command(file: string, args: readonly string[], cwd: string): { readonly file: string; readonly args: readonly string[] };
  /** Ends what holds the room; programs in it are not ended. The disk is as it was, with what they wrote. */
  close(): Promise<void>;
}

/** Where the root of the computer is for a moment. */
const OLD_ROOT = '.vick-old-root';
const OPEN_MS = 20_000;
const NAMES_LIMIT = 2000;
/**
 * The room is there as long as its input is open, so that it ends with this process in any case. What alone cannot be
 * mounted (mount says 64) is missing in the room.
 */
const SCRIPT = `set -e
cd "$1"
table=$2 files=$3
shift 3
while [ "$files" -gt 0 ]; do : > "$1"; shift; files=$((files - 1)); done
mkdir -- "$@"
mount -a -T "$table" || [ $? -eq 64 ]
cd "$PWD"
pivot_root . ${OLD_ROOT}
umount -l /${OLD_ROOT}
echo open
read -r _ || :`;

/** Rejects with what the computer says when it cannot be made; the disk is then as before. */
export async function openRoom(options: RoomOptions, tools: RoomTools, way: RoomWay, disk: DiskFolder, env: Readonly<Record<string, string>>): Promise<Room> {
  const { fs, spawner, clock } = options;
  const points = await planMountPoints(fs, disk);
  const mountPoints = new Set([...points.map(({ path }) => path), OLD_ROOT]);
  await clearMountPoints(fs, disk);
  await writeMountPoints(fs, disk, [...mountPoints]);
  let holder: ChildProcess | undefined;
  const close = async (): Promise<void> => {
    holder?.stdin?.end();
    holder?.kill('SIGKILL', { group: true });
    await holder?.exited;
    await clearMountPoints(fs, disk);
  };
  try {
    const root = diskRoot(disk);
    await Promise.all(points.filter(({ kind }) => kind === 'link').map(({ path, target }) => fs.symlink(target, join(root, path))));
    const table = join(disk.directory, 'mounts');
    await fs.writeFile(table, mountTable(root, points));
    const of = (wanted: MountPoint['kind']): readonly string[] => points.filter(({ kind }) => kind === wanted).map(({ path }) => path);
    const named = [root, table, String(of('file').length), ...of('file'), ...of('folder'), OLD_ROOT];
    const args = [...way.make, '--', tools.sh, '-c', SCRIPT, 'sh', ...named];
    const started = await spawner.spawn({ file: tools.unshare, args, env: { ...env, PATH: tools.path }, cwd: '/', stdin: 'pipe' });
    holder = started;
    await opened(started, clock);
    await removeMountPoint(fs, join(root, OLD_ROOT));
    return {
      mountPoints,
      close,
      command: (file, given, cwd) => {
        const enter = ['--target', String(started.pid), ...way.enter, '--', tools.unshare, ...way.leave, `--wd=${cwd}`, '--', file, ...given];
        return { file: tools.nsenter, args: enter };
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function opened(holder: ChildProcess, clock: Clock): Promise<void> {
  let said = '';
  const heard = (chunk: Buffer): void => {
    said += chunk.toString();
  };
  holder.stderr?.on('data', heard);
  const late = new AbortController();
  const first = holder.stdout === undefined ? undefined : once(holder.stdout, 'data');
  try {
    const over = async (): Promise<never> => {
      await holder.exited;
      throw new Error(said.trim() === '' ? 'the files of a disk could not be mounted' : said.trim().replaceAll('\n', '; '));
    };
    const tooLate = async (): Promise<never> => {
      await clock.sleep(OPEN_MS, late.signal);
      throw new Error('the files of a disk are not mounted after 20 s');
    };
    await Promise.race([first, over(), tooLate()]);
  } finally {
    late.abort();
  }
}

interface MountPoint {
  /** Relative to the root. */
  readonly path: string;
  readonly kind: 'folder' | 'file' | 'link';
  readonly target: string;
}

/** What the computer has in the root, and in every folder that it shares with the disk, and the disk does not. */
async function planMountPoints(fs: FileSystem, disk: DiskFolder): Promise<readonly MountPoint[]> {
  const { shared } = await readDiskIndex(fs, disk);
  const planned = await Promise.all(['', ...shared].map((folder) => planFolder(fs, disk, folder)));
  return planned.flat();
}

async function planFolder(fs: FileSystem, disk: DiskFolder, folder: string): Promise<readonly MountPoint[]> {
  const here = join(diskRoot(disk), folder);
  // A program may have removed it meanwhile, or put something else in its place.
  if ((await isBehindLink(fs, disk, join(folder, 'any'))) || (await fs.info(here))?.kind !== 'directory') return [];
  const own = new Set(await fs.list(here));
  const names = await fs.list(`/${folder}`).catch((): readonly string[] => []);
  // Each costs a mount. Where they are very many, the folder has the disk's own, and the machine's folder, which is needed.
  const wanted = names.length <= NAMES_LIMIT ? names : names.filter((name) => `${disk.directory}/`.startsWith(`/${join(folder, name)}/`));
  const points = await Promise.all(wanted.filter((name) => !own.has(name)).map((name) => pointAt(fs, join(folder, name))));
  return points.filter((point) => point !== undefined);
}

async function pointAt(fs: FileSystem, path: string): Promise<MountPoint | undefined> {
  try {
    const target = await fs.readLink(`/${path}`);
    if (target !== undefined) return { path, kind: 'link', target };
    const info = await fs.info(`/${path}`);
    return info === undefined ? undefined : { path, kind: info.kind === 'directory' ? 'folder' : 'file', target: '' };
  } catch {
    // Not for this user to see, mounted or not.
    return undefined;
  }
}

/** As fstab(5). The root is not to be found in what is mounted below it, where its own folder is. */
function mountTable(root: string, points: readonly MountPoint[]): string {
  const mounted = points.filter(({ kind }) => kind !== 'link').map(({ path }) => [`/${path}`, join(root, path), 'rbind,nofail'] as const);
  const lines = [[root, root, 'bind,unbindable'] as const, ...mounted];
  return lines.map(([what, where, how]) => `${escaped(what)} ${escaped(where)} none ${how} 0 0\n`).join('');
}

function escaped(path: string): string {
  return path.replace(/[\s\\]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`);
}
