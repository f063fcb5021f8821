/** Which generation of a pod its status and its conditions are about, as clients of an API server that counts them wait for it. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { paths } from '../../../src/clients/kubernetes/paths.ts';
import type { Pod, PodCondition } from '../../../src/platform/kubernetes-objects.ts';
import { NODE, startStormWorld, type StormWorld } from './storm-world.ts';

let world: StormWorld;
beforeEach(async () => {
  world = await startStormWorld();
}, 60_000);
afterEach(async () => {
  await world.stop();
}, 60_000);

const OWN = ['ContainersReady', 'Initialized', 'PodReadyToStartContainers', 'PodScheduled', 'Ready'];
const WEB = paths.pod('default', 'web');

const read = (): Promise<Pod> => world.get<Pod>(WEB);
const phase = async (): Promise<string | undefined> => (await read()).status?.phase;
const own = ({ status }: Pod): readonly PodCondition[] => (status?.conditions ?? []).filter(({ type }) => OWN.includes(type));

async function create(command: readonly string[], more: object = {}, metadata: object = {}): Promise<void> {
  const containers = [{ name: 'main', image: 'busybox:1.36', command }];
  const spec = { nodeName: NODE, terminationGracePeriodSeconds: 20, restartPolicy: 'Never', automountServiceAccountToken: false, containers, ...more };
  await world.post(paths.pods('default'), { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', ...metadata }, spec });
}

/** The pod once its status, and each condition of the kubelet's, is about this generation. */
async function seen(generation: number): Promise<Pod> {
  const isSeen = async (): Promise<boolean> => {
    const pod = await read();
    return pod.status?.observedGeneration === generation && own(pod).every((condition) => condition.observedGeneration === generation);
  };
  await world.until(isSeen, 10_000);
  return read();
}

describe('the generation that was observed', () => {
  it('is the first one of a new pod, in the status and in each condition', async () => {
    await create(['run']);
    await world.until(async () => (await phase()) === 'Running', 10_000);
    const pod = await seen(1);
    expect(pod.metadata?.generation).toBe(1);
    expect(
      own(pod)
        .map(({ type, observedGeneration }) => [type, observedGeneration])
        .sort(),
    ).toEqual(OWN.map((type) => [type, 1]));
  });

  it('follows every change of the spec, and moves no transition time', async () => {
    await create(['run']);
    await world.until(async () => (await phase()) === 'Running', 10_000);
    const times = own(await seen(1)).map(({ type, lastTransitionTime }) => [type, lastTransitionTime]);
    for (let generation = 2; generation < 30; generation += 1) {
      await world.patch(WEB, { spec: { activeDeadlineSeconds: 100_000 - generation } });
      await world.advance(100);
    }
    const pod = await seen(29);
    expect(pod.metadata?.generation).toBe(29);
    expect(own(pod).map(({ type, lastTransitionTime }) => [type, lastTransitionTime])).toEqual(times);
    expect(world.backend.calls.filter((call) => call.startsWith('start '))).toHaveLength(1);
  });

  it('stays where it is when only labels and annotations change, and nothing is written', async () => {
    await create(['run']);
    await seen(1);
    const writes = world.door.asked.length;
    await world.patch(WEB, { metadata: { labels: { a: 'b' }, annotations: { c: 'd' } } });
    await world.advance(5_000);
    expect((await seen(1)).metadata?.generation).toBe(1);
    expect(world.door.asked.slice(writes).filter(({ kind }) => kind === 'PATCH pods/status')).toEqual([]);
  });

  it('leaves those of other writers as they are', async () => {
    await create(['run']);
    await seen(1);
    const condition = { type: 'example.com/gate', status: 'True', observedGeneration: 1, lastTransitionTime: '2026-11-23T12:00:00Z', lastProbeTime: null };
    await world.patch(`${WEB}/status`, { status: { conditions: [...((await read()).status?.conditions ?? []), condition] } });
    await world.patch(WEB, { spec: { activeDeadlineSeconds: 1_000 } });
    const pod = await seen(2);
    expect(pod.status?.conditions?.filter(({ type }) => type === 'example.com/gate')).toEqual([condition]);
  });

  it('is that of a deletion while the pod ends, and afterwards', async () => {
    await create(['ignore-term'], {}, { finalizers: ['example.com/keep'] });
    await world.until(async () => (await phase()) === 'Running', 10_000);
    await world.delete(WEB);
    const ending = await seen(2);
    expect([ending.metadata?.generation, ending.status?.phase]).toEqual([2, 'Running']);
    await world.until(async () => (await phase()) === 'Failed', 30_000);
    await seen((await read()).metadata?.generation ?? 0);
    await world.patch(WEB, { metadata: { finalizers: null } });
  });

  it('is that of a pod which was turned away', async () => {
    await create(['run'], { nodeSelector: { nowhere: 'true' } });
    await world.until(async () => (await phase()) === 'Failed', 10_000);
    expect((await seen(1)).status).toMatchObject({ reason: 'NodeAffinity', observedGeneration: 1 });
  });

  it('moves on for a pod that is over, and nothing else of it does', async () => {
    await create(['exit', '3']);
    await world.until(async () => (await phase()) === 'Failed', 10_000);
    const before = (await seen(1)).status;
    const foreign = { type: 'example.com/audit', status: 'True', observedGeneration: 1, lastTransitionTime: '2026-11-23T12:00:00Z', lastProbeTime: null };
    await world.patch(`${WEB}/status`, { status: { conditions: [...(before?.conditions ?? []), foreign] } });
    await world.patch(WEB, { spec: { tolerations: [...((await read()).spec?.tolerations ?? []), { key: 'x', operator: 'Exists' }] } });
    const after = (await seen(2)).status;
    const conditions = before?.conditions?.map((condition) => ({ ...condition, observedGeneration: 2 }));
    expect(after).toEqual({ ...before, observedGeneration: 2, conditions: [...(conditions ?? []), foreign] });
  });
});
