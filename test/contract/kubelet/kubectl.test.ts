/**
 * kubectl against an API server against the kubelet's server: logs, exec, attach, cp's way, port-forward and raw node
 * requests, over SPDY and WebSocket. The API server is the sandbox's own, and a real one where KUBEBUILDER_ASSETS names
 * etcd and kube-apiserver. Needs kubectl.
 */
import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { get } from 'node:http';
import { text } from 'node:stream/consumers';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createCluster } from '../../../src/clients/kubernetes/cluster.ts';
import { connect } from '../../../src/clients/kubernetes/connect.ts';
import { parseKubeconfig } from '../../../src/clients/kubernetes/kubeconfig.ts';
import { paths } from '../../../src/clients/kubernetes/paths.ts';
import type { KubernetesApi } from '../../../src/clients/kubernetes/port.ts';
import { createTrust } from '../../../src/clients/kubernetes/trust.ts';
import { createKubelet } from '../../../src/kubelet/kubelet.ts';
import { silentLog } from '../../../src/platform/log.ts';
import { systemClock } from '../../../src/platform/node/clock.ts';
import { nodeFileSystem } from '../../../src/platform/node/fs.ts';
import { systemRandom } from '../../../src/platform/node/random.ts';
import { nodeSpawner } from '../../../src/platform/node/spawner.ts';
import type { SandboxCluster } from '../../../src/sandbox/cluster.ts';
import { startEmbeddedCluster } from '../../../src/sandbox/embedded-cluster.ts';
import { startRealControlPlane } from '../../../src/sandbox/real-control-plane/start.ts';
import { CapableBackend } from '../../support/kubelet-server/capable-provider.ts';
import { MemoryBackend } from '../../support/memory-provider.ts';

const ASSETS = process.env['KUBEBUILDER_ASSETS'] ?? '';
const hasKubectl = spawnSync('kubectl', ['version', '--client']).status === 0;
const missing = (kind: 'embedded' | 'real'): string => {
  if (!hasKubectl) return ' (skipped: there is no kubectl)';
  return kind === 'real' && ASSETS === '' ? ' (skipped: KUBEBUILDER_ASSETS does not name a folder with etcd and kube-apiserver)' : '';
};

describe.each([
  ['embedded', missing('embedded')],
  // Its kubelet takes no WebSockets of kubectl, so the API server translates them.
  ['embedded, with a node of 1.34', missing('embedded')],
  ['real', missing('real')],
] as const)('kubectl and an API server: %s%s', (kind, why) => {
  if (why !== '') {
    it.skip(why, () => undefined);
    return;
  }
  let folder: string;
  let cluster: SandboxCluster;
  let admin: KubernetesApi;
  let kubeconfig: string;
  const stop = new AbortController();
  let running: Promise<void>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vick-kubectl-'));
    const open = async (config: string): Promise<KubernetesApi> => connect(await parseKubeconfig(config, 'test', nodeFileSystem));
    const tools = { clock: systemClock, random: systemRandom, log: silentLog };
    cluster =
      kind !== 'real'
        ? await startEmbeddedCluster(tools)
        : await startRealControlPlane(
            { ...tools, assets: ASSETS, directory: join(folder, 'cluster'), fs: nodeFileSystem, spawner: nodeSpawner, connect: open },
            new AbortController().signal,
          );
    kubeconfig = join(folder, 'kubeconfig');
    await writeFile(kubeconfig, cluster.adminKubeconfig);
    admin = await open(cluster.adminKubeconfig);
    const minor = kind.endsWith('1.34') ? '34' : (/^v1\.(\d+)/.exec(cluster.version)?.[1] ?? '20');
    const backend = new MemoryBackend(systemClock);
    backend.facts = { ...backend.facts, addresses: [{ type: 'InternalIP', address: '127.0.0.1' }] };
    const { logs, exec, attach, network, stats } = new CapableBackend().provider();
    const kubelet = createKubelet({
      ...{ ...tools, nodeName: 'kubelet-real', kubeletVersion: `v1.${minor}.0-vick.0` },
      cluster: createCluster(admin, tools),
      provider: Object.assign(backend.provider(), { logs, exec, attach, network, stats }),
      server: { trust: createTrust(admin), address: '127.0.0.1', port: 0 },
    });
    running = kubelet.run(stop.signal);
    await kubelet.ready;
    const spec = {
      nodeName: 'kubelet-real',
      containers: [{ name: 'main', image: 'busybox:1.36', command: ['run'], stdin: true }],
      tolerations: [{ operator: 'Exists' }],
    };
    await admin.request({ method: 'POST', path: paths.pods('default'), body: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web' }, spec } });
    const phase = async (): Promise<unknown> =>
      (await admin.request<{ status?: { phase?: string } }>({ method: 'GET', path: paths.pod('default', 'web') })).status?.phase;
    await vi.waitFor(async () => expect(await phase()).toBe('Running'), { timeout: 20_000 });
  }, 120_000);

  afterAll(async () => {
    stop.abort(new Error('the tests are over'));
    await running;
    await admin.close();
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const kubectl = (args: readonly string[], { webSockets = true, stdin }: { readonly webSockets?: boolean; readonly stdin?: Buffer | string } = {}) =>
    new Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>((resolve) => {
      const env = {
        ...process.env,
        KUBECONFIG: kubeconfig,
        KUBECTL_REMOTE_COMMAND_WEBSOCKETS: String(webSockets),
        KUBECTL_PORT_FORWARD_WEBSOCKETS: String(webSockets),
        HOME: folder,
      };
      const child = execFile('kubectl', [...args], { env, timeout: 30_000, maxBuffer: 512 * 1024 * 1024 }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, stdout, stderr }),
      );
      child.stdin?.end(stdin);
    });

  it('reads logs', async () => {
    expect(await kubectl(['logs', 'web'])).toMatchObject({ code: 0, stdout: 'line one\nline two\nline three\n' });
    expect(await kubectl(['logs', 'web', '-f', '--tail=5'])).toMatchObject({ code: 0, stdout: 'line one\nline two\nline three\n' });
    expect(await kubectl(['logs', 'web', '--limit-bytes=6'])).toMatchObject({ code: 0, stdout: 'line o' });
    expect(await kubectl(['logs', 'web', '-p'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/\(BadRequest\): previous terminated container "main" in pod "web" not found/),
    });
  });

  it.each([true, false])('executes and attaches (WebSocket first: %s)', async (webSockets) => {
    expect(await kubectl(['exec', 'web', '--', 'echo', 'hello'], { webSockets })).toMatchObject({ code: 0, stdout: 'hello\n' });
    expect(await kubectl(['exec', 'web', '--', 'fail', '3'], { webSockets })).toMatchObject({
      code: 3,
      stdout: 'out\n',
      stderr: expect.stringMatching(/^err\ncommand terminated with exit code 3/),
    });
    expect(await kubectl(['exec', '-i', 'web', '--', 'count'], { webSockets, stdin: Buffer.alloc(3_000_000, 1) })).toMatchObject({
      code: 0,
      stdout: '3000000\n',
    });
    const big = await kubectl(['exec', 'web', '--', 'zeros', '50000000'], { webSockets });
    expect([big.code, big.stdout.length]).toEqual([0, 50_000_000]);
    expect(await kubectl(['exec', 'web', '--', 'missing'], { webSockets })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/executable file not found in \$PATH/),
    });
    expect(await kubectl(['attach', 'web'], { webSockets })).toMatchObject({ code: 0, stdout: expect.stringMatching(/attached to main/) });
  });

  it('forwards ports', async () => {
    const program = createServer((socket) => socket.on('error', () => undefined).end('HTTP/1.0 200 OK\r\n\r\nhi from the pod'));
    program.listen(0, '127.0.0.1');
    await once(program, 'listening');
    const port = (program.address() as AddressInfo).port;
    const forward = spawn('kubectl', ['port-forward', 'pod/web', `:${String(port)}`, '--address=127.0.0.1'], {
      env: { ...process.env, KUBECONFIG: kubeconfig, HOME: folder },
    });
    try {
      const [line] = (await once(forward.stdout, 'data')) as [Buffer];
      const local = /127\.0\.0\.1:(\d+)/.exec(line.toString())?.[1];
      for (let round = 0; round < 3; round += 1) {
        const [response] = (await once(get(`http://127.0.0.1:${String(local)}/`), 'response')) as [Parameters<typeof text>[0]];
        expect(await text(response)).toBe('hi from the pod');
      }
    } finally {
      forward.kill('SIGKILL');
      program.close();
    }
  });

  it.skipIf(kind === 'real')('reaches programs of pods and services through their proxies', async () => {
    const program = createServer((socket) => {
      socket
        .on('error', () => undefined)
        .once('data', (head) => {
          const line = head.toString().split('\r\n')[0] ?? '';
          socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${String(line.length)}\r\n\r\n${line}`);
        });
    });
    program.listen(0, '127.0.0.1');
    await once(program, 'listening');
    const { port } = program.address() as AddressInfo;
    try {
      const raw = (path: string) => kubectl(['get', '--raw', `/api/v1/namespaces/default/${path}`]);
      expect(await raw(`pods/web:${String(port)}/proxy/a/b?c=d`)).toMatchObject({ code: 0, stdout: 'GET /a/b?c=d HTTP/1.1' });
      const spec = { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: port }] };
      await admin.request({
        method: 'POST',
        path: '/api/v1/namespaces/default/services',
        body: { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec },
      });
      expect((await raw('services/web:http/proxy/')).stderr).toMatch(/no endpoints available for service/);
      await kubectl(['label', 'pod', 'web', 'app=web']);
      for (const name of ['web', 'web:http', 'http:web:80']) {
        expect(await raw(`services/${name}/proxy/x`)).toMatchObject({ code: 0, stdout: 'GET /x HTTP/1.1' });
      }
    } finally {
      program.close();
    }
    expect((await kubectl(['get', '--raw', `/api/v1/namespaces/default/pods/web:${String(port)}/proxy/`])).stderr).toMatch(
      /error trying to reach service: .*connection refused/,
    );
  });

  it('asks the node', async ({ skip }) => {
    const raw = (path: string) => kubectl(['get', '--raw', `/api/v1/nodes/kubelet-real/proxy/${path}`]);
    const answers = await Promise.all(['healthz', 'stats/summary', 'metrics/resource', 'pods', 'configz'].map(raw));
    if (kind === 'real' && answers.every(({ stderr }) => stderr.includes('address not allowed'))) {
      skip('this API server does not proxy to nodes on loopback addresses');
    }
    const [health, summary, metrics, pods, configz] = answers.map(({ stdout }) => stdout);
    expect(health).toBe('ok');
    expect(JSON.parse(summary ?? '')).toMatchObject({ node: { nodeName: 'kubelet-real' } });
    expect(metrics).toContain('resource_scrape_error 0');
    expect(JSON.parse(pods ?? '')).toMatchObject({ kind: 'PodList', items: [{ metadata: { name: 'web' } }] });
    expect(JSON.parse(configz ?? '')).toHaveProperty('kubeletconfig');
  });
});
