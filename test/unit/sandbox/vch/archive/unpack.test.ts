import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeFileSystem } from '../../../../../src/platform/node/fs.ts';
import { packArchive, type ArchiveEntry } from '../../../../../src/platform/tar.ts';
import { readDiskIndex, writeDiskIndex, writtenDisk } from '../../../../../src/sandbox/engines/disk-folder.ts';
import { DiskFiles } from '../../../../../src/sandbox/vch/port-layer/archive/disk-files.ts';
import { decodeFilterSpec, type FilterSpec } from '../../../../../src/sandbox/vch/port-layer/archive/filter-spec.ts';
import { unpackArchive } from '../../../../../src/sandbox/vch/port-layer/archive/unpack.ts';
import { folderImage } from '../../../../support/folder-image.ts';

const ALL: FilterSpec = decodeFilterSpec()!;
const { signal } = new AbortController();
const file = (path: string, text = 'x', mode = 0o644): ArchiveEntry => ({ path, kind: 'file', mode, content: Buffer.from(text) });
const folder = (path: string, mode = 0o755): ArchiveEntry => ({ path, kind: 'folder', mode });
const link = (path: string, target: string): ArchiveEntry => ({ path, kind: 'link', mode: 0o777, target });

/** Beside the disk and the image lies what nobody may touch. */
let place: string;
let image: string;
let disk: { readonly directory: string };

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'vick-unpack-'));
  image = join(place, 'image');
  disk = { directory: join(place, 'disk') };
  await mkdir(join(image, 'etc'), { recursive: true });
  await mkdir(join(image, 'run'));
  await mkdir(join(image, 'var'));
  await writeFile(join(image, 'etc', 'hosts'), 'image', { mode: 0o640 });
  await symlink('/run', join(image, 'var', 'run'));
  await mkdir(join(disk.directory, 'files'), { recursive: true });
  await mkdir(join(place, 'outside'));
  await writeFile(join(place, 'outside', 'kept'), 'kept');
});
afterEach(() => rm(place, { recursive: true, force: true }));

async function unpack(entries: readonly ArchiveEntry[] | Buffer, filter = ALL): Promise<void> {
  const files = new DiskFiles({ fs: nodeFileSystem, disk, index: await readDiskIndex(nodeFileSystem, disk), image: folderImage(image), signal });
  try {
    await unpackArchive(files, Buffer.isBuffer(entries) ? entries : packArchive(entries, 0), filter);
  } finally {
    await writeDiskIndex(nodeFileSystem, disk, files.index);
  }
}

/** `path mode content` of what the disk has beside its image. */
async function written(): Promise<readonly string[]> {
  const entries = await writtenDisk(nodeFileSystem, disk).entries();
  return entries
    .map(({ path, kind, mode, content, target }) =>
      kind === 'link'
        ? `${path} -> ${target!}`
        : `${path}${kind === 'folder' ? '/' : ''} ${mode.toString(8)} ${Buffer.from(content ?? []).toString()}`.trimEnd(),
    )
    .sort();
}

describe('unpacking onto a disk', () => {
  it('makes folders, files and links, with modes under the umask', async () => {
    await unpack([
      folder('srv/deep/er', 0o777),
      file('srv/deep/a', 'one', 0o666),
      file('srv/b', 'two', 0o400),
      link('srv/l', 'deep/a'),
      folder('srv/t', 0o1777),
    ]);
    expect(await written()).toEqual(['srv/ 755', 'srv/b 400 two', 'srv/deep/ 755', 'srv/deep/a 644 one', 'srv/deep/er/ 755', 'srv/l -> deep/a', 'srv/t/ 1755']);
  });

  it('keeps modes that shut this user out, and set-user-id bits, in mind only', async () => {
    await unpack([folder('locked', 0o000), file('locked/in', 'in', 0o000), file('root', 'x', 0o4755)]);
    expect(await written()).toEqual(['locked/ 0', 'locked/in 0 in', 'root 4755 x']);
    expect((await lstat(join(disk.directory, 'files', 'root'))).mode & 0o7777).toBe(0o755);
    await unpack([file('locked/in', 'again', 0o777)]);
    expect(await written()).toContain('locked/in 0 again');
  });

  it('writes into folders of the image, which are not the disk’s for that', async () => {
    await unpack([folder('etc', 0o700), file('etc/app.conf'), folder('etc/app.d')]);
    expect(await written()).toEqual(['etc/app.conf 644 x', 'etc/app.d/ 755']);
    expect(await readdir(join(image, 'etc'))).toEqual(['hosts']);
  });

  it('has a folder of the image for itself when it is named and nothing in it', async () => {
    const shared = async (): Promise<readonly string[]> => [...(await readDiskIndex(nodeFileSystem, disk)).shared].sort();
    await unpack([folder('var'), folder('var/run'), folder('var/run/a')]);
    expect(await shared()).toEqual(['run']);
    await unpack([folder('etc')]);
    expect(await shared()).toEqual(['etc', 'run']);
    expect(await written()).toEqual(['run/a/ 755']);
  });

  it('replaces the content of a file of the image and keeps its mode', async () => {
    await unpack([file('etc/hosts', 'mine', 0o777)]);
    expect(await written()).toEqual(['etc/hosts 640 mine']);
    expect(await readFile(join(image, 'etc', 'hosts'), 'utf8')).toBe('image');
    await unpack([file('etc/hosts', '', 0o600)]);
    expect(await written()).toEqual(['etc/hosts 640']);
  });

  it('follows links of the image as one whose root is the disk', async () => {
    await unpack([folder('var/run/secrets/token'), file('var/run/secrets/token/t')]);
    expect(await written()).toEqual(['run/secrets/ 755', 'run/secrets/token/ 755', 'run/secrets/token/t 644 x']);
  });

  it('follows links that it wrote, to what is missing too, and never out of the disk', async () => {
    await unpack([link('up', '../../../../outside'), folder('outside'), file('up/kept', 'mine'), link('new', '/etc/made'), file('new', 'made')]);
    expect(await written()).toEqual(['etc/made 644 made', 'new -> /etc/made', 'outside/ 755', 'outside/kept 644 mine', 'up -> ../../../../outside']);
    expect(await readFile(join(place, 'outside', 'kept'), 'utf8')).toBe('kept');
  });

  it.each<[string, readonly ArchiveEntry[], string]>([
    ['a file without its folder', [file('no/such')], 'ENOENT'],
    ['a link without its folder', [link('no/such', 'x')], 'ENOENT'],
    ['a file below a file', [file('etc/hosts/x')], 'ENOTDIR'],
    ['a folder below a file', [folder('etc/hosts/x')], 'ENOTDIR'],
    ['a folder in place of a file', [folder('etc/hosts')], 'ENOTDIR'],
    ['a file in place of a folder', [file('etc')], 'EISDIR'],
    ['the root as a file', [file('..')], 'EISDIR'],
    ['a link in place of a file', [link('etc/hosts', 'x')], 'EEXIST'],
    ['a link in place of a link', [link('var/run', 'x')], 'EEXIST'],
    ['a folder in place of a link to nothing', [link('l', 'nothing'), folder('l')], 'EEXIST'],
    ['a file behind a link to nothing', [link('l', 'nothing'), file('l/x')], 'ENOENT'],
    ['links in a circle', [link('a', 'b'), link('b', 'a'), file('a')], 'ELOOP'],
  ])('refuses %s, and keeps what came before', async (_, entries, code) => {
    await expect(unpack([file('before'), ...entries, file('after')])).rejects.toMatchObject({ code });
    expect(await written()).toEqual(expect.arrayContaining(['before 644 x']));
    expect(await written()).not.toEqual(expect.arrayContaining(['after 644 x']));
  });

  it('leaves out what is neither file, folder nor link', async () => {
    const archive = packArchive([file('pipe'), file('kept')], 0);
    archive[156] = '6'.charCodeAt(0);
    resum(archive);
    await unpack(archive);
    expect(await written()).toEqual(['kept 644 x']);
  });

  it('takes what is meant, to where it is meant', async () => {
    await unpack([file('vol/a'), file('vol/b'), file('else')], { inclusions: ['vol/a'], exclusions: [''], stripPath: 'vol', rebasePath: '/etc' });
    expect(await written()).toEqual(['etc/a 644 x']);
  });

  it.each([
    ['cut in a content', (archive: Buffer) => archive.subarray(0, 512 + 512 + 512 + 100)],
    ['cut in a header', (archive: Buffer) => archive.subarray(0, 1024 + 300)],
    ['damaged', (archive: Buffer) => Buffer.concat([archive.subarray(0, 1024), Buffer.alloc(512, 1)])],
  ])('stops where the archive is %s', async (_, damage) => {
    await expect(unpack(damage(packArchive([file('one'), file('two', 'y'.repeat(300))], 0)))).rejects.toThrow('damaged');
    expect(await written()).toEqual(['one 644 x']);
  });

  it('does nothing for nothing', async () => {
    await unpack(Buffer.alloc(0));
    await unpack(Buffer.alloc(1024));
    expect(await written()).toEqual([]);
  });

  it('touches nothing outside of the disk, whatever the archive says', async () => {
    const name = fc.constantFrom('..', 'a', 'b', 'etc', 'hosts', 'var', 'run', 'outside', 'kept', '.');
    const path = fc.array(name, { minLength: 1, maxLength: 5 }).map((names) => names.join('/'));
    const absolute = path.map((text) => `/${text}`);
    const entry: fc.Arbitrary<ArchiveEntry> = fc.oneof(
      fc.oneof(path, absolute).map((at) => file(at, 'written')),
      fc.oneof(path, absolute).map((at) => folder(at)),
      fc.tuple(path, fc.oneof(path, absolute, fc.constant(`${place}/outside`), fc.constant('../../outside'))).map(([at, target]) => link(at, target)),
    );
    const before = await listing(place, 'disk');
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 12 }), async (entries) => {
        await unpack(entries).catch(() => undefined);
        expect(await listing(place, 'disk')).toEqual(before);
        await rm(disk.directory, { recursive: true });
        await mkdir(join(disk.directory, 'files'), { recursive: true });
      }),
      { numRuns: 150 },
    );
  });
});

/** Everything below `root` but `except`, links not followed. */
async function listing(root: string, except = ''): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const name of (await readdir(root)).sort()) {
    if (name === except) continue;
    const at = join(root, name);
    const found = await lstat(at);
    const text = found.isFile() ? await readFile(at, 'utf8') : found.isSymbolicLink() ? await readlink(at) : '';
    lines.push(`${at} ${(found.mode & 0o7777).toString(8)} ${text}`, ...(found.isDirectory() ? await listing(at) : []));
  }
  return lines;
}

function resum(header: Buffer): void {
  header.fill(0x20, 148, 156);
  const sum = header.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
}
