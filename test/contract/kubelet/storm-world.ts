/** A kubelet on a clock of the test, and an API server that it reaches through a door which can be in trouble. */
import { createCluster } from '../../../src/clients/kubernetes/cluster.ts';
import { connect } from '../../../src/clients/kubernetes/connect.ts';
import { parseKubeconfig } from '../../../src/clients/kubernetes/kubeconfig.ts';
import type { KubernetesApi } from '../../../src/clients/kubernetes/port.ts';
import { createKubelet } from '../../../src/kubelet/kubelet.ts';
import { silentLog } from '../../../src/platform/log.ts';
import type { Json } from '../../../src/platform/kubernetes-objects.ts';
import { nodeFileSystem } from '../../../src/platform/node/fs.ts';
import { systemRandom } from '../../../src/platform/node/random.ts';
import { resourceDefinitions } from '../../../src/sandbox/control-plane/resources/index.ts';
import { startControlPlane } from '../../../src/sandbox/control-plane/server.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { MemoryBackend } from '../../support/memory-provider.ts';
import { startStormProxy, type StormProxy, type Trouble } from '../../support/storm-proxy.ts';

export const NODE = 'kubelet-storm';
const never = new AbortController().signal;

export interface StormWorld {
  readonly clock: FakeClock;
  readonly door: StormProxy;
  readonly backend: MemoryBackend;
  /** An administrator's requests; the door lets them pass. */
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: object): Promise<T>;
  patch<T>(path: string, body: object): Promise<T>;
  delete(path: string): Promise<void>;
  /** Moves the clock in small steps; whatever was asked meanwhile has its answer in between. */
  advance(ms: number): Promise<void>;
  /** Moves the clock until `holds`, at most `limitMs`; how long it took. */
  until(holds: () => Promise<boolean> | boolean, limitMs: number): Promise<number>;
  stop(): Promise<void>;
}

/** `atFirst`: what the kubelet finds when it starts, for `ms`. */
export async function startStormWorld(atFirst?: { readonly trouble: Trouble; readonly ms: number }): Promise<StormWorld> {
  const clock = new FakeClock();
  const begun = clock.now();
  const plane = await startControlPlane({ clock, random: systemRandom, definitions: resourceDefinitions });
  plane.tokens.add('of-the-admin', { username: 'admin', groups: ['system:masters'] });
  plane.tokens.add('of-the-node', { username: `system:node:${NODE}`, groups: ['system:nodes'] });
  const door = await startStormProxy(new URL(plane.url), { token: 'of-the-node', now: () => clock.now() });
  const [admin, node] = [await client(door.url, 'of-the-admin'), counted(await client(door.url, 'of-the-node'))];
  const backend = new MemoryBackend(clock);
  backend.nodeCapacity = { capacity: { cpu: '4', memory: '8Gi', pods: '100' }, allocatable: { cpu: '4', memory: '8Gi', pods: '100' } };
  const base = backend.provider();
  const honoured = ['volumes', 'containers', 'automountServiceAccountToken'].map((field) => ({ field, support: 'honoured' as const }));
  const tools = { clock, random: systemRandom, log: silentLog };
  const kubelet = createKubelet({
    ...{ ...tools, nodeName: NODE, kubeletVersion: 'v1.32.0-vick.0', cluster: createCluster(node.api, tools) },
    provider: { ...base, support: [...base.support, ...honoured], volumes: { update: () => Promise.resolve() } },
  });
  if (atFirst !== undefined) door.decide = () => (clock.now() < begun + atFirst.ms ? atFirst.trouble : undefined);
  const ending = new AbortController();
  const running = kubelet.run(ending.signal);

  /** Until nothing is under way any more; time stands still meanwhile. */
  const quiet = async (): Promise<void> => {
    for (let calm = 0; calm < 12; calm = node.pending() + door.pending() === 0 ? calm + 1 : 0) await new Promise((resolve) => setImmediate(resolve));
  };
  const advance = async (ms: number): Promise<void> => {
    await quiet();
    for (let left = ms; left > 0; left -= 100) {
      await clock.advance(Math.min(100, left));
      await quiet();
    }
  };
  const until: StormWorld['until'] = async (holds, limitMs) => {
    const from = clock.now();
    while (!(await holds())) {
      if (clock.now() - from >= limitMs) throw new Error(`not so after ${String(limitMs)} ms`);
      await advance(100);
    }
    return clock.now() - from;
  };
  let ready = false;
  void kubelet.ready.then(() => (ready = true));
  await until(() => ready, 60_000);
  const contentType = 'application/merge-patch+json';
  return {
    ...{ clock, door, backend, advance, until },
    get: (path) => admin.request({ method: 'GET', path }, never),
    post: (path, body) => admin.request({ method: 'POST', path, body: body as Json }, never),
    patch: (path, body) => admin.request({ method: 'PATCH', path, body: body as Json, contentType }, never),
    delete: async (path) => {
      await admin.request({ method: 'DELETE', path }, never);
    },
    stop: async () => {
      ending.abort(new Error('the test is over'));
      let ended = false;
      const end = running.finally(() => (ended = true));
      await until(() => ended, 60_000);
      await end;
      await Promise.all([admin.close(), node.api.close()]);
      await door.close();
      await plane.stop();
    },
  };
}

async function client(server: string, token: string): Promise<KubernetesApi> {
  const kubeconfig = {
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'c', contexts: [{ name: 'c', context: { cluster: 'k', user: 'u' } }] },
    ...{ clusters: [{ name: 'k', cluster: { server } }], users: [{ name: 'u', user: { token } }] },
  };
  return await connect(await parseKubeconfig(JSON.stringify(kubeconfig), 'of the test', nodeFileSystem));
}

/** `api`, and how many of its requests have no answer yet. */
function counted(api: KubernetesApi): { readonly api: KubernetesApi; readonly pending: () => number } {
  let pending = 0;
  const during = async <T>(work: Promise<T>): Promise<T> => {
    pending += 1;
    try {
      return await work;
    } finally {
      pending -= 1;
    }
  };
  return {
    pending: () => pending,
    api: {
      server: api.server,
      close: () => api.close(),
      request: <T>(...args: Parameters<KubernetesApi['request']>) => during(api.request<T>(...args)),
      requestText: (...args) => during(api.requestText(...args)),
      watch: async function* (request, signal, onOpen) {
        pending += 1;
        let open = false;
        const opened = (): void => {
          if (!open) pending -= 1;
          open = true;
        };
        try {
          yield* api.watch<never>(request, signal, () => {
            opened();
            onOpen?.();
          });
        } finally {
          opened();
        }
      },
    },
  };
}
