import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  quantityMilliValue,
  quantityValue,
  subtractQuantities,
} from '../../../src/platform/quantity.ts';

describe('canonical form', () => {
  it.each([
    ['0', '0'],
    ['0.5', '500m'],
    ['1000m', '1'],
    ['1500m', '1500m'],
    ['100m', '100m'],
    ['1.50', '1500m'],
    ['.5', '500m'],
    ['5.', '5'],
    ['+2', '2'],
    ['-3k', '-3k'],
    ['1000', '1k'],
    ['1000k', '1M'],
    ['1024Mi', '1Gi'],
    ['1536Mi', '1536Mi'],
    ['1.5Gi', '1536Mi'],
    ['512', '512'],
    ['1Ki', '1Ki'],
    ['0.5Ki', '512'],
    ['0.0001Ki', '102400u'],
    ['1000Ki', '1000Ki'],
    ['1025', '1025'],
    ['12e6', '12e6'],
    ['1200e4', '12e6'],
    ['1E', '1E'],
    ['1E3', '1e3'],
    ['5e0', '5'],
    ['1n', '1n'],
    ['0.1n', '1n'],
    ['-0.1n', '-1n'],
    ['16393004Ki', '16393004Ki'],
    ['32Gi', '32Gi'],
    [2, '2'],
    ['99999999999999999999', '9223372036854775807'],
  ])('%s is %s', (input, canonical) => {
    expect(canonicalQuantity(input)).toBe(canonical);
  });

  it.each(['', 'x', '1.2.3', '1 Gi', 'Gi', '-', '1Zi', '1KI', '1e', '1e+', '.', '0x10'])('%j is no quantity', (input) => {
    expect(canonicalQuantity(input)).toBeUndefined();
    expect(() => parseQuantity(input)).toThrow(/^quantities must match|^unable to parse/);
  });

  it.each([undefined, null, {}, [], true])('%j is no quantity either', (input) => {
    expect(canonicalQuantity(input)).toBeUndefined();
  });
});

const anyQuantity = fc
  .tuple(
    fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }),
    fc.nat({ max: 999_999 }),
    fc.constantFrom('n', 'u', 'm', '', 'k', 'M', 'Ki', 'Mi', 'Gi', 'e3', 'e-3'),
  )
  .map(([whole, fraction, suffix]) => `${whole}.${fraction}${suffix}`);

describe('properties', () => {
  it('the canonical text is a fixed point with the same value', () => {
    fc.assert(
      fc.property(anyQuantity, (text) => {
        const quantity = parseQuantity(text);
        const canonical = formatQuantity(quantity);
        expect(canonical).not.toContain('.');
        expect(parseQuantity(canonical).nano).toBe(quantity.nano);
        expect(canonicalQuantity(canonical)).toBe(canonical);
      }),
    );
  });

  it('adds, subtracts and compares as numbers do', () => {
    fc.assert(
      fc.property(anyQuantity, anyQuantity, (left, right) => {
        const [a, b] = [parseQuantity(left), parseQuantity(right)];
        expect(subtractQuantities(addQuantities(a, b), b).nano).toBe(a.nano);
        expect(Math.sign(compareQuantities(a, b))).toBe(-Math.sign(compareQuantities(b, a)) + 0);
        expect(compareQuantities(addQuantities(a, parseQuantity('1n')), a)).toBe(1);
      }),
    );
  });
});

describe('numbers', () => {
  it('round away from zero', () => {
    expect(quantityValue(parseQuantity('1500m'))).toBe(2);
    expect(quantityValue(parseQuantity('-1500m'))).toBe(-2);
    expect(quantityMilliValue(parseQuantity('0.25'))).toBe(250);
    expect(quantityMilliValue(parseQuantity('1u'))).toBe(1);
    expect(quantityValue(parseQuantity('1Gi'))).toBe(1024 ** 3);
  });

  it('a sum keeps the format of the part that is not zero', () => {
    expect(formatQuantity(addQuantities(parseQuantity('0'), parseQuantity('1Gi')))).toBe('1Gi');
    expect(formatQuantity(addQuantities(parseQuantity('1Gi'), parseQuantity('1Gi')))).toBe('2Gi');
  });
});
