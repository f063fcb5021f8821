import { lstat, mkdtemp, readdir, readFile, readlink, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeFilesAtomically, type AtomicFile } from '../../../src/platform/atomic-files.ts';
import type { FileSystem } from '../../../src/platform/fs.ts';
import { nodeFileSystem } from '../../../src/platform/node/fs.ts';
import { systemRandom } from '../../../src/platform/node/random.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'vick-atomic-'));
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

const file = (path: string, text: string, mode = 0o644): AtomicFile => ({ path, content: Buffer.from(text), mode });
const write = (folder: string, files: readonly AtomicFile[], fileSystem: FileSystem = nodeFileSystem): Promise<string> =>
  writeFilesAtomically(folder, files, { fileSystem, random: systemRandom });

/** What a folder shows: text by path. */
async function shown(folder: string, below = ''): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of await readdir(join(folder, below))) {
    if (name.startsWith('..') && below === '') continue;
    const path = join(below, name);
    if ((await stat(join(folder, path))).isDirectory()) Object.assign(found, await shown(folder, path));
    else found[path] = await readFile(join(folder, path), 'utf8');
  }
  return found;
}

const asText = (files: readonly AtomicFile[]): Record<string, string> =>
  Object.fromEntries(files.map(({ path, content }) => [path, Buffer.from(content).toString('utf8')]));
const hidden = async (folder: string): Promise<readonly string[]> => (await readdir(folder)).filter((name) => name.startsWith('..'));

/** The file system until so many changes were made; every call after that fails. */
function failingAfter(changes: number): { readonly fileSystem: FileSystem; readonly failed: () => boolean } {
  let left = changes;
  const change = <K extends 'makeDirectory' | 'writeFile' | 'symlink' | 'rename' | 'chmod' | 'remove'>(operation: K): FileSystem[K] => {
    const work = async (...args: readonly unknown[]): Promise<void> => {
      left -= 1;
      if (left < 0) throw new Error('the disk is gone');
      await Reflect.apply(nodeFileSystem[operation], nodeFileSystem, args);
    };
    return work;
  };
  return {
    fileSystem: {
      ...{ ...nodeFileSystem, makeDirectory: change('makeDirectory'), writeFile: change('writeFile'), symlink: change('symlink') },
      ...{ rename: change('rename'), chmod: change('chmod'), remove: change('remove') },
    },
    failed: () => left < 0,
  };
}

describe('a folder that changes all at once', () => {
  it('shows files through one link, with their modes', async () => {
    const folder = join(root, 'volume');
    await write(folder, [file('a', '1'), file('deep/er/b', '2', 0o440), file('.hidden', '3', 0o600)]);
    expect(await shown(folder)).toEqual({ a: '1', 'deep/er/b': '2', '.hidden': '3' });
    expect(await readlink(join(folder, 'a'))).toBe('..data/a');
    expect(await readlink(join(folder, 'deep'))).toBe('..data/deep');
    expect((await stat(join(folder, 'deep/er/b'))).mode & 0o7777).toBe(0o440);
    expect((await stat(join(folder, 'deep'))).mode & 0o7777).toBe(0o755);
    expect(await hidden(folder)).toEqual([expect.stringMatching(/^\.\.[0-9a-f]{16}$/), '..data']);
  });

  it('loses what is gone, gains what is new, and leaves nothing behind', async () => {
    await write(root, [file('a', '1'), file('x/y', '1')]);
    expect(await write(root, [file('a', '2'), file('z', '2')])).toBe('written');
    expect(await shown(root)).toEqual({ a: '2', z: '2' });
    expect(await write(root, [])).toBe('written');
    expect(await readdir(root)).toHaveLength(2);
  });

  it('is left alone when nothing has changed, and mended when somebody took a link away', async () => {
    await write(root, [file('a', '1'), file('b/c', '1')]);
    const before = await readlink(join(root, '..data'));
    await rm(join(root, 'a'));
    expect(await write(root, [file('b/c', '1'), file('a', '1')])).toBe('unchanged');
    expect(await readlink(join(root, '..data'))).toBe(before);
    expect(await shown(root)).toEqual({ a: '1', 'b/c': '1' });
    expect(await write(root, [file('b/c', '1'), file('a', '1', 0o600)])).toBe('written');
  });

  it('gives files to their owner and group before anybody else could read them', async () => {
    const calls: string[] = [];
    const note = (text: string): void => {
      calls.push(text.replace(/\.\.[0-9a-f]{16}/, '..x').replace(`${root}/`, ''));
    };
    const fileSystem: FileSystem = {
      ...nodeFileSystem,
      chown: async (path, uid, gid) => {
        note(`chown ${path} ${String(uid)}:${String(gid)}`);
        await Promise.resolve();
      },
      chmod: async (path, mode) => {
        note(`chmod ${path} ${mode.toString(8)}`);
        await nodeFileSystem.chmod(path, mode);
      },
      writeFile: async (path, data, options) => {
        note(`write ${path} ${options?.mode?.toString(8) ?? ''}`);
        await nodeFileSystem.writeFile(path, data, options);
      },
    };
    await writeFilesAtomically(root, [{ ...file('token', 't', 0o640), uid: 1000 }], { fileSystem, random: systemRandom, gid: 2000 });
    expect(calls).toEqual(['chown ..x -1:2000', 'chmod ..x 2755', 'write ..x/token 600', 'chown ..x/token 1000:2000', 'chmod ..x/token 640']);
  });

  it.each(['../out', '/etc/x', '..data', '..data/x', ''])('refuses the path %j and touches nothing', async (path) => {
    await expect(write(join(root, 'volume'), [file('fine', '1'), file(path, '1')])).rejects.toThrow(/invalid path/);
    expect(await readdir(root)).toEqual([]);
  });

  it('does not write through a link that somebody has put in its place', async () => {
    await write(root, [file('a', '1')]);
    const outside = join(root, '..', `outside-${systemRandom.hex(4)}`);
    await writeFile(outside, 'untouched');
    try {
      await rm(join(root, 'a'));
      await symlink(outside, join(root, 'a'));
      await write(root, [file('a', '2')]);
      expect([await readFile(outside, 'utf8'), await readFile(join(root, 'a'), 'utf8')]).toEqual(['untouched', '2']);
      expect((await lstat(join(root, 'a'))).isSymbolicLink()).toBe(true);
    } finally {
      await rm(outside, { force: true });
    }
  });
});

const names = fc.constantFrom('a', 'b', 'c/d', 'c/e', 'f/g/h');
const fileSets = fc
  .uniqueArray(fc.record({ path: names, text: fc.constantFrom('1', '2', '3'), mode: fc.constantFrom(0o644, 0o400) }), { selector: ({ path }) => path })
  .map((files) => files.map(({ path, text, mode }) => file(path, text, mode)));

describe('whatever happens', () => {
  it('a writer that dies at any point leaves the old files or the new ones, and the next one finishes', async () => {
    await fc.assert(
      fc.asyncProperty(fileSets, fileSets, fc.integer({ min: 0, max: 30 }), async (before, after, changes) => {
        const folder = join(root, systemRandom.hex(6));
        await write(folder, before);
        const { fileSystem, failed } = failingAfter(changes);
        const outcome = await write(folder, after, fileSystem).catch(() => 'failed');
        expect(outcome === 'failed').toBe(failed());
        const seen = await shown(join(folder, '..data'));
        expect([asText(before), asText(after)]).toContainEqual(seen);

        await write(folder, after);
        expect(await shown(folder)).toEqual(asText(after));
        expect(await hidden(folder)).toHaveLength(2);
      }),
      { numRuns: 60 },
    );
  });

  it('a reader never sees a mixture', async () => {
    const version = (number: number): readonly AtomicFile[] => ['a', 'b', 'c', 'd'].map((path) => file(path, String(number)));
    await write(root, version(0));
    let done = false;
    const seen = new Set<string>();
    const mixtures: string[] = [];
    const read = async (): Promise<void> => {
      while (!done) {
        // A reader that wants one state takes hold of it: the folder that `..data` leads to right now.
        const data = await realpath(join(root, '..data'));
        const texts = await Promise.all(['a', 'b', 'c', 'd'].map((name) => readFile(join(data, name), 'utf8').catch(() => 'gone')));
        const values = new Set(texts.filter((text) => text !== 'gone'));
        if (values.size > 1) mixtures.push(texts.join());
        for (const value of values) seen.add(value);
        // One file by its own name is always whole, and always there.
        const single = await readFile(join(root, 'a'), 'utf8').catch((error: unknown) => String(error));
        if (!/^\d+$/.test(single) && !single.includes('ENOENT')) mixtures.push(single);
      }
    };
    const readers = [read(), read()];
    for (let number = 1; number <= 60; number += 1) await write(root, version(number));
    done = true;
    await Promise.all(readers);
    expect(mixtures).toEqual([]);
    expect(seen.size).toBeGreaterThan(1);
  });
});
