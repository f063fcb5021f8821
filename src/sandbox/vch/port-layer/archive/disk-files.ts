/** Writing to a disk by the rules of the system calls that the endpoint VM uses; what is outside of its folder is never touched. */
import { join } from 'node:path';
import type { DiskIndex } from '../../../engines/disk-folder.ts';
import { DiskError, DiskView, namesOf, ROOT_FOLDER } from '../../../engines/disk-view.ts';

const UMASK = 0o022;

export class DiskFiles extends DiskView {
  /** With what was changed. */
  get index(): DiskIndex {
    return { shared: this.shared, modes: this.modes };
  }

  /** mkdir -p: what is missing gets `mode`, what is there stays as it is. `own`: what a program makes in it is the disk's. */
  async makeFolders(path: string, mode: number, { own }: { readonly own: boolean }): Promise<void> {
    const names = namesOf(path);
    for (let count = 1; count <= names.length; count += 1) {
      const prefix = names.slice(0, count);
      const there = await this.resolve(prefix, true).catch(absent);
      if (there?.entry?.kind === 'folder') {
        if (own && count === names.length) await this.share(there.at);
        continue;
      }
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

  /** The place on this computer for something to be made, once its parents are there. */
  private async prepare(at: readonly string[]): Promise<string> {
    await this.share(at.slice(0, -1));
    return this.placeOf(at);
  }

  /** Makes what is missing on the disk of a folder that there is, in the image or here. */
  private async share(folder: readonly string[]): Promise<void> {
    for (let count = 1; count <= folder.length; count += 1) {
      const at = folder.slice(0, count);
      if ((await this.lookOnDisk(at)) !== undefined) continue;
      const mode = (await this.look(at))?.mode ?? ROOT_FOLDER.mode;
      await this.options.fs.makeDirectory(this.placeOf(at));
      await this.options.fs.chmod(this.placeOf(at), mode | 0o700);
      this.shared.add(at.join('/'));
    }
  }

  /** `least`: what this user, who may not be root as on the real disk, needs. Nor are programs of others set to run as this one. */
  private async setMode(at: readonly string[], mode: number, least: number): Promise<void> {
    const here = (mode & 0o1777) | least;
    await this.options.fs.chmod(this.placeOf(at), here);
    if (here === mode) this.modes.delete(at.join('/'));
    else this.modes.set(at.join('/'), mode);
  }
}

function absent(error: unknown): undefined {
  if (error instanceof DiskError && error.code === 'ENOENT') return undefined;
  throw error;
}
