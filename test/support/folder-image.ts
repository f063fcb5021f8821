import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { EngineFiles, ImageFiles } from '../../src/sandbox/engines/port.ts';

/** A folder of this machine taken for the file system of an image. */
export function folderImage(root: string): ImageFiles {
  return {
    look: async (path) => {
      const found = await lstat(join(root, path)).catch(() => undefined);
      if (found === undefined) return undefined;
      const kind = found.isFile() ? 'file' : found.isDirectory() ? 'folder' : found.isSymbolicLink() ? 'link' : 'other';
      return { kind, mode: found.mode & 0o7777, target: kind === 'link' ? await readlink(join(root, path)) : '', modifiedAt: found.mtimeMs };
    },
    list: (path) => readdir(join(root, path)).catch(() => []),
    read: (path) => readFile(join(root, path)),
    close: () => Promise.resolve(),
  };
}

/** Every image of an engine is that folder. */
export const folderImages = (root: string): EngineFiles => ({
  refusal: () => Promise.resolve(undefined),
  openImage: () => Promise.resolve(folderImage(root)),
});
