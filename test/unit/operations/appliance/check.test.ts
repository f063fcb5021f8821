import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../../../src/cli/run.ts';
import { elfProgram, type ElfProgram } from '../../../support/appliance/elf-program.ts';
import { isoImage } from '../../../support/appliance/iso-image.ts';
import { rootArchive, type RootEntry } from '../../../support/appliance/root-archive.ts';
import { createFakeHost } from '../../../support/fake-deps.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vick-appliance-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const LOADER = '/lib64/ld-linux-x86-64.so.2';
const NODE: ElfProgram = {
  interpreter: LOADER,
  libraries: ['libstdc++.so.6', 'libc.so.6', 'ld-linux-x86-64.so.2'],
  versions: { 'libc.so.6': ['GLIBC_2.2.5', 'GLIBC_2.17', 'GLIBC_2.28'], 'libstdc++.so.6': ['GLIBCXX_3.4', 'GLIBCXX_3.4.21'] },
  payload: '"vick-virtual-kubelet/" + x; /* vick-virtual-kubelet/1.2.3; */const x',
};
const VICK = elfProgram(NODE);
const GO = elfProgram({ payload: 'Go build ID: "abc/def" go1.10.3 github.com/virtual-kubelet/virtual-kubelet/vkubelet' });

/** Photon links /sbin and /lib64 into /usr, as the files of a real image are. */
const system = (glibc = '2.31', more: Record<string, RootEntry> = {}): Record<string, RootEntry> => ({
  usr: 'folder',
  'usr/sbin': 'folder',
  sbin: { link: 'usr/sbin' },
  lib64: { link: '/usr/lib' },
  'usr/lib/ld-linux-x86-64.so.2': Buffer.from('loader'),
  [`usr/lib/libc-${glibc}.so`]: Buffer.from('libc'),
  'usr/lib/libc.so.6': { link: `libc-${glibc}.so` },
  'usr/lib/libstdc++.so.6.0.25': Buffer.from('\0GLIBCXX_3.4\0GLIBCXX_3.4.9\0GLIBCXX_3.4.25\0GLIBCXX_DEBUG'),
  'usr/lib/libstdc++.so.6': { link: 'libstdc++.so.6.0.25' },
  'usr/sbin/kubelet-starter': GO,
  ...more,
});
const withKubelet = (program: RootEntry, glibc?: string): Record<string, RootEntry> => system(glibc, { 'usr/sbin/virtual-kubelet': program });

const iso = (root: Record<string, RootEntry>, more: Record<string, Buffer> = {}): Buffer =>
  isoImage({ '/boot/vmlinuz64': Buffer.from('kernel'), '/boot/core.gz': gzipSync(rootArchive(root, { prefix: './' }), { level: 1 }), ...more });

async function check(name: string, content?: Buffer): Promise<{ code: number; stdout: string; stderr: string; data: Data }> {
  const path = join(folder, name);
  if (content !== undefined) await writeFile(path, content);
  const json = createFakeHost();
  const code = await run(['appliance', 'check', path, '-o', 'json'], json.host);
  const table = createFakeHost();
  expect(await run(['appliance', 'check', path], table.host)).toBe(code);
  return { code, stdout: table.stdout(), stderr: table.stderr(), data: JSON.parse(json.stdout() || 'null') as Data };
}

interface Data {
  readonly verdict: string;
  readonly image: Record<string, unknown>;
  readonly program: Record<string, unknown> | null;
  readonly checks: readonly { readonly name: string; readonly result: string; readonly message: string | null }[];
}

const resultsOf = ({ checks }: Data): Record<string, string> => Object.fromEntries(checks.map(({ name, result }) => [name, result]));
const messageOf = ({ checks }: Data, name: string): string => checks.find((each) => each.name === name)?.message ?? '';

describe('vick appliance check', () => {
  it("passes an image with vick's executable that has what it needs", async () => {
    const { code, data, stdout } = await check('good.iso', iso(withKubelet(VICK)));
    expect(code).toBe(0);
    expect(data).toMatchObject({
      verdict: 'good',
      image: { kind: 'iso', version: 'v1.5.0-dev-19900-c7d40ac8', initramfs: '/boot/core.gz' },
      program: { kind: 'vick', version: '1.2.3', architecture: 'x64', glibc: '2.28', path: '/usr/sbin/virtual-kubelet' },
    });
    expect(new Set(Object.values(resultsOf(data)))).toEqual(new Set(['pass']));
    expect(stdout).toMatch(/^CHECK +RESULT +FOUND +FIX\nvirtual-kubelet +ok +vick 1\.2\.3/);
  });

  it('takes the initramfs that the boot menu names, packed or not, before the usual one', async () => {
    const menu = Buffer.from('default vic\nlabel vic\n  kernel /boot/vmlinuz64\n  append rdinit=/lib/systemd/systemd initrd=/boot/other.img\n');
    const { code, data } = await check('menu.iso', iso(system(), { '/boot/isolinux/isolinux.cfg': menu, '/boot/other.img': rootArchive(withKubelet(VICK)) }));
    expect([code, data.image['initramfs']]).toEqual([0, '/boot/other.img']);
  });

  it('tells an image without it: 5', async () => {
    const { code, data } = await check('plain.iso', iso(system('2.26', { 'usr/sbin/kubelet-starter': { link: '/nowhere' } })));
    expect([code, data.verdict, data.program]).toEqual([5, 'absent', null]);
    expect(resultsOf(data)).toEqual({ 'virtual-kubelet': 'fail', executable: 'skip', architecture: 'skip', libraries: 'skip', 'kubelet-starter': 'fail' });
  });

  it.each<[string, RootEntry, string]>([
    ['the Go preview', GO, 'the Go preview of virtual-kubelet (go1.10.3)'],
    ['another Go program', elfProgram({ payload: 'Go build ID: "x"' }), 'another Go program'],
    ['an unknown program', elfProgram({}), 'unknown origin'],
    ['a shell script', Buffer.from('#!/bin/sh\n'), 'a script'],
    ['an empty file', Buffer.alloc(0), 'an empty file'],
  ])('tells %s: 3', async (_what, program, says) => {
    const { code, data } = await check('foreign.iso', iso(withKubelet(program)));
    expect([code, data.verdict]).toEqual([3, 'foreign']);
    expect(messageOf(data, 'virtual-kubelet')).toContain(says);
  });

  it.each<[string, Record<string, RootEntry>, string, string]>([
    ['an image with an older glibc', withKubelet(VICK, '2.26'), 'libraries', 'libc.so.6 is GLIBC_2.26, and GLIBC_2.28 is needed'],
    ['an image without the loader', { ...withKubelet(VICK), 'usr/lib/ld-linux-x86-64.so.2': 'folder' }, 'libraries', `missing: ${LOADER}`],
    ['an image without a library', { ...withKubelet(VICK), 'usr/lib/libstdc++.so.6': { link: 'gone' } }, 'libraries', 'missing: libstdc++.so.6'],
    [
      'an image with an older libstdc++',
      { ...withKubelet(VICK), 'usr/lib/libstdc++.so.6.0.25': Buffer.from('GLIBCXX_3.4.9') },
      'libraries',
      'libstdc++.so.6 is GLIBCXX_3.4.9',
    ],
    ['a program for another processor', withKubelet(elfProgram({ ...NODE, machine: 183 })), 'architecture', 'it is for arm64'],
    ['a program that may not be executed', withKubelet({ data: VICK, mode: 0o644 }), 'executable', 'its mode is 0644'],
    ['the script for Node', withKubelet(Buffer.from("#!/usr/bin/env node\nrequire('./load.js')().virtualKubelet();\n")), 'virtual-kubelet', 'script for Node'],
    ['an image without kubelet-starter', { ...withKubelet(VICK), 'usr/sbin/kubelet-starter': 'folder' }, 'kubelet-starter', 'nothing starts the kubelet'],
  ])('tells %s: 6', async (_what, root, name, says) => {
    const { code, data } = await check('unusable.iso', iso(root));
    expect([code, data.verdict, resultsOf(data)[name]]).toEqual([6, 'unusable', 'fail']);
    expect(messageOf(data, name)).toContain(says);
  });

  it('warns of another version of vick, and goes on', async () => {
    const { code, data } = await check('older.iso', iso(withKubelet(elfProgram({ ...NODE, payload: '/* vick-virtual-kubelet/0.9.0-rc.1; */' }))));
    expect([code, resultsOf(data)['virtual-kubelet'], messageOf(data, 'virtual-kubelet')]).toEqual([0, 'warn', 'vick 0.9.0-rc.1; this is vick 1.2.3']);
  });

  it('reads the version of a glibc that does not say it in its name', async () => {
    const libc = { 'usr/lib/libc.so.6': Buffer.from('\0GLIBC_2.2.5\0GLIBC_2.27\0GLIBC_PRIVATE\0') };
    const { code, data } = await check('new-libc.iso', iso({ ...withKubelet(VICK), ...libc }));
    expect([code, messageOf(data, 'libraries')]).toEqual([6, 'libc.so.6 is GLIBC_2.27, and GLIBC_2.28 is needed']);
  });

  it.each<[string, Buffer, string]>([
    ['a text', Buffer.from('not an image'), 'not an ISO 9660 image'],
    ['an image without a root file system', isoImage({ '/readme.txt': Buffer.from('x') }), 'no root file system'],
    ['a root file system that is damaged', isoImage({ '/boot/core.gz': Buffer.concat([Buffer.from([0x1f, 0x8b]), Buffer.alloc(100)]) }), 'cannot be unpacked'],
    ['a root file system that is cut short', isoImage({ '/boot/core.gz': gzipSync(rootArchive(withKubelet(VICK)).subarray(0, 900)) }), 'cut short'],
  ])('refuses %s: 1', async (_what, content, says) => {
    const { code, stderr } = await check('broken.iso', content);
    expect([code, stderr]).toEqual([1, expect.stringContaining('APPLIANCE_INVALID')]);
    expect(stderr).toContain(says);
  });

  it('refuses what is not there: 1, and nothing at all: 2', async () => {
    const { code, stderr } = await check('gone.iso');
    expect([code, stderr]).toEqual([1, expect.stringContaining('there is no file or folder')]);
    expect(await run(['appliance', 'check'], createFakeHost().host)).toBe(2);
  });

  it('looks into an unpacked root file system, its links taken inside it, and into a build bundle', async () => {
    await writeTree(join(folder, 'bundle', 'rootfs'), withKubelet(VICK));
    for (const name of ['bundle', 'bundle/rootfs']) {
      const { code, data } = await check(name);
      expect([code, data.verdict, data.image['kind'], data.program?.['path']]).toEqual([0, 'good', 'folder', '/usr/sbin/virtual-kubelet']);
    }
  });

  it('chooses the image with the kubelet in a folder of images, and asks where it cannot tell', async () => {
    await mkdir(join(folder, 'release'));
    for (const name of ['appliance.iso', 'appliance-vkubelet.iso']) {
      await writeFile(join(folder, 'release', name), iso(name === 'appliance.iso' ? system() : withKubelet(VICK)));
    }
    const { code, data } = await check('release');
    expect([code, data.image['path']]).toEqual([0, join(folder, 'release', 'appliance-vkubelet.iso')]);
    await rm(join(folder, 'release', 'appliance-vkubelet.iso'));
    expect((await check('release')).code).toBe(5);
    await writeFile(join(folder, 'release', 'appliance-2.iso'), '');
    const several = await check('release');
    expect([several.code, several.stderr]).toEqual([2, expect.stringContaining('appliance-2.iso, appliance.iso')]);
    await mkdir(join(folder, 'nothing'));
    expect((await check('nothing')).stderr).toContain('no root file system and no appliance image');
  });
});

async function writeTree(root: string, entries: Record<string, RootEntry>): Promise<void> {
  for (const [name, entry] of Object.entries(entries)) {
    const path = join(root, name);
    await mkdir(entry === 'folder' ? path : dirname(path), { recursive: true });
    if (Buffer.isBuffer(entry)) {
      await writeFile(path, entry);
      await chmod(path, 0o755);
    } else if (typeof entry === 'object' && 'link' in entry) await symlink(entry.link, path);
  }
}
