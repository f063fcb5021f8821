import { describe, expect, it } from 'vitest';
import { decodeValue } from '../../../src/cli/decode-value.ts';
import type { FlagSpec } from '../../../src/cli/spec.ts';

const flag = (kind: FlagSpec['kind'], values?: readonly string[]): FlagSpec => ({
  name: 'x',
  kind,
  description: 'x',
  ...(values === undefined ? {} : { values }),
});

describe('decodeValue', () => {
  it.each(['true', 'True', '1', 'yes', 'on'])('takes %s as true', (text) => {
    expect(decodeValue(flag('boolean'), text)).toBe(true);
  });

  it.each(['false', '0', 'no', 'OFF'])('takes %s as false', (text) => {
    expect(decodeValue(flag('boolean'), text)).toBe(false);
  });

  it('refuses what is neither', () => {
    expect(() => decodeValue(flag('boolean'), 'maybe')).toThrow('"maybe" is neither true nor false');
  });

  it('takes whole numbers only', () => {
    expect(decodeValue(flag('integer'), '-12')).toBe(-12);
    for (const text of ['1.5', '0x10', '', '1e3', ' 1', '99999999999999999999']) {
      expect(() => decodeValue(flag('integer'), text)).toThrow(/is not a whole number/);
    }
  });

  it('suggests the nearest of an enum', () => {
    expect(() => decodeValue(flag('enum', ['table', 'json', 'yaml']), 'jsn')).toThrow(expect.objectContaining({ hint: 'Did you mean json?' }));
  });
});
