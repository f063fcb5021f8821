import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyProblem, valueProblem } from '../../../../src/operations/node/metadata-rules.ts';
import { parseLabelChange } from '../../../../src/operations/node/label-spec.ts';
import { formatTaint, parseTaintChange, TAINT_EFFECTS } from '../../../../src/operations/node/taint-spec.ts';

describe('taints as typed', () => {
  it.each([
    ['dedicated=batch:NoSchedule', { key: 'dedicated', value: 'batch', effect: 'NoSchedule' }],
    ['dedicated:NoExecute', { key: 'dedicated', effect: 'NoExecute' }],
    ['dedicated=:PreferNoSchedule', { key: 'dedicated', effect: 'PreferNoSchedule' }],
    ['example.com/dedicated=a_b.c-D:NoSchedule', { key: 'example.com/dedicated', value: 'a_b.c-D', effect: 'NoSchedule' }],
  ])('adds %s', (spec, taint) => {
    expect(parseTaintChange([spec])).toEqual({ add: [taint], remove: [] });
  });

  it.each([
    ['dedicated-', { key: 'dedicated' }],
    ['dedicated:NoSchedule-', { key: 'dedicated', effect: 'NoSchedule' }],
    ['dedicated=batch:NoSchedule-', { key: 'dedicated', effect: 'NoSchedule' }],
  ])('removes %s', (spec, removal) => {
    expect(parseTaintChange([spec])).toEqual({ add: [], remove: [removal] });
  });

  it.each([
    [['dedicated'], 'invalid taint spec: dedicated'],
    [['dedicated=batch'], 'invalid taint spec: dedicated=batch'],
    [['a:b:c'], 'invalid taint spec: a:b:c'],
    [['a=b=c:NoSchedule'], 'invalid taint spec: a=b=c:NoSchedule'],
    [['a:noschedule'], 'invalid taint effect: noschedule, unsupported taint effect'],
    [['a:'], 'invalid taint effect: , unsupported taint effect'],
    [[':NoSchedule'], 'invalid taint spec: :NoSchedule'],
    [['-'], 'invalid taint spec: -'],
    [['a=-b:NoSchedule'], 'invalid taint spec: a=-b:NoSchedule'],
    [['a:NoSchedule', 'a=x:NoSchedule'], 'duplicated taints with the same key and effect: a:NoSchedule'],
    [['a:NoSchedule', 'a-'], 'can not both modify and remove the following taint(s) in the same command: a:NoSchedule'],
    [[], 'at least one taint update is required'],
  ])('refuses %j', (specs, message) => {
    expect(() => parseTaintChange(specs)).toThrow(expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(message) as string }));
  });

  it('reads back every valid taint it writes', () => {
    const part = fc.stringMatching(/^[A-Za-z0-9]([-A-Za-z0-9_.]{0,20}[A-Za-z0-9])?$/);
    const taint = fc.record({ key: part, value: part, effect: fc.constantFrom(...TAINT_EFFECTS) });
    fc.assert(
      fc.property(taint, (value) => {
        expect(parseTaintChange([formatTaint(value)]).add).toEqual([value]);
      }),
    );
  });

  it('never lets a typed word through as anything but a valid taint or a usage error', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 30 }), (word) => {
        try {
          for (const taint of parseTaintChange([word]).add) expect(keyProblem(taint.key) ?? valueProblem(taint.value ?? '')).toBeUndefined();
        } catch (error) {
          expect(error).toMatchObject({ code: 'USAGE' });
        }
      }),
    );
  });
});

describe('labels as typed', () => {
  it('sets and removes', () => {
    expect(parseLabelChange(['a=b', 'empty=', 'example.com/x=1', 'old-'])).toEqual({ set: { a: 'b', empty: '', 'example.com/x': '1' }, remove: ['old'] });
  });

  it.each([
    [['a'], 'unknown label spec: a'],
    [['a=b=c'], 'invalid label spec: a=b=c'],
    [['=b'], 'invalid label spec: =b'],
    [['a b-'], 'invalid label spec: a b-'],
    [[`a=${'x'.repeat(64)}`], 'invalid label value: "a='],
    [['a=-'], 'invalid label value: "a=-"'],
    [['a=b', 'a-'], 'can not both modify and remove a label in the same command'],
    [['a=b', 'a=c'], 'label a is given twice'],
    [[], 'at least one label update is required'],
  ])('refuses %j', (specs, message) => {
    expect(() => parseLabelChange(specs)).toThrow(expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(message) as string }));
  });

  it('takes a key that is a property of every object for an ordinary key', () => {
    expect(parseLabelChange(['constructor=x', 'toString-'])).toEqual({ set: { constructor: 'x' }, remove: ['toString'] });
  });
});

describe('keys and values', () => {
  it.each(['a', 'A.b_c-d', 'example.com/name', `${'a.'.repeat(126)}a/x`, 'x'.repeat(63)])('accepts the key %s', (key) => {
    expect(keyProblem(key)).toBeUndefined();
  });

  it.each(['', '-a', 'a-', 'a/b/c', '/a', 'a/', 'UPPER.com/a', 'x'.repeat(64), `${'a'.repeat(254)}/x`, 'é'])('refuses the key %j', (key) => {
    expect(keyProblem(key)).toEqual(expect.any(String));
  });
});
