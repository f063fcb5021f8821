/** Container VMs outlive the services of their VCH: each has a file with its configuration and how its last life ended. */
import { join } from 'node:path';
import type { FileSystem } from '../../../platform/fs.ts';
import type { VmConfig } from './vm-config.ts';
import type { Vm } from './vm.ts';

/** The last life of a VM, as far as it is still told about while it is off. */
export interface LastLife {
  readonly everStarted: boolean;
  readonly everBound: boolean;
  readonly startedAt: number;
  readonly stopRequestedAt: number | undefined;
  readonly primary: { readonly status: string; readonly exitCode: number; readonly stopTime: number } | undefined;
}

export interface VmRecord {
  readonly config: VmConfig;
  readonly createTime: number;
  readonly last: LastLife;
}

/** What is worth keeping of a VM. */
export function recordOf(vm: Vm): VmRecord {
  const { config, createTime, everStarted, everBound, startedAt, stopRequestedAt, primary } = vm;
  const end = primary === undefined ? undefined : { status: primary.status, exitCode: primary.exitCode, stopTime: primary.stopTime };
  return { config, createTime, last: { everStarted, everBound, startedAt, stopRequestedAt, primary: end } };
}

const FILE = 'vm.json';

export class VmStore {
  private readonly fs: FileSystem;
  private readonly directory: string;
  private queue: Promise<void> = Promise.resolve();

  constructor(fs: FileSystem, directory: string) {
    this.fs = fs;
    this.directory = directory;
  }

  /** Written in the order of the calls; nobody waits for it but `settled`. */
  save(record: VmRecord): void {
    const path = join(this.directory, record.config.id, FILE);
    this.enqueue(() => this.fs.writeFile(path, JSON.stringify(record)));
  }

  async remove(id: string): Promise<void> {
    this.enqueue(() => this.fs.remove(join(this.directory, id, FILE)));
    await this.settled();
  }

  async settled(): Promise<void> {
    await this.queue;
  }

  /** Oldest first. A file that cannot be read is left out. */
  async load(): Promise<readonly VmRecord[]> {
    const ids = await this.fs.list(this.directory).catch(() => []);
    const texts = await Promise.all(ids.map((id) => this.fs.readTextIfExists(join(this.directory, id, FILE))));
    const records = texts.flatMap((text) => {
      try {
        return text === undefined ? [] : [complete(JSON.parse(text) as VmRecord)];
      } catch {
        return [];
      }
    });
    return records.sort((a, b) => a.createTime - b.createTime);
  }

  private enqueue(work: () => Promise<void>): void {
    this.queue = this.queue.then(work).catch(() => undefined);
  }
}

/** Earlier versions kept no disks. */
function complete(record: VmRecord): VmRecord {
  return { ...record, config: { ...record.config, disks: (record.config as Partial<VmConfig>).disks ?? [] } };
}
