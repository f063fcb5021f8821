/** The mock through the kubelet, as its users see it: what annotations make of pods, and what a restart leaves of them. */
import { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ContainerStatus, Pod } from '../../../../src/platform/kubernetes-objects.ts';
import { podAddresses } from '../../../../src/providers/mock/addresses.ts';
import { FORMS, MOCK_ANNOTATIONS } from '../../../../src/providers/mock/annotations.ts';
import { MockBackEnd } from '../../../../src/providers/mock/back-end.ts';
import { mockProvider } from '../../../../src/providers/mock/provider.ts';
import { parseSetting, type MockSettings } from '../../../../src/providers/mock/settings.ts';
import type { PodProvider } from '../../../../src/kubelet/provider.ts';
import { createWorld, initContainers, podSpec, type World } from '../../../support/kubelet/world.ts';

const never = new AbortController().signal;
let world: World;
let provider: PodProvider;

const newProvider = (defaults: MockSettings = {}): PodProvider => {
  const recall = (): Promise<readonly Pod[]> => Promise.resolve([...world.cluster.podsByName.values()]);
  const back = new MockBackEnd({ clock: world.clock, random: world.random, podAddresses: podAddresses('10.9.0.0/24'), defaults, recall });
  return mockProvider(back, { nodeName: 'kubelet-test', addresses: ['192.0.2.1'], clock: world.clock });
};
const restart = async (): Promise<void> => {
  await world.kill();
  provider = newProvider();
  await world.start({ provider });
};
const created = async (annotations: Record<string, string>, spec = podSpec({ main: [] }), name = 'web'): Promise<string> => {
  const settings = Object.fromEntries(Object.entries(annotations).map(([key, value]) => [key.includes('/') ? key : `mock.vick.dev/${key}`, value]));
  const uid = world.cluster.createPod({ name, spec, annotations: settings }).metadata!.uid!;
  await world.clock.advance(0);
  return uid;
};
const statusOf = (uid: string): NonNullable<Pod['status']> => world.cluster.pod(uid)!.status!;
const containerOf = (uid: string, name = 'main'): ContainerStatus => statusOf(uid).containerStatuses!.find((status) => status.name === name)!;
const exec = async (uid: string, command: readonly string[], stdin?: string): Promise<{ readonly code: number; readonly output: string }> => {
  let output = '';
  const stdout = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      output += chunk.toString();
      done();
    },
  });
  const streams = { tty: false, stdout, ...(stdin === undefined ? {} : { stdin: Readable.from([stdin]) }) };
  return { code: await provider.exec!.exec({ uid, container: 'main' }, command, streams, never), output };
};
const logs = async (uid: string, more: object = {}): Promise<string> =>
  text(await provider.logs!.open({ uid, container: 'main' }, { follow: false, previous: false, timestamps: false, ...more }, never));

beforeEach(async () => {
  world = createWorld();
  provider = newProvider();
  await world.start({ provider });
});
afterEach(async () => world.stop());

describe('pods of the mock', () => {
  it('run at once, each at an address of its own, with one status write', async () => {
    const before = world.cluster.writes.length;
    const [a, b] = [await created({}), await created({}, podSpec({ main: [] }), 'two')];
    expect([statusOf(a).phase, statusOf(b).phase]).toEqual(['Running', 'Running']);
    expect(statusOf(a).podIP).toMatch(/^10\.9\.0\.\d+$/);
    expect(statusOf(a).podIP).not.toBe(statusOf(b).podIP);
    expect(world.cluster.writes.length - before).toBe(2);
    expect(containerOf(a)).toMatchObject({ ready: true, started: true, containerID: expect.stringMatching(/^mock:\/\/./) as string });
  });

  it('are made, started, ended and stopped with the delays they ask for', async () => {
    const uid = await created({
      'create-delay': '2s',
      'start-delay': '3s',
      'exit-after': '10s',
      'exit-code': '4',
      'exit-reason': 'OOMKilled',
      'exit-message': 'too big',
    });
    expect(statusOf(uid).phase).toBe('Pending');
    await world.clock.advance(2_500);
    expect(statusOf(uid).podIP).toBeDefined();
    expect(containerOf(uid).state?.waiting?.reason).toBe('ContainerCreating');
    await world.clock.advance(2_600);
    expect(statusOf(uid).phase).toBe('Running');
    await world.clock.advance(10_000);
    expect(containerOf(uid).state?.terminated).toMatchObject({ exitCode: 4, reason: 'OOMKilled', message: 'too big' });
    await world.clock.advance(3_000);
    expect(containerOf(uid)).toMatchObject({ restartCount: 1, ready: true, lastState: { terminated: { exitCode: 4 } } });
  });

  it('crash as often as they are told, and then run', async () => {
    const uid = await created({ 'exit-code': '1', 'exit-after': '1s', 'exit-times': '2' });
    await world.clock.advance(120_000);
    expect(containerOf(uid)).toMatchObject({ restartCount: 2, ready: true });
  });

  it('that end at once are counted once', async () => {
    const uid = await created({ 'exit-code': '1', 'exit-times': '1' });
    await world.clock.advance(30_000);
    expect(containerOf(uid)).toMatchObject({ restartCount: 1, ready: true });
  });

  it('fail to be made or started as often as they are told, for the reason they are told', async () => {
    const uid = await created({
      'create-error': 'no room for it',
      'create-error-times': '1',
      'start-error': 'ErrImagePull: no such image',
      'start-error-times': '1',
    });
    expect(world.cluster.reasons(uid)).toContain('FailedCreatePodSandBox');
    await world.clock.advance(60_000);
    expect(world.cluster.events.map(({ message }) => message)).toContain('Error: ErrImagePull');
    expect(statusOf(uid).phase).toBe('Running');
  });

  it('lose their sandbox once, and are made anew', async () => {
    const uid = await created({ 'lost-after': '5s' });
    await world.clock.advance(60_000);
    expect(containerOf(uid)).toMatchObject({ restartCount: 1, ready: true });
    await world.clock.advance(60_000);
    expect(containerOf(uid).restartCount).toBe(1);
  });

  it('end after their stop signal, or are killed when that takes longer than their grace', async () => {
    const [quick, slow, deaf] = [
      await created({ 'stop-exit-code': '7' }, podSpec({ main: [] }), 'quick'),
      await created({ 'stop-delay': '4s' }, podSpec({ main: [] }), 'slow'),
      await created({ 'stop-delay': 'never' }, podSpec({ main: [] }), 'deaf'),
    ];
    for (const uid of [quick, slow, deaf]) {
      world.cluster.modifyPod(uid, (pod) => ({ ...pod, metadata: { ...pod.metadata, finalizers: ['example.com/kept'] } }));
      world.cluster.requestDeletion(uid, 10);
    }
    await world.clock.advance(100);
    expect(containerOf(quick).state?.terminated?.exitCode).toBe(7);
    expect(containerOf(slow).state?.running).toBeDefined();
    await world.clock.advance(4_000);
    expect(containerOf(slow).state?.terminated?.exitCode).toBe(0);
    expect(containerOf(deaf).state?.running).toBeDefined();
    await world.clock.advance(6_000);
    expect(containerOf(deaf).state?.terminated?.exitCode).toBe(137);
  });

  it('do what their command comes to', async () => {
    const spec = podSpec({ main: ['sh', '-c', 'echo one; sleep 2; echo -n done > /dev/termination-log; exit 3'] }, { restartPolicy: 'Never' });
    const uid = await created({}, spec);
    expect(statusOf(uid).phase).toBe('Running');
    await world.clock.advance(2_100);
    expect(statusOf(uid).phase).toBe('Failed');
    expect(containerOf(uid).state?.terminated).toMatchObject({ exitCode: 3, message: 'done' });
    expect(await logs(uid)).toBe('one\n');
  });

  it('have init containers that end by themselves, and one container may be told apart from the others', async () => {
    const spec = podSpec({ main: [], other: [] }, { ...initContainers({ prepare: [] }), restartPolicy: 'Never' });
    const uid = await created({ 'exit-after': '5s', 'exit-code.mock.vick.dev/other': '9' }, spec);
    expect(statusOf(uid).initContainerStatuses?.[0]?.state?.terminated?.exitCode).toBe(0);
    await world.clock.advance(5_100);
    expect(containerOf(uid).state?.terminated?.exitCode).toBe(0);
    expect(containerOf(uid, 'other').state?.terminated?.exitCode).toBe(9);
  });

  it('are ready when their probes say so', async () => {
    const readinessProbe = { httpGet: { port: 8080, path: '/ready' }, periodSeconds: 1 };
    const spec = podSpec({ main: [] });
    const uid = await created({ 'unhealthy-until': '5s' }, { ...spec, containers: spec.containers.map((container) => ({ ...container, readinessProbe })) });
    await world.clock.advance(3_000);
    expect(containerOf(uid)).toMatchObject({ ready: false, started: true });
    await world.clock.advance(5_000);
    await expect.poll(async () => (await world.clock.advance(1_000), containerOf(uid).ready)).toBe(true);
  });

  it.each([
    [{ 'exit-code': '300' }, /mock\.vick\.dev\/exit-code: "300" is not an exit code/],
    [{ 'exit-after': 'soon' }, /"soon" is not a delay/],
    [{ nonsense: '1' }, /there is no setting "nonsense"/],
    [{ 'exit-code.mock.vick.dev/nobody': '1' }, /the pod has no container nobody/],
    [{ 'ip.mock.vick.dev/main': '10.0.0.1' }, /ip is of a pod/],
  ])('wait with a mistake in an annotation: %j', async (annotations, message) => {
    const uid = await created(annotations);
    expect(statusOf(uid).phase).toBe('Pending');
    expect(containerOf(uid).state?.waiting).toMatchObject({ reason: 'CreateContainerConfigError', message: expect.stringMatching(message) as string });
  });
});

describe('a restarted mock', () => {
  it('goes on with what ran, and harms nobody', async () => {
    const spec = podSpec({ main: [] }, { restartPolicy: 'Never' });
    const running = await created({}, spec, 'running');
    const ending = await created({ 'exit-after': '60s', 'exit-code': '5' }, spec, 'ending');
    const ended = await created({ 'exit-code': '0' }, spec, 'ended');
    const [before, ip] = [containerOf(running), statusOf(running).podIP];
    await restart();
    expect(containerOf(running)).toEqual(before);
    expect(statusOf(ended).phase).toBe('Succeeded');
    const late = await created({}, spec, 'late');
    expect(statusOf(late).podIP).not.toBe(ip);
    await world.clock.advance(60_000);
    expect(containerOf(ending).state?.terminated?.exitCode).toBe(5);
    expect(containerOf(running)).toEqual(before);
    world.cluster.requestDeletion(running, 5);
    await world.clock.advance(1_000);
    expect(world.cluster.pod(running)).toBeUndefined();
  });
});

describe('looking into a container of the mock', () => {
  it('runs simple commands over its environment and files', async () => {
    const base = podSpec({ main: [] });
    world.cluster.put('ConfigMap', { metadata: { namespace: 'default', name: 'settings' }, data: { colour: 'blue' } });
    const volumes = [{ name: 'v', configMap: { name: 'settings' } }];
    const containers = base.containers.map((container) => ({
      ...container,
      env: [{ name: 'MOOD', value: 'good' }],
      volumeMounts: [{ name: 'v', mountPath: '/etc/settings' }],
    }));
    const uid = await created({}, { ...base, volumes, containers });
    await world.clock.advance(1_500);
    expect(await exec(uid, ['echo', 'hello', 'you'])).toEqual({ code: 0, output: 'hello you\n' });
    expect(await exec(uid, ['sh', '-c', 'echo $MOOD && exit 4'])).toEqual({ code: 4, output: 'good\n' });
    expect(await exec(uid, ['cat', '/etc/settings/colour'])).toEqual({ code: 0, output: 'blue' });
    expect((await exec(uid, ['cat', '/nowhere'])).code).toBe(1);
    expect(await exec(uid, ['cat'], 'through')).toEqual({ code: 0, output: 'through' });
    expect(await exec(uid, ['sh'], 'echo a\nfalse\n')).toEqual({ code: 1, output: 'a\n' });
    expect(await exec(uid, ['some-tool', '--flag'])).toEqual({ code: 0, output: 'some-tool --flag\n' });
  });

  it('answers with what annotations say', async () => {
    const uid = await created({ 'exec-output': 'ready', 'exec-exit-code': '2', logs: 'first\nsecond', 'log-every': '10s', cpu: '250m', memory: '64Mi' });
    expect(await exec(uid, ['anything'])).toEqual({ code: 2, output: 'ready\n' });
    expect(await logs(uid)).toBe('first\nsecond\n');
    await world.clock.advance(25_000);
    expect(await logs(uid)).toBe('first\nsecond\nline 1\nline 2\n');
    expect(await logs(uid, { tailLines: 1, timestamps: true })).toMatch(/^\d{4}-.*000000Z line 2\n$/);
    const [usage] = await provider.stats!.pods(never);
    expect(usage?.containers[0]).toMatchObject({ cpu: { usageNanoCores: 250e6 }, memory: { workingSetBytes: 64 * 1024 ** 2 } });
  });

  it('follows a log to the end of the run', async () => {
    const uid = await created({ logs: 'begins', 'log-every': '1s', 'exit-after': '2500ms', 'exit-times': '1' });
    const following = logs(uid, { follow: true });
    await world.clock.advance(3_000);
    expect(await following).toBe('begins\nline 1\nline 2\n');
    expect(await logs(uid, { previous: true })).toBe('begins\nline 1\nline 2\n');
  });
});

describe('the reference of annotations', () => {
  it('names every setting once', () => {
    expect(MOCK_ANNOTATIONS.map(({ setting }) => setting).sort()).toEqual(Object.keys(FORMS).sort());
  });

  it('reads delays and ranges of them', () => {
    expect(parseSetting('start-delay', '1m30s', 'x')).toEqual({ fromMs: 90_000, toMs: 90_000 });
    expect(parseSetting('start-delay', '500ms..2s', 'x')).toEqual({ fromMs: 500, toMs: 2_000 });
    for (const wrong of ['', '1', '-1s', '2s..1s', '1s..2s..3s']) expect(() => parseSetting('start-delay', wrong, 'x')).toThrow(/is not a delay/);
  });
});

describe('addresses', () => {
  it('are each given once, and again when they were given back', () => {
    const addresses = podAddresses('10.0.0.0/29');
    const given = Array.from({ length: 6 }, () => addresses.take());
    expect(given).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5', '10.0.0.6']);
    expect(() => addresses.take()).toThrow(/all 6 addresses/);
    addresses.release('10.0.0.3');
    expect(addresses.take()).toBe('10.0.0.3');
    for (const wrong of ['10.0.0.0', '10.0.0.0/33', 'fd00::/64', '10.0.0.0/31', 'x/24']) expect(() => podAddresses(wrong)).toThrow(/is not an IPv4 network/);
  });
});
