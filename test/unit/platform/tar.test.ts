import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstFile, namesInFolder, packArchive, readArchive } from '../../../src/platform/tar.ts';

describe('archives', () => {
  it('give back any content under any name', () => {
    const name = fc.stringMatching(/^[a-zä0-9 ._-]{1,180}$/).filter((text) => text !== '.' && text !== '..');
    fc.assert(
      fc.property(name, fc.uint8Array({ maxLength: 2000 }), (path, content) => {
        const archive = packArchive([{ path, kind: 'file', mode: 0o640, content }], 0);
        expect(archive.length % 512).toBe(0);
        expect(firstFile(archive)?.equals(content)).toBe(true);
      }),
    );
  });

  it('give back their members as they were put in', () => {
    const name = fc.stringMatching(/^[a-zä0-9 ._-]{1,180}$/).filter((text) => text !== '.' && text !== '..');
    const mode = fc.integer({ min: 0, max: 0o7777 });
    const modifiedAt = fc.integer({ min: 0, max: 2 ** 33 - 1 }).map((seconds) => seconds * 1000);
    const member = fc.oneof(
      fc.record({
        path: name,
        kind: fc.constant('file' as const),
        mode,
        modifiedAt,
        content: fc.uint8Array({ maxLength: 1500 }).map((bytes) => Buffer.from(bytes)),
      }),
      fc.record({ path: name, kind: fc.constant('folder' as const), mode, modifiedAt, content: fc.constant(Buffer.alloc(0)) }),
      fc.record({ path: name, kind: fc.constant('link' as const), mode, modifiedAt, content: fc.constant(Buffer.alloc(0)), target: name }),
    );
    fc.assert(
      fc.property(fc.array(member, { maxLength: 5 }), (entries) => {
        const read = [...readArchive(packArchive(entries, 0))];
        expect(read).toEqual(entries.map((entry) => ({ target: '', ...entry, path: entry.kind === 'folder' ? `${entry.path}/` : entry.path })));
      }),
    );
  });

  it('are read by tar as they were meant', () => {
    const long = `${'d'.repeat(120)}/${'f'.repeat(120)}`;
    const archive = packArchive(
      [
        { path: 'd', kind: 'folder', mode: 0o2775, gid: 1234 },
        { path: 'd/file', kind: 'file', mode: 0o604, uid: 7, gid: 4_000_000_000, content: Buffer.from('hello') },
        { path: 'd/link', kind: 'link', mode: 0o777, target: '..data/key' },
        { path: long, kind: 'file', mode: 0o644, content: Buffer.alloc(513) },
      ],
      1_700_000_000_000,
    );
    const { stdout, status } = spawnSync('tar', ['-tv', '--numeric-owner'], {
      input: archive,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], TZ: 'UTC' },
    });
    expect(status).toBe(0);
    expect(stdout.replaceAll(/ +/g, ' ').trim().split('\n')).toEqual([
      'drwxrwsr-x 0/1234 0 2023-11-14 22:13 d/',
      '-rw----r-- 7/4000000000 5 2023-11-14 22:13 d/file',
      'lrwxrwxrwx 0/0 0 2023-11-14 22:13 d/link -> ..data/key',
      `-rw-r--r-- 0/0 513 2023-11-14 22:13 ${long}`,
    ]);
  });

  it('tell the names in a folder, and nothing of what is cut', () => {
    const file = (path: string) => ({ path, kind: 'file', mode: 0o644, content: Buffer.from('x') }) as const;
    const archive = packArchive([{ path: 'v', kind: 'folder', mode: 0o755 }, file('v/a'), { path: 'v/b', kind: 'folder', mode: 0o755 }, file('v/b/deep')], 0);
    expect(namesInFolder(archive)).toEqual(['a', 'b']);
    expect(firstFile(packArchive([], 0))).toBeUndefined();
    expect(firstFile(packArchive([file('a')], 0).subarray(0, 400))).toBeUndefined();
  });
});
