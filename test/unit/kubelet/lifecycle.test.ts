import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ProviderFailure } from '../../../src/kubelet/provider.ts';
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
    await world.clock.advance(0);
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

describe('what goes wrong before a container runs', () => {
  it('backs off from an image that cannot be pulled: 10 s, 20 s, 40 s', async () => {
    const pull = (): void => {
      world.backend.failNext('create', new ProviderFailure('ErrImagePull', 'manifest unknown', { container: 'main' }));
    };
    for (let count = 0; count < 3; count += 1) pull();
    const uid = await created(podSpec({ main: ['sleep'] }));
    expect(containerOf(uid).state?.waiting).toEqual({ reason: 'ErrImagePull', message: 'manifest unknown' });
    await world.clock.advance(3_000);
    expect(containerOf(uid).state?.waiting).toMatchObject({
      reason: 'ImagePullBackOff',
      message: 'Back-off pulling image "busybox:1.36": ErrImagePull: manifest unknown',
    });
    await world.clock.advance(6_000);
    expect(calls('create')).toHaveLength(1);
    await world.clock.advance(1_000);
    expect(calls('create')).toHaveLength(2);
    expect(containerOf(uid).state?.waiting?.reason).toBe('ErrImagePull');
    await world.clock.advance(60_000);
    expect(statusOf(uid).phase).toBe('Running');
    expect(world.cluster.reasons(uid)).toEqual(expect.arrayContaining(['Failed', 'BackOff', 'Created', 'Started']));
  });

  it('waits with CreateContainerConfigError for a reference it cannot read', async () => {
    const spec = podSpec({ main: ['sleep'] });
    const env = [{ name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'vault', key: 'token' } } }];
    const uid = await created({ ...spec, containers: spec.containers.map((container) => ({ ...container, env })) });
    expect(containerOf(uid).state?.waiting).toMatchObject({ reason: 'CreateContainerConfigError', message: expect.stringContaining('secret "vault"') });
    expect(statusOf(uid).phase).toBe('Pending');
    expect(calls('create')).toEqual([]);
  });

  it('treats a refused start as exit 128, and restart policy as usual', async () => {
    world.backend.failNext('start', new ProviderFailure('RunContainerError', 'exec: "nope": not found', { container: 'main' }));
    const uid = await created(podSpec({ main: ['sleep'] }, { restartPolicy: 'Never' }));
    expect(statusOf(uid).phase).toBe('Failed');
    expect(containerOf(uid).state?.terminated).toMatchObject({ exitCode: 128, reason: 'StartError' });
  });

  it('tries again when the back end gave no reason', async () => {
    world.backend.failNext('create', new Error('connection reset'));
    world.backend.failNext('start', new Error('connection reset'));
    const uid = await created(podSpec({ main: ['sleep'] }, { restartPolicy: 'Never' }));
    expect(containerOf(uid).state?.waiting?.reason).toBe('ContainerCreating');
    await world.clock.advance(3_000);
    expect(statusOf(uid).phase).toBe('Running');
    expect(world.cluster.reasons(uid)).toContain('FailedCreatePodSandBox');
  });

  it('fails a pod with a field that nobody supports, names the field, and starts nothing', async () => {
    const uid = await created(podSpec({ main: ['sleep'] }, { volumes: [{ name: 'data', hostPath: { path: '/srv' } }] }));
    expect(statusOf(uid)).toMatchObject({
      phase: 'Failed',
      reason: 'UnsupportedPodField',
      message: expect.stringMatching(/^Pod was rejected: .*volumes\[\]\.hostPath/),
      qosClass: 'BestEffort',
    });
    expect(calls('create')).toEqual([]);
    expect(world.cluster.events.find(({ reason }) => reason === 'UnsupportedPodField')?.message).not.toMatch(/^Pod was rejected/);
  });
});

describe('deadlines, room and the API', () => {
  it('ends a pod at its deadline, with grace, and tells it when nothing runs any more', async () => {
    const uid = await created(podSpec({ main: ['ignore-term'] }, { activeDeadlineSeconds: 60, terminationGracePeriodSeconds: 10 }));
    await world.clock.advance(69_000);
    expect(statusOf(uid).phase).toBe('Running');
    await world.clock.advance(1_000);
    expect(statusOf(uid)).toMatchObject({ phase: 'Failed', reason: 'DeadlineExceeded' });
    await world.clock.advance(60_000);
    expect(calls('start')).toHaveLength(1);
    expect(world.cluster.reasons(uid)).toContain('DeadlineExceeded');
  });

  it('takes pods as long as there is room, and counts those that have ended as gone', async () => {
    const large = podSpec({ main: ['sleep'] }, { restartPolicy: 'Never' });
    const spec = { ...large, containers: large.containers.map((container) => ({ ...container, resources: { requests: { cpu: '1500m' } } })) };
    world.backend.nodeCapacity = { capacity: { cpu: '4', pods: '20' }, allocatable: { cpu: '4', pods: '20' } };
    const provider = { ...world.backend.provider(), support: [{ field: 'containers', support: 'honoured' as const }] };
    await world.stop();
    await world.start({ provider });
    const first = await created(spec, 'one');
    await created(spec, 'two');
    const third = await created(spec, 'three');
    expect(statusOf(third)).toMatchObject({
      phase: 'Failed',
      reason: 'OutOfcpu',
      message: expect.stringContaining('requested: 1500, used: 3000, capacity: 4000'),
    });
    world.backend.exit(first, 'main', 0);
    await world.clock.advance(0);
    expect(statusOf(await created(spec, 'four')).phase).toBe('Running');
  });

  it('keeps trying while the API server is away; containers restart meanwhile', async () => {
    const uid = await created(podSpec({ main: ['sleep'] }));
    world.cluster.disconnect();
    world.backend.exit(uid, 'main', 1);
    await world.clock.advance(60_000);
    expect(world.backend.container(uid, 'main').starts).toBe(2);
    world.cluster.reconnect();
    await world.clock.advance(31_000);
    expect(containerOf(uid)).toMatchObject({ restartCount: 1, ready: true });
  });

  it('writes again when a write conflicts, and gives up a pod whose UID the API no longer knows', async () => {
    world.cluster.failNext('patchPodStatus', 'KUBE_CONFLICT', 2);
    const uid = await created(podSpec({ main: ['sleep'] }));
    await world.clock.advance(5_000);
    expect(statusOf(uid).phase).toBe('Running');
  });

  it('repairs a status that somebody else has changed, and leaves their conditions alone', async () => {
    const uid = await created(podSpec({ main: ['sleep'] }));
    world.cluster.modifyPod(uid, (pod) => ({
      ...pod,
      status: {
        ...pod.status,
        conditions: [...pod.status!.conditions!.map((c) => (c.type === 'Ready' ? { ...c, status: 'False' } : c)), { type: 'example.com/gate', status: 'True' }],
      },
    }));
    await world.clock.advance(11_000);
    const conditions = statusOf(uid).conditions!;
    expect(conditions.find(({ type }) => type === 'Ready')?.status).toBe('True');
    expect(conditions.find(({ type }) => type === 'example.com/gate')?.status).toBe('True');
  });

  it('writes nothing for a pod at rest', async () => {
    await created(podSpec({ main: ['sleep'] }));
    const writes = world.cluster.writes.length;
    await world.clock.advance(600_000);
    expect(world.cluster.writes).toHaveLength(writes);
  });

  it('brings 200 pods to Running, each with one create, one start and few writes', async () => {
    world.backend.nodeCapacity = { capacity: { pods: '200' }, allocatable: { pods: '200' } };
    await world.stop();
    await world.start();
    const uids = Array.from(
      { length: 200 },
      (_, index) => world.cluster.createPod({ name: `p${String(index)}`, spec: podSpec({ main: ['sleep'] }) }).metadata!.uid!,
    );
    await world.clock.advance(1_000);
    expect(uids.map((uid) => statusOf(uid).phase)).toEqual(uids.map(() => 'Running'));
    expect(calls('create')).toHaveLength(200);
    expect(calls('start')).toHaveLength(200);
    expect(world.cluster.writes.length).toBeLessThanOrEqual(600);
  });
});
