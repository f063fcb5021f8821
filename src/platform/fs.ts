interface FileInfo {
  readonly kind: 'file' | 'directory' | 'other';
  readonly size: number;
  /** Permission bits, for example 0o600. */
  readonly mode: number;
  readonly modifiedAt: number;
}

interface WriteOptions {
  readonly mode?: number;
  /** Resolves only when the file would survive a power failure (fsync of the file and of its folder). */
  readonly durable?: boolean;
}

/** The part of the file system that vick uses. "Absent" is an answer (`undefined`, `false`), everything else throws. */
export interface FileSystem {
  readText(path: string): Promise<string>;
  /** As readText, or undefined when there is no such file. */
  readTextIfExists(path: string): Promise<string | undefined>;
  readBytes(path: string): Promise<Buffer>;
  /** Replaces the file in one step (write beside, then rename); default mode 0o644. */
  writeFile(path: string, data: string | Uint8Array, options?: WriteOptions): Promise<void>;
  /** Makes a file with all of `data` in it at once; false, and nothing done, when there is one. Of several at a time one gets true. */
  createFile(path: string, data: string, options: { readonly mode: number }): Promise<boolean>;
  appendFile(path: string, data: string | Uint8Array, options?: { readonly mode?: number }): Promise<void>;
  /** Creates parents as well; an existing folder is fine. */
  makeDirectory(path: string, options?: { readonly mode?: number }): Promise<void>;
  makeTempDirectory(prefix: string): Promise<string>;
  list(path: string): Promise<readonly string[]>;
  info(path: string): Promise<FileInfo | undefined>;
  rename(from: string, to: string): Promise<void>;
  symlink(target: string, path: string): Promise<void>;
  /** Where a symbolic link leads as it is written; undefined for what is absent or no link. */
  readLink(path: string): Promise<string | undefined>;
  chmod(path: string, mode: number): Promise<void>;
  /** -1 leaves the user or the group as it is. */
  chown(path: string, uid: number, gid: number): Promise<void>;
  /** Removes a file or a whole folder; absent is fine. */
  remove(path: string): Promise<void>;
  /** True when this user may execute the file. */
  isExecutable(path: string): Promise<boolean>;
}
