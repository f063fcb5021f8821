import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Filters } from '../../../../../src/sandbox/vch/personality/filters.ts';

const refusal = (text: string): string => {
  try {
    Filters.parse(text);
  } catch (error) {
    return (error as Error).message;
  }
  return 'none';
};

describe('the filters parameter', () => {
  it('says the same in both of its forms', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.uniqueArray(fc.string())), fc.string(), fc.string(), (lists, name, text) => {
        const sets = Object.fromEntries(Object.entries(lists).map(([key, values]) => [key, Object.fromEntries(values.map((value) => [value, true]))]));
        const [a, b] = [lists, sets].map((form) => Filters.parse(JSON.stringify(form)));
        for (const how of ['exact', 'prefix'] as const) expect(a![how](name, text)).toBe(b![how](name, text));
        // Keys that look like numbers change their places.
        expect([...a!.values(name)].sort()).toEqual([...b!.values(name)].sort());
      }),
    );
  });

  it('lets everything through that is not asked about', () => {
    const filters = Filters.parse(null);
    expect(filters.empty).toBe(true);
    expect(filters.exact('name', 'x') && filters.prefix('name', 'x') && filters.pattern('name', 'x') && filters.labels('label', {})).toBe(true);
  });

  it('matches exactly, by beginning, by pattern and by label', () => {
    const filters = Filters.parse('{"name":["we"],"driver":{"local":false},"label":["a=b","c"]}');
    expect(filters.exact('name', 'web')).toBe(false);
    expect(filters.prefix('name', 'web')).toBe(true);
    expect(filters.prefix('name', 'a-web')).toBe(false);
    expect(filters.pattern('name', 'a-web')).toBe(true);
    expect(filters.exact('driver', 'local')).toBe(false);
    expect(filters.labels('label', { a: 'b', c: '' })).toBe(true);
    expect(filters.labels('label', { a: 'b' })).toBe(false);
    expect(filters.labels('label', { a: 'x', c: '' })).toBe(false);
  });

  it('takes a pattern that is none for one that is never found', () => {
    expect(Filters.parse('{"name":["("]}').pattern('name', 'web')).toBe(false);
  });

  it.each([
    ['x', "invalid character 'x' looking for beginning of value"],
    ['{"a":', 'unexpected EOF'],
    ['[]', 'json: cannot unmarshal array into Go value of type map[string]map[string]bool'],
    ['{"a":"b"}', 'json: cannot unmarshal string into Go value of type map[string]bool'],
    ['{"a":{"b":1}}', 'json: cannot unmarshal number into Go value of type bool'],
    ['{"a":[1]}', 'json: cannot unmarshal array into Go value of type map[string]bool'],
  ])('refuses %s', (text, why) => {
    expect(refusal(text)).toBe(why);
  });

  it('refuses a filter that the list does not have', () => {
    expect(() => {
      Filters.parse('{"nope":["x"]}').allowOnly(new Set(['name']));
    }).toThrow("Invalid filter 'nope'");
  });
});
