import { describe, expect, test } from 'vitest';
import type { Node } from '../../../../src/platform/kubernetes-objects.ts';
import { sameTaints, silentConditions, wantedTaints } from '../../../../src/sandbox/controllers/node-health.ts';
import { staysFor } from '../../../../src/sandbox/controllers/toleration-seconds.ts';

const NOW = Date.UTC(2026, 10, 23);
const node = (ready: string | undefined, spec: Node['spec'] = {}): Node => ({
  metadata: { name: 'n' },
  spec,
  status: { conditions: ready === undefined ? [] : [{ type: 'Ready', status: ready }] },
});
const keys = (subject: Node, evict = true): string[] =>
  wantedTaints(subject, NOW, evict).map((taint) => `${taint.key.replace('node.kubernetes.io/', '')}:${taint.effect}`);

describe('taints follow from conditions', () => {
  test.each<[string, Node, boolean, string[]]>([
    ['ready', node('True'), true, []],
    ['not ready', node('False'), true, ['not-ready:NoSchedule', 'not-ready:NoExecute']],
    ['silent', node('Unknown'), true, ['unreachable:NoSchedule', 'unreachable:NoExecute']],
    ['silent while every node is', node('Unknown'), false, ['unreachable:NoSchedule']],
    ['new', node(undefined), true, ['not-ready:NoSchedule']],
    ['cordoned', node('True', { unschedulable: true }), true, ['unschedulable:NoSchedule']],
    ['ready again', node('True', { taints: [{ key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' }] }), true, []],
    ['an administrator’s taint stays', node('True', { taints: [{ key: 'mine', effect: 'NoSchedule' }] }), true, ['mine:NoSchedule']],
  ])('%s', (_name, subject, evict, expected) => {
    expect(keys(subject, evict)).toEqual(expected);
  });

  test('a taint that is there already keeps the time it was added', () => {
    const since = '2026-01-01T00:00:00Z';
    const subject = node('Unknown', { taints: [{ key: 'node.kubernetes.io/unreachable', effect: 'NoExecute', timeAdded: since }] });
    expect(wantedTaints(subject, NOW, true).find((taint) => taint.effect === 'NoExecute')?.timeAdded).toBe(since);
    expect(sameTaints(wantedTaints(subject, NOW, true), subject.spec?.taints ?? [])).toBe(false);
  });
});

test('a silent node gets Unknown once, with the reason that fits what it ever said', () => {
  const conditions = silentConditions(node('True'), NOW);
  expect(conditions.map(({ type, status, reason }) => [type, status, reason])).toEqual([
    ['Ready', 'Unknown', 'NodeStatusUnknown'],
    ['MemoryPressure', 'Unknown', 'NodeStatusNeverUpdated'],
    ['DiskPressure', 'Unknown', 'NodeStatusNeverUpdated'],
    ['PIDPressure', 'Unknown', 'NodeStatusNeverUpdated'],
  ]);
  expect(silentConditions({ status: { conditions } }, NOW)).toEqual([]);
});

test.each([
  ['no NoExecute taint', [{ key: 'k', effect: 'NoSchedule' }], [], undefined],
  ['not tolerated', [{ key: 'k', effect: 'NoExecute' }], [], 0],
  ['tolerated for ever', [{ key: 'k', effect: 'NoExecute' }], [{ key: 'k', operator: 'Exists' }], undefined],
  [
    'tolerated for a while, the shortest counts',
    [{ key: 'k', effect: 'NoExecute' }],
    [
      { key: 'k', operator: 'Exists', tolerationSeconds: 300 },
      { operator: 'Exists', tolerationSeconds: 20 },
    ],
    20_000,
  ],
])('how long a pod stays: %s', (_name, taints, tolerations, expected) => {
  expect(staysFor(taints, tolerations)).toBe(expected);
});
