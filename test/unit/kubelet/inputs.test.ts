import { describe, expect, it } from 'vitest';
import type { PodProvider, VolumeFile, VolumeRequest } from '../../../src/kubelet/provider.ts';
import type { ConfigMap, Pod } from '../../../src/platform/kubernetes-objects.ts';
import { createWorld, podSpec, type World } from '../../support/kubelet/world.ts';

interface Written {
  readonly uid: string;
  readonly volume: string;
  readonly files: readonly VolumeFile[];
}

/** A world whose provider takes every volume and remembers what it was given later. */
function worldWithVolumes(): World & { readonly written: Written[]; readonly updates: { failing: number }; start(): Promise<void> } {
  const world = createWorld();
  const written: Written[] = [];
  const more = {
    written,
    updates: { failing: 0 },
    start: async (): Promise<void> => {
      const base = world.backend.provider();
      const provider: PodProvider = {
        ...base,
        support: [
          ...base.support,
          ...['volumes', 'containers', 'securityContext', 'automountServiceAccountToken'].map((field) => ({ field, support: 'honoured' as const })),
        ],
        volumes: {
          update: async ({ uid, volume }, files) => {
            await Promise.resolve();
            if (more.updates.failing > 0) {
              more.updates.failing -= 1;
              throw new Error('the back end is busy');
            }
            written.push({ uid, volume, files });
          },
        },
      };
      await startWorld({ provider });
    },
  };
  const startWorld = world.start.bind(world);
  return Object.assign<World, typeof more>(world, more);
}

const configMap = (name: string, data: Record<string, string>, more: Partial<ConfigMap> = {}): ConfigMap => ({
  metadata: { name, namespace: 'default', uid: name },
  data,
  ...more,
});
const text = (files: readonly VolumeFile[]): Readonly<Record<string, string>> =>
  Object.fromEntries(files.map(({ path, content }) => [path, Buffer.from(content).toString('utf8')]));
const filesOf = (volume: VolumeRequest | undefined): Readonly<Record<string, string>> => (volume?.kind === 'files' ? text(volume.files) : {});
const given = (world: World, uid: string): readonly VolumeRequest[] => world.backend.pods.get(uid)?.request.volumes ?? [];
const phase = (world: World, uid: string): string | undefined => world.cluster.pod(uid)?.status?.phase;
const waiting = (world: World, uid: string): object | undefined => world.cluster.pod(uid)?.status?.containerStatuses?.[0]?.state?.waiting;
const messages = (world: World, reason: string): readonly string[] =>
  world.cluster.events.filter((event) => event.reason === reason).map(({ message }) => message ?? '');

function create(world: World, name: string, more: Partial<NonNullable<Pod['spec']>>, container: object = {}): string {
  const spec = podSpec({ main: ['run'] }, more);
  const pod = world.cluster.createPod({ name, spec: { ...spec, containers: spec.containers.map((main) => ({ ...main, ...container })) } });
  return pod.metadata?.uid ?? '';
}

const TOKEN_VOLUME = {
  name: 'kube-api-access-abcde',
  projected: {
    defaultMode: 0o644,
    sources: [
      { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      { downwardAPI: { items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
    ],
  },
};
const TOKEN_MOUNT = { name: TOKEN_VOLUME.name, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true };

describe('volumes', () => {
  it('come with the pod: every kind that the kubelet fills', async () => {
    const world = worldWithVolumes();
    world.cluster.put('ConfigMap', configMap('settings', { a: '1' }, { binaryData: { bin: Buffer.from([0, 255]).toString('base64') } }));
    world.cluster.put('ConfigMap', configMap('kube-root-ca.crt', { 'ca.crt': 'PEM' }));
    world.cluster.put('Secret', { metadata: { name: 'login', namespace: 'default' }, data: { password: Buffer.from('s3cret').toString('base64') } });
    await world.start();
    const uid = create(
      world,
      'web',
      {
        securityContext: { runAsUser: 1000, fsGroup: 2000 },
        volumes: [
          { name: 'scratch', emptyDir: { sizeLimit: '1Mi' } },
          { name: 'fast', emptyDir: { medium: 'Memory' } },
          { name: 'config', configMap: { name: 'settings', defaultMode: 0o400 } },
          { name: 'keys', secret: { secretName: 'login', items: [{ key: 'password', path: 'deep/pw', mode: 0o444 }] } },
          { name: 'info', downwardAPI: { items: [{ path: 'limit', resourceFieldRef: { containerName: 'main', resource: 'limits.cpu', divisor: '1m' } }] } },
          { name: 'host', hostPath: { path: '/var/log', type: 'Directory' } },
          { name: 'gone', configMap: { name: 'nope', optional: true } },
          TOKEN_VOLUME,
        ],
      },
      {
        volumeMounts: [{ name: 'config', mountPath: '/etc/app', subPathExpr: '$(DIR)' }, { name: 'scratch', mountPath: '/tmp' }, TOKEN_MOUNT],
        env: [{ name: 'DIR', value: 'a' }],
      },
    );
    await world.clock.advance(100);
    expect(phase(world, uid)).toBe('Running');
    const volumes = new Map(given(world, uid).map((volume) => [volume.name, volume]));
    expect(volumes.get('scratch')).toEqual({ name: 'scratch', kind: 'emptyDir', medium: 'disk', sizeLimitBytes: 1_048_576, fsGroup: 2000 });
    expect(volumes.get('fast')).toMatchObject({ kind: 'emptyDir', medium: 'memory' });
    expect(volumes.get('host')).toEqual({ name: 'host', kind: 'hostPath', path: '/var/log', type: 'Directory' });
    expect(volumes.get('config')).toMatchObject({
      ...{ kind: 'files', inMemory: false, fsGroup: 2000 },
      files: [
        { path: 'a', mode: 0o440 },
        { path: 'bin', content: Buffer.from([0, 255]) },
      ],
    });
    expect(volumes.get('keys')).toMatchObject({ inMemory: true, files: [{ path: 'deep/pw', content: Buffer.from('s3cret'), mode: 0o444 }] });
    expect(filesOf(volumes.get('info'))).toEqual({ limit: '4000' });
    expect(filesOf(volumes.get('gone'))).toEqual({});
    expect(filesOf(volumes.get(TOKEN_VOLUME.name))).toEqual({ token: 'token-1', 'ca.crt': 'PEM', namespace: 'default' });
    const token = volumes.get(TOKEN_VOLUME.name);
    expect(token?.kind === 'files' ? token.files.find(({ path }) => path === 'token') : undefined).toMatchObject({ mode: 0o640, uid: 1000 });
    expect([...volumes.values()].filter((volume) => 'injectedToken' in volume)).toEqual([token]);
    const [started] = world.backend.pods.get(uid)?.containers.values() ?? [];
    expect(started?.request.mounts).toEqual([
      { volume: 'config', mountPath: '/etc/app', subPath: 'a', readOnly: true },
      { volume: 'scratch', mountPath: '/tmp', subPath: undefined, readOnly: false },
      { volume: TOKEN_VOLUME.name, mountPath: TOKEN_MOUNT.mountPath, subPath: undefined, readOnly: true },
    ]);
    await world.stop();
  });

  it('that lack something keep the pod waiting with an event, and heal at once', async () => {
    const world = worldWithVolumes();
    await world.start();
    const uid = create(world, 'web', {
      volumes: [
        { name: 'config', configMap: { name: 'settings' } },
        { name: 'keys', secret: { secretName: 'login' } },
      ],
    });
    await world.clock.advance(100);
    expect([phase(world, uid), waiting(world, uid)]).toEqual(['Pending', { reason: 'ContainerCreating' }]);
    expect(messages(world, 'FailedMount')).toEqual([
      'MountVolume.SetUp failed for volume "config" : configmap "settings" not found',
      'MountVolume.SetUp failed for volume "keys" : secret "login" not found',
    ]);
    // Long enough for the pauses between attempts to have grown.
    await world.clock.advance(60_000);
    world.cluster.put('Secret', { metadata: { name: 'login', namespace: 'default' }, data: {} });
    await world.clock.advance(0);
    expect(phase(world, uid)).toBe('Pending');
    world.cluster.put('ConfigMap', configMap('settings', { a: '1' }));
    await world.clock.advance(0);
    expect(phase(world, uid)).toBe('Running');
    await world.stop();
  });

  it('may be left out by a provider that says so, and are there again for what it makes anew', async () => {
    const world = createWorld();
    const again: (readonly VolumeRequest[] | undefined)[] = [];
    const base = world.backend.provider();
    const provider: PodProvider = {
      ...base,
      support: [...base.support, ...['volumes', 'containers'].map((field) => ({ field, support: 'honoured' as const }))],
      create: async (request, signal) => {
        await base.create(request, signal);
        request.warn?.('volumes: config was left out');
      },
      start: async (request, signal) => {
        again.push(await request.volumes?.());
        await base.start(request, signal);
      },
    };
    world.cluster.put('ConfigMap', configMap('settings', { a: '1' }));
    await world.start({ provider });
    const uid = create(world, 'web', { volumes: [{ name: 'config', configMap: { name: 'settings' } }] });
    await world.clock.advance(100);
    expect(phase(world, uid)).toBe('Running');
    expect(world.cluster.events.find(({ reason }) => reason === 'PodFieldDegraded')).toMatchObject({
      type: 'Warning',
      message: 'volumes: config was left out',
    });
    expect(again.map((volumes) => volumes?.map(filesOf))).toEqual([[{ a: '1' }]]);
    await world.stop();
  });

  it('follow their sources while the pod runs: objects, labels, tokens', async () => {
    const world = worldWithVolumes();
    world.cluster.put('ConfigMap', configMap('settings', { a: '1' }));
    await world.start();
    const uid = create(world, 'web', {
      volumes: [
        { name: 'config', configMap: { name: 'settings' } },
        { name: 'info', downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
        { name: 'identity', projected: { sources: [{ serviceAccountToken: { path: 't', expirationSeconds: 1000 } }] } },
      ],
    });
    await world.clock.advance(100);
    expect(world.written).toEqual([]);

    world.cluster.put('ConfigMap', configMap('settings', { b: '2' }));
    await world.clock.advance(0);
    expect(world.written.map(({ volume, files }) => [volume, text(files)])).toEqual([['config', { b: '2' }]]);

    world.updates.failing = 3;
    world.cluster.modifyPod(uid, (pod) => ({ ...pod, metadata: { ...pod.metadata, labels: { app: 'x"y' } } }));
    await world.clock.advance(0);
    expect(world.written).toHaveLength(1);
    await world.clock.advance(10_000);
    expect(world.written.slice(1).map(({ volume, files }) => [volume, text(files)])).toEqual([['info', { labels: 'app="x\\"y"' }]]);

    await world.clock.advance(800_000);
    expect(world.written.slice(2).map(({ volume, files }) => [volume, text(files)])).toEqual([['identity', { t: 'token-2' }]]);
    await world.stop();
  });

  it('keep what they have when their source is deleted, and say so', async () => {
    const world = worldWithVolumes();
    world.cluster.put('ConfigMap', configMap('settings', { a: '1' }));
    await world.start();
    const uid = create(world, 'web', { volumes: [{ name: 'config', configMap: { name: 'settings' } }] });
    await world.clock.advance(100);
    world.cluster.removeObject({ kind: 'ConfigMap', namespace: 'default', name: 'settings' });
    await world.clock.advance(1_000);
    expect(world.written).toEqual([]);
    expect(messages(world, 'FailedMount')).toContain('MountVolume.SetUp failed for volume "config" : configmap "settings" not found');
    expect(phase(world, uid)).toBe('Running');
    world.cluster.put('ConfigMap', configMap('settings', { a: '2' }));
    await world.clock.advance(0);
    expect(world.written.map(({ files }) => text(files))).toEqual([{ a: '2' }]);
    await world.stop();
  });

  it('of pods from before are brought up to date once by a new kubelet', async () => {
    const world = worldWithVolumes();
    world.cluster.put('ConfigMap', configMap('settings', { a: '1' }));
    await world.start();
    const uid = create(world, 'web', { volumes: [{ name: 'config', configMap: { name: 'settings' } }] });
    await world.clock.advance(100);
    await world.kill();
    world.cluster.put('ConfigMap', configMap('settings', { a: '2' }));
    await world.start();
    await world.clock.advance(1_000);
    expect(world.written.map(({ volume, files }) => [volume, text(files)])).toEqual([['config', { a: '2' }]]);
    expect(phase(world, uid)).toBe('Running');
    await world.stop();
  });

  it('are forgotten with the pod: nothing is watched, asked for or written any more', async () => {
    const world = worldWithVolumes();
    world.cluster.put('ConfigMap', configMap('settings', { a: '1' }));
    await world.start();
    const spec = {
      volumes: [
        { name: 'config', configMap: { name: 'settings' } },
        { name: 'identity', projected: { sources: [{ serviceAccountToken: { path: 't', expirationSeconds: 1000 } }] } },
      ],
    };
    const uid = create(world, 'web', spec);
    await world.clock.advance(100);
    expect([...world.cluster.objectWatches.keys()]).toEqual(['ConfigMap default/settings']);
    world.cluster.requestDeletion(uid, 5);
    await world.clock.advance(60_000);
    expect(world.cluster.pod(uid)).toBeUndefined();
    expect(world.cluster.objectWatches.size).toBe(0);
    world.cluster.put('ConfigMap', configMap('settings', { a: '2' }));
    await world.clock.advance(3_600_000);
    expect([world.written.length, world.cluster.tokens.length]).toEqual([0, 1]);
    await world.stop();
  });
});

describe('variables', () => {
  it("that lack something keep their container waiting with kubelets' words, and heal at once", async () => {
    const world = createWorld();
    await world.start();
    const env = [{ name: 'COLOR', valueFrom: { configMapKeyRef: { name: 'settings', key: 'color' } } }];
    const uid = create(world, 'web', {}, { env });
    await world.clock.advance(100);
    expect(waiting(world, uid)).toEqual({ reason: 'CreateContainerConfigError', message: 'configmap "settings" not found' });
    expect(messages(world, 'Failed')).toContain('Error: configmap "settings" not found');
    await world.clock.advance(200_000);
    world.cluster.put('ConfigMap', configMap('settings', { size: 'xl' }));
    await world.clock.advance(0);
    expect(waiting(world, uid)).toMatchObject({ message: "couldn't find key color in ConfigMap default/settings" });
    world.cluster.put('ConfigMap', configMap('settings', { color: 'blue' }));
    await world.clock.advance(0);
    expect(phase(world, uid)).toBe('Running');
    expect(world.backend.container(uid, 'main').request.env).toContainEqual({ name: 'COLOR', value: 'blue' });
    await world.stop();
  });

  it('are worked out anew for each start, and may name the address that the pod got', async () => {
    const world = createWorld();
    world.cluster.put('ConfigMap', configMap('settings', { color: 'blue' }));
    world.cluster.putService({ metadata: { name: 'api', namespace: 'default' }, spec: { clusterIP: '10.96.0.9', ports: [{ port: 80 }] } });
    await world.start();
    const env = [
      { name: 'COLOR', valueFrom: { configMapKeyRef: { name: 'settings', key: 'color' } } },
      { name: 'ADDRESS', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
    ];
    const uid = create(world, 'web', {}, { env });
    await world.clock.advance(100);
    const value = (name: string): string | undefined => world.backend.container(uid, 'main').request.env.find((variable) => variable.name === name)?.value;
    expect([value('COLOR'), value('API_SERVICE_HOST'), value('HOSTNAME')]).toEqual(['blue', '10.96.0.9', 'web']);
    expect(value('ADDRESS')).toBe(world.cluster.pod(uid)?.status?.podIP);
    world.cluster.put('ConfigMap', configMap('settings', { color: 'red' }));
    await world.clock.advance(0);
    expect([value('COLOR'), world.backend.container(uid, 'main').starts]).toEqual(['blue', 1]);
    world.backend.exit(uid, 'main', 1);
    await world.clock.advance(15_000);
    expect(value('COLOR')).toBe('red');
    await world.stop();
  });
});

describe('a provider without volumes', () => {
  it('gets no token, and none is asked for', async () => {
    const world = createWorld();
    await world.start();
    const uid = create(world, 'web', { volumes: [TOKEN_VOLUME] }, { volumeMounts: [TOKEN_MOUNT] });
    await world.clock.advance(100);
    expect(phase(world, uid)).toBe('Running');
    expect([given(world, uid), world.backend.container(uid, 'main').request.mounts, world.cluster.tokens]).toEqual([[], [], []]);
    expect(world.cluster.objectWatches.size).toBe(0);
    await world.stop();
  });

  it.each([
    ['containers[].env[].valueFrom.fileKeyRef', { env: [{ name: 'X', valueFrom: { fileKeyRef: { key: 'k', path: 'p', volumeName: 'v' } } }] }],
    ['containers[].volumeMounts[].mountPropagation', { volumeMounts: [{ name: 'v', mountPath: '/v', mountPropagation: 'Bidirectional' }] }],
  ])('refuses %s of a container with a reason', async (field, container) => {
    const world = createWorld();
    await world.start();
    const uid = create(world, 'web', {}, container);
    await world.clock.advance(100);
    expect(phase(world, uid)).toBe('Failed');
    expect(world.cluster.pod(uid)?.status?.message).toContain(field);
    await world.stop();
  });

  it.each([
    ['volumes[].persistentVolumeClaim', { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }] }],
    [
      'volumes[].projected.sources[].clusterTrustBundle',
      { volumes: [{ name: 'v', projected: { sources: [{ clusterTrustBundle: { path: 'p', name: 'n' } }] } }] },
    ],
    ['volumes[].hostPath', { volumes: [{ name: 'v', hostPath: { path: '/' } }] }],
    ['securityContext.windowsOptions', { securityContext: { windowsOptions: { hostProcess: true } } }],
  ])('refuses %s with a reason', async (field, spec) => {
    const world = createWorld();
    await world.start();
    const uid = create(world, 'web', spec);
    await world.clock.advance(100);
    expect(phase(world, uid)).toBe('Failed');
    expect(world.cluster.pod(uid)?.status?.message).toContain(field);
    await world.stop();
  });
});
