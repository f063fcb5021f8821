import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../src/cli/run.ts';
import { connect } from '../../src/clients/kubernetes/connect.ts';
import { examineKubeconfig, parseKubeconfig, readKubeconfig } from '../../src/clients/kubernetes/kubeconfig.ts';
import { paths } from '../../src/clients/kubernetes/paths.ts';
import { probeServer } from '../../src/clients/kubernetes/probe.ts';
import { createIdentityKeeper } from '../../src/operations/identity/keeper.ts';
import { systemClock } from '../../src/platform/node/clock.ts';
import { nodeFileSystem } from '../../src/platform/node/fs.ts';
import { systemRandom } from '../../src/platform/node/random.ts';
import { startControlPlane, type ControlPlane } from '../../src/sandbox/control-plane/server.ts';
import { resourceDefinitions } from '../../src/sandbox/control-plane/resources/index.ts';
import { createFakeHost } from '../support/fake-deps.ts';

interface PreflightData {
  readonly passed: boolean;
  readonly checks: readonly { readonly name: string; readonly result: string; readonly message: string | null; readonly fix: string | null }[];
}

let folder: string;
let plane: ControlPlane;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vick-identity-cli-'));
  const csr = { apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests'] };
  plane = await startControlPlane({
    clock: systemClock,
    random: systemRandom,
    definitions: resourceDefinitions,
    grants: [
      { users: ['asker'], rules: [{ verbs: ['create', 'get'], ...csr }] },
      { users: ['reader'], rules: [{ verbs: ['get', 'list'], apiGroups: [''], resources: ['nodes', 'pods'] }] },
    ],
  });
  plane.tokens.add('token-of-asker', { username: 'asker', groups: [] });
  plane.tokens.add('token-of-reader', { username: 'reader', groups: [] });
});

afterAll(async () => {
  await plane.stop();
  await rm(folder, { recursive: true, force: true });
});

async function vick(argv: readonly string[], kubeconfig = plane.adminKubeconfig()): Promise<{ code: number; stdout: string; stderr: string }> {
  const path = join(folder, 'kubeconfig');
  await writeFile(path, kubeconfig);
  const env = { VICK_STATE_DIR: join(folder, 'state'), KUBECONFIG: path };
  const source = { env, homeDirectory: folder, cwd: folder, fs: nodeFileSystem };
  const fake = createFakeHost({
    env,
    host: {
      clock: systemClock,
      cwd: folder,
      homeDirectory: folder,
      kubernetes: { connect, readKubeconfig: () => readKubeconfig(source), examine: () => examineKubeconfig(source), probe: probeServer },
    },
  });
  return { code: await run(argv, fake.host), stdout: fake.stdout(), stderr: fake.stderr() };
}

async function preflight(
  argv: readonly string[],
  kubeconfig?: string,
): Promise<{ code: number; data: PreflightData; of: (name: string) => PreflightData['checks'][number] | undefined }> {
  const { code, stdout } = await vick(['preflight', ...argv, '-o', 'json'], kubeconfig);
  const data = JSON.parse(stdout) as PreflightData;
  return { code, data, of: (name) => data.checks.find((check) => check.name === name) };
}

const keeper = () =>
  createIdentityKeeper({
    env: { VICK_STATE_DIR: join(folder, 'state') },
    homeDirectory: folder,
    clock: systemClock,
    random: systemRandom,
    fs: nodeFileSystem,
    kubernetes: { connect },
  });
const mint = async () =>
  keeper().mint(
    { vch: 'web', nodeName: 'kubelet-web', kubeconfig: await parseKubeconfig(plane.adminKubeconfig(), 'test', nodeFileSystem) },
    new AbortController().signal,
  );

describe('vick preflight', () => {
  it('runs every check, and passes where all is well', async () => {
    const { code, data, of } = await preflight(['web', '--allow-loopback']);
    expect(data.checks.filter(({ result }) => result === 'fail' || result === 'warn')).toEqual([]);
    expect(code).toBe(0);
    expect(data).toMatchObject({ kind: 'Preflight', passed: true });
    for (const name of ['server-dns', 'server-tcp', 'server-tls', 'server-ready', 'clock-skew', 'version-skew', 'node-name-free', 'node-lease']) {
      expect(of(name)?.result, name).toBe('pass');
    }
    expect(of('permission:node:get-secrets')).toMatchObject({ result: 'skip', message: expect.stringContaining('decided per pod') });
  });

  it('fails with 6 and goes on to the end when a check fails', async () => {
    const { code, data, of } = await preflight(['web']);
    expect(code).toBe(6);
    expect(of('kubeconfig-portable')).toMatchObject({ result: 'fail', fix: expect.stringContaining('--allow-loopback') });
    expect(of('node-lease')?.result).toBe('pass');
    expect(data.passed).toBe(false);
  });

  it('leaves out what is skipped, and knows no other names', async () => {
    const { code, of } = await preflight(['web', '--skip=kubeconfig-portable,server-dns', '--skip', 'permissions']);
    expect(of('kubeconfig-portable')).toMatchObject({ result: 'skip', message: 'left out with --skip' });
    expect(of('permissions')?.result).toBe('skip');
    expect(code).toBe(0);
    const refused = await vick(['preflight', 'web', '--skip=nonsense']);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('there is no check called nonsense');
    expect(refused.stderr).toContain('kubeconfig-portable, server-address');
  });

  it('says what each missing permission costs', async () => {
    const { code, of } = await preflight(['web', '--allow-loopback'], plane.kubeconfig('reader', { token: 'token-of-reader' }));
    expect(code).toBe(6);
    expect(of('permission:create-certificatesigningrequests.certificates.k8s.io')).toMatchObject({
      result: 'fail',
      message: expect.stringContaining('needed to give the node an identity of its own'),
      fix: expect.stringContaining('kubectl auth can-i create certificatesigningrequests.certificates.k8s.io'),
    });
    expect(of('permission:create-pods/eviction')).toMatchObject({ result: 'warn', message: expect.stringContaining('needed to drain the node') });
  });

  it('asks for what the kubelet needs of the given user with --kubelet-identity=as-is', async () => {
    const { of } = await preflight(['web', '--allow-loopback', '--kubelet-identity=as-is'], plane.kubeconfig('reader', { token: 'token-of-reader' }));
    expect(of('permission:patch-pods/status')).toMatchObject({ result: 'fail', message: expect.stringContaining('report the state of pods') });
    expect(of('permission:create-certificatesigningrequests.certificates.k8s.io')).toMatchObject({ result: 'warn' });
  });

  it('tells an API server that is not trusted, one that is not there, and a token that is not good', async () => {
    const other = await startControlPlane({ clock: systemClock, random: systemRandom, definitions: resourceDefinitions });
    try {
      const wrongCa = plane
        .adminKubeconfig()
        .replace(/certificate-authority-data: \S+/, `certificate-authority-data: ${Buffer.from(other.caPem).toString('base64')}`);
      const untrusted = await preflight(['web', '--allow-loopback'], wrongCa);
      expect(untrusted.of('server-tls')).toMatchObject({ result: 'fail', message: expect.stringContaining('not trusted') });
    } finally {
      await other.stop();
    }
    const gone = await preflight(['web', '--allow-loopback'], other.adminKubeconfig());
    expect(gone.of('server-tcp')).toMatchObject({ result: 'fail', message: expect.stringContaining('ECONNREFUSED') });
    expect(gone.of('permissions')).toMatchObject({ result: 'skip', message: 'the API server cannot be reached' });
    const nobody = await preflight(['web', '--allow-loopback'], plane.kubeconfig('nobody', { token: 'no-such-token' }));
    expect(nobody.of('credentials-accepted')).toMatchObject({ result: 'fail' });
  });

  it('says that the way back was not checked where there is no proxy to nodes', async () => {
    const { of } = await preflight(['--node', 'kubelet-web', '--allow-loopback']);
    expect(of('return-path')?.result).not.toBe('pass');
    expect(of('node-name-free')).toMatchObject({ result: 'skip', message: 'no VCH was named' });
  });

  it('shows a table for people', async () => {
    const { stdout } = await vick(['preflight', 'web', '--allow-loopback']);
    expect(stdout).toMatch(/^CHECK +RESULT +FOUND +FIX/);
    expect(stdout).toMatch(/server-tls +ok +TLSv1/);
  });
});

describe('vick identity', () => {
  it('shows who a VCH is and until when', async () => {
    await mint();
    const { code, stdout } = await vick(['identity', 'show', 'web', '-o', 'json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      kind: 'NodeIdentity',
      user: 'system:node:kubelet-web',
      subject: 'O=system:nodes, CN=system:node:kubelet-web',
      daysLeft: 364,
      certificateRequest: { name: expect.stringMatching(/^vick-kubelet-web-/), state: 'approved, issued' },
    });
  });

  it('says so where it knows of none', async () => {
    const { code, stderr } = await vick(['identity', 'show', 'other']);
    expect(code).toBe(5);
    expect(stderr).toContain('IDENTITY_NOT_FOUND');
  });

  it('rotates into a file that only its owner reads, and says that it is not delivered', async () => {
    await mint();
    const { code, stdout, stderr } = await vick(['identity', 'rotate', 'web', '--to', 'new.kubeconfig', '--valid-for', '30m', '--key', 'rsa', '-o', 'json']);
    expect(code).toBe(0);
    const data = JSON.parse(stdout) as { kubeconfig: string; notAfter: string; formerValidUntil: string; delivered: boolean };
    expect(data.delivered).toBe(false);
    expect(Date.parse(data.notAfter) - Date.now()).toBeLessThan(30 * 60_000);
    expect(Date.parse(data.formerValidUntil)).toBeGreaterThan(Date.now() + 300 * 24 * 3_600_000);
    expect((await stat(data.kubeconfig)).mode & 0o777).toBe(0o600);
    expect(stderr).toContain('vic-machine configure cannot put it into a VCH');
    const text = await readFile(data.kubeconfig, 'utf8');
    const api = await connect(await parseKubeconfig(text, 'new', nodeFileSystem));
    const review = await api.request<{ status: { userInfo: { username: string } } }>({
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      body: {},
    });
    expect(review.status.userInfo.username).toBe('system:node:kubelet-web');
    await api.close();
    expect((await vick(['identity', 'rotate', 'web', '--valid-for', '5m'])).code).toBe(2);
  });

  it('revokes what can be revoked, and says until when the certificate is good', async () => {
    await mint();
    const admin = await connect(await parseKubeconfig(plane.adminKubeconfig(), 'test', nodeFileSystem));
    await admin.request({
      method: 'POST',
      path: paths.nodes(),
      body: { apiVersion: 'v1', kind: 'Node', metadata: { name: 'kubelet-web' }, status: { conditions: [{ type: 'Ready', status: 'True' }] } },
    });
    expect((await vick(['identity', 'revoke', 'web'])).code).toBe(2);
    const busy = await vick(['identity', 'revoke', 'web', '--yes']);
    expect([busy.code, busy.stderr]).toEqual([3, expect.stringContaining('VCH_BUSY')]);
    const { code, stdout } = await vick(['identity', 'revoke', 'web', '--yes', '--force']);
    expect(code).toBe(0);
    expect(stdout).toContain('deleted: node kubelet-web, certificate request vick-kubelet-web-');
    expect(stdout).toMatch(/Kubernetes revokes no certificates: whoever has the key is system:node:kubelet-web until 20\d\d-/);
    await expect(admin.request({ method: 'GET', path: paths.node('kubelet-web') })).rejects.toMatchObject({ code: 'KUBE_NOT_FOUND' });
    await admin.close();
    expect((await vick(['identity', 'revoke', 'web', '--yes'])).code).toBe(5);
  });

  it.each([
    ['reader', 'may not ask', 'create certificatesigningrequests'],
    ['asker', 'may not approve', 'approve signers.certificates.k8s.io/kubernetes.io/kube-apiserver-client-kubelet'],
  ])('names the right that %s lacks', async (user, what, right) => {
    const { code, stderr } = await vick(['identity', 'rotate', 'web'], plane.kubeconfig(user, { token: `token-of-${user}` }));
    expect(code).toBe(4);
    expect(stderr).toContain(what);
    expect(stderr).toContain(right);
    expect(stderr).toContain('--kubelet-identity=as-is');
  });
});
