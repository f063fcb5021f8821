/**
 * The file system of a disk as its user sees it: what was written, over what the image has. Links are followed within
 * the disk, as a process sees them whose root it is; nothing outside its folder and the image is ever looked at.
 */
import { join } from 'node:path';
import type { FileSystem } from '../../platform/fs.ts';
import { diskRoot, type DiskFolder, type DiskIndex } from './disk-folder.ts';
import type { ImageEntry, ImageFiles } from './port.ts';

/** What a system call would have failed with. */
export class DiskError extends Error {
  readonly code: 'ENOENT' | 'ENOTDIR' | 'EEXIST' | 'EISDIR' | 'ELOOP' | 'EINVAL';

  constructor(code: DiskError['code'], path: string) {
    super(`${code}: ${path}`);
    this.name = 'DiskError';
    this.code = code;
  }
}

export interface DiskViewOptions {
  readonly fs: FileSystem;
  readonly disk: DiskFolder;
  readonly index: DiskIndex;
  readonly image: ImageFiles;
  readonly signal: AbortSignal;
  /** Names on the disk that only stand for what the image has there. */
  readonly mountPoints?: ReadonlySet<string>;
}

export interface Found {
  /** Names from the root, none of them a link, but perhaps the last. */
  readonly at: readonly string[];
  readonly entry: ImageEntry | undefined;
}

const LINK_LIMIT = 40;
export const ROOT_FOLDER: ImageEntry = { kind: 'folder', mode: 0o755, target: '' };

export class DiskView {
  protected readonly options: DiskViewOptions;
  protected readonly shared: Set<string>;
  protected readonly modes: Map<string, number>;
  private readonly seenInImage = new Map<string, ImageEntry | undefined>();

  constructor(options: DiskViewOptions) {
    this.options = options;
    this.shared = new Set(options.index.shared);
    this.modes = new Map(options.index.modes);
  }

  /** Throws a DiskError when a parent is missing or none; a missing last name is an answer. */
  async resolve(names: readonly string[], follow: boolean): Promise<Found> {
    const pending = [...names];
    let at: readonly string[] = [];
    let entry: ImageEntry | undefined = ROOT_FOLDER;
    for (let links = 0; pending.length > 0;) {
      if (entry === undefined) throw new DiskError('ENOENT', names.join('/'));
      if (entry.kind !== 'folder') throw new DiskError('ENOTDIR', names.join('/'));
      const name = pending.shift() ?? '';
      const next: readonly string[] = name === '..' ? at.slice(0, -1) : [...at, name];
      const found = next.length === 0 ? ROOT_FOLDER : await this.look(next);
      if (found?.kind === 'link' && (follow || pending.length > 0)) {
        links += 1;
        if (links > LINK_LIMIT) throw new DiskError('ELOOP', names.join('/'));
        if (found.target.startsWith('/')) at = [];
        pending.unshift(...namesOf(found.target));
        entry = ROOT_FOLDER;
      } else {
        at = next;
        entry = found;
      }
    }
    return { at, entry };
  }

  /** Where on this computer a resolved path is, if it was written to the disk. */
  async ownPlace(at: readonly string[]): Promise<string | undefined> {
    return (await this.lookOnDisk(at)) === undefined ? undefined : this.placeOf(at);
  }

  /** One place, whose parents are folders. */
  protected async look(at: readonly string[]): Promise<ImageEntry | undefined> {
    const own = await this.lookOnDisk(at);
    if (own !== undefined) return own;
    const parent = at.slice(0, -1);
    // A folder that only the disk has hides what the image may get there.
    if (parent.length > 0 && !this.shared.has(parent.join('/')) && (await this.lookOnDisk(parent)) !== undefined) return undefined;
    return this.lookInImage(at);
  }

  protected async lookInImage(at: readonly string[]): Promise<ImageEntry | undefined> {
    const path = `/${at.join('/')}`;
    if (!this.seenInImage.has(path)) this.seenInImage.set(path, await this.options.image.look(path, this.options.signal));
    return this.seenInImage.get(path);
  }

  protected async lookOnDisk(at: readonly string[]): Promise<ImageEntry | undefined> {
    const { fs, mountPoints } = this.options;
    if (mountPoints?.has(at.join('/')) === true) return undefined;
    const place = this.placeOf(at);
    const target = await fs.readLink(place);
    if (target !== undefined) return { kind: 'link', mode: 0o777, target };
    const info = await fs.info(place);
    if (info === undefined) return undefined;
    const kind = info.kind === 'directory' ? 'folder' : info.kind;
    return { kind, mode: this.modes.get(at.join('/')) ?? info.mode, target: '', modifiedAt: info.modifiedAt };
  }

  protected placeOf(at: readonly string[]): string {
    return join(diskRoot(this.options.disk), ...at);
  }
}

export function namesOf(path: string): readonly string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}
