import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ContainerStatus, Pod } from '../../../src/platform/kubernetes-objects.ts';
import { createWorld, podSpec, type World } from '../../support/kubelet/world.ts';

let world: World;
beforeEach(async () => {
  world = createWorld();
  await world.start();
});
afterEach(async () => world.stop());

async function created(spec: NonNullable<Pod['spec']>, name = 'web'): Promise<string> {
  const uid = world.cluster.createPod({ name, spec }).metadata!.uid!;
  await world.clock.advance(0);
  return uid;
}
const statusOf = (uid: string): NonNullable<Pod['status']> => world.cluster.pod(uid)!.status!;
const containerOf = (uid: string, name = 'main'): ContainerStatus => statusOf(uid).containerStatuses!.find((status) => status.name === name)!;
const calls = (verb: string): readonly string[] => world.backend.calls.filter((call) => call.startsWith(verb));

describe('deletion', () => {
  it('calls off a create that is under way, and still finishes the pod', async () => {
    const open = world.backend.hold('create');
    const uid = await created(podSpec({ main: ['sleep'] }));
    expect(containerOf(uid).state).toEqual({ waiting: { reason: 'ContainerCreating' } });
    world.cluster.requestDeletion(uid);
    await world.clock.advance(0);
    open();
    await world.clock.advance(0);
    expect(world.cluster.pod(uid)).toBeUndefined();
    expect(world.backend.pods.size).toBe(0);
    expect(world.cluster.writes.at(-1)!.pod.status).toMatchObject({
      phase: 'Failed',
      containerStatuses: [{ state: { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown' } } }],
    });
    expect(calls('start')).toEqual([]);
  });

  it('makes a pod unready as soon as it is to go', async () => {
    const uid = await created(podSpec({ main: ['ignore-term'] }));
    const readiness = (): readonly (string | undefined)[] =>
      ['Ready', 'ContainersReady'].map((type) => statusOf(uid).conditions!.find((condition) => condition.type === type)?.status);
    expect(readiness()).toEqual(['True', 'True']);
    world.cluster.requestDeletion(uid, 20);
    await world.clock.advance(1_000);
    expect(readiness()).toEqual(['False', 'False']);
    expect(containerOf(uid)).toMatchObject({ ready: false, state: { running: {} } });
  });

  it('shortens a termination when a second delete asks for less time', async () => {
    const uid = await created(podSpec({ main: ['ignore-term'] }));
    world.cluster.requestDeletion(uid, 300);
    await world.clock.advance(10_000);
    world.cluster.requestDeletion(uid, 5);
    await world.clock.advance(4_000);
    expect(world.cluster.pod(uid)).toBeDefined();
    await world.clock.advance(1_000);
    expect(world.cluster.pod(uid)).toBeUndefined();
    expect(calls('stop')).toEqual([`stop ${uid}/main 300s`, `stop ${uid}/main 5s`]);
  });

  it('kills and removes by UID what was deleted by force, and leaves a successor of the same name alone', async () => {
    const first = await created(podSpec({ main: ['ignore-term'] }));
    world.cluster.requestDeletion(first, 0);
    const second = await created(podSpec({ main: ['sleep'] }));
    expect(second).not.toBe(first);
    await world.clock.advance(3_000);
    expect([...world.backend.pods.keys()]).toEqual([second]);
    expect(statusOf(second).phase).toBe('Running');
    expect(calls('stop')).toEqual([`stop ${first}/main 2s`]);
  });

  it('keeps the object while the back end cannot stop the pod, and says so', async () => {
    const uid = await created(podSpec({ main: ['sleep'] }));
    for (let count = 0; count < 4; count += 1) world.backend.failNext('stop', new Error('the task is busy'));
    world.cluster.requestDeletion(uid);
    await world.clock.advance(3_000);
    expect(statusOf(uid).phase).toBe('Running');
    expect(world.cluster.reasons(uid)).toContain('FailedKillPod');
    await world.clock.advance(30_000);
    expect(world.cluster.pod(uid)).toBeUndefined();
  });

  it('stops trying after its delete when a finalizer keeps the object', async () => {
    const uid = await created(podSpec({ main: ['sleep'] }));
    world.cluster.modifyPod(uid, (pod) => ({ ...pod, metadata: { ...pod.metadata, finalizers: ['example.com/wait'] } }));
    world.cluster.requestDeletion(uid);
    await world.clock.advance(120_000);
    expect(world.cluster.calls.filter((call) => call.startsWith('deletePod'))).toHaveLength(1);
    world.cluster.modifyPod(uid, (pod) => ({ ...pod, metadata: { ...pod.metadata, finalizers: [] } }));
    await world.clock.advance(1_000);
    expect(world.cluster.calls.filter((call) => call.startsWith('deletePod'))).toHaveLength(1);
  });

  it('finishes a pod that was marked for deletion before it was ever seen', async () => {
    await world.stop();
    const uid = world.cluster.createPod({ name: 'late', spec: podSpec({ main: ['sleep'] }) }).metadata!.uid!;
    world.cluster.requestDeletion(uid);
    await world.start();
    expect(world.cluster.pod(uid)).toBeUndefined();
    expect(calls('create')).toEqual([]);
  });

  it('tells 0 as Succeeded when all containers end well', async () => {
    const uid = await created(podSpec({ main: ['sleep'] }));
    world.cluster.requestDeletion(uid);
    world.backend.exit(uid, 'main', 0);
    await world.clock.advance(0);
    expect(world.cluster.writes.at(-1)!.pod.status?.phase).toBe('Succeeded');
  });
});
