/**
 * `vick kubelet run --provider mock` as its users run it: two nodes of one process, what virtual-kubelet's own provider
 * suite asks of a kubelet (virtual-kubelet test/e2e/basic.go), and a process that is killed and started again.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Node, Pod, PodSpec } from '../../src/platform/kubernetes-objects.ts';
import { createPod, pod, podPath, startSite, untilPod, VICK, type Site } from './site.ts';

const [NODE, OTHER] = ['mock-a', 'mock-b'];
const WAIT = { timeout: 60_000, interval: 200 };

let site: Site;
let kubelet: ChildProcess;
const made = new Set<string>();

const start = async (): Promise<void> => {
  const args = [
    'kubelet',
    'run',
    '--provider',
    'mock',
    '--nodename',
    NODE,
    '--nodename',
    OTHER,
    '--kubeconfig',
    site.kubeconfig,
    '--port',
    '0',
    '--node-ip',
    '127.0.0.1',
  ];
  kubelet = spawn(process.execPath, [VICK, ...args], { env: { PATH: process.env['PATH'] ?? '', HOME: site.folder }, stdio: 'ignore' });
  for (const name of [NODE, OTHER]) await vi.waitUntil(() => isReady(name), WAIT);
};
const end = async (signal: NodeJS.Signals): Promise<void> => {
  if (kubelet.exitCode !== null || kubelet.signalCode !== null) return;
  const ended = new Promise((resolve) => kubelet.once('exit', resolve));
  kubelet.kill(signal);
  await ended;
};
const isReady = async (name: string): Promise<boolean> => {
  const node = await site.api.request<Node>({ method: 'GET', path: `/api/v1/nodes/${name}` }).catch(() => undefined);
  return node?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
};
const create = async (name: string, spec: Partial<PodSpec> = {}, annotations: Record<string, string> = {}): Promise<Pod> => {
  const wanted = pod(name, { nodeName: NODE, containers: [{ name: 'foo', image: 'foo' }], ...spec });
  made.add(name);
  return createPod(site.api, { ...wanted, metadata: { ...wanted.metadata, annotations } });
};
const ready = async (name: string): Promise<Pod> =>
  (await untilPod(
    site.api,
    name,
    (found) =>
      found?.status?.phase === 'Running' &&
      found.status.podIP !== undefined &&
      found.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true,
  ))!;
const reasons = async (uid: string): Promise<readonly string[]> => {
  const query = { fieldSelector: `involvedObject.kind=Pod,involvedObject.uid=${uid}` };
  const { items } = await site.api.request<{ items: { reason: string }[] }>({ method: 'GET', path: '/api/v1/namespaces/default/events', query });
  return items.map(({ reason }) => reason);
};
const proxied = (path: string): Promise<string> => site.api.requestText({ method: 'GET', path: `/api/v1/nodes/${NODE}/proxy/${path}` });
const listed = async (path: 'pods' | 'runningpods/'): Promise<readonly (string | undefined)[]> => {
  const list = JSON.parse(await proxied(path)) as { kind: string; items: Pod[] };
  expect(list.kind).toBe('PodList');
  return list.items.map(({ metadata }) => metadata?.uid);
};
const remove = (name: string, gracePeriodSeconds?: number): Promise<unknown> => {
  const query = gracePeriodSeconds === undefined ? {} : { query: { gracePeriodSeconds } };
  return site.api.request({ method: 'DELETE', path: podPath(name), ...query });
};

beforeAll(async () => {
  site = await startSite();
  await start();
}, 180_000);

afterAll(async () => {
  await end('SIGTERM');
  for (const name of [NODE, OTHER]) await site.api.request({ method: 'DELETE', path: `/api/v1/nodes/${name}` }).catch(() => undefined);
  const left = await site.down();
  expect(left.processes).toEqual([]);
}, 120_000);

afterEach(async () => {
  for (const name of made) {
    await remove(name, 0).catch(() => undefined);
    await untilPod(site.api, name, (found) => found === undefined);
  }
  made.clear();
});

describe("virtual-kubelet's provider suite", () => {
  it('lists the pods of the node under /pods', async () => {
    const { metadata } = await create('vk-get-pods');
    await ready('vk-get-pods');
    expect(await listed('pods')).toContain(metadata?.uid);
  });

  it('has statistics of every container under /stats/summary and /metrics/resource', async () => {
    const containers = ['foo', 'bar', 'baz'].map((image, index) => ({ name: `nginx-${String(index)}`, image }));
    const { metadata } = await create('vk-stats', { containers });
    await ready('vk-stats');
    const summary = JSON.parse(await proxied('stats/summary')) as {
      node: { nodeName: string };
      pods: { podRef: { name: string; namespace: string; uid: string }; containers: unknown[] }[];
    };
    expect(summary.node.nodeName).toBe(NODE);
    const own = summary.pods.find(({ podRef }) => podRef.uid === metadata?.uid);
    expect(own?.podRef).toMatchObject({ name: 'vk-stats', namespace: 'default' });
    expect(own?.containers).toHaveLength(3);
    const metrics = await proxied('metrics/resource');
    expect(metrics.match(/^container_cpu_usage_seconds_total\{[^,]*,pod="vk-stats"/gm)).toHaveLength(3);
    expect(metrics).toMatch(/^pod_cpu_usage_seconds_total\{[^,]*,pod="vk-stats"/m);
  });

  it('ends a pod that is deleted with grace', async () => {
    const { metadata } = await create('vk-graceful');
    await ready('vk-graceful');
    expect(await listed('runningpods/')).toContain(metadata?.uid);
    const seen: (number | undefined)[] = [];
    const gone = untilPod(site.api, 'vk-graceful', (found) => {
      if (found !== undefined) seen.push(found.metadata?.deletionGracePeriodSeconds);
      return found === undefined;
    });
    await remove('vk-graceful');
    await gone;
    expect(await listed('runningpods/')).not.toContain(metadata?.uid);
    expect(seen.some((grace) => (grace ?? 0) > 0)).toBe(true);
  });

  it('ends a pod that is deleted by force', async () => {
    const { metadata } = await create('vk-force');
    await ready('vk-force');
    expect(await listed('runningpods/')).toContain(metadata?.uid);
    await remove('vk-force', 0);
    await untilPod(site.api, 'vk-force', (found) => found === undefined);
    await expect.poll(() => listed('runningpods/'), WAIT).not.toContain(metadata?.uid);
  });

  const keyRefs = (optional: boolean) => ({
    Secret: { secretKeyRef: { name: 'secret-0', key: 'key_0', optional } },
    ConfigMap: { configMapKeyRef: { name: 'config-map-0', key: 'key_0', optional } },
  });

  it.each(['Secret', 'ConfigMap'] as const)('runs a pod whose optional %s does not exist, and says so', async (kind) => {
    const containers = [{ name: 'foo', image: 'foo', env: [{ name: 'CONFIG_MAP_0_KEY_0', valueFrom: keyRefs(true)[kind] }] }];
    const { metadata } = await create(`vk-optional-${kind.toLowerCase()}`, { containers });
    await ready(`vk-optional-${kind.toLowerCase()}`);
    await expect.poll(() => reasons(metadata?.uid ?? ''), WAIT).toContain(`Optional${kind}NotFound`);
    expect(await listed('runningpods/')).toContain(metadata?.uid);
  });

  it.each(['Secret', 'ConfigMap'] as const)('does not run a pod whose %s does not exist, and says so', async (kind) => {
    const containers = [{ name: 'foo', image: 'foo', env: [{ name: 'CONFIG_MAP_0_KEY_0', valueFrom: keyRefs(false)[kind] }] }];
    const { metadata } = await create(`vk-mandatory-${kind.toLowerCase()}`, { containers });
    await expect.poll(() => reasons(metadata?.uid ?? ''), WAIT).toEqual(expect.arrayContaining([`Mandatory${kind}NotFound`, 'Failed']));
    expect(await listed('runningpods/')).not.toContain(metadata?.uid);
  });
});

describe('several nodes of one process', () => {
  it('run their own pods, at addresses that are all different, and serve them at ports of their own', async () => {
    await create('on-a');
    await create('on-b', { nodeName: OTHER });
    const [a, b] = [await ready('on-a'), await ready('on-b')];
    expect(a.status?.podIP).not.toBe(b.status?.podIP);
    expect(await listed('pods')).toContain(a.metadata?.uid);
    expect(await listed('pods')).not.toContain(b.metadata?.uid);
    const ports = await Promise.all(
      [NODE, OTHER].map(
        async (name) => (await site.api.request<Node>({ method: 'GET', path: `/api/v1/nodes/${name}` })).status?.daemonEndpoints?.kubeletEndpoint,
      ),
    );
    expect(JSON.stringify(ports[0])).not.toBe(JSON.stringify(ports[1]));
  });
});

describe('a process that is killed', () => {
  it('leaves pods as they were to the next one', async () => {
    await create('survivor', { restartPolicy: 'Never' });
    await create('finisher', { restartPolicy: 'Never' }, { 'mock.vick.dev/exit-after': '8s', 'mock.vick.dev/exit-code': '3' });
    const before = await ready('survivor');
    await ready('finisher');
    await end('SIGKILL');
    await start();
    const finished = await untilPod(site.api, 'finisher', (found) => found?.status?.phase === 'Failed');
    expect(finished?.status?.containerStatuses?.[0]?.state?.terminated?.exitCode).toBe(3);
    const after = await site.api.request<Pod>({ method: 'GET', path: podPath('survivor') });
    expect(after.status?.containerStatuses).toEqual(before.status?.containerStatuses);
    expect(after.status?.podIP).toBe(before.status?.podIP);
  });
});
