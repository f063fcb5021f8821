/**
 * The file system of a disk as its user sees it: what was written, over what the image has. Links are followed within
 * the disk, as a process sees them whose root it is; nothing outside its folder is ever read or written.
 */
import { join } from 'node:path';
import type { FileSystem } from '../../../../platform/fs.ts';
import { diskRoot, type DiskFolder, type DiskIndex } from '../../../engines/disk-folder.ts';
import type { ImageEntry, ImageFiles } from '../../../engines/port.ts';

/** What a system call would have failed with. */
export class DiskError extends Error {
  readonly code: 'ENOENT' | 'ENOTDIR' | 'EEXIST' | 'EISDIR' | 'ELOOP' | 'EINVAL';

  constructor(code: DiskError['code'], path: string) {
    super(`${code}: ${path}`);
    this.name = 'DiskError';
    this.code = code;
  }
}

export interface DiskFilesOptions {
  readonly fs: FileSystem;
  readonly disk: DiskFolder;
  readonly index: DiskIndex;
  readonly image: ImageFiles;
  readonly signal: AbortSignal;
}

interface Found {
  /** Names from the root, none of them a link, but perhaps the last. */
  readonly at: readonly string[];
  readonly entry: ImageEntry | undefined;
}

const UMASK = 0o022;
const LINK_LIMIT = 40;
const ROOT: ImageEntry = { kind: 'folder', mode: 0o755, target: '' };

export class DiskFiles {
  private readonly options: DiskFilesOptions;
  private readonly root: string;
  private readonly shared: Set<string>;
  private readonly modes: Map<string, number>;
  private readonly seenInImage = new Map<string, ImageEntry | undefined>();

  constructor(options: DiskFilesOptions) {
    this.options = options;
    this.root = diskRoot(options.disk);
    this.shared = new Set(options.index.shared);
    this.modes = new Map(options.index.modes);
  }

  /** With what was changed. */
  get index(): DiskIndex {
    return { shared: this.shared, modes: this.modes };
  }

  /** mkdir -p: what is missing gets `mode`, what is there stays as it is. */
  async makeFolders(path: string, mode: number): Promise<void> {
    const names = namesOf(path);
    for (let count = 1; count <= names.length; count += 1) {
      const prefix = names.slice(0, count);
      const there = await this.resolve(prefix, true).catch(absent);
      if (there?.entry?.kind === 'folder') continue;
      if (there?.entry !== undefined) throw new DiskError('ENOTDIR', path);
      const { at, entry } = await this.resolve(prefix, false);
      if (entry !== undefined) throw new DiskError('EEXIST', path);
      const place = await this.prepare(at);
      await this.options.fs.makeDirectory(place);
      await this.setMode(at, mode & 0o1777 & ~UMASK, 0o700);
    }
  }

  /** Creates or replaces the content; a file that is there keeps its mode. */
  async writeFile(path: string, mode: number, content: Uint8Array): Promise<void> {
    const { fs, disk } = this.options;
    const { at, entry } = await this.resolve(namesOf(path), true);
    if (entry?.kind === 'folder') throw new DiskError('EISDIR', path);
    if (entry !== undefined && entry.kind !== 'file') throw new DiskError('EINVAL', path);
    const place = await this.prepare(at);
    const incoming = join(disk.directory, 'incoming');
    await fs.writeFile(incoming, content, { mode: 0o600 });
    await fs.rename(incoming, place);
    await this.setMode(at, entry?.mode ?? mode & 0o7777 & ~UMASK, 0o400);
  }

  async makeLink(path: string, target: string): Promise<void> {
    const { at, entry } = await this.resolve(namesOf(path), false);
    if (entry !== undefined) throw new DiskError('EEXIST', path);
    if (target === '') throw new DiskError('ENOENT', path);
    await this.options.fs.symlink(target, await this.prepare(at));
  }

  /** Throws when a parent is missing or none; a missing last name is an answer. */
  private async resolve(names: readonly string[], follow: boolean): Promise<Found> {
    const pending = [...names];
    let at: readonly string[] = [];
    let entry: ImageEntry | undefined = ROOT;
    for (let links = 0; pending.length > 0;) {
      if (entry === undefined) throw new DiskError('ENOENT', names.join('/'));
      if (entry.kind !== 'folder') throw new DiskError('ENOTDIR', names.join('/'));
      const name = pending.shift() ?? '';
      const next: readonly string[] = name === '..' ? at.slice(0, -1) : [...at, name];
      const found = next.length === 0 ? ROOT : await this.look(next);
      if (found?.kind === 'link' && (follow || pending.length > 0)) {
        links += 1;
        if (links > LINK_LIMIT) throw new DiskError('ELOOP', names.join('/'));
        if (found.target.startsWith('/')) at = [];
        pending.unshift(...namesOf(found.target));
        entry = ROOT;
      } else {
        at = next;
        entry = found;
      }
    }
    return { at, entry };
  }

  /** One place, whose parents are folders. */
  private async look(at: readonly string[]): Promise<ImageEntry | undefined> {
    const own = await this.lookOnDisk(at);
    if (own !== undefined) return own;
    const parent = at.slice(0, -1);
    // A folder that only the disk has hides what the image may get there.
    if (parent.length > 0 && !this.shared.has(parent.join('/')) && (await this.lookOnDisk(parent)) !== undefined) return undefined;
    const path = `/${at.join('/')}`;
    if (!this.seenInImage.has(path)) this.seenInImage.set(path, await this.options.image.look(path, this.options.signal));
    return this.seenInImage.get(path);
  }

  private async lookOnDisk(at: readonly string[]): Promise<ImageEntry | undefined> {
    const { fs } = this.options;
    const place = this.placeOf(at);
    const target = await fs.readLink(place);
    if (target !== undefined) return { kind: 'link', mode: 0o777, target };
    const info = await fs.info(place);
    if (info === undefined) return undefined;
    const kind = info.kind === 'directory' ? 'folder' : info.kind;
    return { kind, mode: this.modes.get(at.join('/')) ?? info.mode, target: '' };
  }

  /** The place on this computer for something to be made, once its parents are there. */
  private async prepare(at: readonly string[]): Promise<string> {
    for (let count = 1; count < at.length; count += 1) {
      const parent = at.slice(0, count);
      if ((await this.lookOnDisk(parent)) !== undefined) continue;
      const mode = (await this.look(parent))?.mode ?? ROOT.mode;
      await this.options.fs.makeDirectory(this.placeOf(parent));
      await this.options.fs.chmod(this.placeOf(parent), mode | 0o700);
      this.shared.add(parent.join('/'));
    }
    return this.placeOf(at);
  }

  /** `least`: what this user, who may not be root as on the real disk, needs. Nor are programs of others set to run as this one. */
  private async setMode(at: readonly string[], mode: number, least: number): Promise<void> {
    const here = (mode & 0o1777) | least;
    await this.options.fs.chmod(this.placeOf(at), here);
    if (here === mode) this.modes.delete(at.join('/'));
    else this.modes.set(at.join('/'), mode);
  }

  private placeOf(at: readonly string[]): string {
    return join(this.root, ...at);
  }
}

function namesOf(path: string): readonly string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

function absent(error: unknown): undefined {
  if (error instanceof DiskError && error.code === 'ENOENT') return undefined;
  throw error;
}
