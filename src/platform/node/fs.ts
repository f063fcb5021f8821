// `promises` is loaded by Node when it is first looked at; importing node:fs/promises would load it at every start.
import * as files from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { FileSystem } from '../fs.ts';

let temporaryNumber = 0;

export const nodeFileSystem: FileSystem = {
  readText: (path) => files.promises.readFile(path, 'utf8'),
  readTextIfExists: (path) => orUndefined(files.promises.readFile(path, 'utf8')),
  readBytes: (path) => files.promises.readFile(path),
  writeFile: async (path, data, options) => {
    const beside = besideOf(path);
    try {
      await files.promises.writeFile(beside, data, { mode: options?.mode ?? 0o644, flush: options?.durable === true });
      if (options?.mode !== undefined) await files.promises.chmod(beside, options.mode);
      await files.promises.rename(beside, path);
      if (options?.durable === true) await flushFolder(dirname(path));
    } catch (error) {
      await files.promises.rm(beside, { force: true });
      throw error;
    }
  },
  createFile: async (path, data, { mode }) => {
    const beside = besideOf(path);
    try {
      await files.promises.writeFile(beside, data, { mode });
      await linkOrCopy(beside, path);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    } finally {
      await files.promises.rm(beside, { force: true });
    }
  },
  appendFile: (path, data, options) => files.promises.appendFile(path, data, { mode: options?.mode ?? 0o644 }),
  makeDirectory: async (path, options) => {
    await files.promises.mkdir(path, { recursive: true, ...(options?.mode === undefined ? {} : { mode: options.mode }) });
  },
  makeTempDirectory: (prefix) => files.promises.mkdtemp(join(tmpdir(), prefix)),
  list: (path) => files.promises.readdir(path),
  info: async (path) => {
    const found = await orUndefined(files.promises.stat(path));
    if (found === undefined) return undefined;
    const kind = found.isFile() ? 'file' : found.isDirectory() ? 'directory' : 'other';
    return { kind, size: found.size, mode: found.mode & 0o7777, modifiedAt: found.mtimeMs };
  },
  rename: (from, to) => files.promises.rename(from, to),
  symlink: (target, path) => files.promises.symlink(target, path),
  readLink: async (path) => {
    try {
      return await files.promises.readlink(path);
    } catch (error) {
      if (['EINVAL', 'ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
      throw error;
    }
  },
  chmod: (path, mode) => files.promises.chmod(path, mode),
  chown: (path, uid, gid) => files.promises.chown(path, uid, gid),
  // A program that ends may still write into the folder: it is emptied anew.
  remove: (path) => files.promises.rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 }),
  isExecutable: async (path) => {
    try {
      await files.promises.access(path, files.constants.X_OK);
      return true;
    } catch {
      return false;
    }
  },
};

/** Some file systems know no hard links; there a reader may see the file before all of it is written. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await files.promises.link(from, to);
  } catch (error) {
    if (!['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    await files.promises.copyFile(from, to, files.constants.COPYFILE_EXCL);
  }
}

function besideOf(path: string): string {
  temporaryNumber += 1;
  return `${path}.${String(process.pid)}.${String(temporaryNumber)}.tmp`;
}

/** Not every file system lets a folder be opened; the file itself is safe by then. */
async function flushFolder(folder: string): Promise<void> {
  const handle = await files.promises.open(folder, 'r').catch(() => undefined);
  try {
    await handle?.sync();
  } catch {
    return;
  } finally {
    await handle?.close();
  }
}

async function orUndefined<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
