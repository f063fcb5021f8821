import { constants } from 'node:fs';
import { access, appendFile, chmod, mkdir, mkdtemp, readFile, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FileSystem } from '../fs.ts';

let temporaryNumber = 0;

export const nodeFileSystem: FileSystem = {
  readText: (path) => readFile(path, 'utf8'),
  readTextIfExists: (path) => orUndefined(readFile(path, 'utf8')),
  readBytes: (path) => readFile(path),
  writeFile: async (path, data, options) => {
    temporaryNumber += 1;
    const beside = `${path}.${String(process.pid)}.${String(temporaryNumber)}.tmp`;
    try {
      await writeFile(beside, data, { mode: options?.mode ?? 0o644 });
      if (options?.mode !== undefined) await chmod(beside, options.mode);
      await rename(beside, path);
    } catch (error) {
      await rm(beside, { force: true });
      throw error;
    }
  },
  appendFile: (path, data, options) => appendFile(path, data, { mode: options?.mode ?? 0o644 }),
  makeDirectory: async (path, options) => {
    await mkdir(path, { recursive: true, ...(options?.mode === undefined ? {} : { mode: options.mode }) });
  },
  makeTempDirectory: (prefix) => mkdtemp(join(tmpdir(), prefix)),
  list: (path) => readdir(path),
  info: async (path) => {
    const found = await orUndefined(stat(path));
    if (found === undefined) return undefined;
    const kind = found.isFile() ? 'file' : found.isDirectory() ? 'directory' : 'other';
    return { kind, size: found.size, mode: found.mode & 0o7777, modifiedAt: found.mtimeMs };
  },
  rename,
  symlink,
  chmod,
  remove: (path) => rm(path, { recursive: true, force: true }),
  isExecutable: async (path) => {
    try {
      await access(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  },
};

async function orUndefined<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
