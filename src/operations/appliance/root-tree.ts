/** The root file system that an endpoint VM boots into, from an initramfs or from a folder: names, modes and the few files that are looked into. */
import { posix, join } from 'node:path';
import type { FileSystem } from '../../platform/fs.ts';
import { FILE_TYPE, REGULAR_FILE, SYMBOLIC_LINK, type CpioEntry } from './cpio.ts';

export interface RootTree {
  /** The regular file that an absolute path leads to, links inside the tree followed; undefined: none. */
  file(path: string): Promise<TreeFile | undefined>;
  /** Names in a folder; none where it is absent. */
  list(path: string): Promise<readonly string[]>;
}

export interface TreeFile {
  /** Where it really is. */
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
  readonly size: number;
  /** Undefined: its content was not kept. */
  readonly data: () => Promise<Buffer | undefined>;
}

/** A chain of links longer than this is a loop (as the kernel has it). */
const MAX_LINKS = 40;

/** Files whose content decides something; of all others the existence is enough. */
export function isLookedInto(path: string): boolean {
  return /(?:^|\/)virtual-kubelet$/.test(path) || /(?:^|\/)(?:libc(?:-[\d.]+)?\.so(?:\.6)?|libstdc\+\+\.so\.6[\d.]*)$/.test(path);
}

/** Later entries replace earlier ones, as when the kernel unpacks them. */
export async function treeOfArchive(entries: AsyncIterable<CpioEntry>): Promise<RootTree> {
  const byPath = new Map<string, CpioEntry>();
  const names = new Map<string, Set<string>>();
  for await (const entry of entries) {
    if (entry.path === '') continue;
    byPath.set(`/${entry.path}`, entry);
    const folder = posix.dirname(`/${entry.path}`);
    names.set(folder, (names.get(folder) ?? new Set()).add(posix.basename(entry.path)));
  }
  const target = (path: string): string | undefined => {
    const entry = byPath.get(path);
    return entry !== undefined && (entry.mode & FILE_TYPE) === SYMBOLIC_LINK ? (entry.data ?? Buffer.alloc(0)).toString('utf8') : undefined;
  };
  const real = (path: string): Promise<string> => follow(path, (each) => Promise.resolve(target(each)));
  return {
    file: async (path) => {
      const at = await real(path);
      const entry = byPath.get(at);
      if (entry === undefined || (entry.mode & FILE_TYPE) !== REGULAR_FILE) return undefined;
      return { path: at, mode: entry.mode & 0o7777, size: entry.size, data: () => Promise.resolve(entry.data) };
    },
    list: async (path) => [...(names.get(await real(path)) ?? [])],
  };
}

/** Links are followed inside the folder, as they would be after a chroot into it. */
export function treeOfFolder(root: string, fs: FileSystem): RootTree {
  const real = (path: string): Promise<string> => follow(path, (each) => fs.readLink(join(root, each)));
  return {
    file: async (path) => {
      const at = await real(path);
      const info = await fs.info(join(root, at));
      if (info?.kind !== 'file') return undefined;
      return { path: at, mode: info.mode, size: info.size, data: () => fs.readBytes(join(root, at)) };
    },
    list: async (path) => {
      const at = join(root, await real(path));
      return (await fs.info(at))?.kind === 'directory' ? fs.list(at) : [];
    },
  };
}

async function follow(path: string, linkOf: (path: string) => Promise<string | undefined>): Promise<string> {
  let words = posix.normalize(path).split('/').filter(Boolean);
  let done = '/';
  for (let links = 0; words.length > 0 && links <= MAX_LINKS;) {
    const [word = '', ...rest] = words;
    const here = posix.join(done, word);
    const target = await linkOf(here);
    if (target === undefined) {
      done = here;
      words = rest;
      continue;
    }
    links += 1;
    const start = posix.isAbsolute(target) ? target : posix.join(done, target);
    words = [...start.split('/').filter(Boolean), ...rest];
    done = '/';
  }
  return posix.join(done, ...words);
}
