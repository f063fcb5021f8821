/**
 * Kubernetes' own scheduler and controllers over nodes of vick's kubelet: what they make of its pods is what a cluster
 * would. The nodes are mocks, so that every pod of a controller is quick and does as its annotations say.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi, type TestContext } from 'vitest';
import type { Json, Node, Pod } from '../../src/platform/kubernetes-objects.ts';
import { startSite, VICK, type Site } from './site.ts';

const NODES = ['mock-a', 'mock-b'];
const NAMESPACE = 'controllers';
const WAIT = { timeout: 90_000, interval: 250 };
const missing = whatIsMissing();

let site: Site;
let kubelet: ChildProcess | undefined;

/** Why there is nothing to test here; undefined when there is. */
function whatIsMissing(): string | undefined {
  if (process.env['VICK_E2E_KUBECONFIG'] !== undefined) return undefined;
  const assets = process.env['KUBEBUILDER_ASSETS'];
  if (assets === undefined) {
    return 'the embedded control plane has no workload controllers: KUBEBUILDER_ASSETS names no folder with kube-controller-manager and kube-scheduler';
  }
  const absent = ['kube-controller-manager', 'kube-scheduler'].filter((name) => !existsSync(join(assets, name)));
  return absent.length === 0 ? undefined : `${assets} has no ${absent.join(' and no ')}`;
}

/** A test of one controller, skipped with the reason where there is no controller. */
const controller = (name: string, work: () => Promise<void>): void => {
  it(name, async (context: TestContext) => {
    if (missing !== undefined) context.skip(`${name}: ${missing}`);
    await work();
  });
};

const group = (kind: 'deployments' | 'statefulsets' | 'daemonsets' | 'jobs'): string =>
  `/apis/${kind === 'jobs' ? 'batch' : 'apps'}/v1/namespaces/${NAMESPACE}/${kind}`;
const create = async (kind: Parameters<typeof group>[0], body: object): Promise<void> => {
  await site.api.request({ method: 'POST', path: group(kind), body: body as Json });
};
const get = (kind: Parameters<typeof group>[0], name: string): Promise<{ readonly status?: Readonly<Record<string, unknown>> }> =>
  site.api.request({ method: 'GET', path: `${group(kind)}/${name}` });
const patch = async (path: string, body: object): Promise<void> => {
  await site.api.request({ method: 'PATCH', path, body: body as Json, contentType: 'application/merge-patch+json' });
};
const pods = async (app: string): Promise<readonly Pod[]> => {
  const query = { labelSelector: `app=${app}` };
  return (await site.api.request<{ items: Pod[] }>({ method: 'GET', path: `/api/v1/namespaces/${NAMESPACE}/pods`, query })).items;
};
const ready = (pod: Pod): boolean => pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
/** Of pods that are not on their way out. */
const readyPods = async (app: string): Promise<readonly Pod[]> =>
  (await pods(app)).filter((pod) => ready(pod) && pod.metadata?.deletionTimestamp === undefined);
const template = (app: string, more: { readonly spec?: object; readonly image?: string; readonly annotations?: Record<string, string> } = {}): object => ({
  metadata: { labels: { app }, ...(more.annotations === undefined ? {} : { annotations: more.annotations }) },
  spec: { terminationGracePeriodSeconds: 5, ...more.spec, containers: [{ name: 'c', image: more.image ?? 'app:1' }] },
});
const workload = (kind: string, app: string, spec: object): object => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name: app },
  spec: { selector: { matchLabels: { app } }, ...spec },
});
const deploy = async (app: string, replicas: number): Promise<void> => {
  await create('deployments', workload('Deployment', app, { replicas, template: template(app) }));
  await expect.poll(async () => (await readyPods(app)).length, WAIT).toBe(replicas);
};
const nodesOf = (list: readonly Pod[]): readonly (string | undefined)[] => list.map(({ spec }) => spec?.nodeName);

beforeAll(async () => {
  if (missing !== undefined) {
    process.stderr.write(`skipped: Deployments, Jobs, StatefulSets, DaemonSets, drain and taint eviction: ${missing}\n`);
    return;
  }
  site = await startSite();
  await site.api.request({ method: 'POST', path: '/api/v1/namespaces', body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } } });
  const names = NODES.flatMap((name) => ['--nodename', name]);
  const args = ['kubelet', 'run', '--provider', 'mock', ...names, '--kubeconfig', site.kubeconfig, '--port', '0', '--node-ip', '127.0.0.1'];
  kubelet = spawn(process.execPath, [VICK, ...args], { env: { PATH: process.env['PATH'] ?? '', HOME: site.folder }, stdio: 'ignore' });
  const schedulable = async (): Promise<boolean> => {
    const { items } = await site.api.request<{ items: Node[] }>({ method: 'GET', path: '/api/v1/nodes' });
    return items.length >= NODES.length && items.every(({ spec }) => (spec?.taints ?? []).length === 0);
  };
  await vi.waitUntil(schedulable, WAIT);
}, 240_000);

afterAll(async () => {
  if (missing !== undefined) return;
  if (kubelet !== undefined) {
    const child = kubelet;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
  }
  const left = await site.down();
  expect(left.processes).toEqual([]);
}, 120_000);

afterEach(async () => {
  if (missing !== undefined) return;
  for (const kind of ['deployments', 'statefulsets', 'daemonsets', 'jobs'] as const) {
    await site.api.request({ method: 'DELETE', path: group(kind), query: { propagationPolicy: 'Background' } });
  }
  await vi.waitUntil(
    async () => (await site.api.request<{ items: Pod[] }>({ method: 'GET', path: `/api/v1/namespaces/${NAMESPACE}/pods` })).items.length === 0,
    WAIT,
  );
}, 120_000);

describe('workloads of real controllers', () => {
  controller('a Deployment is rolled out, updated without a gap, and scaled', async () => {
    await deploy('roll', 4);
    let fewest = 4;
    await patch(`${group('deployments')}/roll`, { spec: { template: template('roll', { image: 'app:2' }) } });
    await expect
      .poll(async () => {
        const serving = await readyPods('roll');
        fewest = Math.min(fewest, serving.length);
        return serving.map(({ spec }) => spec?.containers[0]?.image);
      }, WAIT)
      .toEqual(['app:2', 'app:2', 'app:2', 'app:2']);
    // A quarter may be unavailable.
    expect(fewest).toBeGreaterThanOrEqual(3);
    await expect
      .poll(async () => (await get('deployments', 'roll')).status, WAIT)
      .toMatchObject({ updatedReplicas: 4, availableReplicas: 4, readyReplicas: 4 });
    await patch(`${group('deployments')}/roll`, { spec: { replicas: 1 } });
    await expect.poll(async () => (await pods('roll')).length, WAIT).toBe(1);
  });

  controller('a Job completes as often as it shall, and fails at its backoffLimit', async () => {
    const job = (name: string, spec: object, annotations: Record<string, string>): object => ({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name },
      spec: { ...spec, template: template(name, { spec: { restartPolicy: 'Never' }, annotations }) },
    });
    await create('jobs', job('counts', { completions: 5, parallelism: 2 }, { 'mock.vick.dev/exit-after': '500ms' }));
    await create('jobs', job('fails', { backoffLimit: 1 }, { 'mock.vick.dev/exit-code': '3' }));
    await expect.poll(async () => (await get('jobs', 'counts')).status, WAIT).toMatchObject({ succeeded: 5 });
    await expect
      .poll(async () => (await get('jobs', 'fails')).status, WAIT)
      .toMatchObject({ conditions: [expect.objectContaining({ type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded' })] });
    const phases = [...(await pods('counts')), ...(await pods('fails'))].map(({ status }) => status?.phase);
    expect(phases.filter((phase) => phase === 'Succeeded')).toHaveLength(5);
    expect(phases.filter((phase) => phase === 'Failed').length).toBeGreaterThanOrEqual(2);
  });

  controller('a Job with restartPolicy OnFailure is restarted in its pod', async () => {
    const annotations = { 'mock.vick.dev/exit-code': '1', 'mock.vick.dev/exit-times': '1' };
    const spec = { template: template('again', { spec: { restartPolicy: 'OnFailure' }, annotations }) };
    await create('jobs', { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'again' }, spec });
    await expect.poll(async () => (await pods('again'))[0]?.status?.containerStatuses?.[0], WAIT).toMatchObject({ restartCount: 1, ready: true });
    expect(await pods('again')).toHaveLength(1);
  });

  controller('a StatefulSet comes up in order, and a lost pod gets a successor of its name', async () => {
    await create(
      'statefulsets',
      workload('StatefulSet', 'set', {
        serviceName: 'set',
        replicas: 3,
        template: template('set', { annotations: { 'mock.vick.dev/start-delay': '1100ms' } }),
      }),
    );
    await expect.poll(async () => (await readyPods('set')).length, WAIT).toBe(3);
    const inOrder = [...(await pods('set'))].sort((a, b) => ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1));
    const readyAt = (pod: Pod | undefined): string => String(pod?.status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime);
    for (const [index, pod] of inOrder.entries()) {
      expect(pod.metadata?.name).toBe(`set-${String(index)}`);
      if (index > 0) expect(String(pod.metadata?.creationTimestamp) >= readyAt(inOrder[index - 1])).toBe(true);
    }
    const before = inOrder[0]?.metadata?.uid;
    await site.api.request({ method: 'DELETE', path: `/api/v1/namespaces/${NAMESPACE}/pods/set-0` });
    const successor = async (): Promise<Pod | undefined> =>
      (await readyPods('set')).find(({ metadata }) => metadata?.name === 'set-0' && metadata.uid !== before);
    await expect.poll(successor, WAIT).toBeDefined();
    expect((await successor())?.status?.containerStatuses?.[0]?.restartCount).toBe(0);
  });

  controller('a DaemonSet has a pod on every node', async () => {
    await create('daemonsets', workload('DaemonSet', 'every', { template: template('every') }));
    await expect.poll(async () => [...nodesOf(await readyPods('every'))].sort(), WAIT).toEqual(NODES);
    await expect
      .poll(async () => (await get('daemonsets', 'every')).status, WAIT)
      .toMatchObject({ desiredNumberScheduled: 2, numberReady: 2, numberAvailable: 2 });
  });

  controller('kubectl drain empties a node, and uncordon fills it again', async () => {
    await deploy('moves', 4);
    await create('daemonsets', workload('DaemonSet', 'stays', { template: template('stays') }));
    await expect.poll(async () => (await readyPods('stays')).length, WAIT).toBe(2);
    const drained = await site.kubectl(['drain', 'mock-b', '--ignore-daemonsets', '--timeout=60s']);
    expect(drained).toMatchObject({ code: 0 });
    expect(drained.stdout).toContain('node/mock-b drained');
    await expect.poll(async () => nodesOf(await readyPods('moves')), WAIT).toEqual(['mock-a', 'mock-a', 'mock-a', 'mock-a']);
    expect([...nodesOf(await readyPods('stays'))].sort()).toEqual(NODES);
    expect((await site.kubectl(['uncordon', 'mock-b'])).code).toBe(0);
    await patch(`${group('deployments')}/moves`, { spec: { replicas: 12 } });
    await expect.poll(async () => nodesOf(await readyPods('moves')).includes('mock-b'), WAIT).toBe(true);
  });

  controller('an eviction through the API ends the pod and waits for budgets', async () => {
    await deploy('guarded', 2);
    const budget = { kind: 'PodDisruptionBudget', metadata: { name: 'guard' }, spec: { minAvailable: 2, selector: { matchLabels: { app: 'guarded' } } } };
    const path = `/apis/policy/v1beta1/namespaces/${NAMESPACE}/poddisruptionbudgets`;
    const served = await site.api.request({ method: 'POST', path, body: { apiVersion: 'policy/v1beta1', ...budget } }).then(
      () => 'policy/v1beta1',
      async () => {
        await site.api.request({ method: 'POST', path: path.replace('v1beta1', 'v1'), body: { apiVersion: 'policy/v1', ...budget } });
        return 'policy/v1';
      },
    );
    const [first] = await readyPods('guarded');
    const { name = '', uid } = first?.metadata ?? {};
    const evict = (): Promise<unknown> =>
      site.api.request({
        method: 'POST',
        path: `/api/v1/namespaces/${NAMESPACE}/pods/${name}/eviction`,
        body: { apiVersion: served, kind: 'Eviction', metadata: { name, namespace: NAMESPACE } },
      });
    await expect(evict()).rejects.toThrow(/disruption budget/);
    await site.api.request({ method: 'DELETE', path: `/apis/${served}/namespaces/${NAMESPACE}/poddisruptionbudgets/guard` });
    await evict();
    await expect.poll(async () => (await pods('guarded')).some(({ metadata }) => metadata?.uid === uid), WAIT).toBe(false);
    await expect.poll(async () => (await readyPods('guarded')).length, WAIT).toBe(2);
  });

  controller('a NoExecute taint evicts what does not tolerate it', async () => {
    await deploy('flees', 3);
    const tolerant = { tolerations: [{ key: 'maintenance', operator: 'Exists', effect: 'NoExecute' }], nodeName: 'mock-b' };
    await site.api.request({
      method: 'POST',
      path: `/api/v1/namespaces/${NAMESPACE}/pods`,
      body: { apiVersion: 'v1', kind: 'Pod', ...template('bears', { spec: tolerant }), metadata: { name: 'bears', labels: { app: 'bears' } } },
    });
    await expect.poll(async () => (await readyPods('bears')).length, WAIT).toBe(1);
    expect((await site.kubectl(['taint', 'node', 'mock-b', 'maintenance=now:NoExecute'])).code).toBe(0);
    try {
      await expect.poll(async () => nodesOf(await pods('flees')), WAIT).toEqual(['mock-a', 'mock-a', 'mock-a']);
      expect(await readyPods('bears')).toHaveLength(1);
    } finally {
      await site.kubectl(['taint', 'node', 'mock-b', 'maintenance-']);
      await site.api.request({ method: 'DELETE', path: `/api/v1/namespaces/${NAMESPACE}/pods/bears` });
    }
  });
});
