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
    expect(world.backend.pods.get(uid)?.containers.size).toBe(0);
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

  it('tries a new image at once when the old one could not be pulled, and restarts a running container from its new definition', async () => {
    world.backend.failNext('create', new ProviderFailure('ErrImagePull', 'manifest unknown', { container: 'main' }));
    const uid = await created(podSpec({ main: ['sleep'] }));
    const setImage = (image: string): void => {
      world.cluster.modifyPod(uid, (pod) => ({
        ...pod,
        spec: { ...pod.spec, containers: pod.spec!.containers.map((container) => ({ ...container, image })) },
      }));
    };
    setImage('busybox:1.37');
    await world.clock.advance(0);
    expect(world.backend.pods.get(uid)?.containers.get('main')?.request.image).toBe('busybox:1.37');
    setImage('busybox:1.38');
    await world.clock.advance(0);
    expect(world.backend.container(uid, 'main').request.image).toBe('busybox:1.38');
    expect(containerOf(uid)).toMatchObject({ image: 'busybox:1.38', restartCount: 1, lastState: { terminated: { exitCode: 143 } } });
    expect(world.cluster.events.find(({ reason }) => reason === 'Killing')?.message).toBe('Container main definition changed, will be restarted');
  });

  it('tells when a container of a pod VM keeps its image', async () => {
    const vm = createWorld('pod');
    await vm.start();
    const uid = vm.cluster.createPod({ name: 'vm', spec: podSpec({ main: ['sleep'] }) }).metadata!.uid!;
    await vm.clock.advance(0);
    vm.cluster.modifyPod(uid, (pod) => ({ ...pod, spec: { ...pod.spec, containers: [{ ...pod.spec!.containers[0]!, image: 'busybox:1.38' }] } }));
    await vm.clock.advance(0);
    expect(vm.cluster.events.find(({ reason }) => reason === 'SpecChangeNotApplied')?.message).toContain('keeps image "busybox:1.36"');
    expect(vm.backend.container(uid, 'main').starts).toBe(1);
    await vm.stop();
  });
});
