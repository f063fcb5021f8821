import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { capacityMb, DEFAULT_CAPACITY } from '../../../../../src/sandbox/vch/personality/volume-capacity.ts';

describe('the capacity of a volume', () => {
  it('is left to the port layer when nothing is said', () => {
    expect(capacityMb(undefined)).toBe(DEFAULT_CAPACITY);
  });

  it.each([
    ['1GB', 1000],
    ['512MB', 512],
    ['2 gb', 2000],
    ['1.5g', 1500],
    ['1T', 1_000_000],
    ['7', 7],
    ['512kB', 0],
  ])('%s', (text, megabytes) => {
    expect(capacityMb(text)).toBe(megabytes);
  });

  it.each([
    ['much', "invalid size: 'much'"],
    ['1 XB', "invalid size: '1 XB'"],
    ['', "invalid size: ''"],
    ['0', 'Invalid size: 0'],
    ['-5', 'Invalid size: -5'],
    ['0.5', 'Capacity value too large: 0.5'],
    ['99999999P', 'Capacity value too large: 99999999P'],
    ['1.2.3', 'strconv.ParseFloat: parsing "1.2.3": invalid syntax'],
  ])('refuses %s', (text, why) => {
    expect(() => capacityMb(text)).toThrow(why);
  });

  it('grows with the number, whatever the unit', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000 }), fc.constantFrom('', 'MB', 'g', 'TB', 'p'), (number, unit) => {
        expect(capacityMb(`${number + 1}${unit}`)).toBeGreaterThan(capacityMb(`${number}${unit}`));
      }),
    );
  });
});
