/** The kubelet of a VCH is somebody of its own in the cluster, and the operator's credentials go nowhere. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { createPod, pod, startSite, untilPod, type Site } from './site.ts';

let site: Site;
beforeAll(async () => {
  site = await startSite();
});
afterAll(async () => {
  await site.down();
});

interface Csr {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly signerName: string; readonly usages: readonly string[] };
  readonly status: { readonly certificate?: string };
}

const requests = async (): Promise<readonly Csr[]> =>
  (
    await site.api.request<{ items: readonly Csr[] }>({
      method: 'GET',
      path: '/apis/certificates.k8s.io/v1/certificatesigningrequests',
      query: { labelSelector: 'vick.dev/node=kubelet-web' },
    })
  ).items;

/** Every file below the sandbox and the folders of VCHs, in which `text` stands. */
function filesWith(text: string): readonly string[] {
  const found = spawnSync('grep', ['-rlF', '-e', text, '.'], { cwd: site.stateDirectory, encoding: 'utf8' });
  return found.stdout.split('\n').filter((line) => line !== '');
}

test('create gives the VCH an identity of its own, and pods run under it without a refusal', async () => {
  await site.ok(['create', 'vch', 'web', '--bridge-network', 'DC0_DVPG0', '--no-tlsverify']);
  const [csr, ...more] = await requests();
  expect(more).toEqual([]);
  expect(csr).toMatchObject({ spec: { signerName: 'kubernetes.io/kube-apiserver-client-kubelet' }, status: { certificate: expect.any(String) } });
  await createPod(
    site.api,
    pod('once', { containers: [{ name: 'main', image: 'busybox', command: ['true'] }], restartPolicy: 'Never', nodeName: 'kubelet-web' }),
  );
  await untilPod(site.api, 'once', (found) => found?.status?.phase === 'Succeeded');

  const operator = parse(readFileSync(site.kubeconfig, 'utf8')) as { users: [{ user: { 'client-key-data': string } }] };
  const kept = filesWith(operator.users[0].user['client-key-data']);
  expect(kept.filter((file) => !/sandbox\/(kubeconfig|control-plane\/)/.test(file))).toEqual([]);
  const logs = filesWith('forbidden').filter((file) => file.endsWith('virtual-kubelet.log'));
  expect(logs).toEqual([]);
});

test('its expiry is shown, and a new certificate is the same node', async () => {
  const shown = JSON.parse((await site.ok(['identity', 'show', 'web', '-o', 'json'])).stdout) as { subject: string; daysLeft: number };
  expect(shown.subject).toContain('CN=system:node:kubelet-web');
  expect(shown.daysLeft).toBeGreaterThan(300);
  const file = join(site.folder, 'rotated');
  await site.ok(['identity', 'rotate', 'web', '--to', file]);
  const mine = await site.kubectl(['--kubeconfig', file, 'get', 'node', 'kubelet-web', '-o', 'name']);
  expect(mine.stdout).toBe('node/kubelet-web\n');
  const taint = await site.kubectl(['--kubeconfig', file, 'taint', 'node', 'kubelet-web', 'a=b:NoSchedule']);
  expect(taint.stderr).toContain('is not allowed to modify taints');
});

test('delete takes the identity back', async () => {
  await site.kubectl(['delete', 'pod', 'once', '--now']);
  await site.ok(['delete', 'vch', 'web', '--yes']);
  expect(await requests()).toEqual([]);
  expect((await site.vick(['identity', 'show', 'web'])).code).toBe(5);
});

test('--kubelet-identity=as-is hands the given credentials on, and says so', async () => {
  const { stdout, stderr } = await site.ok(['create', 'vch', 'plain', '--bridge-network', 'DC0_DVPG0', '--no-tlsverify', '--kubelet-identity=as-is']);
  expect(stdout + stderr).toContain('vic-machine stores its credentials readable in the settings of the VM');
  expect(await requests()).toEqual([]);
  await site.ok(['delete', 'vch', 'plain', '--yes']);
});
