import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newVm, storedList } from '../../../../src/sandbox/vch/port-layer/vm-config.ts';
import { parseAddress, formatAddress, parseCidr } from '../../../../src/sandbox/vch/port-layer/addresses.ts';

describe('what comes back from the settings of a VM', () => {
  it.each([
    [
      ['-c', 'echo a | cat; echo done', 'tail'],
      ['-c', 'echo a ', ' cat; echo done'],
    ],
    [
      ['X=1|2', 'Y=3'],
      ['X=1', '2'],
    ],
    [[], []],
    [[''], ['']],
  ])('%j', (given, stored) => {
    expect(storedList(given)).toEqual(stored);
  });

  it('keeps lists without a pipe, and the length of every list', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (list) => {
        expect(storedList(list)).toHaveLength(list.length);
        if (!list.some((item) => item.includes('|'))) expect(storedList(list)).toEqual(list);
      }),
    );
  });

  it('loses annotations whose key has a pipe, and empties <nil>', () => {
    expect(newVm('x', { annotations: { 'a|b': '1', c: '<nil>', 'd/e': 'f|g\nh' } }).annotations).toEqual({ c: '', 'd/e': 'f|g\nh' });
  });
});

describe('addresses', () => {
  it('are read as they are written', () => {
    fc.assert(fc.property(fc.ipV4(), (text) => formatAddress(parseAddress(text) ?? -1) === text));
  });

  it.each(['', '1.2.3', '1.2.3.256', '01.2.3.4', 'nonsense', '1.2.3.4.5'])('%j is none', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  it('networks begin at their first address', () => {
    expect(parseCidr('172.17.3.4/16')).toEqual({ first: parseAddress('172.17.0.0'), last: parseAddress('172.17.255.255'), prefix: 16 });
    expect(parseCidr('172.17.3.4/33')).toBeUndefined();
  });
});
