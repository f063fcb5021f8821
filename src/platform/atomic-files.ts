/**
 * A folder whose files change all at once, laid out as kubelets lay it out (pkg/volume/util/atomic_writer.go):
 *
 *     folder/password      -> ..data/password
 *     folder/..data        -> ..4f2a90b1c3d5e677
 *     folder/..4f2a90b1c3d5e677/password
 *
 * The files lie in a folder of their own that is complete before `..data` is turned to it, in one step. Whoever reads
 * through `..data` sees the old files or the new ones; so does the next writer after a crash at any point.
 */
import { dirname, join } from 'node:path';
import { cleanFilePath } from './file-paths.ts';
import type { FileSystem } from './fs.ts';
import type { Random } from './random.ts';

export interface AtomicFile {
  /** Relative; see `cleanFilePath`. */
  readonly path: string;
  readonly content: Uint8Array;
  /** Permission bits. */
  readonly mode: number;
  /** Owner; undefined: whoever writes. */
  readonly uid?: number;
}

export interface AtomicFilesOptions {
  readonly fileSystem: FileSystem;
  readonly random: Random;
  /** Group of all files, which folders pass on to what is made in them. */
  readonly gid?: number;
}

const DATA = '..data';
const DATA_NEXT = '..data_tmp';
const FOLDER_MODE = 0o755;
const SET_GID = 0o2000;

/**
 * Makes `folder` hold these files and no others. One writer at a time for a folder. Throws before anything is touched
 * when a path is not allowed; after any other failure the folder shows what it showed before, or what it should.
 */
export async function writeFilesAtomically(folder: string, files: readonly AtomicFile[], options: AtomicFilesOptions): Promise<'written' | 'unchanged'> {
  const wanted = new Map(files.map((file) => [cleanFilePath(file.path), file]));
  const { fileSystem } = options;
  await fileSystem.makeDirectory(folder);
  const current = await fileSystem.readLink(join(folder, DATA));
  const same = current !== undefined && (await holds(join(folder, current), wanted, fileSystem));
  const data = same ? current : await turnTo(folder, wanted, options);
  await showFiles(folder, wanted, fileSystem);
  await tidy(folder, data, wanted, fileSystem);
  return same ? 'unchanged' : 'written';
}

type Files = ReadonlyMap<string, AtomicFile>;

async function turnTo(folder: string, wanted: Files, options: AtomicFilesOptions): Promise<string> {
  const { fileSystem, random } = options;
  const name = `..${random.hex(8)}`;
  const next = join(folder, DATA_NEXT);
  try {
    await layDown(join(folder, name), wanted, options);
    await fileSystem.remove(next);
    await fileSystem.symlink(name, next);
    await fileSystem.rename(next, join(folder, DATA));
    return name;
  } catch (error) {
    // Unless the turn was made after all, what was laid down is of no use.
    const shown = await fileSystem.readLink(join(folder, DATA)).catch(() => name);
    if (shown !== name) await fileSystem.remove(join(folder, name)).catch(() => undefined);
    throw error;
  }
}

async function layDown(root: string, wanted: Files, { fileSystem, gid }: AtomicFilesOptions): Promise<void> {
  const folders = new Set([root]);
  for (const path of wanted.keys()) for (let at = dirname(path); at !== '.'; at = dirname(at)) folders.add(join(root, at));
  for (const folder of [...folders].sort()) {
    await fileSystem.makeDirectory(folder);
    if (gid !== undefined) await fileSystem.chown(folder, -1, gid);
    await fileSystem.chmod(folder, gid === undefined ? FOLDER_MODE : FOLDER_MODE | SET_GID);
  }
  for (const [path, { content, mode, uid }] of wanted) {
    const full = join(root, path);
    // Nobody else can read it before it belongs to whom it should.
    await fileSystem.writeFile(full, content, { mode: 0o600 });
    if (uid !== undefined || gid !== undefined) await fileSystem.chown(full, uid ?? -1, gid ?? -1);
    await fileSystem.chmod(full, mode & 0o777);
  }
}

async function showFiles(folder: string, wanted: Files, fileSystem: FileSystem): Promise<void> {
  for (const name of topNames(wanted)) {
    const path = join(folder, name);
    const target = join(DATA, name);
    if ((await fileSystem.readLink(path)) === target) continue;
    await fileSystem.remove(path);
    await fileSystem.symlink(target, path);
  }
}

/** Takes away links to files that are no more, and folders that no reader can come by any more. */
async function tidy(folder: string, data: string, wanted: Files, fileSystem: FileSystem): Promise<void> {
  const visible = topNames(wanted);
  for (const name of await fileSystem.list(folder)) {
    if (name === DATA || name === data || visible.has(name)) continue;
    const own = name.startsWith('..') || (await fileSystem.readLink(join(folder, name))) === join(DATA, name);
    if (own) await fileSystem.remove(join(folder, name));
  }
}

async function holds(root: string, wanted: Files, fileSystem: FileSystem): Promise<boolean> {
  const present = await walk(root, '', fileSystem);
  if (present.length !== wanted.size) return false;
  for (const path of present) {
    const file = wanted.get(path);
    if (file === undefined) return false;
    const full = join(root, path);
    if ((await fileSystem.info(full))?.mode !== (file.mode & 0o777) || !(await fileSystem.readBytes(full)).equals(file.content)) return false;
  }
  return true;
}

async function walk(root: string, below: string, fileSystem: FileSystem): Promise<readonly string[]> {
  const found: string[] = [];
  if ((await fileSystem.info(join(root, below))) === undefined) return found;
  for (const name of await fileSystem.list(join(root, below))) {
    const path = join(below, name);
    if ((await fileSystem.info(join(root, path)))?.kind === 'directory') found.push(...(await walk(root, path, fileSystem)));
    else found.push(path);
  }
  return found;
}

function topNames(wanted: Files): ReadonlySet<string> {
  return new Set([...wanted.keys()].map((path) => path.split('/')[0] ?? path));
}
