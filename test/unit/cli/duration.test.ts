import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration } from '../../../src/cli/duration.ts';

describe('durations', () => {
  it.each([
    ['90s', 90_000],
    ['3m', 180_000],
    ['1h30m', 5_400_000],
    ['1.5h', 5_400_000],
    ['500ms', 500],
    ['0', 0],
    ['0s', 0],
    ['1m30s500ms', 90_500],
  ])('reads %s as %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(['', '5', '-3m', '3 m', 'm', '3x', '1h30', '١m', 'Infinitys', '1e3s', '3M'])('refuses %j', (text) => {
    expect(() => parseDuration(text)).toThrow(/is not a duration/);
  });

  it('tells a number without unit how to be written', () => {
    expect(() => parseDuration('90')).toThrow(expect.objectContaining({ code: 'USAGE', hint: 'Write the unit: 90s or 90m.' }));
  });

  it('reads back whatever it writes', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 1e10 }), (ms) => parseDuration(formatDuration(ms)) === ms));
  });
});
