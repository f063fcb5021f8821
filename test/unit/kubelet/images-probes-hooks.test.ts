import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PodProvider } from '../../../src/kubelet/provider.ts';
import type { Container, ContainerStatus, Pod } from '../../../src/platform/kubernetes-objects.ts';
import { MemoryImages } from '../../support/kubelet/memory-images.ts';
import { LoopbackNetwork, MemoryExec } from '../../support/kubelet/memory-capabilities.ts';
import { createWorld, type World } from '../../support/kubelet/world.ts';

type Spec = NonNullable<Pod['spec']>;

let world: World;
let images: MemoryImages;
let exec: MemoryExec;
let network: LoopbackNetwork;

async function begin(imagesOf: 'container' | 'pod' = 'container'): Promise<void> {
  world = createWorld(imagesOf);
  images = new MemoryImages();
  images.publish('app:1');
  exec = new MemoryExec();
  network = new LoopbackNetwork();
  await world.start({ provider: provider(imagesOf) });
}

function provider(imagesOf: 'container' | 'pod' = 'container'): PodProvider {
  const base = world.backend.provider(imagesOf);
  return { ...base, images, exec, network, support: [...base.support, { field: 'imagePullSecrets', support: 'honoured' }] };
}

beforeEach(() => begin());
afterEach(async () => {
  expect(world.cluster.refusals).toEqual([]);
  await world.stop();
});

const container = (name: string, more: Partial<Container> = {}): Container => ({ name, image: 'app:1', command: ['sleep'], ...more });

async function created(containers: readonly Container[], more: Partial<Spec> = {}, name = 'web'): Promise<string> {
  const spec: Spec = { nodeName: 'kubelet-test', ...more, containers };
  const uid = world.cluster.createPod({ name, spec }).metadata!.uid!;
  await world.clock.advance(0);
  return uid;
}

const statusOf = (uid: string): NonNullable<Pod['status']> => world.cluster.pod(uid)!.status!;
const containerOf = (uid: string, name = 'main'): ContainerStatus => statusOf(uid).containerStatuses!.find((status) => status.name === name)!;
const readyOf = (uid: string): string | undefined => statusOf(uid).conditions?.find(({ type }) => type === 'Ready')?.status;
const calls = (verb: string): readonly string[] => world.backend.calls.filter((call) => call.startsWith(verb));
const told = (uid: string): readonly string[] =>
  world.cluster.events.filter(({ involvedObject }) => involvedObject.uid === uid).map(({ reason, message }) => `${reason ?? ''}: ${message ?? ''}`);
const check = (command: string) => ({ exec: { command: [command] } });

describe('images', () => {
  it('pulls, tells it, and hands the image on by its id', async () => {
    const uid = await created([container('main')]);
    expect(statusOf(uid).phase).toBe('Running');
    expect(told(uid).slice(0, 4)).toEqual([
      'Pulling: Pulling image "app:1"',
      'Pulled: Successfully pulled image "app:1" in 0s (0s including waiting).',
      'Created: Created container: main',
      'Started: Started container main',
    ]);
    expect(world.backend.container(uid, 'main').request.imageId).toBe('id-app:1');
    const [event] = world.cluster.events.filter(({ involvedObject }) => involvedObject.uid === uid);
    expect(event?.involvedObject.fieldPath).toBe('spec.containers{main}');
  });

  it('shows ErrImagePull, then ImagePullBackOff, and starts the others meanwhile', async () => {
    const uid = await created([container('bad', { image: 'gone:1' }), container('main')]);
    expect(containerOf(uid, 'bad').state?.waiting).toMatchObject({ reason: 'ErrImagePull', message: expect.stringContaining('manifest unknown') });
    expect(containerOf(uid).state?.running).toBeDefined();
    await world.clock.advance(5_000);
    expect(containerOf(uid, 'bad').state?.waiting).toMatchObject({
      reason: 'ImagePullBackOff',
      message: expect.stringMatching(/^Back-off pulling image "gone:1": ErrImagePull: /),
    });
    expect(told(uid)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^Failed: Failed to pull image "gone:1": /),
        'Failed: Error: ErrImagePull',
        'BackOff: Back-off pulling image "gone:1"',
      ]),
    );
    images.publish('gone:1');
    await world.clock.advance(5_000);
    expect(containerOf(uid, 'bad').state?.running).toBeDefined();
    expect(images.calls.filter((call) => call === 'pull gone:1')).toHaveLength(2);
  });

  it('waits 10 s, 20 s, 40 s … up to 300 s between pulls', async () => {
    await created([container('main', { image: 'gone:1' })]);
    const times: number[] = [];
    const zero = world.clock.now();
    let known = 1;
    while (times.length < 7) {
      await world.clock.advance(1_000);
      const count = images.calls.filter((call) => call === 'pull gone:1').length;
      if (count > known) times.push((world.clock.now() - zero) / 1_000);
      known = count;
    }
    expect(times).toEqual([10, 30, 70, 150, 310, 610, 910]);
  });

  it.each([
    [{ image: 'Not A Name' }, 'InvalidImageName', 'InspectFailed'],
    [{ image: 'absent:1', imagePullPolicy: 'Never' }, 'ErrImageNeverPull', 'ErrImageNeverPull'],
    [{ securityContext: { runAsNonRoot: true } }, 'CreateContainerConfigError', 'Failed'],
  ])('%j waits with %s', async (more, reason, event) => {
    const uid = await created([container('main', more)]);
    expect(containerOf(uid).state?.waiting?.reason).toBe(reason);
    expect(world.cluster.reasons(uid)).toContain(event);
    expect(world.backend.pods.get(uid)?.containers.get('main')).toBeUndefined();
  });

  it('uses the pull secrets of the pod', async () => {
    images.publish('reg.example/private:1', { logins: ['ann:s3cret-word'] });
    const config = JSON.stringify({ auths: { 'reg.example': { username: 'ann', password: 's3cret-word' } } });
    world.cluster.put('Secret', {
      metadata: { namespace: 'default', name: 'regcred' },
      type: 'kubernetes.io/dockerconfigjson',
      data: { '.dockerconfigjson': Buffer.from(config).toString('base64') },
    });
    const uid = await created([container('main', { image: 'reg.example/private:1' })], { imagePullSecrets: [{ name: 'regcred' }, { name: 'missing' }] });
    expect(statusOf(uid).phase).toBe('Running');
    expect(world.cluster.reasons(uid)).toContain('FailedToRetrieveImagePullSecret');
    expect(JSON.stringify([world.cluster.events, statusOf(uid)])).not.toContain('s3cret-word');
  });

  it('starts what waits for its back-off at once when its image changes, and begins with short pauses again', async () => {
    images.publish('app:2');
    const uid = await created([container('main')]);
    for (let exits = 0; exits < 4; exits += 1) {
      world.backend.exit(uid, 'main', 1);
      await world.clock.advance(exits === 3 ? 0 : 10_000 * 2 ** exits);
    }
    expect(containerOf(uid)).toMatchObject({ restartCount: 3, state: { waiting: { reason: 'CrashLoopBackOff', message: expect.stringMatching(/40s/) } } });
    world.cluster.modifyPod(uid, (pod) => ({ ...pod, spec: { ...pod.spec!, containers: [container('main', { image: 'app:2' })] } }));
    await world.clock.advance(0);
    expect(containerOf(uid)).toMatchObject({ restartCount: 4, ready: true, image: 'app:2' });
    world.backend.exit(uid, 'main', 1);
    await world.clock.advance(0);
    expect(containerOf(uid).state?.waiting?.message).toMatch(/back-off 10s/);
  });

  it('pulls again for every restart when the policy says so', async () => {
    const uid = await created([container('main', { imagePullPolicy: 'Always' })]);
    world.backend.exit(uid, 'main', 1);
    await world.clock.advance(10_000);
    expect(containerOf(uid).restartCount).toBe(1);
    expect(images.calls.filter((call) => call === 'pull app:1')).toHaveLength(2);
  });

  it('gives up a pull when its pod is deleted', async () => {
    images.hold();
    const uid = await created([container('main')]);
    expect(images.active).toBe(1);
    world.cluster.requestDeletion(uid);
    await world.clock.advance(1_000);
    expect(images.active).toBe(0);
    expect(world.cluster.pod(uid)).toBeUndefined();
  });

  it('has all images of a pod VM before it is made, and looks once for the first start of each container', async () => {
    await world.stop();
    await begin('pod');
    const uid = await created([container('main'), container('other', { image: 'second:1' })]);
    expect(calls('create')).toEqual([]);
    expect(containerOf(uid, 'other').state?.waiting?.reason).toBe('ErrImagePull');
    images.publish('second:1');
    await world.clock.advance(15_000);
    expect(statusOf(uid).phase).toBe('Running');
    expect(images.calls.filter((call) => call === 'pull app:1')).toHaveLength(1);
    expect(told(uid).filter((line) => line.includes('app:1') && line.startsWith('Pulled'))).toHaveLength(2);
    expect(told(uid).filter((line) => line.includes('second:1') && line.startsWith('Pulled'))).toHaveLength(1);
  });
});

describe('probes', () => {
  it('makes a pod ready when its readiness probe says so, and unready again', async () => {
    exec.on('ready', 1, 'warming up');
    const uid = await created([container('main', { readinessProbe: { ...check('ready'), periodSeconds: 5 } })]);
    expect(containerOf(uid)).toMatchObject({ ready: false, started: true });
    expect(readyOf(uid)).toBe('False');
    expect(told(uid)).toContain('Unhealthy: Readiness probe failed: warming up');
    exec.on('ready', 0);
    await world.clock.advance(5_000);
    expect(containerOf(uid).ready).toBe(true);
    expect(readyOf(uid)).toBe('True');
    exec.on('ready', 1);
    await world.clock.advance(10_000);
    expect(readyOf(uid)).toBe('True');
    await world.clock.advance(5_000);
    expect(readyOf(uid)).toBe('False');
    expect(containerOf(uid).restartCount).toBe(0);
  });

  it('restarts what its liveness probe finds dead, with the grace of the probe', async () => {
    exec.on('alive', 1, 'stuck');
    const uid = await created([container('main', { livenessProbe: { ...check('alive'), periodSeconds: 5, terminationGracePeriodSeconds: 7 } })]);
    await world.clock.advance(9_999);
    expect(calls('stop')).toEqual([]);
    exec.on('alive', 1, 'still stuck');
    await world.clock.advance(1);
    expect(calls('stop')).toEqual([`stop ${uid}/main 7s`]);
    exec.on('alive', 0);
    await world.clock.advance(10_000);
    expect(containerOf(uid).restartCount).toBe(1);
    expect(told(uid)).toEqual(
      expect.arrayContaining(['Unhealthy: Liveness probe failed: stuck', 'Killing: Container main failed liveness probe, will be restarted']),
    );
    await world.clock.advance(600_000);
    expect(containerOf(uid).restartCount).toBe(1);
  });

  it('probes each run anew', async () => {
    exec.on('alive', 1);
    const uid = await created([container('main', { livenessProbe: { ...check('alive'), periodSeconds: 10, failureThreshold: 3 } })]);
    await world.clock.advance(15_000);
    world.backend.exit(uid, 'main', 1);
    await world.clock.advance(0);
    const restarted = world.clock.now();
    expect(containerOf(uid).restartCount).toBe(1);
    await world.clock.advance(19_999);
    expect(calls('stop')).toEqual([]);
    await world.clock.advance(1);
    expect(world.clock.now() - restarted).toBe(20_000);
    expect(calls('stop')).toHaveLength(1);
  });

  it('ends a pod that must not restart', async () => {
    exec.on('alive', 1);
    const uid = await created([container('main', { livenessProbe: { ...check('alive'), periodSeconds: 1 } })], { restartPolicy: 'Never' });
    await world.clock.advance(5_000);
    expect(statusOf(uid).phase).toBe('Failed');
  });

  it('holds sidecars and their followers until startup has succeeded', async () => {
    exec.on('up', 1);
    const side = container('side', { restartPolicy: 'Always', startupProbe: { ...check('up'), periodSeconds: 2, failureThreshold: 30 } });
    const uid = await created([container('main')], { initContainers: [side] });
    await world.clock.advance(10_000);
    expect(statusOf(uid).phase).toBe('Pending');
    expect(statusOf(uid).initContainerStatuses?.[0]).toMatchObject({ started: false });
    exec.on('up', 0);
    await world.clock.advance(2_000);
    expect(statusOf(uid).phase).toBe('Running');
    const [event] = world.cluster.events.filter(({ reason }) => reason === 'Unhealthy');
    expect(event?.involvedObject.fieldPath).toBe('spec.initContainers{side}');
  });

  it('restarts what never starts', async () => {
    exec.on('up', 1);
    const uid = await created([container('main', { startupProbe: { ...check('up'), periodSeconds: 1, failureThreshold: 4 } })]);
    await world.clock.advance(3_000);
    expect(containerOf(uid).restartCount).toBe(1);
    expect(told(uid)).toContain('Killing: Container main failed startup probe, will be restarted');
  });

  it('stops asking about life when the pod is deleted, and goes on asking whether it is ready', async () => {
    exec.on('alive', 1);
    exec.on('ready', 0);
    const main = container('main', {
      command: ['ignore-term'],
      livenessProbe: { ...check('alive'), periodSeconds: 4 },
      readinessProbe: { ...check('ready'), periodSeconds: 4 },
    });
    const uid = await created([main], { terminationGracePeriodSeconds: 30 });
    world.cluster.requestDeletion(uid);
    await world.clock.advance(0);
    exec.calls.length = 0;
    await world.clock.advance(20_000);
    expect(exec.calls).toEqual(Array.from({ length: 5 }, () => 'main: ready'));
    expect(calls('stop')).toEqual([`stop ${uid}/main 30s`]);
    await world.clock.advance(30_000);
    expect(world.cluster.pod(uid)).toBeUndefined();
    exec.calls.length = 0;
    await world.clock.advance(60_000);
    expect(exec.calls).toEqual([]);
    expect(world.kubelet.probeCounts()).toEqual([]);
  });

  it('keeps a ready pod ready through a restart of the kubelet, and spreads the first probes', async () => {
    exec.on('ready', 0);
    const uid = await created([container('main', { readinessProbe: { ...check('ready'), periodSeconds: 10, failureThreshold: 1 } })]);
    await world.clock.advance(10_000);
    expect(readyOf(uid)).toBe('True');
    await world.kill();
    exec.calls.length = 0;
    const before = world.cluster.writes.length;
    await world.start({ provider: provider() });
    expect(exec.calls).toEqual([]);
    await world.clock.advance(30_000);
    expect(exec.calls.length).toBeGreaterThan(1);
    expect(world.cluster.writes.slice(before).some(({ pod }) => pod.status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'False')).toBe(false);
  });

  it('counts what it asked', async () => {
    exec.on('ready', 0);
    const uid = await created([container('main', { readinessProbe: { ...check('ready'), periodSeconds: 10 }, livenessProbe: check('none') })]);
    await world.clock.advance(10_000);
    expect(world.kubelet.probeCounts()).toEqual(
      expect.arrayContaining([
        { probeType: 'Readiness', result: 'successful', container: 'main', pod: 'web', namespace: 'default', podUid: uid, count: 2 },
        expect.objectContaining({ probeType: 'Liveness', result: 'failed', count: 2 }),
      ]),
    );
  });

  it('costs nothing where there are none', async () => {
    await created([container('main')]);
    const before = world.clock.pending;
    for (let index = 0; index < 10; index += 1) await created([container('main')], {}, `plain-${String(index)}`);
    expect(world.clock.pending - before).toBeLessThan(5);
  });

  it('is refused by a node that cannot do it', async () => {
    await world.stop();
    await world.start({ provider: world.backend.provider() });
    const uid = await created([container('main', { livenessProbe: check('alive'), readinessProbe: { tcpSocket: { port: 80 } } })]);
    expect(statusOf(uid)).toMatchObject({
      phase: 'Failed',
      reason: 'UnsupportedPodField',
      message: expect.stringMatching(/livenessProbe\.exec.*readinessProbe\.tcpSocket/s),
    });
  });
});

describe('hooks', () => {
  it('runs postStart before the next container starts', async () => {
    let finish: () => void = () => undefined;
    const done = new Promise<void>((resolve) => (finish = resolve));
    exec.on('prepare', () => done.then(() => ({ code: 0 })));
    const uid = await created([container('first', { lifecycle: { postStart: check('prepare') } }), container('second')]);
    expect(calls('start')).toEqual([`start ${uid}/first`]);
    finish();
    await world.clock.advance(0);
    expect(calls('start')).toEqual([`start ${uid}/first`, `start ${uid}/second`]);
    expect(statusOf(uid).phase).toBe('Running');
  });

  it('tells of a run when its start has ended, and counts no restart that is not ready yet', async () => {
    let finish: () => void = () => undefined;
    exec.on('prepare', () => new Promise<void>((resolve) => (finish = resolve)).then(() => ({ code: 0 })));
    const uid = await created([container('main', { lifecycle: { postStart: check('prepare') } })]);
    expect([statusOf(uid).phase, containerOf(uid).state]).toEqual(['Pending', { waiting: { reason: 'ContainerCreating' } }]);
    finish();
    await world.clock.advance(0);
    expect([statusOf(uid).phase, readyOf(uid)]).toEqual(['Running', 'True']);
    world.backend.exit(uid, 'main', 1);
    await world.clock.advance(10_000);
    expect(calls('start')).toHaveLength(2);
    expect(containerOf(uid)).toMatchObject({ ready: false, restartCount: 0 });
    finish();
    await world.clock.advance(0);
    expect(containerOf(uid)).toMatchObject({ ready: true, restartCount: 1, lastState: { terminated: { exitCode: 1 } } });
  });

  it('ends a container whose postStart hook fails, and starts it again by policy', async () => {
    exec.on('prepare', 1, 'password=hunter22');
    const uid = await created([container('main', { lifecycle: { postStart: check('prepare') } })]);
    expect(told(uid)).toEqual(expect.arrayContaining(['FailedPostStartHook: PostStartHook failed', 'Killing: FailedPostStartHook']));
    expect(JSON.stringify(world.cluster.events)).not.toContain('hunter22');
    exec.on('prepare', 0);
    await world.clock.advance(20_000);
    expect(containerOf(uid)).toMatchObject({ ready: true });
    expect(containerOf(uid).restartCount).toBeGreaterThanOrEqual(1);
  });

  it('calls postStart off when the pod is deleted', async () => {
    exec.on('prepare', (_target, signal) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))));
    const uid = await created([container('main', { lifecycle: { postStart: check('prepare') } })]);
    world.cluster.requestDeletion(uid);
    await world.clock.advance(5_000);
    expect(world.cluster.pod(uid)).toBeUndefined();
    expect(world.cluster.reasons(uid)).not.toContain('FailedPostStartHook');
  });

  it('runs preStop before the stop, which gets what is left of the grace', async () => {
    exec.on('drain', async () => {
      await world.clock.sleep(12_000);
      return { code: 0 };
    });
    const uid = await created([container('main', { lifecycle: { preStop: check('drain') } })], { terminationGracePeriodSeconds: 30 });
    world.cluster.requestDeletion(uid);
    await world.clock.advance(11_999);
    expect(calls('stop')).toEqual([]);
    await world.clock.advance(1);
    expect(calls('stop')).toEqual([`stop ${uid}/main 18s`]);
    await world.clock.advance(0);
    expect(world.cluster.pod(uid)).toBeUndefined();
    expect(exec.calls).toEqual(['main: drain']);
  });

  it('leaves two seconds to a container whose preStop takes all of the grace, and says so', async () => {
    const uid = await created([container('main', { lifecycle: { preStop: { sleep: { seconds: 60 } } } })], { terminationGracePeriodSeconds: 10 });
    world.cluster.requestDeletion(uid);
    await world.clock.advance(10_000);
    expect(calls('stop')).toEqual([`stop ${uid}/main 2s`]);
    expect(told(uid)).toContain('FailedPreStopHook: PreStopHook failed');
  });

  it('stops at once after a preStop that fails', async () => {
    exec.on('drain', 1);
    const uid = await created([container('main', { lifecycle: { preStop: check('drain') } })]);
    world.cluster.requestDeletion(uid);
    await world.clock.advance(0);
    expect(calls('stop')).toEqual([`stop ${uid}/main 30s`]);
    expect(world.cluster.reasons(uid)).toContain('FailedPreStopHook');
  });

  it('runs preStop once when the grace is shortened, and cuts it short', async () => {
    const uid = await created([container('main', { command: ['ignore-term'], lifecycle: { preStop: { sleep: { seconds: 40 } } } })], {
      terminationGracePeriodSeconds: 60,
    });
    world.cluster.requestDeletion(uid);
    await world.clock.advance(5_000);
    world.cluster.requestDeletion(uid, 4);
    await world.clock.advance(4_000);
    expect(calls('stop')[0]).toBe(`stop ${uid}/main 2s`);
    await world.clock.advance(5_000);
    expect(world.cluster.pod(uid)).toBeUndefined();
    expect(world.cluster.reasons(uid).filter((reason) => reason === 'FailedPreStopHook')).toHaveLength(1);
  });

  it('does not let the hook of one container delay the stop of another; sidecars hook at once and stop last', async () => {
    const slow = container('slow', { lifecycle: { preStop: { sleep: { seconds: 8 } } } });
    exec.on('side-drain', 0);
    const side = container('side', { restartPolicy: 'Always', lifecycle: { preStop: check('side-drain') } });
    const uid = await created([slow, container('quick')], { initContainers: [side] });
    world.cluster.requestDeletion(uid);
    await world.clock.advance(0);
    expect(calls('stop')).toEqual([`stop ${uid}/quick 30s`]);
    expect(exec.calls).toEqual(['side: side-drain']);
    await world.clock.advance(8_000);
    expect(calls('stop')).toEqual([`stop ${uid}/quick 30s`, `stop ${uid}/slow 22s`, `stop ${uid}/side 22s`]);
    expect(exec.calls).toHaveLength(1);
  });

  it('runs preStop before a restart by liveness too, within the grace of the probe', async () => {
    exec.on('alive', 1);
    exec.on('drain', 0);
    const main = container('main', {
      livenessProbe: { ...check('alive'), periodSeconds: 1, failureThreshold: 1, terminationGracePeriodSeconds: 9 },
      lifecycle: { preStop: check('drain') },
    });
    const uid = await created([main]);
    expect(exec.calls).toEqual(expect.arrayContaining(['main: alive', 'main: drain']));
    expect(calls('stop')[0]).toBe(`stop ${uid}/main 9s`);
  });

  it('runs no preStop for what has ended already', async () => {
    const uid = await created([container('main', { lifecycle: { preStop: check('drain') } })], { restartPolicy: 'Never' });
    world.backend.exit(uid, 'main', 0);
    await world.clock.advance(0);
    world.cluster.requestDeletion(uid);
    await world.clock.advance(5_000);
    expect(exec.calls).toEqual([]);
  });

  it('runs the hooks of all containers at the same time, each before its own stop', async () => {
    exec.on('a', 0);
    exec.on('b', 0);
    const uid = await created([container('one', { lifecycle: { preStop: check('a') } }), container('two', { lifecycle: { preStop: check('b') } })]);
    world.cluster.requestDeletion(uid);
    await world.clock.advance(0);
    expect([...exec.calls].sort()).toEqual(['one: a', 'two: b']);
    expect([...calls('stop')].sort()).toEqual([`stop ${uid}/one 30s`, `stop ${uid}/two 30s`]);
  });

  it('asks by HTTP, takes any answer, and falls back from HTTPS', async () => {
    const seen: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      seen.push(`${request.url ?? ''} ${request.headers['user-agent'] ?? ''} ${request.headers.authorization ?? 'nobody'}`);
      response.writeHead(500).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const httpHeaders = [{ name: 'Authorization', value: 'Basic eA==' }];
      const main = container('main', {
        lifecycle: { postStart: { httpGet: { port, path: '/up', httpHeaders } }, preStop: { httpGet: { port, path: '/down', scheme: 'HTTPS', httpHeaders } } },
      });
      const uid = await created([main]);
      while (statusOf(uid).phase !== 'Running' || !containerOf(uid).ready) await world.clock.advance(0);
      world.cluster.requestDeletion(uid);
      while (world.cluster.pod(uid) !== undefined) await world.clock.advance(0);
      expect(seen).toEqual(['/up kube-lifecycle/1.36 Basic eA==', '/down kube-lifecycle/1.36 nobody']);
      expect(world.cluster.reasons(uid)).toContain('LifecycleHTTPFallback');
      expect(world.cluster.reasons(uid).filter((reason) => reason.includes('Hook'))).toEqual([]);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('fails a tcpSocket hook, as kubelets do', async () => {
    const uid = await created([container('main', { lifecycle: { preStop: { tcpSocket: { port: 1 } } } })]);
    world.cluster.requestDeletion(uid);
    await world.clock.advance(0);
    expect(world.cluster.reasons(uid)).toContain('FailedPreStopHook');
    expect(network.calls).toEqual([]);
  });
});
