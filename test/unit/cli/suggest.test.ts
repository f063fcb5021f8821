import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, nearest } from '../../../src/cli/suggest.ts';

describe('suggestions', () => {
  it.each([
    ['taitn', 'taint'],
    ['lable', 'label'],
    ['stauts', 'status'],
    ['verison', 'version'],
  ])('takes %s for %s', (word, meant) => {
    expect(nearest(word, ['taint', 'label', 'list', 'status', 'version'])).toBe(meant);
  });

  it('says nothing rather than something far-fetched', () => {
    expect(nearest('frobnicate', ['taint', 'label'])).toBeUndefined();
    expect(nearest('x', [])).toBeUndefined();
  });

  it('measures a distance: zero for equals, symmetric, bounded by the longer word', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
        const distance = editDistance(a, b);
        expect(distance).toBe(editDistance(b, a));
        expect(distance === 0).toBe(a === b);
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });
});
