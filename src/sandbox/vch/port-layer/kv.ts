/** The key-value store: one JSON file in the VCH's folder, rewritten on every change. */
import { join } from 'node:path';
import type { FileSystem } from '../../../platform/fs.ts';

export class KeyValueStore {
  private readonly fs: FileSystem;
  private readonly path: string;
  private values = new Map<string, string>();
  private queue: Promise<void> = Promise.resolve();

  constructor(fs: FileSystem, directory: string) {
    this.fs = fs;
    this.path = join(directory, 'kv.json');
  }

  /** Reads the file of an earlier run, if there is one. */
  async load(): Promise<void> {
    const text = await this.fs.readTextIfExists(this.path);
    if (text !== undefined) this.values = new Map(Object.entries(JSON.parse(text) as Record<string, string>));
  }

  get(key: string): string | undefined {
    return this.values.get(key);
  }

  async put(key: string, value: string): Promise<void> {
    this.values.set(key, value);
    await this.write();
  }

  /** False: there was no such key. */
  async delete(key: string): Promise<boolean> {
    const found = this.values.delete(key);
    if (found) await this.write();
    return found;
  }

  private async write(): Promise<void> {
    const text = JSON.stringify(Object.fromEntries(this.values));
    this.queue = this.queue.then(() => this.fs.writeFile(this.path, text, { mode: 0o600 }));
    await this.queue;
  }
}
