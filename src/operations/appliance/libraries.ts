/** Whether a root file system has the loader and the shared libraries, in the versions, that a program asks for. */
import { posix } from 'node:path';
import type { ElfFacts } from './elf.ts';
import type { RootTree, TreeFile } from './root-tree.ts';

const FOLDERS = [
  '/lib64',
  '/usr/lib64',
  '/lib',
  '/usr/lib',
  '/lib/x86_64-linux-gnu',
  '/usr/lib/x86_64-linux-gnu',
  '/lib/aarch64-linux-gnu',
  '/usr/lib/aarch64-linux-gnu',
];

export interface LibraryFinding {
  /** What is not there at all: the loader, or libraries. */
  readonly missing: readonly string[];
  /** What is there in too old a version. */
  readonly tooOld: readonly { readonly library: string; readonly needed: string; readonly found: string }[];
  /** The version of glibc that the program asks for; undefined for none. */
  readonly glibc: string | undefined;
}

/** Looks for everything that `elf` names. A version that cannot be told is not held against the image. */
export async function checkLibraries(elf: ElfFacts, tree: RootTree): Promise<LibraryFinding> {
  const missing: string[] = [];
  const tooOld: { library: string; needed: string; found: string }[] = [];
  if (elf.interpreter !== undefined && (await tree.file(elf.interpreter)) === undefined) missing.push(elf.interpreter);
  for (const library of elf.libraries) {
    const file = await findLibrary(library, tree);
    if (file === undefined) {
      if (elf.interpreter === undefined || posix.basename(elf.interpreter) !== library) missing.push(library);
      continue;
    }
    const rule = RULES.find(({ matches }) => matches.test(library));
    const needed = rule === undefined ? undefined : highest(elf.versions.get(library) ?? [], rule.prefix);
    const found = rule === undefined || needed === undefined ? undefined : await rule.offered(file);
    if (rule !== undefined && needed !== undefined && found !== undefined && compareVersions(found, needed) < 0) {
      tooOld.push({ library, needed: `${rule.prefix}${needed}`, found: `${rule.prefix}${found}` });
    }
  }
  return { missing, tooOld, glibc: highest([...elf.versions.values()].flat(), 'GLIBC_') };
}

interface VersionRule {
  readonly matches: RegExp;
  readonly prefix: string;
  /** The newest version that a library file has. */
  readonly offered: (file: TreeFile) => Promise<string | undefined>;
}

const RULES: readonly VersionRule[] = [
  {
    matches: /^libc\.so\.6$/,
    prefix: 'GLIBC_',
    offered: async (file) => /^libc-(\d+\.\d+)\.so$/.exec(posix.basename(file.path))?.[1] ?? (await newestIn(file, 'GLIBC_')),
  },
  { matches: /^libstdc\+\+\.so\.6$/, prefix: 'GLIBCXX_', offered: (file) => newestIn(file, 'GLIBCXX_') },
];

async function findLibrary(name: string, tree: RootTree): Promise<TreeFile | undefined> {
  for (const folder of FOLDERS) {
    const file = await tree.file(`${folder}/${name}`);
    if (file !== undefined) return file;
  }
  return undefined;
}

/** The names of versions are text in the library. */
async function newestIn(file: TreeFile, prefix: string): Promise<string | undefined> {
  const data = await file.data();
  if (data === undefined) return undefined;
  const found: string[] = [];
  for (let at = data.indexOf(prefix, 0, 'latin1'); at !== -1; at = data.indexOf(prefix, at + 1, 'latin1')) found.push(data.toString('latin1', at, at + 24));
  return highest(found, prefix);
}

function highest(versions: readonly string[], prefix: string): string | undefined {
  return versions
    .map((version) => (version.startsWith(prefix) ? /^\d+(?:\.\d+)*/.exec(version.slice(prefix.length))?.[0] : undefined))
    .filter((version) => version !== undefined)
    .sort(compareVersions)
    .at(-1);
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number)) as [number[], number[]];
  const differs = Array.from({ length: Math.max(left.length, right.length) }, (_none, index) => (left[index] ?? 0) - (right[index] ?? 0));
  return differs.find((difference) => difference !== 0) ?? 0;
}
