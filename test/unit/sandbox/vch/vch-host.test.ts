import { mkdtemp, readFile, rm, writeFile, stat } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../../../src/platform/log.ts';
import { systemClock } from '../../../../src/platform/node/clock.ts';
import { nodeFileSystem } from '../../../../src/platform/node/fs.ts';
import { systemRandom } from '../../../../src/platform/node/random.ts';
import { nodeProcessTable, nodeSpawner } from '../../../../src/platform/node/spawner.ts';
import type { EndpointVmSettings, RunningEndpointVm } from '../../../../src/sandbox/vch/host.ts';
import { serviceAddress } from '../../../../src/sandbox/vch/kubelet-starter.ts';
import { createVchHost } from '../../../../src/sandbox/vch/vch-host.ts';

let directory: string;
const vms: RunningEndpointVm[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vick-vch-'));
});

afterEach(async () => {
  await Promise.all(vms.splice(0).map((vm) => vm.powerOff({ removeContainers: true })));
  await rm(directory, { recursive: true, force: true });
});

const settings = (given: Partial<EndpointVmSettings> = {}): EndpointVmSettings => ({
  id: 'vm-29',
  name: 'web',
  biosUuid: systemRandom.uuid(),
  version: 'v1.4.3',
  debug: 0,
  tls: { mode: 'none' },
  cpuMhz: 9200,
  memoryMiB: 32_768,
  volumeStores: ['default'],
  insecureRegistries: [],
  hasKubelet: true,
  proxies: {},
  ...given,
});

async function powerOn(given: EndpointVmSettings, script = ''): Promise<RunningEndpointVm> {
  const kubelet = join(directory, 'kubelet.sh');
  await writeFile(kubelet, script);
  const host = createVchHost({
    clock: systemClock,
    random: systemRandom,
    fs: nodeFileSystem,
    spawner: nodeSpawner,
    processes: nodeProcessTable,
    log: silentLog,
    env: { PATH: '/usr/bin:/bin' },
    virtualKubelet: { file: '/bin/sh', prefixArgs: [kubelet] },
  });
  const vm = await host.powerOn(given, join(directory, given.name), new AbortController().signal);
  vms.push(vm);
  return vm;
}

async function fetchText(host: string, port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ host, port, path, agent: false }, (response) => {
      text(response).then(resolve, reject);
    }).on('error', reject);
  });
}

async function eventually<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (let round = 0; round < 500; round += 1) {
    const found = await look().catch(() => undefined);
    if (found !== undefined) return found;
    await delay(20);
  }
  throw new Error('it never came');
}

describe('endpoint VM', () => {
  it('serves port layer, Docker personality and portal; two live side by side', async () => {
    const [a, b] = await Promise.all([powerOn(settings({ name: 'a' })), powerOn(settings({ name: 'b' }))]);
    expect(`${a.clientIp}:${String(a.dockerPort)}`).not.toBe(`${b.clientIp}:${String(b.dockerPort)}`);
    for (const [vm, name] of [
      [a, 'a'],
      [b, 'b'],
    ] as const) {
      expect(await fetchText(vm.clientIp, vm.portLayerPort, '/_ping')).toBe('"OK"\n');
      expect(JSON.parse(await fetchText(vm.clientIp, vm.dockerPort, '/info'))).toMatchObject({ Name: name, NCPU: 9200 });
      expect(await fetchText(vm.clientIp, vm.adminPort, '/')).toContain(`VCH ${name}`);
      expect(vm.components.map((one) => one.name)).toEqual(['port-layer', 'docker-personality', 'vicadmin']);
    }
  });

  it('runs the virtual kubelet by the contract of kubelet-starter', async () => {
    const kubelet = { serverAddress: 'k8s.example.test:6443', configFile: 'k.conf', configContent: 'kind: Config\n' };
    const vm = await powerOn(
      settings({ kubelet, proxies: { https: 'http://proxy.test:3128' } }),
      'echo "args $*"; env | sort > environment.new; mv environment.new environment; exec sleep 1000\n',
    );
    const logs = join(directory, 'web', 'var', 'log', 'vic');
    const env = Object.fromEntries(
      (await eventually(() => readFile(join(logs, 'environment'), 'utf8')))
        .trim()
        .split('\n')
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
    expect(env).toMatchObject({
      KUBELET_NAME: 'kubelet-web',
      PERSONA_ADDR: `${vm.clientIp}:${String(vm.dockerPort)}`,
      PORTLAYER_ADDR: `${vm.clientIp}:${String(vm.portLayerPort)}`,
      PERSONA_PORT: String(vm.dockerPort),
      PORTLAYER_PORT: String(vm.portLayerPort),
      KUBERNETES_SERVICE_HOST: 'k8s.example.test:6443',
      KUBERNETES_SERVICE_PORT: '6443',
      HTTPS_PROXY: 'http://proxy.test:3128',
      PATH: '/usr/bin:/bin',
    });
    expect(env).not.toHaveProperty('HTTP_PROXY');
    const config = join(directory, 'web', 'etc', 'kubelet.conf');
    expect(await readFile(config, 'utf8')).toBe('kind: Config\n');
    expect((await stat(config)).mode & 0o777).toBe(0o600);
    expect(await readFile(join(logs, 'kubelet-starter.log'), 'utf8')).toBe(`args --provider vic --kubeconfig ${config} --nodename kubelet-web\n`);
    expect(vm.components[0]).toEqual({ name: 'kubelet-starter', started: true });
  });

  it('starts the kubelet again when it ends, and ends it for good at power-off, although it is deaf', async () => {
    const kubelet = { serverAddress: 'https://k8s.example.test', configFile: 'k.conf', configContent: '' };
    const vm = await powerOn(settings({ kubelet }), 'echo $$ >> pids; [ $(wc -l < pids) -ge 2 ] || exit 1; exec sleep 1000\n');
    const pids = await eventually(async () => {
      const lines = (await readFile(join(directory, 'web', 'var', 'log', 'vic', 'pids'), 'utf8')).trim().split('\n');
      return lines.length === 2 ? lines.map(Number) : undefined;
    });
    expect(nodeProcessTable.isAlive(pids[1]!)).toBe(true);
    await vm.powerOff({ removeContainers: true });
    expect(pids.map((pid) => nodeProcessTable.isAlive(pid))).toEqual([false, false]);
    await expect(fetchText(vm.clientIp, vm.portLayerPort, '/_ping')).rejects.toThrow();
  });

  it('says which component is missing when the appliance has no kubelet', async () => {
    const kubelet = { serverAddress: 'k8s.example.test', configFile: 'k.conf', configContent: '' };
    const vm = await powerOn(settings({ kubelet, hasKubelet: false }));
    expect(vm.components[0]).toMatchObject({ name: 'kubelet-starter', started: false });
    expect(vm.components[0]?.error).toContain('no such file');
  });
});

describe('KUBERNETES_SERVICE_HOST and _PORT', () => {
  it.each([
    ['https://k8s.example.test:6443', 'k8s.example.test:6443', '6443'],
    ['k8s.example.test:6443', 'k8s.example.test:6443', '6443'],
    ['https://k8s.example.test', 'k8s.example.test', ''],
    ['https://k8s.example.test:443/x', 'k8s.example.test:443', '443'],
    ['10.0.0.7:6443', '10.0.0.7:6443', '6443'],
  ])('%s', (address, host, port) => {
    expect(serviceAddress(address)).toEqual({ host, port });
  });
});
