import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Node, Pod } from '../../../src/platform/kubernetes-objects.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
}, 120_000);
afterEach(() => world.clear());
afterAll(() => world.stop());

const scheduled = (pod: Pod | undefined) => pod?.status?.conditions?.find((condition) => condition.type === 'PodScheduled');
const refused = (because: RegExp) => (pod: Pod | undefined) => because.test(scheduled(pod)?.message ?? '');
const bound = (pod: Pod | undefined) => pod?.spec?.nodeName !== undefined;
const leaving = (pod: Pod | undefined) => pod?.metadata?.deletionTimestamp !== undefined;
const ready = (node: Node) => node.status?.conditions?.find((condition) => condition.type === 'Ready')?.status;
const taints = (node: Node) => (node.spec?.taints ?? []).map(({ key, effect }) => `${key}:${effect}`).toSorted();
const UNREACHABLE = ['node.kubernetes.io/unreachable:NoExecute', 'node.kubernetes.io/unreachable:NoSchedule'];
const tolerating = (tolerationSeconds?: number) => [
  { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', ...(tolerationSeconds === undefined ? {} : { tolerationSeconds }) },
];

describe('scheduling', () => {
  test('a pod waits for a node, and says why', async () => {
    await world.addPod('early');
    const waiting = await world.untilPod('early', refused(/no nodes available/));
    expect(scheduled(waiting)).toMatchObject({ status: 'False', reason: 'Unschedulable' });
    await world.addNode('a');
    const placed = await world.untilPod('early', bound);
    expect(placed?.spec?.nodeName).toBe('a');
    expect(scheduled(placed)?.status).toBe('True');
  });

  test('a taint keeps pods away until it goes; a toleration is a key to it', async () => {
    await world.addNode('a', { taints: [{ key: 'dedicated', value: 'x', effect: 'NoSchedule' }] });
    await world.addPod('stranger');
    await world.addPod('guest', { tolerations: [{ key: 'dedicated', operator: 'Equal', value: 'x', effect: 'NoSchedule' }] });
    await world.untilPod('guest', bound);
    await world.untilPod('stranger', refused(/0\/1 nodes are available: 1 node\(s\) had untolerated taint \{dedicated: x\}/));
    await world.untilNode('a', (node) => taints(node).length === 1);
    await world.changeTaints('a', (present) => present.filter(({ key }) => key !== 'dedicated'));
    await world.untilPod('stranger', bound);
  });

  test('a cordoned node takes no pods, and is tainted as such', async () => {
    await world.addNode('a');
    await world.patchNode('a', { spec: { unschedulable: true } });
    await world.untilNode('a', (node) => taints(node).includes('node.kubernetes.io/unschedulable:NoSchedule'));
    await world.addPod('late');
    await world.untilPod('late', refused(/unschedulable/));
    await world.patchNode('a', { spec: { unschedulable: null } });
    await world.untilPod('late', bound);
    await world.untilNode('a', (node) => taints(node).length === 0);
  });

  test('a node fills up: what does not fit waits until something goes', async () => {
    await world.addNode('a', { capacity: { cpu: '1', memory: '1Gi', pods: '10' } });
    const half = { containers: [{ name: 'c', image: 'busybox:1.36', resources: { requests: { cpu: '500m' } } }] };
    for (const name of ['one', 'two']) {
      await world.addPod(name, half);
      await world.untilPod(name, bound);
    }
    await world.addPod('three', half);
    await world.untilPod('three', refused(/1 Insufficient cpu/));
    await world.api.request({ method: 'DELETE', path: '/api/v1/namespaces/default/pods/one', body: { gracePeriodSeconds: 0 } });
    await world.untilPod('three', bound);
  });

  test('a burst of fifty pods fills two nodes to the last place and no further', async () => {
    await world.addNode('a', { capacity: { cpu: '100', memory: '100Gi', pods: '24' } });
    await world.addNode('b', { capacity: { cpu: '100', memory: '100Gi', pods: '24' } });
    const names = Array.from({ length: 50 }, (_, index) => `burst-${index}`);
    await Promise.all(names.map((name) => world.addPod(name)));
    const full = (node: string) => (pods: readonly Pod[]) => pods.filter((pod) => pod.spec?.nodeName === node).length === 24;
    for (const name of names) await world.untilPod(name, (pod) => bound(pod) || refused(/2 Too many pods/)(pod));
    const pods = await world.pods();
    expect([full('a')(pods), full('b')(pods)]).toEqual([true, true]);
    expect(pods.filter((pod) => !bound(pod))).toHaveLength(2);
  });
});

describe('the life of nodes', () => {
  test('a silent node is Unknown and tainted; its pods are not Ready; its return clears everything', async () => {
    await world.addNode('steady');
    await world.addNode('shaky', { taints: [{ key: 'mine', value: '1', effect: 'PreferNoSchedule' }] });
    await world.addPod('p', { nodeName: 'shaky', tolerations: tolerating() });
    const condition = { type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' };
    const contentType = 'application/strategic-merge-patch+json';
    await world.api.request({ method: 'PATCH', path: '/api/v1/namespaces/default/pods/p/status', body: { status: { conditions: [condition] } }, contentType });

    world.silence('shaky');
    const silent = await world.untilNode('shaky', (node) => ready(node) === 'Unknown');
    expect(silent.status?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
      reason: 'NodeStatusUnknown',
      message: 'Kubelet stopped posting node status.',
    });
    expect(silent.status?.conditions?.find(({ type }) => type === 'MemoryPressure')?.status).toBe('Unknown');
    const tainted = await world.untilNode('shaky', (node) => UNREACHABLE.every((taint) => taints(node).includes(taint)));
    expect(taints(tainted)).toContain('mine:PreferNoSchedule');
    expect(tainted.spec?.taints?.find(({ effect }) => effect === 'NoExecute')?.timeAdded).toMatch(/^\d{4}-/);
    const pod = await world.untilPod('p', (found) => found?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'False') ?? false);
    expect(leaving(pod)).toBe(false);
    expect(ready(await world.node('steady'))).toBe('True');

    await world.revive('shaky');
    const back = await world.untilNode('shaky', (node) => taints(node).length === 1);
    expect(taints(back)).toEqual(['mine:PreferNoSchedule']);
    expect(ready(back)).toBe('True');
  });

  test('pods leave an unreachable node: at once, after tolerationSeconds, or never', async () => {
    await world.addNode('steady');
    await world.addNode('lost');
    // A real API server gives pods 300 s by default, so that "at once" must be said.
    await world.addPod('at-once', { nodeName: 'lost', tolerations: tolerating(0) });
    await world.addPod('later', { nodeName: 'lost', tolerations: tolerating(3) });
    await world.addPod('never', { nodeName: 'lost', tolerations: tolerating() });
    world.silence('lost');
    await world.untilPod('at-once', leaving);
    expect(leaving(await world.pod('later'))).toBe(false);
    const node = await world.node('lost');
    const later = await world.untilPod('later', leaving);
    const since = Date.parse(node.spec?.taints?.find(({ effect }) => effect === 'NoExecute')?.timeAdded ?? '');
    const grace = (later?.metadata?.deletionGracePeriodSeconds ?? 0) * 1000;
    expect(Date.parse(later?.metadata?.deletionTimestamp ?? '') - grace - since).toBeGreaterThanOrEqual(2000);
    expect(leaving(await world.pod('never'))).toBe(false);
  });

  test('where every node is silent nothing is evicted', async () => {
    await world.addNode('only');
    await world.addPod('stays', { nodeName: 'only', tolerations: tolerating(0) });
    world.silence('only');
    const node = await world.untilNode('only', (found) => taints(found).includes('node.kubernetes.io/unreachable:NoSchedule'));
    expect(taints(node)).not.toContain('node.kubernetes.io/unreachable:NoExecute');
    expect(leaving(await world.pod('stays'))).toBe(false);
  });

  test('pods of a node that was deleted are collected', async () => {
    await world.addNode('gone');
    await world.addPod('orphan');
    await world.untilPod('orphan', bound);
    await world.deleteNode('gone');
    expect(await world.untilPod('orphan', (pod) => pod === undefined)).toBeUndefined();
  });

  test('taints of an administrator survive while the controller changes its own', async () => {
    await world.addNode('steady');
    await world.addNode('busy');
    const admin: string[] = [];
    for (let round = 0; round < 10; round += 1) {
      // Each round makes the controller add or remove a taint at the moment at which the administrator adds one.
      const key = `admin-${round}`;
      await Promise.all([
        world.patchNode('busy', { spec: { unschedulable: round % 2 === 0 ? true : null } }),
        world.changeTaints('busy', (present) => [...present, { key, effect: 'PreferNoSchedule' }]),
      ]);
      admin.push(`${key}:PreferNoSchedule`);
    }
    await world.untilNode('busy', (node) => !taints(node).includes('node.kubernetes.io/unschedulable:NoSchedule'));
    expect(taints(await world.node('busy'))).toEqual(admin.toSorted());
  });
});
