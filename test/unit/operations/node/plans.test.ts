import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planLabels } from '../../../../src/operations/node/plan-labels.ts';
import { planTaints } from '../../../../src/operations/node/plan-taints.ts';
import { TAINT_EFFECTS } from '../../../../src/operations/node/taint-spec.ts';

const a = { key: 'a', value: '1', effect: 'NoSchedule' };
const b = { key: 'b', effect: 'NoExecute' };
const other = { key: 'a', value: '2', effect: 'NoSchedule' };

describe('planTaints', () => {
  it('adds behind what is there', () => {
    expect(planTaints('n', [b], { add: [a], remove: [] }, false)).toEqual({ taints: [b, a], verb: 'tainted' });
  });

  it('leaves an identical taint alone, whatever the controller added to it', () => {
    const stamped = { ...a, timeAdded: '2026-01-01T00:00:00Z' };
    expect(planTaints('n', [stamped], { add: [a], remove: [] }, false)).toEqual({ taints: [stamped], verb: 'unchanged' });
    expect(planTaints('n', [{ ...b, value: '' }], { add: [b], remove: [] }, true).verb).toBe('unchanged');
  });

  it('replaces another value only with overwrite, in its place', () => {
    expect(() => planTaints('n', [a], { add: [other], remove: [] }, false)).toThrow(
      expect.objectContaining({ code: 'NODE_CONFLICT', message: 'node n already has a taint(s) with same effect(s) and --overwrite is false' }),
    );
    expect(planTaints('n', [a, b], { add: [other], remove: [] }, true)).toEqual({ taints: [other, b], verb: 'modified' });
  });

  it('removes one effect or every effect of a key', () => {
    const twice = [a, { ...a, effect: 'NoExecute' }, b];
    expect(planTaints('n', twice, { add: [], remove: [{ key: 'a', effect: 'NoExecute' }] }, false)).toEqual({ taints: [a, b], verb: 'untainted' });
    expect(planTaints('n', twice, { add: [], remove: [{ key: 'a' }] }, false)).toEqual({ taints: [b], verb: 'untainted' });
  });

  it('says modified for both at once', () => {
    expect(planTaints('n', [b], { add: [a], remove: [{ key: 'b' }] }, false)).toEqual({ taints: [a], verb: 'modified' });
  });

  it('refuses to remove what is absent, naming what there is', () => {
    expect(() => planTaints('n', [b], { add: [], remove: [{ key: 'a' }] }, false)).toThrow(
      expect.objectContaining({ code: 'KUBE_NOT_FOUND', message: 'node n: taint "a" not found', hint: 'Node n has: b:NoExecute.' }),
    );
  });

  it('never leaves two taints with one key and effect, and doing it twice changes nothing', () => {
    const taint = fc.record({ key: fc.constantFrom('a', 'b', 'c'), value: fc.constantFrom('', '1', '2'), effect: fc.constantFrom(...TAINT_EFFECTS) });
    const identity = (t: { key: string; effect: string }): string => `${t.key}:${t.effect}`;
    const list = fc.uniqueArray(taint, { selector: identity, maxLength: 6 });
    fc.assert(
      fc.property(list, list, (current, add) => {
        const { taints } = planTaints('n', current, { add, remove: [] }, true);
        expect(new Set(taints.map(identity)).size).toBe(taints.length);
        expect(taints.map(identity)).toEqual(expect.arrayContaining([...current, ...add].map(identity)));
        expect(planTaints('n', taints, { add, remove: [] }, false)).toEqual({ taints, verb: 'unchanged' });
      }),
    );
  });
});

describe('planLabels', () => {
  const current = { keep: 'x', old: 'y' };

  it('patches only what changes', () => {
    expect(planLabels('n', current, { set: { keep: 'x', fresh: '1' }, remove: [] }, false)).toEqual({ patch: { fresh: '1' }, verb: 'labeled', absent: [] });
  });

  it('calls no change what it is', () => {
    expect(planLabels('n', current, { set: { keep: 'x' }, remove: ['nothing'] }, false)).toEqual({ patch: {}, verb: 'not labeled', absent: ['nothing'] });
  });

  it('does not take what every object has for a label that is set', () => {
    expect(planLabels('n', {}, { set: { constructor: 'x' }, remove: ['toString'] }, false)).toEqual({
      patch: { constructor: 'x' },
      verb: 'labeled',
      absent: ['toString'],
    });
  });

  it('removes with null', () => {
    expect(planLabels('n', current, { set: {}, remove: ['old'] }, false)).toEqual({ patch: { old: null }, verb: 'unlabeled', absent: [] });
    expect(planLabels('n', current, { set: { fresh: '1' }, remove: ['old'] }, false).verb).toBe('modified');
  });

  it('replaces only with overwrite', () => {
    expect(() => planLabels('n', current, { set: { old: 'z' }, remove: [] }, false)).toThrow(
      expect.objectContaining({ code: 'NODE_CONFLICT', message: "node n: 'old' already has a value (y), and --overwrite is false" }),
    );
    expect(planLabels('n', current, { set: { old: 'z' }, remove: [] }, true).patch).toEqual({ old: 'z' });
  });
});
