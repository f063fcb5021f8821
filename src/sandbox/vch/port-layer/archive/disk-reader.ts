/** Reading a disk as it is found when it is walked through: no link is followed (vmware/vic lib/archive/diff.go). */
import { DiskView, namesOf, type DiskViewOptions, type Found } from '../../../engines/disk-view.ts';
import { READ_LIMIT_BYTES, type ImageEntry } from '../../../engines/port.ts';
import type { ArchiveEntry, ArchiveMember } from '../../../../platform/tar.ts';
import { excludes, nameOf, type FilterSpec } from './filter-spec.ts';

export interface DiskStat extends ImageEntry {
  readonly name: string;
  readonly size: number;
}

/** What is mounted there in the guest is not on the disk. */
const GUEST = ['dev', 'proc', 'sys'];
const FOLDER_BYTES = 4096;

export class DiskReader extends DiskView {
  private readonly left: ReadonlyMap<string, ArchiveMember>;

  /** `left`: lies on the disk as well, over what is in its folder. */
  constructor(options: DiskViewOptions, left: readonly ArchiveMember[]) {
    super(options);
    this.left = new Map(left.map((member) => [member.path, member]));
  }

  /**
   * What the filter does not exclude, in the order of the paths, without what is neither file, folder nor link. In folders
   * that are excluded themselves, the image is asked only for what the filter names in full.
   */
  async *members(filter: FilterSpec, { data }: { readonly data: boolean }): AsyncGenerator<ArchiveEntry> {
    yield* this.below([], filter, data);
  }

  /** Undefined: there is nothing. Throws a DiskError when a parent is missing or none. */
  async stat(path: string): Promise<DiskStat | undefined> {
    const names = namesOf(path);
    const { at, entry } = await this.resolve(names, false);
    if (entry === undefined) return undefined;
    const size = entry.kind === 'file' ? ((await this.content(at))?.length ?? 0) : entry.kind === 'folder' ? FOLDER_BYTES : entry.target.length;
    return { ...entry, name: names.at(-1) ?? '/', size };
  }

  protected override async lookOnDisk(at: readonly string[]): Promise<ImageEntry | undefined> {
    return this.left.get(at.join('/')) ?? (await super.lookOnDisk(at));
  }

  protected override async lookInImage(at: readonly string[]): Promise<ImageEntry | undefined> {
    return at.length > 1 && GUEST.includes(at[0] ?? '') ? undefined : super.lookInImage(at);
  }

  private async *below(folder: readonly string[], filter: FilterSpec, data: boolean): AsyncGenerator<ArchiveEntry> {
    for (const name of await this.names(folder, filter)) {
      const at = [...folder, name];
      const path = at.join('/');
      const entry = await this.look(at);
      if (entry === undefined) continue;
      const { kind, mode, target, modifiedAt } = entry;
      const content = kind === 'file' && data && !excludes(filter, path) ? await this.content(at) : Buffer.alloc(0);
      const readable = kind !== 'other' && content !== undefined;
      if (readable && !excludes(filter, path)) {
        yield { path: nameOf(filter, path), kind, mode, content, ...(kind === 'link' ? { target } : {}), ...(modifiedAt === undefined ? {} : { modifiedAt }) };
      }
      if (kind === 'folder' && mayHave(filter, `${path}/`)) yield* this.below(at, filter, data);
    }
  }

  private async names(folder: readonly string[], filter: FilterSpec): Promise<readonly string[]> {
    const { fs, image, signal } = this.options;
    const prefix = folder.map((name) => `${name}/`).join('');
    const own = (await this.ownPlace(folder)) === undefined ? [] : await fs.list(this.placeOf(folder)).catch(() => []);
    const left = [...this.left.keys()].filter((path) => path.startsWith(prefix)).map((path) => nextName(path, prefix));
    const inImage = excludes(filter, prefix)
      ? filter.inclusions.filter((path) => path.startsWith(prefix)).map((path) => nextName(path, prefix))
      : await image.list(`/${folder.join('/')}`, signal);
    return [...new Set([...own, ...left, ...inImage])].filter((name) => !['', '.', '..'].includes(name) && !name.includes('\0')).sort();
  }

  private async content(at: Found['at']): Promise<Buffer | undefined> {
    const { fs, image, signal } = this.options;
    const kept = this.left.get(at.join('/'));
    if (kept !== undefined) return kept.content;
    const place = await this.ownPlace(at);
    if (place === undefined) return image.read(`/${at.join('/')}`, signal);
    if (((await fs.info(place))?.size ?? 0) > READ_LIMIT_BYTES) throw new Error(`${at.join('/')} is too large to be read`);
    return fs.readBytes(place);
  }
}

function nextName(path: string, prefix: string): string {
  return path.slice(prefix.length).split('/')[0] ?? '';
}

/** Whether anything below a folder can be meant. */
function mayHave(filter: FilterSpec, prefix: string): boolean {
  return !excludes(filter, prefix) || filter.inclusions.some((path) => path.startsWith(prefix));
}
