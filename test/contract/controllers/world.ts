/**
 * A cluster without scheduler and controller manager, with ours as its clients: the embedded control plane, or a real
 * etcd and kube-apiserver when KUBEBUILDER_ASSETS names their folder.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '../../../src/clients/kubernetes/connect.ts';
import { parseKubeconfig } from '../../../src/clients/kubernetes/kubeconfig.ts';
import type { KubernetesApi } from '../../../src/clients/kubernetes/port.ts';
import { isVickError } from '../../../src/errors/vick-error.ts';
import type { Node, NodeCondition, Pod, PodSpec, Taint } from '../../../src/platform/kubernetes-objects.ts';
import { nodeFileSystem } from '../../../src/platform/node/fs.ts';
import { systemClock } from '../../../src/platform/node/clock.ts';
import { systemRandom } from '../../../src/platform/node/random.ts';
import { nodeSpawner } from '../../../src/platform/node/spawner.ts';
import { silentLog } from '../../../src/platform/log.ts';
import type { SandboxCluster } from '../../../src/sandbox/cluster.ts';
import { runNodeLifecycle } from '../../../src/sandbox/controllers/node-lifecycle.ts';
import { runScheduler } from '../../../src/sandbox/controllers/scheduler.ts';
import { startEmbeddedCluster } from '../../../src/sandbox/embedded-cluster.ts';
import { startRealControlPlane } from '../../../src/sandbox/real-control-plane/start.ts';

const NAMESPACE = 'default';
const PODS = `/api/v1/namespaces/${NAMESPACE}/pods`;
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
const WITHIN_MS = 20_000;

export interface World {
  readonly api: KubernetesApi;
  readonly kind: SandboxCluster['kind'];
  /** A node that is Ready and whose lease is renewed until `silence`. */
  addNode(name: string, options?: { readonly capacity?: Record<string, string>; readonly taints?: Taint[] }): Promise<void>;
  /** Stops, or starts again, the heartbeats of a node. */
  silence(name: string): void;
  revive(name: string): Promise<void>;
  node(name: string): Promise<Node>;
  patchNode(name: string, patch: object): Promise<void>;
  /** Changes the taints as an administrator does: on what is there now, again when somebody else was first. */
  changeTaints(name: string, change: (taints: readonly Taint[]) => readonly Taint[]): Promise<void>;
  deleteNode(name: string): Promise<void>;
  addPod(name: string, spec?: Partial<PodSpec>): Promise<void>;
  pod(name: string): Promise<Pod | undefined>;
  pods(): Promise<readonly Pod[]>;
  untilNode(name: string, holds: (node: Node) => boolean): Promise<Node>;
  untilPod(name: string, holds: (pod: Pod | undefined) => boolean): Promise<Pod | undefined>;
  /** Removes every node and pod. */
  clear(): Promise<void>;
  stop(): Promise<void>;
}

/** Heartbeats come every 300 ms; a node is silent after `graceMs` without any. */
export async function startWorld({ graceMs = 1500, orphanGraceMs = 500 } = {}): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'vick-controllers-'));
  const cluster = await startCluster(folder);
  const client = async (): Promise<KubernetesApi> => connect(await parseKubeconfig(cluster.adminKubeconfig, 'of the test', nodeFileSystem));
  const api = await client();
  const controllersApi = await client();
  const stopping = new AbortController();
  const tools = { api: controllersApi, clock: systemClock, random: systemRandom, log: silentLog };
  const controllers = Promise.all([
    runScheduler(tools, stopping.signal),
    runNodeLifecycle({ ...tools, graceMs, startupGraceMs: 2 * graceMs, orphanGraceMs }, stopping.signal),
  ]);
  const beating = new Map<string, NodeJS.Timeout>();

  const renew = async (name: string): Promise<void> => {
    const spec = { holderIdentity: name, leaseDurationSeconds: 40, renewTime: new Date().toISOString().replace('Z', '000Z') };
    const contentType = 'application/merge-patch+json';
    await api.request({ method: 'PATCH', path: `${LEASES}/${name}`, body: { spec }, contentType });
  };
  const silence = (name: string): void => {
    clearInterval(beating.get(name));
    beating.delete(name);
  };
  const beat = (name: string): void => {
    silence(name);
    beating.set(
      name,
      setInterval(() => void renew(name).catch(() => undefined), 300),
    );
  };
  const reportReady = async (name: string): Promise<void> => {
    const condition: NodeCondition = { type: 'Ready', status: 'True', reason: 'KubeletReady', lastHeartbeatTime: seconds(), lastTransitionTime: seconds() };
    const others = ['MemoryPressure', 'DiskPressure', 'PIDPressure'].map((type) => ({ ...condition, type, status: 'False', reason: 'Enough' }));
    await patch(`/api/v1/nodes/${name}/status`, { status: { conditions: [condition, ...others] } });
  };
  const patch = async (path: string, body: object): Promise<void> => {
    await api.request({ method: 'PATCH', path, body: body as never, contentType: 'application/strategic-merge-patch+json' });
  };
  const node = (name: string): Promise<Node> => api.request<Node>({ method: 'GET', path: `/api/v1/nodes/${name}` });
  const changeTaints: World['changeTaints'] = async (name, change) => {
    const { metadata, spec } = await node(name);
    const body = { metadata: { resourceVersion: metadata?.resourceVersion }, spec: { taints: change(spec?.taints ?? []) } };
    try {
      await patch(`/api/v1/nodes/${name}`, body);
    } catch (error) {
      if (!isVickError(error) || error.code !== 'KUBE_CONFLICT') throw error;
      await changeTaints(name, change);
    }
  };
  const pods = async (): Promise<readonly Pod[]> => (await api.request<{ items: Pod[] }>({ method: 'GET', path: PODS })).items;
  const pod = async (name: string): Promise<Pod | undefined> => (await pods()).find((found) => found.metadata?.name === name);
  const deleteNode = async (name: string): Promise<void> => {
    silence(name);
    await api.request({ method: 'DELETE', path: `/api/v1/nodes/${name}` });
    await api.request({ method: 'DELETE', path: `${LEASES}/${name}` });
  };

  return {
    api,
    kind: cluster.kind,
    addNode: async (name, { capacity = { cpu: '4', memory: '8Gi', pods: '110' }, taints = [] } = {}) => {
      await api.request({ method: 'POST', path: '/api/v1/nodes', body: { apiVersion: 'v1', kind: 'Node', metadata: { name }, spec: { taints } } });
      const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, namespace: 'kube-node-lease' }, spec: {} };
      await api.request({ method: 'POST', path: LEASES, body: lease });
      beat(name);
      await patch(`/api/v1/nodes/${name}/status`, { status: { capacity, allocatable: capacity } });
      await reportReady(name);
    },
    silence,
    revive: async (name) => {
      beat(name);
      await reportReady(name);
    },
    node,
    patchNode: (name, change) => patch(`/api/v1/nodes/${name}`, change),
    changeTaints,
    deleteNode,
    addPod: async (name, spec = {}) => {
      const body = { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { containers: [{ name: 'c', image: 'busybox:1.36' }], ...spec } };
      await api.request({ method: 'POST', path: PODS, body: body });
    },
    pod,
    pods,
    untilNode: (name, holds) => until(() => node(name), holds, `node ${name}`),
    untilPod: (name, holds) => until(() => pod(name), holds, `pod ${name}`),
    clear: async () => {
      const { items } = await api.request<{ items: Node[] }>({ method: 'GET', path: '/api/v1/nodes' });
      for (const { metadata } of items) await deleteNode(metadata?.name ?? '');
      for (const { metadata } of await pods()) {
        const body = { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0 };
        // The controllers collect the pods of deleted nodes too: who comes second finds nothing.
        await api.request({ method: 'DELETE', path: `${PODS}/${metadata?.name ?? ''}`, body }).catch(() => undefined);
      }
      await until(pods, (left) => left.length === 0, 'the end of all pods');
    },
    stop: async () => {
      for (const name of beating.keys()) silence(name);
      stopping.abort(new Error('the test ends'));
      await controllers;
      await Promise.all([api.close(), controllersApi.close()]);
      await cluster.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function startCluster(folder: string): Promise<SandboxCluster> {
  const assets = process.env['KUBEBUILDER_ASSETS'];
  const tools = { clock: systemClock, random: systemRandom, log: silentLog };
  if (assets === undefined) return startEmbeddedCluster(tools);
  const options = {
    ...tools,
    assets,
    directory: join(folder, 'control-plane'),
    fs: nodeFileSystem,
    spawner: nodeSpawner,
    connect: async (text: string) => connect(await parseKubeconfig(text, 'of the test', nodeFileSystem)),
  };
  return startRealControlPlane(options, new AbortController().signal);
}

async function until<T>(read: () => Promise<T>, holds: (value: T) => boolean, what: string): Promise<T> {
  const deadline = performance.now() + WITHIN_MS;
  let last: T;
  do {
    last = await read();
    if (holds(last)) return last;
    await systemClock.sleep(50, new AbortController().signal);
  } while (performance.now() < deadline);
  throw new Error(`${what} did not get there in ${WITHIN_MS / 1000} s; last seen: ${JSON.stringify(last, undefined, 1)}`);
}

const seconds = (): string => new Date().toISOString().replace(/\.\d+/, '');
