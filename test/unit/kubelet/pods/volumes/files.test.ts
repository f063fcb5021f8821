import { posix } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatMap } from '../../../../../src/kubelet/pods/env-fields.ts';
import { goQuote } from '../../../../../src/kubelet/pods/go-quote.ts';
import { fileSet, selectFiles } from '../../../../../src/kubelet/pods/volumes/file-set.ts';
import { cleanSubPath } from '../../../../../src/kubelet/pods/volumes/paths.ts';
import { cleanFilePath } from '../../../../../src/platform/file-paths.ts';
import type { VolumeFile } from '../../../../../src/kubelet/provider.ts';

const file = (path: string, text = '', mode = 0o644): VolumeFile => ({ path, content: Buffer.from(text), mode });

/** Reads what Go's strconv.Quote wrote. */
function unquote(text: string): string {
  const simple: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', '"': '"', '\\': '\\' };
  return text.slice(1, -1).replace(/\\(x..|u....|U........|.)/g, (_match, escape: string) => {
    const code = /^[xuU](.+)$/.exec(escape)?.[1];
    return code === undefined ? (simple[escape] ?? '?') : String.fromCodePoint(Number.parseInt(code, 16));
  });
}

describe('text of the downward API', () => {
  it.each([
    ['plain text', '"plain text"'],
    ['say "hi" \\ $', '"say \\"hi\\" \\\\ $"'],
    ['a\nb\tc\rd', '"a\\nb\\tc\\rd"'],
    ['\x00\x07\x1b\x7f', '"\\x00\\a\\x1b\\x7f"'],
    ['ünï – 世界 😀', '"ünï – 世界 😀"'],
    ['\u00a0\u0085\u2028\ufeff', '"\\u00a0\\u0085\\u2028\\ufeff"'],
    ['\u{e0001}', '"\\U000e0001"'],
    ['\ud800x', '"\ufffdx"'],
  ])('%j is written as %s', (text, expected) => {
    expect(goQuote(text)).toBe(expected);
  });

  it('is one line, and can be read back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const quoted = goQuote(text);
        return !/[\n\r\x00-\x1f]/.test(quoted) && unquote(quoted) === text;
      }),
    );
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => unquote(goQuote(text)) === text.replace(/\p{Cs}/gu, '\ufffd')));
  });

  it('has one line for each key, in order', () => {
    expect(formatMap({ b: '2', a: 'x"y', 'c.d/e': '' })).toBe('a="x\\"y"\nb="2"\nc.d/e=""');
    expect(formatMap(undefined)).toBe('');
  });
});

describe('paths in a volume', () => {
  it.each([
    ['a', 'a'],
    ['a/b', 'a/b'],
    ['a//b/', 'a/b'],
    ['./a', 'a'],
    ['a/./b', 'a/b'],
    ['.hidden', '.hidden'],
    ['a..b', 'a..b'],
    ['a/..b', 'a/..b'],
  ])('%s is %s', (path, expected) => {
    expect(cleanFilePath(path)).toBe(expected);
  });

  it.each([
    '',
    '/',
    '/etc/passwd',
    '..',
    '../x',
    'a/../b',
    'a/..',
    '..data',
    '..data/x',
    './..data',
    '..2026_x',
    '.',
    './',
    'a\0b',
    'x'.repeat(256),
    'a/'.repeat(2100),
  ])('refuses %j', (path) => {
    expect(() => cleanFilePath(path)).toThrow();
  });

  const anyPath = fc
    .array(fc.oneof(fc.constantFrom('..', '.', '', 'a', '..data', 'b', '/', '\0'), fc.string()), { maxLength: 6 })
    .map((parts) => parts.join('/'));

  it('never leave it, whatever is asked for', () => {
    fc.assert(
      fc.property(anyPath, (path) => {
        let cleaned: string;
        try {
          cleaned = cleanFilePath(path);
        } catch {
          return true;
        }
        const full = posix.resolve('/volume', cleaned);
        return full.startsWith('/volume/') && !full.startsWith('/volume/..') && cleanFilePath(cleaned) === cleaned;
      }),
    );
    fc.assert(
      fc.property(anyPath, (path) => {
        try {
          const cleaned = cleanSubPath(path);
          return cleaned === undefined || posix.resolve('/volume', cleaned).startsWith('/volume/');
        } catch {
          return true;
        }
      }),
    );
  });

  it.each(['/abs', '../x', 'a/../../b', 'a/..'])('refuses the sub-path %s', (path) => {
    expect(() => cleanSubPath(path)).toThrow(/SubPath/);
  });

  it('takes a sub-path that names the root for the root', () => {
    expect([cleanSubPath('.'), cleanSubPath('a/b/'), cleanSubPath('./a')]).toEqual([undefined, 'a/b', 'a']);
  });
});

describe('file sets', () => {
  const payload = new Map([
    ['one', Buffer.from('1')],
    ['two', Buffer.from('2')],
  ]);
  const everything = { items: undefined, defaultMode: 0o640, optional: false, word: 'config' };

  it('select everything, or items with their own paths and modes', () => {
    expect(selectFiles(payload, everything).map(({ path, mode }) => [path, mode])).toEqual([
      ['one', 0o640],
      ['two', 0o640],
    ]);
    const items = [{ key: 'two', path: 'deep/second', mode: 0o400 }];
    expect(selectFiles(payload, { ...everything, items })).toEqual([{ path: 'deep/second', content: Buffer.from('2'), mode: 0o400 }]);
  });

  it('need every key that is not optional', () => {
    const items = [{ key: 'three', path: 'x' }];
    expect(() => selectFiles(payload, { ...everything, items })).toThrow('references non-existent config key: three');
    expect(selectFiles(payload, { ...everything, items, optional: true })).toEqual([]);
  });

  it('keep the later of two files with one path, and give the group of the volume what it may read', () => {
    expect(fileSet([file('a', 'first'), file('b'), file('./a', 'second')], undefined)).toEqual([file('a', 'second'), file('b')]);
    expect(fileSet([file('t', '', 0o600)], 2000)[0]?.mode).toBe(0o640);
  });

  it('refuse a file where another one needs a folder', () => {
    expect(() => fileSet([file('a'), file('a/b')], undefined)).toThrow('conflicting paths: a/b needs a to be a folder');
    expect(() => fileSet([file('a/b/c'), file('a/b')], undefined)).toThrow(/conflicting paths/);
  });

  it('can always be laid down as a tree', () => {
    const path = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
    fc.assert(
      fc.property(fc.array(path), (paths) => {
        let set: readonly VolumeFile[];
        try {
          set = fileSet(
            paths.map((item) => file(item)),
            undefined,
          );
        } catch {
          return paths.some((one) => paths.some((other) => other.startsWith(`${one}/`)));
        }
        const names = set.map((item) => item.path);
        return (
          new Set(names).size === names.length &&
          new Set(paths).size === names.length &&
          !names.some((one) => names.some((other) => other.startsWith(`${one}/`)))
        );
      }),
    );
  });
});
