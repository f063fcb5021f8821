import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeEntries, encodeEntry, renderEntry, selectEntries, type LogEntry } from '../../../../src/sandbox/vch/port-layer/vm-log.ts';

const entry = (second: number, text: string): LogEntry => ({ nanoseconds: BigInt(second) * 1_000_000_000n + 5n, payload: Buffer.from(text) });
const texts = (entries: readonly LogEntry[]): readonly string[] => entries.map((one) => one.payload.toString());

describe('log of a container VM', () => {
  const anyEntry = fc.record({
    nanoseconds: fc.bigInt({ min: 0n, max: 2n ** 62n }),
    payload: fc.uint8Array({ maxLength: 4095 }).map((bytes) => Buffer.from(bytes)),
  });

  it('reads back what was written', () => {
    fc.assert(
      fc.property(fc.array(anyEntry, { maxLength: 20 }), (entries) => {
        expect(decodeEntries(Buffer.concat(entries.map(encodeEntry)))).toEqual(entries);
      }),
    );
  });

  it('leaves out an entry that is cut, and nothing before it', () => {
    fc.assert(
      fc.property(fc.array(anyEntry, { minLength: 1, maxLength: 5 }), fc.nat(), (entries, cut) => {
        const whole = Buffer.concat(entries.map(encodeEntry));
        const last = encodeEntry(entries.at(-1)!).length;
        const data = whole.subarray(0, whole.length - 1 - (cut % last));
        expect(decodeEntries(data)).toEqual(entries.slice(0, -1));
      }),
    );
  });

  const log = [entry(1, 'a'), entry(2, 'b'), entry(2, 'c'), entry(3, 'd')];

  it.each([
    [0, -1, ['a', 'b', 'c', 'd']],
    [0, 2, ['c', 'd']],
    [0, 0, []],
    [0, 500, ['a', 'b', 'c', 'd']],
    [1, -1, ['b', 'c', 'd']],
    [2, -1, ['d']],
    [1, 1, ['d']],
    [9, -1, []],
  ] as const)('since %i, tail %i', (since, tail, wanted) => {
    expect(texts(selectEntries(log, since, tail))).toEqual(wanted);
  });

  it('writes nine decimals before a line', () => {
    expect(renderEntry(entry(1_534_759_200, 'up\n'), true).toString()).toBe('2018-08-20T10:00:00.000000005Z up\n');
    expect(renderEntry(entry(1, 'up\n'), false).toString()).toBe('up\n');
  });
});
