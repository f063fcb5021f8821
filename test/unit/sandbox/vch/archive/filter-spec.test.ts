import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeFilterSpec, excludes, placeOf, type FilterSpec } from '../../../../../src/sandbox/vch/port-layer/archive/filter-spec.ts';

const encoded = (value: unknown): string => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64');
const spec = (given: Partial<FilterSpec>): FilterSpec => ({ inclusions: [], exclusions: [], rebasePath: '', stripPath: '', ...given });

describe('a filter of an archive', () => {
  it.each([
    ['absent', undefined, {}],
    ['empty', '', {}],
    ['null', encoded('null'), {}],
    ['of nothing', encoded({}), {}],
    ['with nulls', encoded({ Inclusions: null, RebasePath: null }), {}],
    [
      'complete',
      encoded({ Inclusions: { a: {} }, Exclusions: { '': {} }, RebasePath: 'r', StripPath: 's' }),
      { inclusions: ['a'], exclusions: [''], rebasePath: 'r', stripPath: 's' },
    ],
    ['with names in another case', encoded({ rebasepath: 'r', STRIPPATH: 's' }), { rebasePath: 'r', stripPath: 's' }],
    ['with unknown fields', encoded({ Other: 1 }), {}],
    ['over two lines', `${encoded({ RebasePath: 'etc' }).slice(0, 8)}\r\n${encoded({ RebasePath: 'etc' }).slice(8)}`, { rebasePath: 'etc' }],
  ])('%s is read', (_, text, expected) => {
    expect(decodeFilterSpec(text)).toEqual(spec(expected));
  });

  it.each([
    ['no base64', '%%%'],
    ['base64 without its end', encoded({ a: 1 }).replace(/=+$/, '')],
    ['no JSON', encoded('{')],
    ['a list', encoded([])],
    ['a number', encoded('1')],
    ['inclusions as a list', encoded({ Inclusions: ['a'] })],
    ['inclusions of texts', encoded({ Inclusions: { a: 'b' } })],
    ['a path that is none', encoded({ RebasePath: 1 })],
  ])('%s is refused', (_, text) => {
    expect(decodeFilterSpec(text)).toBeUndefined();
  });

  it.each([
    ['nothing is excluded by default', {}, 'etc/x', false],
    ['inclusions alone exclude nothing', { inclusions: ['var'] }, 'etc/x', false],
    ['an exclusion', { exclusions: ['etc'] }, 'etc/x', true],
    ['the longer inclusion wins', { inclusions: ['etc/x'], exclusions: ['etc'] }, 'etc/x', false],
    ['the longer exclusion wins', { inclusions: ['etc'], exclusions: ['etc/x'] }, 'etc/x', true],
    ['of two alike the inclusion', { inclusions: ['etc'], exclusions: ['etc'] }, 'etc/x', false],
    ['only what is included', { inclusions: ['etc/'], exclusions: [''] }, 'var/x', true],
    ['prefixes are of text, not of names', { exclusions: ['et'] }, 'etc/x', true],
  ])('%s', (_, given, name, expected) => {
    expect(excludes(spec(given), name)).toBe(expected);
  });

  it.each([
    [{}, 'etc/x', '/etc/x'],
    [{}, 'etc/', '/etc'],
    [{}, '/', '/'],
    [{}, './a', '/a'],
    [{}, '../../a', '/a'],
    [{ rebasePath: 'srv' }, '../../a', '/a'],
    [{ rebasePath: '/srv/app/' }, 'x', '/srv/app/x'],
    [{ stripPath: 'vol/' }, 'vol/x', '/x'],
    [{ stripPath: 'vol' }, 'volume/x', '/ume/x'],
    [{ stripPath: 'vol', rebasePath: 'data' }, 'vol/', '/data'],
    [{ stripPath: 'other' }, 'vol/x', '/vol/x'],
  ])('%j puts %s at %s', (given, name, place) => {
    expect(placeOf(spec(given), name)).toBe(place);
  });

  it('keeps every name below the root', () => {
    const path = fc.array(fc.oneof(fc.constantFrom('..', '.', '', '/', 'a', 'etc'), fc.string()), { maxLength: 8 }).map((names) => names.join('/'));
    fc.assert(
      fc.property(path, path, path, (name, rebasePath, stripPath) => {
        const place = placeOf(spec({ rebasePath, stripPath }), name);
        expect(place.startsWith('/')).toBe(true);
        expect(place.split('/').slice(1)).not.toContain('..');
        expect(place === '/' || !place.endsWith('/')).toBe(true);
      }),
    );
  });
});
