import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createContainerEngine } from '../../../../src/clients/docker-engine/containers-client.ts';
import { createDockerEngine } from '../../../../src/clients/docker-engine/client.ts';
import { createPortLayer } from '../../../../src/clients/port-layer/client.ts';
import { VickError } from '../../../../src/errors/vick-error.ts';
import { runVirtualKubelet } from '../../../../src/operations/kubelet/drop-in.ts';
import { openLogFile } from '../../../../src/operations/kubelet/log-file.ts';
import type { KubeletTools } from '../../../../src/operations/kubelet/port.ts';
import { systemClock } from '../../../../src/platform/node/clock.ts';
import { nodeFileSystem } from '../../../../src/platform/node/fs.ts';
import { systemRandom } from '../../../../src/platform/node/random.ts';
import { MemoryTrust } from '../../../support/kubelet-server/trust.ts';
import { MemoryCluster } from '../../../support/kubelet/memory-cluster.ts';
import { HOST_UUID, startSandboxVch, type SandboxVch } from '../../../support/sandbox-vch.ts';

let vch: SandboxVch;
let folder: string;

beforeAll(async () => {
  vch = await startSandboxVch();
  folder = await mkdtemp(join(tmpdir(), 'vick-drop-in-'));
});

afterAll(async () => {
  await vch.close();
  await rm(folder, { recursive: true, force: true });
});

const at = ({ host, port }: { host: string; port: number }): string => `${host}:${String(port)}`;

function tools(cluster: MemoryCluster, env: Record<string, string> = {}): KubeletTools & { readonly said: string[] } {
  const said: string[] = [];
  return {
    said,
    env: { PERSONA_ADDR: at(vch.addresses.persona), PORTLAYER_ADDR: at(vch.addresses.portLayer), HOST_UUID, KUBELET_PORT: '0', ...env },
    ...{ clock: systemClock, random: systemRandom, fs: nodeFileSystem, self: { version: '0.0.1' } },
    streams: { stderr: { write: (text) => said.push(text) } },
    kubernetes: {
      readKubeconfig: ({ path }) =>
        path === '/etc/kubelet.conf' ? Promise.resolve({} as never) : Promise.reject(new VickError('KUBECONFIG_NOT_FOUND', `${path ?? ''} cannot be read`)),
      connect: () =>
        Promise.resolve({ server: 'https://k8s', request: () => Promise.resolve({ major: '1', minor: '32' }), close: () => Promise.resolve() } as never),
    },
    kubelet: {
      cluster: () => Promise.resolve(cluster),
      trust: () => Promise.resolve(new MemoryTrust()),
      portLayer: (address) => Promise.resolve(createPortLayer({ ...address, clock: systemClock, pid: 1 })),
      dockerEngine: (address) => Promise.resolve(createDockerEngine({ ...address, clock: systemClock })),
      containerEngine: (endpoint) => Promise.resolve(createContainerEngine({ endpoint, clock: systemClock })),
      resolveHost: () => Promise.reject(new Error('no DNS here')),
    },
  };
}

const argv = (...more: string[]): string[] => [
  '--provider',
  'vic',
  '--kubeconfig',
  '/etc/kubelet.conf',
  '--nodename',
  'kubelet-web',
  '--log-file',
  join(folder, 'logs', 'vk.log'),
  ...more,
];

describe('the drop-in for /sbin/virtual-kubelet', () => {
  it('registers the VCH as a node, runs a pod to its end, and takes over a running one after a restart', async () => {
    const cluster = new MemoryCluster(systemClock);
    const phase = (name: string): string | undefined => [...cluster.podsByName.values()].find(({ metadata }) => metadata?.name === name)?.status?.phase;
    const container = (command: string): { name: string; image: string; command: string[] } => ({
      name: 'main',
      image: 'busybox:latest',
      command: ['/bin/sh', '-c', command],
    });

    const first = new AbortController();
    const run = runVirtualKubelet(argv(), tools(cluster), first.signal);
    await expect
      .poll(() => cluster.nodes.get('kubelet-web')?.status?.conditions?.find(({ type }) => type === 'Ready')?.status, { timeout: 20_000 })
      .toBe('True');
    const node = cluster.nodes.get('kubelet-web');
    expect(node?.status?.capacity).toMatchObject({ cpu: '9', memory: '32768Mi', pods: '16' });
    expect(node?.status?.nodeInfo).toMatchObject({
      kubeletVersion: 'v1.32.0-vick-0.0.1',
      containerRuntimeVersion: 'vic://1.4.3-21053-abcdef',
      systemUUID: HOST_UUID,
    });
    expect(node?.status?.addresses).toContainEqual({ type: 'InternalIP', address: '127.0.0.1' });

    cluster.createPod({ name: 'once', spec: { nodeName: 'kubelet-web', restartPolicy: 'Never', containers: [container('exit 4')] } });
    cluster.createPod({ name: 'stays', spec: { nodeName: 'kubelet-web', containers: [container('sleep 1000')] } });
    await expect.poll(() => [phase('once'), phase('stays')], { timeout: 20_000 }).toEqual(['Failed', 'Running']);
    first.abort();
    expect(await run).toBe(0);

    const vms = async (): Promise<readonly string[]> =>
      (await vch.portLayer.listContainers(new AbortController().signal)).filter(({ state }) => state === 'Running').map(({ id }) => id);
    await expect.poll(vms, { timeout: 20_000 }).toHaveLength(1);
    const before = await vms();
    const second = new AbortController();
    const writes = cluster.writes.length;
    const again = runVirtualKubelet(argv(), tools(cluster), second.signal);
    await expect
      .poll(() => cluster.calls.filter((call) => call.startsWith('watchPods') || call.startsWith('patchNodeStatus')).length, { timeout: 20_000 })
      .toBeGreaterThan(0);
    cluster.createPod({ name: 'later', spec: { nodeName: 'kubelet-web', restartPolicy: 'Never', containers: [container('exit 0')] } });
    await expect.poll(() => phase('later'), { timeout: 20_000 }).toBe('Succeeded');
    expect(cluster.writes.length).toBeGreaterThan(writes);
    expect(phase('stays')).toBe('Running');
    await expect.poll(vms, { timeout: 20_000 }).toEqual(before);
    second.abort();
    expect(await again).toBe(0);
    expect(await readFile(join(folder, 'logs', 'vk.log'), 'utf8')).toContain('node=kubelet-web');
  }, 60_000);

  it.each<[string, string[], Record<string, string>, number, string]>([
    ['an unknown flag', ['--nope'], {}, 2, 'unknown flag --nope'],
    ['a kubeconfig that is not there', ['--kubeconfig', '/gone'], {}, 6, 'KUBECONFIG_NOT_FOUND'],
    ['a configuration that is not there', ['--provider-config', '/gone.yaml'], {}, 6, '/gone.yaml cannot be read'],
    ['no port layer address', [], { PORTLAYER_ADDR: '' }, 6, 'port layer address is not given'],
    ['a port layer that never answers', ['--ready-timeout', '50ms'], { PORTLAYER_ADDR: '127.0.0.1:9' }, 7, 'KUBELET_BACKEND'],
    ['a certificate that is not there', ['--persona-tls-ca', '/gone.pem'], {}, 6, '/gone.pem cannot be read'],
    ['a node whose address is a name that does not resolve', [], { PERSONA_ADDR: 'vch.invalid:2375' }, 6, 'Set --node-ip'],
  ])('ends with a code and a hint for %s', async (_what, more, env, code, why) => {
    const with_ = tools(new MemoryCluster(systemClock), env);
    expect(await runVirtualKubelet(argv(...more), with_, new AbortController().signal)).toBe(code);
    expect(with_.said.join('')).toContain(why);
  });

  it('ends quietly when it is told to while it waits for the VCH', async () => {
    const stop = new AbortController();
    const with_ = tools(new MemoryCluster(systemClock), { PORTLAYER_ADDR: '127.0.0.1:9' });
    const run = runVirtualKubelet(argv(), with_, stop.signal);
    await expect.poll(async () => await readFile(join(folder, 'logs', 'vk.log'), 'utf8')).toContain('waiting for the port layer');
    stop.abort();
    expect(await run).toBe(0);
  });
});

describe('log file', () => {
  it('is made with its folder, keeps order, and is put aside when it is too long', async () => {
    const path = join(folder, 'deep', 'er', 'x.log');
    await nodeFileSystem.makeDirectory(join(folder, 'deep', 'er'));
    await writeFile(path, Buffer.alloc(17 * 1024 * 1024, 'a'));
    const file = await openLogFile(nodeFileSystem, path, () => undefined);
    for (const word of ['one', 'two', 'three']) file.write(`${word}\n`);
    await file.flush();
    expect(await readFile(path, 'utf8')).toBe('one\ntwo\nthree\n');
    expect((await nodeFileSystem.info(`${path}.1`))?.size).toBe(17 * 1024 * 1024);
  });

  it('says what is wrong when it cannot be written', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(openLogFile(nodeFileSystem, join(folder, 'file', 'x.log'), () => undefined)).rejects.toMatchObject({ code: 'KUBELET_CONFIG' });
  });
});
