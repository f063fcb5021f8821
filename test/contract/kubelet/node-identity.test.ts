import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCluster } from '../../../src/clients/kubernetes/cluster.ts';
import { connect } from '../../../src/clients/kubernetes/connect.ts';
import { parseKubeconfig } from '../../../src/clients/kubernetes/kubeconfig.ts';
import { paths } from '../../../src/clients/kubernetes/paths.ts';
import type { ApiRequest, KubernetesApi } from '../../../src/clients/kubernetes/port.ts';
import { isVickError, messageOf } from '../../../src/errors/vick-error.ts';
import { createKubelet } from '../../../src/kubelet/kubelet.ts';
import { silentLog } from '../../../src/platform/log.ts';
import type { Event, Lease, Node, Pod } from '../../../src/platform/kubernetes-objects.ts';
import { systemClock } from '../../../src/platform/node/clock.ts';
import { nodeFileSystem } from '../../../src/platform/node/fs.ts';
import { systemRandom } from '../../../src/platform/node/random.ts';
import { startControlPlane, type ControlPlane } from '../../../src/sandbox/control-plane/server.ts';
import { resourceDefinitions } from '../../../src/sandbox/control-plane/resources/index.ts';
import { MemoryBackend } from '../../support/memory-provider.ts';

const NODE = 'kubelet-identity';
const never = new AbortController().signal;

let plane: ControlPlane;
let admin: KubernetesApi;
let node: KubernetesApi;
/** Every request of the node identity, and what was refused. */
let asked: string[];
let refused: string[];

beforeEach(async () => {
  plane = await startControlPlane({ clock: systemClock, random: systemRandom, definitions: resourceDefinitions });
  const api = async (kubeconfig: string): Promise<KubernetesApi> => connect(await parseKubeconfig(kubeconfig, 'test', nodeFileSystem));
  const pair = await plane.issueClientCertificate({ user: `system:node:${NODE}`, groups: ['system:nodes'] });
  [asked, refused] = [[], []];
  admin = await api(plane.adminKubeconfig());
  node = recorded(await api(plane.kubeconfig(`system:node:${NODE}`, pair)));
});

afterEach(async () => {
  await node.close();
  await admin.close();
  await plane.stop();
});

function recorded(api: KubernetesApi): KubernetesApi {
  const note = (request: ApiRequest): string => `${request.query?.['watch'] === true ? 'WATCH' : request.method} ${request.path}`;
  const failed = (request: ApiRequest, error: unknown): never => {
    if (isVickError(error) && (error.details?.['httpStatus'] === 403 || error.code === 'KUBE_FORBIDDEN')) refused.push(`${note(request)}: ${messageOf(error)}`);
    throw error;
  };
  return {
    server: api.server,
    requestText: (request, signal) => api.requestText(request, signal),
    close: () => api.close(),
    request: async (request, signal) => {
      asked.push(note(request));
      return await api.request<never>(request, signal).catch((error: unknown) => failed(request, error));
    },
    watch: async function* (request, signal) {
      asked.push(note(request));
      try {
        yield* api.watch<never>(request, signal);
      } catch (error) {
        failed(request, error);
      }
    },
  };
}

describe('a kubelet with a node identity', () => {
  it('registers, renews its lease, and runs and deletes a pod without being refused anything', async () => {
    const backend = new MemoryBackend(systemClock);
    const kubelet = createKubelet({
      ...{ nodeName: NODE, clock: systemClock, random: systemRandom, log: silentLog, kubeletVersion: 'v1.32.0-vick.0' },
      cluster: createCluster(node, { clock: systemClock, random: systemRandom, log: silentLog }),
      provider: backend.provider(),
      labels: { 'node.kubernetes.io/exclude-from-external-load-balancers': 'true', zone: 'a' },
      taints: [{ key: 'virtual-kubelet.io/provider', value: 'vic', effect: 'NoSchedule' }],
    });
    const stop = new AbortController();
    const running = kubelet.run(stop.signal);
    await kubelet.ready;

    const registered = await admin.request<Node>({ method: 'GET', path: paths.node(NODE) });
    expect(registered.metadata?.labels).toMatchObject({ zone: 'a', 'kubernetes.io/hostname': NODE });
    expect(registered.spec?.taints).toContainEqual({ key: 'virtual-kubelet.io/provider', value: 'vic', effect: 'NoSchedule' });
    expect(registered.status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True');
    const lease = (): Promise<Lease> => admin.request<Lease>({ method: 'GET', path: paths.lease('kube-node-lease', NODE) });
    expect((await lease()).metadata?.ownerReferences).toMatchObject([{ kind: 'Node', name: NODE, uid: registered.metadata?.uid }]);

    await admin.request({ method: 'POST', path: paths.pods('default'), body: podBody('web') });
    const get = (name: string): Promise<Pod | undefined> =>
      admin.request<Pod>({ method: 'GET', path: paths.pod('default', name) }).catch((error: unknown) => {
        if (isVickError(error) && error.code === 'KUBE_NOT_FOUND') return undefined;
        throw error;
      });
    await expect.poll(async () => (await get('web'))?.status?.phase, { timeout: 10_000, interval: 20 }).toBe('Running');
    const ran = await get('web');
    expect(ran?.status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True');

    await admin.request({ method: 'DELETE', path: paths.pod('default', 'web') });
    await expect.poll(() => get('web'), { timeout: 10_000, interval: 20 }).toBeUndefined();
    expect(backend.pods.size).toBe(0);

    const told = async (): Promise<readonly string[]> =>
      (await admin.request<{ items: Event[] }>({ method: 'GET', path: paths.events('default') }, never)).items.map(({ reason }) => reason ?? '');
    await expect.poll(told, { timeout: 10_000, interval: 20 }).toEqual(expect.arrayContaining(['Starting', 'NodeReady', 'Created', 'Started', 'Killing']));

    stop.abort(new Error('the test is over'));
    await running;
    expect(refused).toEqual([]);
    // The recording sees what the kubelet asks: without this, the line above could not fail.
    for (const request of [`WATCH ${paths.allPods()}`, `WATCH ${paths.nodes()}`, `PATCH ${paths.nodeStatus(NODE)}`, `DELETE ${paths.pod('default', 'web')}`]) {
      expect(asked).toContain(request);
    }
  }, 30_000);

  it('is registered again, with its labels, taints and a lease of the new node, when somebody deletes the node', async () => {
    const backend = new MemoryBackend(systemClock);
    const kubelet = createKubelet({
      ...{ nodeName: NODE, clock: systemClock, random: systemRandom, log: silentLog, kubeletVersion: 'v1.32.0-vick.0' },
      cluster: createCluster(node, { clock: systemClock, random: systemRandom, log: silentLog }),
      provider: backend.provider(),
      labels: { zone: 'a' },
      taints: [{ key: 'dedicated', value: 'vick', effect: 'NoSchedule' }],
    });
    const stop = new AbortController();
    const running = kubelet.run(stop.signal);
    await kubelet.ready;
    const first = await admin.request<Node>({ method: 'GET', path: paths.node(NODE) });
    await admin.request({ method: 'DELETE', path: paths.node(NODE) });
    const ready = async (): Promise<Node | undefined> => {
      const found = await admin.request<Node>({ method: 'GET', path: paths.node(NODE) }).catch(() => undefined);
      return found?.metadata?.uid !== first.metadata?.uid &&
        found?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
        ? found
        : undefined;
    };
    await expect.poll(ready, { timeout: 10_000, interval: 20 }).toBeDefined();
    const second = await ready();
    expect(second?.metadata?.labels).toMatchObject({ zone: 'a' });
    expect(second?.spec?.taints).toContainEqual({ key: 'dedicated', value: 'vick', effect: 'NoSchedule' });
    const owner = async (): Promise<string | undefined> =>
      (await admin.request<Lease>({ method: 'GET', path: paths.lease('kube-node-lease', NODE) }).catch(() => undefined))?.metadata?.ownerReferences?.[0]?.uid;
    await expect.poll(owner, { timeout: 15_000, interval: 50 }).toBe(second?.metadata?.uid);
    stop.abort(new Error('the test is over'));
    await running;
    expect(refused).toEqual([]);
  }, 40_000);
});

function podBody(name: string): never {
  const containers = [{ name: 'main', image: 'busybox', command: ['run'] }];
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { nodeName: NODE, terminationGracePeriodSeconds: 2, containers } } as never;
}
