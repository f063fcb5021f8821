import { afterEach, describe, expect, it } from 'vitest';
import { createWorld, podSpec, type World } from '../../support/kubelet/world.ts';

let world: World;
afterEach(async () => world.stop());

async function started(): Promise<World> {
  world = createWorld();
  await world.start();
  return world;
}

const phase = (uid: string): string | undefined => world.cluster.pod(uid)?.status?.phase;

describe('a pod', () => {
  it('runs to completion', async () => {
    const { cluster, clock, backend } = await started();
    const uid = cluster.createPod({ name: 'job', spec: podSpec({ main: ['sleep'] }, { restartPolicy: 'Never' }) }).metadata!.uid!;
    await clock.advance(0);
    expect(phase(uid)).toBe('Running');
    const backendIp = backend.pods.get(uid)!.ip;
    backend.exit(uid, 'main', 0);
    await clock.advance(0);
    const { status } = cluster.pod(uid)!;
    expect(status).toMatchObject({ phase: 'Succeeded', observedGeneration: 1, hostIP: '127.0.0.1', podIP: backendIp });
    expect(status?.containerStatuses?.[0]).toMatchObject({ restartCount: 0, ready: false, state: { terminated: { exitCode: 0, reason: 'Completed' } } });
    expect(cluster.reasons(uid)).toEqual(['Created', 'Started']);
  });

  it('restarts what crashes, at once and then after 10 s, 20 s, 40 s', async () => {
    const { cluster, clock, backend } = await started();
    const uid = cluster.createPod({ name: 'crash', spec: podSpec({ main: ['exit', '3'] }) }).metadata!.uid!;
    await clock.advance(0);
    expect(backend.container(uid, 'main').starts).toBe(2);
    expect(cluster.pod(uid)?.status?.containerStatuses?.[0]).toMatchObject({
      restartCount: 1,
      state: { waiting: { reason: 'CrashLoopBackOff', message: `back-off 10s restarting failed container=main pod=crash_default(${uid})` } },
      lastState: { terminated: { exitCode: 3, reason: 'Error' } },
    });
    const starts: number[] = [];
    for (let second = 1; second <= 80; second += 1) {
      await clock.advance(1_000);
      starts.push(backend.container(uid, 'main').starts);
    }
    expect([9, 10, 29, 30, 69, 70].map((second) => starts[second - 1])).toEqual([2, 3, 3, 4, 4, 5]);
    expect(phase(uid)).toBe('Running');
    expect(cluster.events.find(({ reason }) => reason === 'BackOff')?.count).toBeGreaterThan(2);
  });

  it('stops, reports, removes and deletes a pod that is deleted', async () => {
    const { cluster, clock, backend } = await started();
    const uid = cluster.createPod({ name: 'web', spec: podSpec({ main: ['ignore-term'] }) }).metadata!.uid!;
    await clock.advance(0);
    cluster.requestDeletion(uid);
    await clock.advance(29_000);
    expect(phase(uid)).toBe('Running');
    await clock.advance(1_000);
    expect(cluster.pod(uid)).toBeUndefined();
    expect(backend.pods.size).toBe(0);
    expect(cluster.writes.at(-1)?.pod.status).toMatchObject({ phase: 'Failed', containerStatuses: [{ state: { terminated: { exitCode: 137 } } }] });
    expect(backend.calls.filter((call) => !call.startsWith('describe') && call !== 'capacity')).toEqual([
      'list',
      `create ${uid}`,
      `start ${uid}/main`,
      `stop ${uid}/main 30s`,
      `remove ${uid}`,
    ]);
  });
});
