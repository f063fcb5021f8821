import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isVickError } from '../../../../src/errors/vick-error.ts';
import { readCpio, type CpioEntry } from '../../../../src/operations/appliance/cpio.ts';
import { readElf } from '../../../../src/operations/appliance/elf.ts';
import { readIso } from '../../../../src/operations/appliance/iso9660.ts';
import { elfProgram } from '../../../support/appliance/elf-program.ts';
import { isoImage } from '../../../support/appliance/iso-image.ts';
import { rootArchive, type RootEntry } from '../../../support/appliance/root-archive.ts';

const name = fc.stringMatching(/^[a-z][a-z0-9._-]{0,11}$/);
const bytes = fc.uint8Array({ maxLength: 5000 }).map((array) => Buffer.from(array));

/** Either work, or say that it is no image: never any other error. */
function orInvalid(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!isVickError(error) || error.code !== 'APPLIANCE_INVALID') throw error;
  }
}

describe('ISO 9660', () => {
  it('finds every file with its content, whatever the names, skips and extents', () => {
    const files = fc.dictionary(
      fc.tuple(name, name).map((words) => `/${words.join('/')}`),
      bytes,
      { minKeys: 1, maxKeys: 12 },
    );
    const options = fc.record({ skip: fc.nat(4), extents: fc.integer({ min: 1, max: 3 }) });
    fc.assert(
      fc.property(files, options, (wanted, how) => {
        const iso = readIso(isoImage(wanted, how));
        for (const [path, content] of Object.entries(wanted)) expect(iso.file(path)?.equals(content), path).toBe(true);
        expect(iso.file('/not/there')).toBeUndefined();
      }),
      { numRuns: 60 },
    );
  });

  it('reads names that go on in a continuation area, folders of several sectors, and names without Rock Ridge', () => {
    const long = `/boot/${'n'.repeat(150)}`;
    const many = Object.fromEntries(
      Array.from({ length: 60 }, (_none, index) => [`/many/file-with-a-longer-name-${String(index)}`, Buffer.from(String(index))]),
    );
    const iso = readIso(isoImage({ [long]: Buffer.from('long'), ...many }));
    expect(iso.file(long)?.toString()).toBe('long');
    expect(iso.list('/many')).toHaveLength(60);
    expect(iso.file('/many/file-with-a-longer-name-59')?.toString()).toBe('59');
    const plain = readIso(isoImage({ '/boot/core.gz': Buffer.from('x') }, { plain: true }));
    expect(plain.list('/boot')).toEqual(['core.gz']);
    expect(plain.file('/BOOT/CORE.GZ')?.toString()).toBe('x');
  });

  it('reads the publisher, and tells folders from files', () => {
    const iso = readIso(isoImage({ '/boot/core.gz': Buffer.from('x') }));
    expect(iso.publisher).toBe('VMware, Inc. v1.5.0-dev-19900-c7d40ac8');
    expect(iso.volume).toBe('ISOIMAGE');
    expect([iso.file('/boot'), iso.list('/boot/core.gz'), iso.list('/boot/core.gz/deeper')]).toEqual([undefined, undefined, undefined]);
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['zeros', Buffer.alloc(40_960)],
    ['a text', Buffer.from('no image '.repeat(10_000))],
  ])('refuses %s', (_what, content) => {
    expect(() => readIso(content)).toThrow('not an ISO 9660 image');
  });

  it('refuses one that is cut short, and survives any damage', () => {
    const whole = isoImage({ '/boot/isolinux/isolinux.cfg': Buffer.from('append initrd=/boot/core.gz'), '/boot/core.gz': Buffer.alloc(9000, 7) });
    expect(() => readIso(whole.subarray(0, 20 * 2048)).file('/boot/core.gz')).toThrow(/cut short|damaged/);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 16 * 2048, max: whole.length - 1 }), fc.nat(255)), { maxLength: 40 }), (damage) => {
        const broken = Buffer.from(whole);
        for (const [at, value] of damage) broken[at] = value;
        orInvalid(() => readIso(broken).file('/boot/core.gz'));
        orInvalid(() => readIso(broken).list('/boot/isolinux'));
      }),
    );
  });
});

describe('cpio', () => {
  const collect = async (archive: Buffer, step = 1000, wanted: (path: string) => boolean = () => true): Promise<CpioEntry[]> => {
    const entries: CpioEntry[] = [];
    for await (const entry of readCpio(chunks(archive, step), wanted)) entries.push(entry);
    return entries;
  };

  it('reads every entry back, however the stream is cut', async () => {
    const entry: fc.Arbitrary<RootEntry> = fc.oneof(
      bytes,
      fc.constant('folder' as const),
      name.map((link) => ({ link })),
    );
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, entry, { maxKeys: 10 }), fc.integer({ min: 1, max: 3000 }), async (wanted, step) => {
        const found = await collect(rootArchive(wanted, { prefix: './' }), step);
        expect(found.map(({ path }) => path)).toEqual(Object.keys(wanted));
        for (const { path, data } of found) {
          const expected = wanted[path] ?? 'folder';
          if (Buffer.isBuffer(expected)) expect(data?.equals(expected)).toBe(true);
          else if (typeof expected === 'object' && 'link' in expected) expect(data?.toString()).toBe(expected.link);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('goes on with the archive that follows another, and gives hard links the data that stands with the last of them', async () => {
    const first = rootArchive({ a: Buffer.from('1') });
    const second = rootArchive({ x: Buffer.from('same'), other: 'folder', y: { hardLinkOf: 'x' }, z: { hardLinkOf: 'x' } });
    const found = await collect(Buffer.concat([first, Buffer.alloc(1024), second]));
    expect(found.map(({ path, data }) => [path, data?.toString()])).toEqual([
      ['a', '1'],
      ['other', ''],
      ['x', 'same'],
      ['y', 'same'],
      ['z', 'same'],
    ]);
  });

  it('keeps the data of what is asked for alone', async () => {
    const found = await collect(rootArchive({ a: Buffer.from('1'), b: Buffer.from('22') }), 7, (path) => path === 'b');
    expect(found.map(({ path, size, data }) => [path, size, data?.toString()])).toEqual([
      ['a', 1, undefined],
      ['b', 2, '22'],
    ]);
  });

  it('says so when it is another format, or cut short', async () => {
    await expect(collect(Buffer.from('070707000000 the old format of cpio'.padEnd(200)))).rejects.toMatchObject({ code: 'APPLIANCE_INVALID' });
    await expect(collect(rootArchive({ a: Buffer.alloc(500, 1) }).subarray(0, 300))).rejects.toThrow('cut short');
  });
});

describe('ELF', () => {
  it('tells architecture, loader, libraries and the versions of symbols', () => {
    const versions = { 'libc.so.6': ['GLIBC_2.2.5', 'GLIBC_2.28'], 'libstdc++.so.6': ['GLIBCXX_3.4.21'] };
    const elf = readElf(elfProgram({ interpreter: '/lib64/ld-linux-x86-64.so.2', libraries: ['libc.so.6', 'libstdc++.so.6'], versions }));
    expect(elf).toEqual({
      architecture: 'x64',
      interpreter: '/lib64/ld-linux-x86-64.so.2',
      libraries: ['libc.so.6', 'libstdc++.so.6'],
      versions: new Map(Object.entries(versions)),
    });
    expect(readElf(elfProgram({ machine: 183 }))).toMatchObject({ architecture: 'arm64', interpreter: undefined, libraries: [] });
    expect(readElf(elfProgram({ machine: 8 }))?.architecture).toBe('machine 8');
  });

  it('reads the program that runs this test', async () => {
    const elf = readElf(await readFile(process.execPath));
    expect(elf?.architecture).toBe(process.arch);
    expect(elf?.libraries).toContain('libc.so.6');
    expect([...(elf?.versions.get('libc.so.6') ?? [])].some((version) => version.startsWith('GLIBC_2.'))).toBe(true);
  });

  it('survives any damage', () => {
    const whole = elfProgram({ interpreter: '/lib64/ld.so', libraries: ['libc.so.6'], versions: { 'libc.so.6': ['GLIBC_2.28'] } });
    expect(readElf(Buffer.from('#!/bin/sh'))).toBeUndefined();
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 4, max: whole.length - 1 }), fc.nat(255)), { maxLength: 20 }), fc.nat(whole.length), (damage, length) => {
        const broken = Buffer.from(whole);
        for (const [at, value] of damage) broken[at] = value;
        readElf(broken);
        readElf(whole.subarray(0, length));
      }),
    );
  });
});

async function* chunks(content: Buffer, step: number): AsyncIterable<Buffer> {
  for (let at = 0; at < content.length; at += step) yield await Promise.resolve(content.subarray(at, at + step));
}
