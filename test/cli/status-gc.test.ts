import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { tmpdir } from 'node:os';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../src/cli/run.ts';
import { createDockerEngine } from '../../src/clients/docker-engine/client.ts';
import { connect } from '../../src/clients/kubernetes/connect.ts';
import { parseKubeconfig } from '../../src/clients/kubernetes/kubeconfig.ts';
import { paths } from '../../src/clients/kubernetes/paths.ts';
import type { KubernetesApi } from '../../src/clients/kubernetes/port.ts';
import { createPortLayer } from '../../src/clients/port-layer/client.ts';
import { selfSigned } from '../../src/kubelet/server/self-signed.ts';
import { createCertificateRequest, generatePrivateKey } from '../../src/platform/certificate-request.ts';
import { rfc3339Micro } from '../../src/platform/clock.ts';
import type { Pod } from '../../src/platform/kubernetes-objects.ts';
import { systemClock } from '../../src/platform/node/clock.ts';
import { nodeFileSystem } from '../../src/platform/node/fs.ts';
import { systemRandom } from '../../src/platform/node/random.ts';
import { resourceDefinitions } from '../../src/sandbox/control-plane/resources/index.ts';
import { startControlPlane, type ControlPlane } from '../../src/sandbox/control-plane/server.ts';
import { createFakeHost, type FakeHost } from '../support/fake-deps.ts';
import { startSandboxVch, type SandboxVch } from '../support/sandbox-vch.ts';

const never = new AbortController().signal;
let plane: ControlPlane;
let api: KubernetesApi;
let vch: SandboxVch;
let folder: string;
/** What the API server reaches as the kubelet of every node. */
let kubelet: Server;
let kubeletPods: readonly Pod[] = [];
let healthz = 'ok';

beforeAll(async () => {
  const { certificate: cert, key } = selfSigned('kubelet-web', ['127.0.0.1'], Date.now());
  kubelet = createSecureServer({ cert, key }, ({ url }, response) => {
    if (url === '/healthz') response.end(healthz);
    else if (url === '/pods') response.setHeader('content-type', 'application/json').end(JSON.stringify({ kind: 'PodList', items: kubeletPods }));
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => kubelet.listen(0, '127.0.0.1', resolve));
  vch = await startSandboxVch();
  folder = await mkdtemp(join(tmpdir(), 'vick-status-'));
});
afterAll(async () => {
  kubelet.closeAllConnections();
  await new Promise((resolve) => kubelet.close(resolve));
  await vch.close();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  plane = await startControlPlane({ clock: systemClock, random: systemRandom, definitions: resourceDefinitions, isSandbox: true });
  api = await connect(await parseKubeconfig(plane.adminKubeconfig(), 'test', nodeFileSystem));
  await createNode('kubelet-web');
});
afterEach(async () => {
  kubeletPods = [];
  healthz = 'ok';
  for (const { id } of await vch.portLayer.listContainers(never)) await removed(id);
  await api.close();
  await plane.stop();
  await rm(join(folder, 'state'), { recursive: true, force: true });
});

async function createNode(name: string, status: Record<string, unknown> = {}, runtime = 'vic://1.5'): Promise<void> {
  const nodeInfo = Object.fromEntries(
    ['architecture', 'bootID', 'kernelVersion', 'kubeProxyVersion', 'kubeletVersion', 'machineID', 'operatingSystem', 'osImage', 'systemUUID'].map((key) => [
      key,
      'x',
    ]),
  );
  const capacity = { cpu: '9', memory: '32Gi', pods: '16' };
  const ready = [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }];
  const reachable = {
    addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
    daemonEndpoints: { kubeletEndpoint: { Port: (kubelet.address() as AddressInfo).port } },
  };
  const body = {
    ...{ apiVersion: 'v1', kind: 'Node', metadata: { name, labels: { type: 'virtual-kubelet' } } },
    status: { conditions: ready, capacity, allocatable: capacity, nodeInfo: { ...nodeInfo, containerRuntimeVersion: runtime }, ...reachable, ...status },
  };
  await api.request({ method: 'POST', path: paths.nodes(), body: body });
}

async function createPod(name: string, phase: string, node = 'kubelet-web'): Promise<Pod> {
  const spec = { nodeName: node, containers: [{ name: 'c', image: 'busybox', resources: { requests: { cpu: '250m', memory: '64Mi' } } }] };
  await api.request({ method: 'POST', path: paths.pods('default'), body: { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec } });
  const body = { status: { phase } };
  return api.request<Pod>({ method: 'PATCH', path: paths.podStatus('default', name), contentType: 'application/merge-patch+json', body });
}

/** A container VM as the provider annotates it; without a UID as a docker user would make it. */
async function createVm(name: string, uid?: string): Promise<string> {
  const annotations: Record<string, string> = uid === undefined ? {} : { 'vick.dev/uid': uid, 'vick.dev/namespace': 'default', 'vick.dev/name': name };
  const { handle, id } = await vch.portLayer.createHandle({ name, numCpus: 1, memoryMiB: 512, hostname: name, annotations }, never);
  const process = {
    namespace: '',
    path: '/bin/sleep',
    args: ['1000'],
    env: [],
    workingDir: '',
    user: '',
    attach: false,
    openStdin: false,
    tty: false,
    stopSignal: '',
  };
  const task = await vch.portLayer.joinTask({ handle, id, ...process }, never);
  await vch.portLayer.commit(await vch.portLayer.bindTask(task.handle, task.id, never), {}, never);
  return id;
}

async function removed(id: string): Promise<void> {
  await vch.portLayer.removeContainer(id, never);
}

const uidOf = (pod: Pod): string => pod.metadata?.uid ?? '';
const vmNames = async (): Promise<readonly string[]> => (await vch.portLayer.listContainers(never)).map(({ name }) => name).sort();

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly data: Record<string, unknown>;
}

function host(options: Parameters<typeof createFakeHost>[0] = {}): FakeHost {
  const kubeconfig = parseKubeconfig(plane.adminKubeconfig(), 'test', nodeFileSystem);
  return createFakeHost({
    ...options,
    env: { VICK_STATE_DIR: join(folder, 'state'), ...options.env },
    host: {
      ...{ clock: systemClock, cwd: folder, homeDirectory: folder },
      kubernetes: { connect, readKubeconfig: () => kubeconfig },
      vch: { portLayer: (address) => Promise.resolve(createPortLayer({ ...address, clock: systemClock, pid: 1 })) },
      kubelet: {
        dockerEngine: (address: Parameters<typeof createDockerEngine>[0]) => Promise.resolve(createDockerEngine({ ...address, clock: systemClock })),
      } as never,
      ...options.host,
    },
  });
}

async function vick(argv: readonly string[], options: Parameters<typeof createFakeHost>[0] = {}): Promise<Ran> {
  const fake = host(options);
  const code = await run(argv, fake.host);
  const stdout = fake.stdout();
  return { code, stdout, stderr: fake.stderr(), data: stdout.startsWith('{') ? (JSON.parse(stdout) as Record<string, unknown>) : {} };
}

function kubeconfigFor(server: string): string {
  return JSON.stringify({
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'c', contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }] },
    ...{ clusters: [{ name: 'c', cluster: { server } }], users: [{ name: 'u', user: {} }] },
  });
}

const at = (place: { readonly host: string; readonly port: number }): string => `${place.host}:${String(place.port)}`;
const addresses = (): string[] => ['--portlayer-addr', at(vch.addresses.portLayer), '--persona-addr', at(vch.addresses.persona)];

describe('vick status', () => {
  it('shows the services of a VCH, and what is used of it', async () => {
    await createPod('a', 'Running');
    const { code, data } = await vick(['status', 'web', ...addresses(), '-o', 'json']);
    expect(data).toMatchObject({
      health: 'ok',
      vsphere: { state: 'notAsked', reason: 'no --target is given' },
      nodes: [
        {
          vch: 'web',
          portLayer: { state: 'ok', podVms: true, containers: 0, cpuMhz: 9200, memoryMiB: 32_768 },
          personality: { state: 'ok', tls: false, address: at(vch.addresses.persona) },
          kubelet: { state: 'ok', healthy: true },
          certificates: [{ of: 'kubelet', subject: 'CN=kubelet-web', daysLeft: 364 }],
          requested: { cpu: '250m', memory: '64Mi', pods: '1' },
        },
      ],
    });
    expect(code).toBe(0);
    const { stdout } = await vick(['status', 'web', ...addresses(), '-o', 'wide']);
    expect(stdout).toMatch(/ {2}vSphere +not asked: no --target is given/);
    expect(stdout).toMatch(/Requested +250m CPU, 64Mi memory, 1 pods/);
    expect(stdout).toMatch(/Used +\d+% of 9200 MHz, \d+% of 32768 MiB/);
  });

  it('shows a service that does not answer with the reason, and exits with 8', async () => {
    const { code, stdout, data } = await vick(['status', 'web', '--portlayer-addr', '127.0.0.1:9', '--persona-addr', '127.0.0.1:9', '-o', 'json']);
    expect([code, data['health']]).toEqual([8, 'degraded']);
    expect(data).toMatchObject({
      nodes: [
        {
          portLayer: { state: 'failed', reason: expect.stringContaining('127.0.0.1:9') },
          personality: { state: 'failed' },
          problems: [expect.stringContaining('port layer: '), expect.stringContaining('personality: ')],
        },
      ],
    });
    expect(stdout).not.toContain('undefined');
  });

  it('says that nobody knows where services are, which is no fault', async () => {
    const { code, stdout } = await vick(['status', 'web']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/Port layer +not asked: its address is not known/);
  });

  it('finds the services of a sandbox, and those of a kubelet that runs beside the VCH', async () => {
    await mkdir(join(folder, 'state', 'sandbox', 'vch'), { recursive: true });
    await writeFile(join(folder, 'state', 'sandbox', 'vch', 'web.json'), JSON.stringify({ portLayer: vch.addresses.portLayer, docker: vch.addresses.persona }));
    expect((await vick(['status', '-o', 'json'])).data).toMatchObject({ nodes: [{ portLayer: { state: 'ok' }, personality: { state: 'ok' } }] });
    await mkdir(join(folder, 'state', 'kubelet', 'kubelet-web'), { recursive: true });
    const services = { portLayer: at(vch.addresses.portLayer), personality: '127.0.0.1:9' };
    await writeFile(join(folder, 'state', 'kubelet', 'kubelet-web', 'kubelet.json'), JSON.stringify({ services }));
    expect((await vick(['status', '-o', 'json'])).data).toMatchObject({ nodes: [{ portLayer: { state: 'ok' }, personality: { state: 'failed' } }] });
  });

  it('refuses addresses without the VCH that they are of, and what is no address', async () => {
    const nameless = await vick(['status', '--portlayer-addr', '127.0.0.1:2377']);
    expect([nameless.code, nameless.stderr]).toEqual([2, expect.stringContaining('--portlayer-addr is the address of one VCH')]);
    expect((await vick(['status', 'web', '--persona-addr', 'nonsense'])).code).toBe(2);
  });

  it('shows what it can of a VCH whose cluster does not answer, and exits with 1', async () => {
    const gone = { kubernetes: { connect, readKubeconfig: () => parseKubeconfig(kubeconfigFor('http://127.0.0.1:9'), 'test', nodeFileSystem) } };
    const { code, data, stdout } = await vick(['status', 'web', ...addresses(), '-o', 'json'], { host: gone });
    expect([code, data]).toMatchObject([
      1,
      {
        health: 'failed',
        cluster: { server: null, reason: expect.stringContaining('127.0.0.1:9') },
        nodes: [{ vch: 'web', status: 'Unknown', portLayer: { state: 'ok' }, personality: { state: 'ok' }, kubelet: { state: 'notAsked' } }],
      },
    ]);
    expect(stdout).not.toContain('undefined');
    const text = await vick(['status', 'web', ...addresses()], { host: gone });
    expect(text.stdout).toMatch(/Reason +the cluster is not reached/);
    const nothing = await vick(['status'], { host: gone });
    expect([nothing.code, nothing.stderr]).toEqual([6, expect.stringContaining('KUBE_UNREACHABLE')]);
  });

  it('exits with 1 when the node is not Ready, whatever else is wrong', async () => {
    await createNode('kubelet-gone', { conditions: [{ type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown' }] });
    expect((await vick(['status', 'gone', '--portlayer-addr', '127.0.0.1:9', '-o', 'json'])).code).toBe(1);
  });

  it('lines up pods by UID and marks what differs', async () => {
    const [same, missing] = [await createPod('same', 'Running'), await createPod('missing', 'Running')];
    await createPod('new', 'Pending');
    const other = await createPod('other', 'Running', 'kubelet-elsewhere');
    await createVm('same', uidOf(same));
    const second = await createVm('same', uidOf(same));
    await createVm('lost', 'a-uid-that-is-gone');
    await createVm('other', uidOf(other));
    await createVm('theirs');
    const { code, data } = await vick(['status', 'web', '--pods', ...addresses(), '-o', 'json']);
    expect(code).toBe(8);
    const [{ lineUp, problems }] = data['nodes'] as [{ lineUp: { name: string; mark: string; uid: string; vm: { id: string } | null }[]; problems: string[] }];
    expect(lineUp.map(({ name, mark }) => [name, mark])).toEqual([
      ['missing', 'missing'],
      ['new', 'pending'],
      ['same', 'ok'],
      ['same', 'duplicate'],
      ['lost', 'orphan'],
      ['other', 'elsewhere'],
      ['theirs', 'foreign'],
    ]);
    expect(lineUp.find(({ name }) => name === 'missing')).toMatchObject({ uid: uidOf(missing), vm: null });
    expect(lineUp.filter(({ name }) => name === 'same').map(({ vm }) => vm?.id)).toContain(second);
    expect(problems.join()).toContain('4 pods are not the same everywhere');
    const { stdout } = await vick(['status', 'web', '--pods', ...addresses()]);
    expect(stdout).toMatch(/ {2}POD +KUBERNETES +KUBELET +PORT LAYER +VM +MARK/);
    expect(stdout).toMatch(/ {2}theirs +- +- +Created +[0-9a-f]{12} +foreign/);
  });

  it('shows what the kubelet has, and a pod that it alone knows as an orphan', async () => {
    const pod = await createPod('a', 'Running');
    await createVm('a', uidOf(pod));
    const ghost: Pod = { metadata: { uid: 'a-uid-that-is-gone', namespace: 'default', name: 'ghost' }, status: { phase: 'Running' } };
    kubeletPods = [{ ...pod, status: { phase: 'Running' } }, ghost];
    const { data } = await vick(['status', 'web', '--pods', ...addresses(), '-o', 'json']);
    expect(data).toMatchObject({
      nodes: [
        {
          lineUp: [
            { name: 'a', kubernetes: 'Running', kubelet: 'Running', vm: { state: 'Created' }, mark: 'ok' },
            { name: 'ghost', kubernetes: null, kubelet: 'Running', vm: null, mark: 'orphan' },
          ],
        },
      ],
    });
  });

  it('tells a kubelet that is not healthy, and one that is not reached', async () => {
    healthz = 'no';
    const sick = await vick(['status', 'web', '-o', 'json']);
    expect([sick.code, sick.data]).toMatchObject([8, { nodes: [{ kubelet: { healthy: false }, problems: ['the kubelet says that it is not healthy'] }] }]);
    await createNode('kubelet-far', { daemonEndpoints: { kubeletEndpoint: { Port: 9 } } });
    const far = await vick(['status', 'far', '-o', 'json']);
    expect([far.code, far.data]).toMatchObject([8, { nodes: [{ kubelet: { state: 'failed', reason: expect.stringContaining('127.0.0.1:9') } }] }]);
  });

  it('goes on with --watch: a line of JSON for each change in a pipe, a new drawing on a terminal', async () => {
    const watching = async (terminal: boolean, more: readonly string[], until: (text: string) => boolean, change: () => Promise<void>): Promise<string> => {
      const fake = host({ terminal });
      const stop = new AbortController();
      const done = run(['status', 'web', '--watch', '--interval', '20ms', ...more], fake.host, stop.signal);
      await expect.poll(() => fake.stdout(), { timeout: 10_000 }).not.toBe('');
      await change();
      await expect.poll(() => until(fake.stdout()), { timeout: 10_000 }).toBe(true);
      stop.abort();
      expect(await done).toBe(130);
      return fake.stdout();
    };
    const lines = await watching(
      false,
      ['-o', 'json'],
      (text) => text.split('\n').length > 2,
      async () => {
        await createPod('later', 'Running');
      },
    );
    const looks = lines
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { nodes: { pods: { name: string; status: string }[] }[] }).nodes[0]?.pods);
    expect(looks[0]).toEqual([]);
    expect(looks.at(-1)?.[0]?.name).toBe('later');
    const drawn = await watching(
      true,
      [],
      (text) => text.split('\u001b[H\u001b[J').length > 3,
      () => Promise.resolve(),
    );
    expect(drawn.startsWith('\u001b[H\u001b[JCluster')).toBe(true);
  });
});

describe('vick gc', () => {
  const old = (): number => Date.now() - 2 * 3_600_000;

  it('shows with --dry-run what it would remove, and changes nothing', async () => {
    await createVm('lost', 'a-uid-that-is-gone');
    await createVm('theirs');
    const { code, data, stdout } = await vick(['gc', 'web', '--dry-run', '--portlayer-addr', at(vch.addresses.portLayer), '-o', 'json']);
    expect(code).toBe(0);
    expect(data).toMatchObject({
      kind: 'GarbageCollection',
      dryRun: true,
      items: [
        { kind: 'pod-vm', name: 'default/lost', vch: 'web', action: 'wouldRemove', why: 'there is no pod with the UID a-uid-that-is-gone' },
        { kind: 'container', name: 'theirs', action: 'kept', why: 'not made by vick' },
      ],
    });
    expect(stdout).not.toContain('undefined');
    expect(await vmNames()).toEqual(['lost', 'theirs']);
  });

  it('removes pod VMs whose pods are gone, running ones too, and nothing else', async () => {
    const pod = await createPod('stays', 'Running');
    await createVm('stays', uidOf(pod));
    const lost = await createVm('lost', 'a-uid-that-is-gone');
    await createVm('theirs');
    await vch.portLayer.putValue(`vick.runs.${lost}`, '{}', never);
    const { code, stdout } = await vick(['gc', 'web', '--yes', '--portlayer-addr', at(vch.addresses.portLayer)]);
    expect([code, await vmNames()]).toEqual([0, ['stays', 'theirs']]);
    expect(stdout).toMatch(/pod-vm +default\/lost +web +removed/);
    expect(await vch.portLayer.getValue(`vick.runs.${lost}`, never)).toBeUndefined();
    const again = await vick(['gc', 'web', '--yes', '--portlayer-addr', at(vch.addresses.portLayer), '-o', 'name']);
    expect([again.code, again.stdout]).toEqual([0, '']);
  });

  it('asks on a terminal, and wants --yes where there is none', async () => {
    await createVm('lost', 'a-uid-that-is-gone');
    const argv = ['gc', 'web', '--portlayer-addr', at(vch.addresses.portLayer)];
    const alone = await vick(argv);
    expect([alone.code, alone.stderr]).toEqual([2, expect.stringContaining('--dry-run')]);
    const refused = await vick(argv, { terminal: true, answers: [false] });
    expect([refused.code, await vmNames()]).toEqual([130, ['lost']]);
    expect((await vick(argv, { terminal: true, answers: [true] })).code).toBe(0);
    expect(await vmNames()).toEqual([]);
  });

  it('leaves everything alone when the cluster cannot say which pods there are', async () => {
    await createVm('lost', 'a-uid-that-is-gone');
    const closed: Server = createServer((_request, response) => void response.writeHead(503).end());
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const server = `http://127.0.0.1:${String((closed.address() as AddressInfo).port)}`;
    const kubeconfig = parseKubeconfig(kubeconfigFor(server), 'test', nodeFileSystem);
    const { code } = await vick(['gc', 'web', '--yes', '--portlayer-addr', at(vch.addresses.portLayer)], {
      host: { kubernetes: { connect, readKubeconfig: () => kubeconfig } },
    });
    expect(code).not.toBe(0);
    expect(await vmNames()).toEqual(['lost']);
    await new Promise((resolve) => closed.close(resolve));
  });

  it('says what it could not look at: 8 where something should answer, 0 where nobody knows where it is', async () => {
    const dead = await vick(['gc', 'web', '--dry-run', '--portlayer-addr', '127.0.0.1:9']);
    expect([dead.code, dead.stderr]).toEqual([8, expect.stringContaining('the port layer of web was not looked at: 127.0.0.1:9')]);
    const unknown = await vick(['gc', '--dry-run']);
    expect([unknown.code, unknown.stderr]).toEqual([0, expect.stringContaining('its address is not known')]);
    expect(unknown.stderr).toContain('Nothing is left behind.');
    expect((await vick(['gc', 'nowhere', '--dry-run'])).code).toBe(5);
  });

  it('removes the certificate requests and the binding of nodes that are gone, once no create can be under way', async () => {
    const request = createCertificateRequest({
      subject: { commonName: 'system:node:kubelet-gone', organizations: ['system:nodes'] },
      privateKeyPem: generatePrivateKey(),
    });
    for (const node of ['kubelet-gone', 'kubelet-web']) {
      const labels = { 'app.kubernetes.io/managed-by': 'vick', 'vick.dev/node': node };
      const spec = {
        request: Buffer.from(request).toString('base64'),
        signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
        usages: ['digital signature', 'client auth'],
      };
      const body = { apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { name: `vick-${node}-1`, labels }, spec };
      await api.request({ method: 'POST', path: paths.signingRequests(), body });
    }
    expect((await vick(['gc', '--yes', '-o', 'name'])).stdout).toBe('');
    const later = { ...systemClock, now: () => Date.now() + 2 * 3_600_000 };
    const { code, stdout } = await vick(['gc', '--yes', '-o', 'name'], { host: { clock: later } });
    expect([code, stdout]).toEqual([0, 'certificate-requests/vick-kubelet-gone-1\n']);
    const { items } = await api.request<{ items: { metadata: { name: string } }[] }>({ method: 'GET', path: paths.signingRequests() });
    expect(items.map(({ metadata }) => metadata.name)).toEqual(['vick-kubelet-web-1']);
  });

  it('removes leases of nodes that are gone, once nobody renews them', async () => {
    const lease = async (name: string, renewed: number, holder = name): Promise<void> => {
      const spec = { holderIdentity: holder, leaseDurationSeconds: 40, renewTime: rfc3339Micro(renewed) };
      const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, namespace: 'kube-node-lease' }, spec };
      await api.request({ method: 'POST', path: paths.leases('kube-node-lease'), body });
    };
    await lease('kubelet-web', old());
    await lease('kubelet-gone', old());
    await lease('kubelet-new', Date.now());
    await lease('worker-1', old());
    await lease('kubelet-other', old(), 'somebody');
    const { code, stdout } = await vick(['gc', '--yes', '-o', 'name']);
    expect([code, stdout]).toEqual([0, 'lease/kubelet-gone\n']);
    const { items } = await api.request<{ items: { metadata: { name: string } }[] }>({ method: 'GET', path: paths.leases('kube-node-lease') });
    expect(items.map(({ metadata }) => metadata.name).sort()).toEqual(['kubelet-new', 'kubelet-other', 'kubelet-web', 'worker-1']);
  });
});
