/** The disks of a container VM: what was written to them lies in folders below the VM's own, and goes with it. */
import { join } from 'node:path';
import type { FileSystem } from '../../../platform/fs.ts';
import { clearMountPoints, diskRoot, readDiskIndex, writeDiskIndex, writtenDisk, type DiskFolder, type WrittenDisk } from '../../engines/disk-folder.ts';
import type { EngineFiles } from '../../engines/port.ts';
import { DiskFiles } from './archive/disk-files.ts';
import { DiskReader } from './archive/disk-reader.ts';
import type { FilterSpec } from './archive/filter-spec.ts';
import { unpackArchive } from './archive/unpack.ts';
import type { DiskConfig } from './vm-config.ts';

export interface OpenedDisk {
  readonly reader: DiskReader;
  close(): Promise<void>;
}

export class VmDisks {
  private readonly fs: FileSystem;
  private readonly directory: string;
  private queue: Promise<unknown> = Promise.resolve();
  private mounted: readonly { readonly layerId: string; readonly disk: WrittenDisk }[] = [];

  constructor(fs: FileSystem, directory: string) {
    this.fs = fs;
    this.directory = join(directory, 'disks');
  }

  /** Unpacks an archive onto one disk, after what is under way. Rejects where unpacking stopped. */
  async unpack(
    disks: readonly DiskConfig[],
    index: number,
    request: { readonly files: EngineFiles; readonly archive: Buffer; readonly filter: FilterSpec; readonly signal: AbortSignal },
  ): Promise<void> {
    const work = this.queue.then(() => this.unpackNow(disks[index]?.layerId ?? '', this.folder(index), request));
    this.queue = work.catch(() => undefined);
    await work;
  }

  /** A disk to be read while the VM is off, after what is under way. `tasks`: that had it. Must be closed. */
  async open(
    disks: readonly DiskConfig[],
    index: number,
    { files, tasks, signal }: { readonly files: EngineFiles; readonly tasks: readonly string[]; readonly signal: AbortSignal },
  ): Promise<OpenedDisk> {
    await this.settled();
    const { fs } = this;
    const disk = writtenDisk(fs, this.folder(index));
    await clearMountPoints(fs, disk);
    const written = (await fs.info(diskRoot(disk))) !== undefined;
    const left = written ? ((await files.left?.(disk, tasks)) ?? []) : [];
    const image = await files.openImage(disks[index]?.layerId ?? '', signal);
    return {
      reader: new DiskReader({ fs, disk, index: await readDiskIndex(fs, disk), image, signal }, left),
      close: () => image.close(),
    };
  }

  /** Resolves when nothing is being written. */
  async settled(): Promise<void> {
    await this.queue;
  }

  /** For a new life of the VM, in which nothing is written from outside: looks what was. */
  async mount(disks: readonly DiskConfig[]): Promise<void> {
    await this.settled();
    const there: readonly string[] = await this.fs.list(this.directory).catch(() => []);
    for (const index of there) await clearMountPoints(this.fs, this.folder(Number(index)));
    this.mounted = disks.flatMap(({ layerId }, index) => (there.includes(String(index)) ? [{ layerId, disk: writtenDisk(this.fs, this.folder(index)) }] : []));
  }

  /** Those that something was ever written to. */
  get allWritten(): readonly WrittenDisk[] {
    return this.mounted.map(({ disk }) => disk);
  }

  /** The disk with the file system of a layer, if anything was ever written to it. */
  written(layerId: string): WrittenDisk | undefined {
    return this.mounted.find((one) => one.layerId === layerId)?.disk;
  }

  private async unpackNow(
    image: string,
    disk: DiskFolder,
    { files, archive, filter, signal }: { readonly files: EngineFiles; readonly archive: Buffer; readonly filter: FilterSpec; readonly signal: AbortSignal },
  ): Promise<void> {
    const { fs } = this;
    await fs.makeDirectory(diskRoot(disk));
    await clearMountPoints(fs, disk);
    const opened = await files.openImage(image, signal);
    const view = new DiskFiles({ fs, disk, index: await readDiskIndex(fs, disk), image: opened, signal });
    try {
      await unpackArchive(view, archive, filter);
    } finally {
      await writeDiskIndex(fs, disk, view.index);
      await opened.close();
    }
  }

  private folder(index: number): DiskFolder {
    return { directory: join(this.directory, String(index)) };
  }
}
