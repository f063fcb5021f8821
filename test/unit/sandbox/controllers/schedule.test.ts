import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Node, Pod, Taint } from '../../../../src/platform/kubernetes-objects.ts';
import { podRequests } from '../../../../src/platform/pod-requests.ts';
import { place } from '../../../../src/sandbox/controllers/schedule.ts';

interface NodeShape {
  name?: string;
  cpu?: string;
  memory?: string;
  pods?: string;
  taints?: Taint[];
  labels?: Record<string, string>;
  ready?: boolean;
  unschedulable?: boolean;
}

const node = (shape: NodeShape = {}): Node => ({
  metadata: { name: shape.name ?? 'n1', labels: shape.labels ?? {} },
  spec: { taints: shape.taints ?? [], ...(shape.unschedulable === undefined ? {} : { unschedulable: shape.unschedulable }) },
  status: {
    allocatable: { cpu: shape.cpu ?? '4', memory: shape.memory ?? '8Gi', pods: shape.pods ?? '10' },
    conditions: [{ type: 'Ready', status: shape.ready === false ? 'False' : 'True' }],
  },
});

const pod = (spec: Partial<NonNullable<Pod['spec']>> = {}, requests: Record<string, string> = {}): Pod => ({
  metadata: { name: 'p' },
  spec: { containers: [{ name: 'c', resources: { requests } }], ...spec },
});

const on = (name: string, requests: Record<string, string> = {}): Pod => pod({ nodeName: name }, requests);

describe('where a pod may go', () => {
  test.each<[string, Pod, NodeShape, string | RegExp]>([
    ['anywhere that is ready', pod(), {}, 'n1'],
    ['not on a node that is not ready', pod(), { ready: false }, '0/1 nodes are available: 1 node(s) were not ready.'],
    ['not on a cordoned node', pod(), { unschedulable: true }, '0/1 nodes are available: 1 node(s) were unschedulable.'],
    [
      'past a taint it tolerates',
      pod({ tolerations: [{ key: 'k', operator: 'Equal', value: 'v', effect: 'NoSchedule' }] }),
      { taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }] },
      'n1',
    ],
    [
      'not past another value',
      pod({ tolerations: [{ key: 'k', value: 'w' }] }),
      { taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }] },
      /untolerated taint \{k: v\}/,
    ],
    ['not past NoExecute', pod(), { taints: [{ key: 'k', effect: 'NoExecute' }] }, /untolerated taint \{k: \}/],
    ['past PreferNoSchedule when there is nothing better', pod(), { taints: [{ key: 'k', effect: 'PreferNoSchedule' }] }, 'n1'],
    [
      'everything tolerated by an empty key with Exists',
      pod({ tolerations: [{ operator: 'Exists' }] }),
      { taints: [{ key: 'k', effect: 'NoExecute' }], unschedulable: true },
      'n1',
    ],
    ['only where the labels are', pod({ nodeSelector: { zone: 'a' } }), { labels: { zone: 'b' } }, /didn't match Pod's node affinity\/selector/],
    ['only where CPU is left', pod({}, { cpu: '5' }), {}, '0/1 nodes are available: 1 Insufficient cpu.'],
    ['every lack is told', pod({}, { cpu: '5', memory: '9Gi' }), {}, '0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory.'],
  ])('%s', (_name, wanted, shape, expected) => {
    const placement = place(wanted, [node(shape)], []);
    expect(placement.kind === 'node' ? placement.node : placement.message).toEqual(typeof expected === 'string' ? expected : expect.stringMatching(expected));
  });

  test('the pod limit counts what is there', () => {
    expect(place(pod(), [node({ pods: '1' })], [on('n1')])).toEqual({ kind: 'unschedulable', message: '0/1 nodes are available: 1 Too many pods.' });
  });

  test('without nodes it says so', () => {
    expect(place(pod(), [], [])).toEqual({ kind: 'unschedulable', message: 'no nodes available to schedule pods' });
  });

  test('the emptier node is taken, and a soft taint outweighs that', () => {
    expect(place(pod(), [node({ name: 'a' }), node({ name: 'b' })], [on('a', { cpu: '3' })])).toEqual({ kind: 'node', node: 'b' });
    expect(place(pod(), [node({ name: 'a' }), node({ name: 'b', taints: [{ key: 'k', effect: 'PreferNoSchedule' }] })], [on('a', { cpu: '3' })])).toEqual({
      kind: 'node',
      node: 'a',
    });
  });
});

test('however pods come, no node is ever filled past its allocatable resources', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ cpu: fc.integer({ min: 0, max: 3000 }), memory: fc.integer({ min: 0, max: 5 }) }), { maxLength: 30 }),
      fc.integer({ min: 1, max: 3 }),
      (wishes, count) => {
        const nodes = Array.from({ length: count }, (_, index) => node({ name: `n${index}`, pods: '6' }));
        const placed: Pod[] = [];
        for (const wish of wishes) {
          const wanted = pod({}, { cpu: `${wish.cpu}m`, memory: `${wish.memory}Gi` });
          const placement = place(wanted, nodes, placed);
          if (placement.kind === 'node') placed.push({ ...wanted, spec: { ...wanted.spec!, nodeName: placement.node } });
        }
        for (const { metadata } of nodes) {
          const here = placed.filter((item) => item.spec?.nodeName === metadata?.name);
          expect(here.length).toBeLessThanOrEqual(6);
          expect(here.reduce((sum, item) => sum + (podRequests(item)['cpu'] ?? 0n), 0n)).toBeLessThanOrEqual(4_000_000_000n);
          expect(here.reduce((sum, item) => sum + (podRequests(item)['memory'] ?? 0n), 0n)).toBeLessThanOrEqual(8n * 1024n ** 3n * 1_000_000_000n);
        }
      },
    ),
  );
});

test('init containers count by their largest, sidecars beside everything that starts after them', () => {
  const container = (cpu: string, restartPolicy?: string) => ({
    name: 'x',
    resources: { requests: { cpu } },
    ...(restartPolicy === undefined ? {} : { restartPolicy }),
  });
  expect(podRequests({ spec: { initContainers: [container('1', 'Always'), container('3')], containers: [container('1'), container('1')] } })['cpu']).toBe(
    4_000_000_000n,
  );
  expect(podRequests({ spec: { initContainers: [container('3'), container('1', 'Always')], containers: [container('1'), container('2')] } })['cpu']).toBe(
    4_000_000_000n,
  );
});
