/** What operators see of a site that runs, clear away after, and start beside it. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPod, kubectlMinor, pod, podPath, run, startSite, untilPod, type Site } from './site.ts';

let site: Site;
beforeAll(async () => {
  site = await startSite();
  await site.ok(['create', 'vch', 'web', '--bridge-network', 'DC0_DVPG0', '--no-tlsverify']);
});
afterAll(async () => {
  expect(await site.down()).toEqual({ processes: [], files: [] });
});

const tolerations = [{ operator: 'Exists' as const }];
const json = async (args: readonly string[]): Promise<{ code: number | null; data: Record<string, unknown> }> => {
  const { code, stdout } = await site.vick([...args, '-o', 'json']);
  return { code, data: JSON.parse(stdout) as Record<string, unknown> };
};

test('status asks everybody: vSphere, port layer, Docker API, kubelet, certificates', async () => {
  await createPod(
    site.api,
    pod('stays', { tolerations, nodeName: 'kubelet-web', containers: [{ name: 'c', image: 'busybox:1.36', command: ['sleep', '1000'] }] }),
  );
  await untilPod(site.api, 'stays', (found) => found?.status?.phase === 'Running');
  const { data } = await json(['status', 'web', '--pods']);
  expect(data).toMatchObject({
    nodes: [
      {
        vch: 'web',
        ready: true,
        vsphere: { state: 'ok', id: expect.stringMatching(/^vm-\d+$/) },
        portLayer: { state: 'ok', podVms: true, containers: 1 },
        personality: { state: 'ok', tls: true },
        certificates: expect.arrayContaining([expect.objectContaining({ of: 'docker-api' }), expect.objectContaining({ of: 'node-identity' })]),
        lineUp: [{ name: 'stays', kubernetes: 'Running', vm: { state: 'Running' }, mark: 'ok' }],
      },
    ],
  });
  const { stdout } = await site.vick(['status', 'web', '--pods']);
  expect(stdout).toMatch(/default\/stays +Running +\S+ +Running +[0-9a-f]{12} +ok/);
});

test('gc has nothing to do where all is well', async () => {
  const { code, data } = await json(['gc', '--dry-run']);
  expect([code, data]).toMatchObject([0, { items: [], notLookedAt: [] }]);
});

const stopped = { status: { conditions: [{ type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown' }] } };
const declareStopped = (node: string) =>
  site.api.request({ method: 'PATCH', path: `/api/v1/nodes/${node}/status`, contentType: 'application/strategic-merge-patch+json', body: stopped });

test('gc tells of a node whose VCH this vSphere does not have, and leaves it alone unless it was made there', async () => {
  await site.ok(['create', 'vch', 'gone', '--bridge-network', 'DC0_DVPG0', '--no-tls']);
  await site.ok(['delete', 'vch', 'gone', '--yes', '--keep-node']);
  await declareStopped('kubelet-gone');
  const { data } = await json(['gc', '--yes']);
  expect(data).toMatchObject({ items: [{ kind: 'node', name: 'kubelet-gone', action: 'kept' }] });
  await site.api.request({ method: 'DELETE', path: '/api/v1/nodes/kubelet-gone' });
});

test('gc removes the node and the journal of a VCH that was removed with vic-machine', async () => {
  await site.ok(['create', 'vch', 'lost', '--bridge-network', 'DC0_DVPG0', '--no-tls']);
  const status = JSON.parse((await site.ok(['sandbox', 'status', '-o', 'json'])).stdout) as { vicMachine: string };
  const deleted = await run(status.vicMachine, ['delete', '--name', 'lost', '--force'], { env: site.env, cwd: site.folder });
  expect(deleted).toMatchObject({ code: 0, stdout: expect.stringContaining('Completed successfully') });
  await declareStopped('kubelet-lost');
  const { code, data } = await json(['gc', '--yes']);
  expect([code, data]).toMatchObject([
    0,
    {
      items: [
        { kind: 'node', name: 'kubelet-lost', action: 'removed' },
        { kind: 'journal', vch: 'lost', action: 'removed' },
      ],
    },
  ]);
  await expect(site.api.request({ method: 'GET', path: '/api/v1/nodes/kubelet-lost' })).rejects.toMatchObject({ code: 'KUBE_NOT_FOUND' });
});

describe('a kubelet beside the VCH', () => {
  test('is started, seen and stopped; a pod that it ran goes on being a pod of its node', async () => {
    await site.ok(['kubelet', 'start', '--provider', 'mock', '--nodename', 'kubelet-mock', '--port', '0']);
    expect((await json(['kubelet', 'status'])).data).toMatchObject({ items: [{ node: 'kubelet-mock', running: true, nodeStatus: 'Ready' }] });
    await createPod(site.api, pod('mocked', { tolerations, nodeName: 'kubelet-mock', containers: [{ name: 'c', image: 'x' }] }));
    await untilPod(site.api, 'mocked', (found) => found?.status?.phase === 'Running');
    const again = await site.vick(['kubelet', 'start', '--provider', 'mock', '--nodename', 'kubelet-mock']);
    expect([again.code, again.stderr]).toEqual([3, expect.stringContaining('KUBELET_RUNNING')]);
    await site.ok(['kubelet', 'stop', 'mock']);
    expect((await json(['kubelet', 'status'])).data).toMatchObject({ items: [] });
    await site.api.request({ method: 'DELETE', path: podPath('mocked'), query: { gracePeriodSeconds: 0 } });
    await site.api.request({ method: 'DELETE', path: '/api/v1/nodes/kubelet-mock' });
  });

  test('finds what it needs of a VCH without a kubelet of its own, and runs pods on it', async () => {
    const status = JSON.parse((await site.ok(['sandbox', 'status', '-o', 'json'])).stdout) as { vicMachine: string };
    const created = await run(status.vicMachine, ['create', '--name', 'solo', '--bridge-network', 'DC0_DVPG0', '--no-tls', '--timeout', '3m'], {
      env: site.env,
      cwd: site.folder,
    });
    expect(created.stdout).toContain('Installer completed successfully');
    const started = await site.ok(['kubelet', 'start', 'solo', '--port', '0', '-o', 'json']);
    expect(JSON.parse(started.stdout)).toMatchObject({ node: 'kubelet-solo', registered: true, port: expect.any(Number) });
    await createPod(
      site.api,
      pod('beside', { tolerations, nodeName: 'kubelet-solo', containers: [{ name: 'c', image: 'busybox:1.36', command: ['sleep', '1000'] }] }),
    );
    const first = await untilPod(site.api, 'beside', (found) => found?.status?.phase === 'Running');
    expect((await json(['status', 'solo', '--pods'])).data).toMatchObject({
      nodes: [{ personality: { tls: false }, lineUp: [{ name: 'beside', mark: 'ok' }] }],
    });
    await site.ok(['kubelet', 'stop', 'solo']);
    // Nobody looks after its node now: the pod is taken away behind its back, and what it leaves is gc's.
    await site.api.request({ method: 'DELETE', path: podPath('beside'), query: { gracePeriodSeconds: 0 } });
    const { code, data } = await json(['gc', 'solo', '--yes']);
    expect([code, data]).toMatchObject([
      0,
      { items: [{ kind: 'pod-vm', name: 'default/beside', action: 'removed', why: `there is no pod with the UID ${first?.metadata?.uid ?? ''}` }] },
    ]);
    expect((await json(['status', 'solo'])).data).toMatchObject({ nodes: [{ portLayer: { containers: 0 } }] });
  });

  test('tells why it cannot start', async () => {
    const { code, stderr } = await site.vick(['kubelet', 'start', 'web', '--host-uuid', 'nonsense']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('"nonsense" is not a UUID [KUBELET_CONFIG]')]);
  });
});

const isReal = process.env['KUBEBUILDER_ASSETS'] !== undefined;
const why =
  kubectlMinor() === undefined
    ? ' (skipped: there is no kubectl)'
    : isReal
      ? ''
      : ' (skipped: the embedded control plane has no Deployments; set KUBEBUILDER_ASSETS)';

test.skipIf(why !== '')(`the manifest is taken by a real API server${why}`, async () => {
  const words = [
    'kubelet',
    'manifest',
    'web',
    '--image',
    'registry.example.com/vick:1',
    '--host-uuid',
    '564d395e-d807-e18a-cb25-b79f65eb2b9f',
    '--docker-secret',
    'web-docker',
  ];
  const { stdout } = await site.ok(words);
  const file = join(site.folder, 'manifest.yaml');
  await writeFile(file, stdout);
  await site.kubectl(['create', 'namespace', 'vick-system']);
  const taken = await site.kubectl(['apply', '--dry-run=server', '-f', file]);
  expect([taken.code, taken.stderr]).toEqual([0, expect.not.stringMatching(/error|unknown field/i)]);
  expect(taken.stdout).toContain('deployment.apps/kubelet-web created (server dry run)');
});
