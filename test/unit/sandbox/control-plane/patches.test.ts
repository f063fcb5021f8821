import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ApiError } from '../../../../src/sandbox/control-plane/api-error.ts';
import { jsonPatch } from '../../../../src/sandbox/control-plane/patch/json-patch.ts';
import { mergePatch } from '../../../../src/sandbox/control-plane/patch/merge.ts';
import { strategicMergePatch } from '../../../../src/sandbox/control-plane/patch/strategic.ts';
import { goMap, mergedText } from '../../../../src/sandbox/control-plane/patch/text.ts';
import type { PatchSchema } from '../../../../src/sandbox/control-plane/resource.ts';

const schema: PatchSchema = {
  metadata: { fields: { finalizers: { strategy: 'merge' } } },
  spec: {
    fields: {
      containers: { strategy: 'merge', mergeKey: 'name', fields: { env: { strategy: 'merge', mergeKey: 'name' } } },
      volumes: { strategy: 'merge,retainKeys', mergeKey: 'name' },
      strategy: { strategy: 'retainKeys' },
    },
  },
};
const strategic = (target: unknown, patch: unknown): unknown => strategicMergePatch(target, patch, schema);

describe('merge patch', () => {
  it('merges maps, replaces the rest, removes nulls', () => {
    expect(mergePatch({ a: { b: 1, c: 2 }, l: [1] }, { a: { b: null, d: 3 }, l: [2] })).toEqual({ a: { c: 2, d: 3 }, l: [2] });
  });

  it('applied twice is applied once, and never changes its arguments', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue()), (target, patch) => {
        const before = JSON.stringify([target, patch]);
        const once = mergePatch(target, patch);
        expect(mergePatch(once, patch)).toEqual(once);
        expect(JSON.stringify([target, patch])).toBe(before);
      }),
    );
  });
});

describe('JSON patch', () => {
  it('applies operations in order', () => {
    const patch = [
      { op: 'test', path: '/a', value: 1 },
      { op: 'add', path: '/b', value: [1] },
      { op: 'add', path: '/b/-', value: 2 },
      { op: 'remove', path: '/a' },
    ];
    expect(jsonPatch({ a: 1 }, patch)).toEqual({ b: [1, 2] });
  });

  it.each([
    [[{ op: 'test', path: '/a', value: 2 }], 422],
    [[{ op: 'remove', path: '/nope' }], 422],
    [[{ op: 'add', path: '/__proto__/x', value: 1 }], 422],
    [[{ op: 'sing', path: '/a' }], 422],
    [[{ op: 'add', path: '/a/b', value: 2 }], 422],
    [{}, 400],
    ['x', 400],
  ])('refuses %j with %i', (patch, code) => {
    expect(() => jsonPatch({ a: 1 }, patch)).toThrow(expect.objectContaining({ code }) as Error);
  });

  it('answers any list of operations with a document or a refusal', () => {
    const operation = fc.record({
      op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', 'x'),
      path: fc.constantFrom('', '/', '/a', '/a/b', '/l/0', '/l/-', 'x'),
      from: fc.constantFrom('/a', '/l', 'y'),
      value: fc.jsonValue(),
    });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 5 }), (patch) => {
        try {
          jsonPatch({ a: { b: 1 }, l: [1, 2] }, patch);
        } catch (error) {
          expect(error).toBeInstanceOf(ApiError);
        }
      }),
    );
  });
});

describe('strategic merge patch', () => {
  const pod = {
    spec: {
      containers: [
        { name: 'a', image: 'x', env: [{ name: 'E', value: '1' }] },
        { name: 'b', image: 'y' },
      ],
    },
  };

  it('merges lists by key: what is new comes first, the rest keeps its order', () => {
    expect(
      strategic(pod, {
        spec: {
          containers: [
            { name: 'c', image: 'z' },
            { name: 'a', env: [{ name: 'F', value: '2' }] },
          ],
        },
      }),
    ).toEqual({
      spec: {
        containers: [
          { name: 'c', image: 'z' },
          {
            name: 'a',
            image: 'x',
            env: [
              { name: 'F', value: '2' },
              { name: 'E', value: '1' },
            ],
          },
          { name: 'b', image: 'y' },
        ],
      },
    });
  });

  it('deletes and replaces by directive', () => {
    expect(strategic(pod, { spec: { containers: [{ $patch: 'delete', name: 'a' }] } })).toEqual({ spec: { containers: [{ name: 'b', image: 'y' }] } });
    expect(strategic(pod, { spec: { containers: [{ $patch: 'replace' }, { name: 'z' }] } })).toEqual({ spec: { containers: [{ name: 'z' }] } });
    expect(strategic(pod, { spec: { $patch: 'replace', containers: [] } })).toEqual({ spec: { containers: [] } });
    expect(strategic({ a: { b: 1 } }, { a: { $patch: 'delete' } })).toEqual({});
  });

  it('orders by $setElementOrder, items it does not name before those they preceded', () => {
    const target = { spec: { containers: [{ name: 'a' }, { name: 'x' }, { name: 'b' }] } };
    expect(strategic(target, { spec: { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }], containers: [{ name: 'b', image: 'i' }] } })).toEqual({
      spec: { containers: [{ name: 'x' }, { name: 'b', image: 'i' }, { name: 'a' }] },
    });
  });

  it('treats lists of scalars as sets where the schema says so', () => {
    const target = { metadata: { finalizers: ['a', 'b'] } };
    expect(strategic(target, { metadata: { finalizers: ['b', 'c'] } })).toEqual({ metadata: { finalizers: ['a', 'b', 'c'] } });
    expect(strategic(target, { metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] } })).toEqual({ metadata: { finalizers: ['b'] } });
  });

  it('keeps only what $retainKeys lists', () => {
    const target = { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } } };
    expect(strategic(target, { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } })).toEqual({ spec: { strategy: { type: 'Recreate' } } });
  });

  it('the last of two items with one key wins', () => {
    expect(
      strategic(
        {},
        {
          spec: {
            containers: [
              { name: 'a', image: '1' },
              { name: 'a', image: '2' },
            ],
          },
        },
      ),
    ).toEqual({ spec: { containers: [{ name: 'a', image: '2' }] } });
  });

  it('never changes its arguments, and never lets a directive through', () => {
    const item = fc.record({ name: fc.constantFrom('a', 'b', 'c'), image: fc.constantFrom('x', 'y') });
    const patchItem = fc.oneof(
      item,
      fc.record({ name: fc.constantFrom('a', 'b'), $patch: fc.constantFrom('delete', 'merge') }),
      fc.constant({ $patch: 'replace' }),
    );
    fc.assert(
      fc.property(fc.uniqueArray(item, { selector: ({ name }) => name }), fc.array(patchItem, { maxLength: 4 }), (items, patchItems) => {
        const target = { spec: { containers: items } };
        const patch = { spec: { containers: patchItems } };
        const before = JSON.stringify([target, patch]);
        const result = strategic(target, patch);
        expect(JSON.stringify([target, patch])).toBe(before);
        expect(JSON.stringify(result)).not.toContain('$patch');
      }),
    );
  });
});

describe('how refusals show bodies', () => {
  it('prints maps as Go does', () => {
    expect(goMap({ b: [1, 'x'], a: { c: null } })).toBe('map[a:map[c:<nil>] b:[1 x]]');
  });

  it('sorts the maps that a merge patch touched', () => {
    expect(mergedText({ spec: { z: 1, a: 2 }, kind: 'K', other: { z: 1, a: 2 } }, { spec: { a: 2 } })).toBe(
      '{"kind":"K","other":{"z":1,"a":2},"spec":{"a":2,"z":1}}',
    );
  });
});
