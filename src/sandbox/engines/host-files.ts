/** The files of this computer, taken for those of every image. */
import type { FileSystem } from '../../platform/fs.ts';
import { READ_LIMIT_BYTES, type EngineFiles, type ImageFiles } from './port.ts';

/** `refusal`: why programs cannot be shown other files here. */
export function hostFiles(fs: FileSystem, refusal: () => Promise<string | undefined>): EngineFiles {
  return { refusal, openImage: () => Promise.resolve(hostImage(fs)) };
}

export function hostImage(fs: FileSystem): ImageFiles {
  return {
    look: async (path) => {
      try {
        const target = await fs.readLink(path);
        if (target !== undefined) return { kind: 'link', mode: 0o777, target };
        const info = await fs.info(path);
        return info === undefined
          ? undefined
          : { kind: info.kind === 'directory' ? 'folder' : info.kind, mode: info.mode, target: '', modifiedAt: info.modifiedAt };
      } catch {
        // What this user may not see is not there for its programs.
        return undefined;
      }
    },
    list: (path) => fs.list(path).catch(() => []),
    read: async (path) => {
      if (((await fs.info(path).catch(() => undefined))?.size ?? 0) > READ_LIMIT_BYTES) throw new Error(`${path} is too large to be read`);
      return fs.readBytes(path).catch(() => undefined);
    },
    close: () => Promise.resolve(),
  };
}
