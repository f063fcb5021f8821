/** What pods are made of, read by a node identity: from the embedded control plane, or a real one when KUBEBUILDER_ASSETS names it. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createCluster } from '../../../src/clients/kubernetes/cluster.ts';
import { connect } from '../../../src/clients/kubernetes/connect.ts';
import { paths } from '../../../src/clients/kubernetes/paths.ts';
import type { KubernetesApi } from '../../../src/clients/kubernetes/port.ts';
import { isVickError } from '../../../src/errors/vick-error.ts';
import { createKubelet } from '../../../src/kubelet/kubelet.ts';
import type { PodProvider, VolumeFile, VolumeRequest } from '../../../src/kubelet/provider.ts';
import { mintAndRecord } from '../../../src/operations/identity/keeper.ts';
import { silentLog } from '../../../src/platform/log.ts';
import type { Event, Json, Pod } from '../../../src/platform/kubernetes-objects.ts';
import { systemClock } from '../../../src/platform/node/clock.ts';
import { systemRandom } from '../../../src/platform/node/random.ts';
import { MemoryBackend } from '../../support/memory-provider.ts';
import { startIdentityWorld, type IdentityWorld } from '../identity/world.ts';

const NODE = 'kubelet-inputs';
const EMBEDDED = process.env['KUBEBUILDER_ASSETS'] === undefined;
const never = new AbortController().signal;
const WAIT = { timeout: 20_000, interval: 50 };

let world: IdentityWorld;
let node: KubernetesApi;
let backend: MemoryBackend;
let written: { readonly uid: string; readonly volume: string; readonly files: readonly VolumeFile[] }[];
let stop: () => Promise<void>;

const post = (path: string, body: object): Promise<Pod> => world.admin.request<Pod>({ method: 'POST', path, body: body as Json }, never);
const remove = async (path: string): Promise<void> => {
  await world.admin.request({ method: 'DELETE', path }, never).catch((error: unknown) => {
    if (!isVickError(error) || error.code !== 'KUBE_NOT_FOUND') throw error;
  });
};
const configMap = (name: string, data: Record<string, string>): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data });
const getPod = (name: string): Promise<Pod | undefined> =>
  world.admin.request<Pod>({ method: 'GET', path: paths.pod('default', name) }, never).catch(() => undefined);
const phaseOf = async (name: string): Promise<string | undefined> => (await getPod(name))?.status?.phase;
const text = (files: readonly VolumeFile[]): Record<string, string> =>
  Object.fromEntries(files.map(({ path, content }) => [path, Buffer.from(content).toString('utf8')]));

interface Verdict {
  readonly authenticated?: boolean;
  readonly user?: { readonly username?: string; readonly groups?: readonly string[]; readonly extra?: Record<string, readonly string[]> };
  readonly audiences?: readonly string[];
  readonly error?: string;
}
const review = async (token: string, audiences?: readonly string[]): Promise<Verdict> => {
  const spec = { token, ...(audiences === undefined ? {} : { audiences }) };
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec };
  return (await world.admin.request<{ status: Verdict }>({ method: 'POST', path: '/apis/authentication.k8s.io/v1/tokenreviews', body }, never)).status;
};

beforeAll(async () => {
  world = await startIdentityWorld();
  node = await connect(
    await world.parse((await mintAndRecord(world.deps, { vch: 'inputs', nodeName: NODE, kubeconfig: world.adminKubeconfig }, never)).kubeconfigText),
  );
  await post('/api/v1/namespaces/default/serviceaccounts', { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'runner' } });
}, 120_000);

afterAll(async () => {
  await node.close();
  await world.stop();
}, 60_000);

beforeEach(async () => {
  backend = new MemoryBackend(systemClock);
  written = [];
  const base = backend.provider();
  const honoured = ['volumes', 'containers', 'automountServiceAccountToken'].map((field) => ({ field, support: 'honoured' as const }));
  const provider: PodProvider = {
    ...base,
    support: [...base.support, ...honoured],
    volumes: {
      update: async ({ uid, volume }, files) => {
        await Promise.resolve();
        written.push({ uid, volume, files });
      },
    },
  };
  const ending = new AbortController();
  const kubelet = createKubelet({
    ...{ nodeName: NODE, clock: systemClock, random: systemRandom, log: silentLog, kubeletVersion: 'v1.20.0-vick.0', provider },
    cluster: createCluster(node, { clock: systemClock, random: systemRandom, log: silentLog }),
  });
  const running = kubelet.run(ending.signal);
  stop = async () => {
    ending.abort(new Error('the test is over'));
    await running;
  };
  await kubelet.ready;
}, 60_000);

afterEach(async () => {
  for (const name of ['web', 'plain']) await remove(paths.pod('default', name));
  await expect.poll(() => getPod('web'), WAIT).toBeUndefined();
  await stop();
  await remove(paths.configMap('default', 'settings'));
  await remove(paths.secret('default', 'login'));
}, 60_000);

function podBody(name: string, more: object, container: object = {}): object {
  const containers = [{ name: 'main', image: 'busybox:1.36', command: ['run'], ...container }];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: name } },
    spec: { nodeName: NODE, terminationGracePeriodSeconds: 2, containers, ...more },
  };
}

const given = (uid: string): ReadonlyMap<string, VolumeRequest> =>
  new Map((backend.pods.get(uid)?.request.volumes ?? []).map((volume) => [volume.name, volume]));
const filesOf = (volume: VolumeRequest | undefined): Record<string, string> => (volume?.kind === 'files' ? text(volume.files) : {});

describe('a pod on a node with an identity of its own', () => {
  it('waits for what it refers to, gets it all, and its files follow', async () => {
    const created = await post(
      paths.pods('default'),
      podBody(
        'web',
        {
          ...{ serviceAccountName: 'runner', automountServiceAccountToken: false },
          volumes: [
            { name: 'config', configMap: { name: 'settings' } },
            { name: 'identity', projected: { sources: [{ serviceAccountToken: { path: 'token', expirationSeconds: 600 } }] } },
          ],
        },
        {
          volumeMounts: [{ name: 'config', mountPath: '/etc/app' }],
          env: [
            { name: 'COLOR', valueFrom: { configMapKeyRef: { name: 'settings', key: 'color' } } },
            { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'login', key: 'password' } } },
            { name: 'ADDRESS', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
          ],
        },
      ),
    );
    const uid = created.metadata?.uid ?? '';
    const events = async (): Promise<readonly (string | undefined)[]> =>
      (await world.admin.request<{ items: Event[] }>({ method: 'GET', path: paths.events('default') }, never)).items
        .filter(({ involvedObject }) => involvedObject.uid === uid)
        .map(({ message }) => message);
    await expect.poll(events, WAIT).toContain('MountVolume.SetUp failed for volume "config" : configmap "settings" not found');
    expect(await phaseOf('web')).toBe('Pending');

    await post(paths.configMaps('default'), configMap('settings', { color: 'blue' }));
    await expect
      .poll(async () => (await getPod('web'))?.status?.containerStatuses?.[0]?.state?.waiting, WAIT)
      .toEqual({ reason: 'CreateContainerConfigError', message: 'secret "login" not found' });
    await post(paths.secrets('default'), { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'login' }, stringData: { password: 's3cret' } });
    await expect.poll(() => phaseOf('web'), WAIT).toBe('Running');

    const { env } = backend.container(uid, 'main').request;
    const value = (name: string): string | undefined => env.find((variable) => variable.name === name)?.value;
    expect([value('COLOR'), value('PASSWORD'), value('ADDRESS')]).toEqual(['blue', 's3cret', (await getPod('web'))?.status?.podIP]);
    expect(value('KUBERNETES_SERVICE_HOST')).toBe('10.96.0.1');
    expect(filesOf(given(uid).get('config'))).toEqual({ color: 'blue' });

    const contentType = 'application/merge-patch+json';
    await world.admin.request({ method: 'PATCH', path: paths.configMap('default', 'settings'), body: { data: { color: 'red' } }, contentType }, never);
    await expect.poll(() => written.map(({ volume, files }) => [volume, text(files)]), WAIT).toEqual([['config', { color: 'red' }]]);
  }, 90_000);

  it('has a token that stands for its service account for as long as the pod is there', async () => {
    const projected = {
      sources: [{ serviceAccountToken: { path: 'token' } }, { serviceAccountToken: { path: 'for-vault', audience: 'vault', expirationSeconds: 600 } }],
    };
    const created = await post(
      paths.pods('default'),
      podBody('web', { serviceAccountName: 'runner', automountServiceAccountToken: false, volumes: [{ name: 'identity', projected }] }),
    );
    await expect.poll(() => phaseOf('web'), WAIT).toBe('Running');
    const uid = created.metadata?.uid ?? '';
    const { token = '', 'for-vault': forVault = '' } = filesOf(given(uid).get('identity'));

    expect(await review(token)).toMatchObject({
      authenticated: true,
      user: {
        username: 'system:serviceaccount:default:runner',
        groups: expect.arrayContaining(['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated']),
        extra: { 'authentication.kubernetes.io/pod-name': ['web'], 'authentication.kubernetes.io/pod-uid': [uid] },
      },
    });
    expect((await review(forVault)).authenticated ?? false).toBe(false);
    expect(await review(forVault, ['vault'])).toMatchObject({ authenticated: true, audiences: ['vault'] });
    const [head = '', claims = '', signature = ''] = token.split('.');
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
      ...{ iss: 'https://kubernetes.default.svc', sub: 'system:serviceaccount:default:runner', aud: ['https://kubernetes.default.svc'] },
      'kubernetes.io': { namespace: 'default', pod: { name: 'web', uid }, serviceaccount: { name: 'runner' } },
    });
    const forged = Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(claims, 'base64url').toString()), sub: 'system:serviceaccount:kube-system:admin' }));
    expect((await review([head, forged.toString('base64url'), signature].join('.'))).authenticated ?? false).toBe(false);

    const none = { certificatePem: undefined, keyPem: undefined, username: undefined, password: undefined };
    const asPod = async (bearer: string): Promise<unknown> => {
      const api = await connect({ ...world.adminKubeconfig, user: { ...none, name: 'pod', kind: 'token', token: bearer, raw: {} } });
      try {
        return await api.request({ method: 'GET', path: paths.secrets('default') }, never);
      } finally {
        await api.close();
      }
    };
    await expect(asPod(token)).rejects.toMatchObject({ code: 'KUBE_FORBIDDEN', message: expect.stringContaining('system:serviceaccount:default:runner') });
    await expect(asPod(`${token}x`)).rejects.toMatchObject({ code: 'KUBE_UNAUTHENTICATED' });

    await remove(paths.pod('default', 'web'));
    await expect.poll(() => getPod('web'), WAIT).toBeUndefined();
    await expect.poll(async () => (await review(token)).authenticated ?? false, WAIT).toBe(false);
  }, 90_000);

  it('cannot read what no pod of it refers to', async () => {
    await post(paths.secrets('default'), { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'login' }, stringData: {} });
    const forbidden = { code: 'KUBE_FORBIDDEN' };
    await expect(node.request({ method: 'GET', path: paths.secret('default', 'login') }, never)).rejects.toMatchObject(forbidden);
    await expect(node.request({ method: 'GET', path: paths.secrets('default') }, never)).rejects.toMatchObject(forbidden);
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences: [] } };
    await expect(node.request({ method: 'POST', path: paths.serviceAccountToken('default', 'runner'), body }, never)).rejects.toMatchObject(forbidden);
  });

  it('gets the volume that admission adds: token, CA and namespace', async ({ skip }) => {
    skip(!EMBEDDED, 'a real control plane adds it only from 1.21 on, and with its controller manager beside it');
    const created = await post(paths.pods('default'), podBody('web', {}));
    await expect.poll(() => phaseOf('web'), WAIT).toBe('Running');
    const uid = created.metadata?.uid ?? '';
    const [volume] = [...given(uid).values()];
    expect(volume?.name).toMatch(/^kube-api-access-[a-z0-9]{5}$/);
    const files = filesOf(volume);
    expect(Object.keys(files).sort()).toEqual(['ca.crt', 'namespace', 'token']);
    expect([files['namespace'], files['ca.crt']?.includes('BEGIN CERTIFICATE')]).toEqual(['default', true]);
    expect(await review(files['token'] ?? '')).toMatchObject({ authenticated: true, user: { username: 'system:serviceaccount:default:default' } });
    expect(backend.container(uid, 'main').request.mounts).toMatchObject([{ mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true }]);
  });
});
