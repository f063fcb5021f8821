import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Node } from '../../src/platform/kubernetes-objects.ts';
import { createPod, pod, startSite, untilPod, type Site } from './site.ts';

/** One story in order: each step needs the one before it. */
let site: Site;
let left: Awaited<ReturnType<Site['down']>> | undefined;
beforeAll(async () => {
  site = await startSite();
});
afterAll(async () => {
  if (left === undefined) await site.down();
});

test('the sandbox says what it is, without its password', async () => {
  const status = JSON.parse((await site.ok(['sandbox', 'status', '-o', 'json'])).stdout);
  expect(status).toMatchObject({ kind: 'Sandbox', controlPlane: { kind: process.env['KUBEBUILDER_ASSETS'] === undefined ? 'embedded' : 'real' } });
  expect(JSON.stringify(status)).not.toContain(site.env['VIC_MACHINE_PASSWORD']);
});

test('a second sandbox in the same state folder is refused', async () => {
  const again = await site.vick(['sandbox', 'up']);
  expect(again).toMatchObject({ code: 3, stdout: '' });
  expect(again.stderr).toContain('vick sandbox down');
});

test('--dry-run shows the exact command and touches nothing', async () => {
  const result = await site.ok(['create', 'vch', 'demo', '--bridge-network', 'DC0_DVPG0', '--no-tlsverify', '--dry-run']);
  expect(result.stdout).toContain('--k8s-config');
  expect(result.stdout).toContain('--bridge-network');
  expect(result.stdout + result.stderr).not.toContain(site.env['VIC_MACHINE_PASSWORD']);
  expect((await site.ok(['list', 'vch', '-o', 'name'])).stdout).toBe('');
});

test('create makes a VCH that is a Ready node with the labels and taints asked for', async () => {
  const result = await site.ok([
    'create',
    'vch',
    'demo',
    '--bridge-network',
    'DC0_DVPG0',
    '--no-tlsverify',
    '--label',
    'made-by=e2e',
    '--taint',
    'dedicated=demo:NoSchedule',
    '-o',
    'json',
  ]);
  expect(JSON.parse(result.stdout)).toMatchObject({ name: 'demo' });
  const node = await site.api.request<Node>({ method: 'GET', path: '/api/v1/nodes/kubelet-demo' });
  expect(node.metadata?.labels).toMatchObject({ 'made-by': 'e2e', type: 'virtual-kubelet', 'kubernetes.io/hostname': 'kubelet-demo' });
  expect(node.spec?.taints).toContainEqual({ key: 'dedicated', value: 'demo', effect: 'NoSchedule' });
  expect(node.status?.conditions?.find((condition) => condition.type === 'Ready')?.status).toBe('True');
  expect(node.status?.allocatable?.['pods']).toMatch(/^[1-9]/);
  // The lease is renewed beside the status: it may come a moment after the node is Ready.
  const lease = { method: 'GET', path: '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/kubelet-demo' } as const;
  const holder = (): Promise<unknown> =>
    site.api.request<{ spec: { holderIdentity: string } }>(lease).then(
      ({ spec }) => spec.holderIdentity,
      (error: unknown) => error,
    );
  await expect.poll(holder, { timeout: 15_000 }).toBe('kubelet-demo');
});

test('nodes are listed, labelled and tainted by VCH name', async () => {
  expect((await site.ok(['node', 'list', '-o', 'name'])).stdout.trim()).toBe('node/kubelet-demo');
  await site.ok(['node', 'label', 'demo', 'disk=ssd']);
  await site.ok(['node', 'taint', 'demo', 'extra=1:PreferNoSchedule']);
  await site.ok(['node', 'taint', 'demo', 'extra-']);
  const node = await site.api.request<Node>({ method: 'GET', path: '/api/v1/nodes/kubelet-demo' });
  expect(node.metadata?.labels?.['disk']).toBe('ssd');
  expect(node.spec?.taints?.map((taint) => taint.key)).toEqual(['dedicated']);
  const clash = await site.vick(['node', 'label', 'demo', 'disk=hdd']);
  expect(clash.code).toBe(3);
  expect(clash.stderr).toContain('--overwrite');
});

test('a pod without the toleration stays unscheduled; one with it runs a real process whose output can be read', async () => {
  await createPod(site.api, pod('stranger', { containers: [{ name: 'c', image: 'busybox:1.36', command: ['true'] }], nodeSelector: { disk: 'ssd' } }));
  await untilPod(
    site.api,
    'stranger',
    (found) => found?.status?.conditions?.some((condition) => condition.type === 'PodScheduled' && condition.reason === 'Unschedulable') ?? false,
  );

  await createPod(
    site.api,
    pod('guest', {
      restartPolicy: 'Never',
      nodeSelector: { disk: 'ssd' },
      tolerations: [{ key: 'dedicated', operator: 'Equal', value: 'demo', effect: 'NoSchedule' }],
      containers: [
        { name: 'c', image: 'busybox:1.36', command: ['sh', '-c', 'echo "greetings from $WHO"; sleep 1'], env: [{ name: 'WHO', value: 'a real process' }] },
      ],
    }),
  );
  const logs = await site.ok(['sandbox', 'logs', 'guest', '--follow', '--kubeconfig', site.kubeconfig]);
  expect(logs.stdout).toBe('greetings from a real process\n');
  const done = await untilPod(site.api, 'guest', (found) => found?.status?.phase === 'Succeeded');
  expect(done?.spec?.nodeName).toBe('kubelet-demo');
  expect(done?.status?.containerStatuses?.[0]).toMatchObject({
    name: 'c',
    ready: false,
    restartCount: 0,
    containerID: expect.stringMatching(/^vic:\/\/[0-9a-f]{64}/),
    state: { terminated: { exitCode: 0, reason: 'Completed' } },
  });
});

test('status shows the node and its pods', async () => {
  const { stdout } = await site.ok(['status', 'demo']);
  expect(stdout).toContain('kubelet-demo');
  expect(stdout).toContain('guest');
});

test('list shows the VCH and its node', async () => {
  const { stdout } = await site.ok(['list', 'vch']);
  expect(stdout).toMatch(/^NAME\b/);
  expect(stdout).toContain('demo');
});

test('creating the same VCH again is refused and harms nothing', async () => {
  const again = await site.vick(['create', 'vch', 'demo', '--bridge-network', 'DC0_DVPG0', '--no-tlsverify']);
  expect(again.code).toBe(3);
  expect((await site.ok(['node', 'list', '-o', 'name'])).stdout.trim()).toBe('node/kubelet-demo');
});

test('delete removes the VCH, its node and the processes of its pods', async () => {
  await createPod(
    site.api,
    pod('straggler', {
      tolerations: [{ operator: 'Exists' }],
      containers: [{ name: 'c', image: 'busybox:1.36', command: ['sh', '-c', `echo ${site.folder}; sleep 300`] }],
    }),
  );
  await untilPod(site.api, 'straggler', (found) => found?.status?.phase === 'Running');
  const refused = await site.vick(['delete', 'vch', 'demo', '--yes']);
  expect(refused.code).not.toBe(0);
  await site.ok(['delete', 'vch', 'demo', '--yes', '--force']);
  expect((await site.vick(['delete', 'vch', 'demo', '--yes'])).code).toBe(5);
  await expect(site.api.request({ method: 'GET', path: '/api/v1/nodes/kubelet-demo' })).rejects.toMatchObject({ code: 'KUBE_NOT_FOUND' });
});

test('nothing is left behind', async () => {
  left = await site.down();
  expect(left).toEqual({ processes: [], files: [] });
});
