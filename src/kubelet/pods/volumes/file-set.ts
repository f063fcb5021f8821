/** Files of a volume put together from its sources. Pure. */
import { cleanFilePath } from '../../../platform/file-paths.ts';
import type { VolumeFile } from '../../provider.ts';

export interface KeyToPath {
  readonly key: string;
  readonly path: string;
  readonly mode?: number;
}

/** What a source offers: bytes by key. */
export type Payload = ReadonlyMap<string, Uint8Array>;

export interface Selection {
  /** Undefined or empty: everything, by its key. */
  readonly items: readonly KeyToPath[] | undefined;
  readonly defaultMode: number;
  readonly optional: boolean;
  /** Word for the message about a key that is not there: `config` or `secret`. */
  readonly word: string;
}

/** The files that a source gives. Throws Error when a key is missing that is not optional. */
export function selectFiles(payload: Payload, { items, defaultMode, optional, word }: Selection): readonly VolumeFile[] {
  if (items === undefined || items.length === 0) return [...payload].map(([path, content]) => ({ path, content, mode: defaultMode }));
  return items.flatMap(({ key, path, mode }): readonly VolumeFile[] => {
    const content = payload.get(key);
    if (content !== undefined) return [{ path, content, mode: mode ?? defaultMode }];
    if (optional) return [];
    throw new Error(`references non-existent ${word} key: ${key}`);
  });
}

/**
 * One set in the order of the paths. Of two files with the same path the later one stays; a file that another one
 * needs as its folder, and a path that leaves the volume, throw Error. With `fsGroup` the group can read everything
 * (pkg/volume/volume_linux.go, SetVolumeOwnership of a read-only volume).
 */
export function fileSet(files: readonly VolumeFile[], fsGroup: number | undefined): readonly VolumeFile[] {
  const byPath = new Map<string, VolumeFile>();
  for (const file of files) {
    const path = cleanFilePath(file.path);
    byPath.set(path, { ...file, path, mode: fsGroup === undefined ? file.mode : file.mode | 0o440 });
  }
  for (const path of byPath.keys()) {
    const folders = path.split('/').slice(0, -1);
    for (let depth = 1; depth <= folders.length; depth += 1) {
      const folder = folders.slice(0, depth).join('/');
      if (byPath.has(folder)) throw new Error(`conflicting paths: ${path} needs ${folder} to be a folder`);
    }
  }
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}
