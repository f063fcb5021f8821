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

describe('what cannot be known', () => {
  it('changes nothing while the back end does not answer, and carries on afterwards', async () => {
    const uid = await created(podSpec({ main: ['sleep'] }, { restartPolicy: 'Never' }));
    world.backend.disconnect();
    world.backend.changed(undefined);
    await world.clock.advance(300_000);
    expect(statusOf(uid).phase).toBe('Running');
    expect(calls('create')).toHaveLength(1);
    world.backend.reconnect();
    world.backend.exit(uid, 'main', 7);
    await world.clock.advance(0);
    expect(statusOf(uid).phase).toBe('Failed');
    expect(containerOf(uid).state?.terminated?.exitCode).toBe(7);
  });

  it.each([
    ['Never', 'Failed', 1],
    ['OnFailure', 'Running', 2],
    ['Always', 'Running', 2],
  ])('a pod of policy %s whose VM vanished is %s', async (restartPolicy, phase, creates) => {
    const uid = await created(podSpec({ main: ['sleep'] }, { restartPolicy }));
    world.backend.vanish(uid);
    await world.clock.advance(1_900);
    expect(statusOf(uid).phase).toBe('Running');
    expect(calls('create')).toHaveLength(1);
    await world.clock.advance(200);
    expect(statusOf(uid).phase).toBe(phase);
    expect(calls('create')).toHaveLength(creates);
    const { state, lastState } = containerOf(uid);
    expect(state?.terminated ?? lastState?.terminated).toMatchObject({ exitCode: 137, reason: 'ContainerStatusUnknown' });
  });

  it('stops what the back end cannot name before it tells the end of the pod', async () => {
    const uid = await created(podSpec({ main: ['sleep'] }, { restartPolicy: 'Never' }));
    const open = world.backend.hold('stop');
    world.backend.setState(uid, 'main', { kind: 'unknown', message: 'no task status' });
    await world.clock.advance(0);
    expect(statusOf(uid).phase).toBe('Running');
    open();
    await world.clock.advance(0);
    expect(statusOf(uid).phase).toBe('Failed');
  });
});

describe('a restarted kubelet', () => {
  it.each(['stop', 'kill'] as const)('adopts what runs after a %s, without another create or start', async (end) => {
    const uid = await created(podSpec({ main: ['sleep'] }));
    await world[end]();
    await world.start();
    await world.clock.advance(60_000);
    expect(calls('create')).toHaveLength(1);
    expect(calls('start')).toHaveLength(1);
    expect(containerOf(uid).restartCount).toBe(0);
  });

  it('goes on counting restarts, and counts one that nobody saw', async () => {
    const uid = await created(podSpec({ main: ['exit', '1'] }));
    await world.clock.advance(31_000);
    const before = containerOf(uid).restartCount;
    expect(before).toBe(3);
    await world.stop();
    await world.clock.advance(60_000);
    world.backend.setState(uid, 'main', { kind: 'running', startedAt: world.clock.now() });
    await world.start();
    expect(containerOf(uid)).toMatchObject({ restartCount: before + 1, lastState: { terminated: { exitCode: 1 } }, ready: true });
  });

  it('counts a run that began and ended unseen within the second of the last end', async () => {
    const uid = await created(podSpec({ main: ['exit', '1'] }));
    const { lastState, containerID } = containerOf(uid);
    expect(containerOf(uid).restartCount).toBe(1);
    await world.kill(0);
    // The process died after the restart, and the API still holds the end before it.
    const terminated = { ...lastState!.terminated!, containerID: 'memory://the-first' };
    world.cluster.modifyPod(uid, (pod) => {
      const containerStatuses = pod.status!.containerStatuses!.map((status) => ({
        ...{ ...status, restartCount: 0, containerID: 'memory://the-first' },
        ...{ state: { terminated }, lastState: {} },
      }));
      return { ...pod, status: { ...pod.status, containerStatuses } };
    });
    await world.start();
    await world.clock.advance(100);
    expect(containerOf(uid)).toMatchObject({ restartCount: 1, containerID, lastState: { terminated: { containerID } } });
  });

  it('tells of an exit that happened meanwhile', async () => {
    const uid = await created(podSpec({ main: ['sleep'] }, { restartPolicy: 'Never' }));
    await world.stop();
    world.backend.exit(uid, 'main', 4);
    await world.start();
    expect(statusOf(uid).phase).toBe('Failed');
    expect(containerOf(uid).state?.terminated?.exitCode).toBe(4);
  });

  it('never starts again what has ended, also when the back end has lost it', async () => {
    const uid = await created(podSpec({ main: ['exit', '0'] }, { restartPolicy: 'Never' }));
    expect(statusOf(uid).phase).toBe('Succeeded');
    await world.stop();
    world.backend.pods.clear();
    const writes = world.cluster.writes.length;
    await world.start();
    await world.clock.advance(60_000);
    expect(calls('create')).toHaveLength(1);
    expect(world.cluster.writes).toHaveLength(writes);
  });

  it('removes pods that the API no longer has, only after it has listed all', async () => {
    const uid = await created(podSpec({ main: ['sleep'] }));
    await world.stop();
    world.cluster.requestDeletion(uid, 0);
    expect(world.backend.pods.has(uid)).toBe(true);
    await world.start();
    expect(world.backend.pods.size).toBe(0);
    expect(calls('remove')).toEqual([`remove ${uid}`]);
  });

  it('writes what was left to write before it stops, and leaves pods running', async () => {
    const uid = world.cluster.createPod({ name: 'quick', spec: podSpec({ main: ['sleep'] }) }).metadata!.uid!;
    await world.clock.advance(0);
    await world.stop();
    expect(statusOf(uid).phase).toBe('Running');
    expect(world.backend.container(uid, 'main').state.kind).toBe('running');
    expect(world.cluster.node('kubelet-test').status?.conditions?.at(-1)).toMatchObject({ type: 'Ready', status: 'True' });
  });
});
