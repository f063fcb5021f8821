/** The script that replaces files in a running VM, run by the shells of this machine over folders of its own. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DiskUpdate } from '../../../../src/providers/vic/files/plan-update.ts';
import { CUT, incoming, UPDATE_SCRIPT, updateInput } from '../../../../src/providers/vic/files/update-script.ts';

const SHELLS = [['/bin/dash'], ['/bin/bash', '--posix'], ['/usr/bin/busybox', 'sh'], ['/bin/sh']].filter(([file]) => file !== undefined && existsSync(file));

let folder: string;
/** As paths of disks are: without the first slash. */
let mount: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vick-files-'));
  mount = join(folder, 'config').slice(1);
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

interface Wanted {
  readonly write?: Readonly<Record<string, string | Uint8Array>>;
  readonly mode?: number;
  readonly remove?: readonly string[];
  readonly emptied?: readonly string[];
  readonly begun?: readonly string[];
}

const disk = { deltaId: 'd', layerId: 'l', places: [], files: {} };
const update = ({ write = {}, mode = 0o644, remove = [], emptied = [], begun = [] }: Wanted): DiskUpdate => ({
  write: Object.entries(write).map(([path, content]) => ({ mount, entry: { path: `${mount}/${path}`, kind: 'file', mode, content: Buffer.from(content) } })),
  remove: remove.map((path) => `${mount}/${path}`),
  emptied: emptied.map((path) => `${mount}/${path}`),
  begun: begun.map((path) => ({ mount, path: `${mount}/${path}` })),
  during: disk,
  after: disk,
});

async function run([file = '', ...args]: readonly string[], input: Uint8Array): Promise<{ readonly code: number | null; readonly said: string }> {
  const child = spawn(file, [...args, '-c', UPDATE_SCRIPT], { env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', SHLVL: '2' }, stdio: ['pipe', 'pipe', 'pipe'] });
  // One that ends early does not read the rest.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [said, out, code] = await Promise.all([text(child.stderr), text(child.stdout), new Promise<number | null>((resolve) => child.on('close', resolve))]);
  expect(out).toBe('');
  return { code, said };
}

const at = (path: string): string => join(folder, 'config', path);
const put = async (path: string, content: string): Promise<void> => {
  await mkdir(dirname(at(path)), { recursive: true });
  await writeFile(at(path), content);
};
/** Every file below the mount with its content. */
async function tree(): Promise<Readonly<Record<string, string>>> {
  const entries = await readdir(join(folder, 'config'), { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.map(async (entry) => {
    const path = join(entry.parentPath, entry.name);
    return [path.slice(at('').length + 1), entry.isDirectory() ? '/' : (await readFile(path)).toString('latin1')] as const;
  });
  return Object.fromEntries(await Promise.all(files));
}

it('has no word that a VCH would cut', () => {
  expect(UPDATE_SCRIPT).not.toContain('|');
});

describe.each(SHELLS.map((shell) => [shell.join(' '), shell] as const))('files of a running VM, by %s', (_, shell) => {
  it('are replaced, added and removed, with their modes, and nothing else is', async () => {
    await put('a', 'old');
    await put('gone', 'old');
    await put('deep/er/key', 'old');
    await put('kept', 'of the image');
    const wanted = { write: { a: 'new\n', 'sub/dir/b': 'beta' }, mode: 0o440, remove: ['gone', 'deep/er/key'], emptied: ['deep/er', 'deep'] };
    expect(await run(shell, updateInput(update(wanted)))).toEqual({ code: 0, said: '' });
    expect(await tree()).toEqual({ a: 'new\n', kept: 'of the image', sub: '/', 'sub/dir': '/', 'sub/dir/b': 'beta' });
    const modes = await Promise.all([at('a'), at('sub/dir/b'), at('sub')].map(async (path) => (await stat(path)).mode & 0o777));
    expect(modes.map((mode) => mode.toString(8))).toEqual(['440', '440', '755']);
  });

  it('may have any bytes, be empty, and have any name', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 * 20 }, (_unused, index) => (index * 7) % 256));
    const write = {
      bytes,
      none: '',
      'two words': ' a  b\t\\n\\0101 %s %b $x `y` *\n\n',
      'quo\'te"s': '\\c',
      '*': 'star',
      'umlaut-ü\n': 'ü',
      '-n': '-n',
      '$(exit 9)': '\r\n',
    };
    expect(await run(shell, updateInput(update({ write })))).toEqual({ code: 0, said: '' });
    const found = await tree();
    for (const [path, content] of Object.entries(write)) expect(found[path], path).toBe(Buffer.from(content).toString('latin1'));
    expect(Object.keys(found)).toHaveLength(8);
  });

  it('become folders, and folders files', async () => {
    await put('one', 'file');
    await put('two/x', 'file');
    const wanted = { write: { 'one/x': 'below', two: 'file now' }, remove: ['one', 'two/x'], emptied: ['two'] };
    expect(await run(shell, updateInput(update(wanted)))).toEqual({ code: 0, said: '' });
    expect(await tree()).toEqual({ one: '/', 'one/x': 'below', two: 'file now' });
  });

  it('stay as they were when the input is cut anywhere', async () => {
    await put('a', 'old');
    await put('b', 'old');
    const input = updateInput(update({ write: { a: 'secret\nwords', c: 'x'.repeat(3000) }, remove: ['b'] }));
    const cuts = [0, 1, 7, ...[0.2, 0.5, 0.8, 0.95].map((part) => Math.floor(input.byteLength * part)), input.byteLength - 4, input.byteLength - 2];
    for (const cut of cuts) {
      const { code, said } = await run(shell, input.subarray(0, cut));
      expect([cut, code], said).toEqual([cut, CUT]);
      expect(said).not.toContain('secret');
      expect(await tree()).toEqual({ a: 'old', b: 'old' });
    }
    expect((await run(shell, Buffer.concat([input.subarray(0, 40), input.subarray(60)]))).code).not.toBe(0);
    expect(await tree()).toEqual({ a: 'old', b: 'old' });
  });

  it('are not moved into a folder that somebody has made in their place', async () => {
    await put('a/mine', 'kept');
    const { code, said } = await run(shell, updateInput(update({ write: { a: 'secret', b: 'new' } })));
    expect([code, said]).toEqual([1, `/${mount}/a is a folder\n`]);
    expect(await tree()).toEqual({ a: '/', 'a/mine': 'kept' });
  });

  it('take away what an attempt before has left', async () => {
    const left = incoming(mount, `${mount}/gone`).slice(mount.length + 1);
    const other = incoming(mount, `${mount}/a`).slice(mount.length + 1);
    await put(left, 'secret');
    await put(other, 'half of a much longer');
    expect((await run(shell, updateInput(update({ write: { a: 'new' }, remove: ['gone'], begun: ['gone', 'a'] })))).code).toBe(0);
    expect(await tree()).toEqual({ a: 'new' });
  });

  it('replace a link, and what it leads to stays', async () => {
    await put('target', 'kept');
    await symlink('target', at('a'));
    expect((await run(shell, updateInput(update({ write: { a: 'new' } })))).code).toBe(0);
    expect(await tree()).toEqual({ a: 'new', target: 'kept' });
  });

  it('tell the folder that cannot be made', async () => {
    await writeFile(join(folder, 'config'), 'a file');
    const { code, said } = await run(shell, updateInput(update({ write: { a: 'secret' } })));
    expect(code).toBe(1);
    expect(said).toContain(`the folder /${mount} cannot be made`);
    expect(said).not.toContain('secret');
  });
});

it('carries any content through the first shell', { timeout: 60_000 }, async () => {
  const [shell = ['/bin/sh']] = SHELLS;
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), async (content) => {
      expect((await run(shell, updateInput(update({ write: { a: content } })))).code).toBe(0);
      expect(Buffer.compare(await readFile(at('a')), content)).toBe(0);
    }),
    { numRuns: 25 },
  );
});
