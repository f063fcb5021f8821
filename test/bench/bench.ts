/**
 * What vick costs, as JSON: start-up against `node -e 0` in the same run, the time from a pod's creation to Running, and
 * the memory of the personality idle and with 200 pods. Absolute times belong to the machine; quote the ratios.
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '../../src/clients/kubernetes/connect.ts';
import { readKubeconfig } from '../../src/clients/kubernetes/kubeconfig.ts';
import type { KubernetesApi } from '../../src/clients/kubernetes/port.ts';
import { nodeFileSystem } from '../../src/platform/node/fs.ts';
import type { Pod } from '../../src/platform/kubernetes-objects.ts';

const PODS = 200;
const STARTS = 21;
/** What a container VM of the sandbox takes to boot: no pod can run sooner. */
const VM_BOOT_MS = 200;

const PODS_PATH = '/api/v1/namespaces/default/pods';

interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export async function main(root: string): Promise<void> {
  process.stdout.write(`${JSON.stringify(await bench(root), undefined, 2)}\n`);
}

async function bench(root: string): Promise<unknown> {
  const folder = await mkdtemp(join(tmpdir(), 'vick-bench-'));
  const vickBin = join(root, 'bin', 'vick.js');
  const env: Record<string, string> = { PATH: process.env['PATH'] ?? '', HOME: folder, VICK_STATE_DIR: join(folder, 'state'), NO_COLOR: '1' };
  const vick = (...args: string[]): string => {
    const result = spawnSync(process.execPath, [vickBin, ...args], { env, cwd: folder, encoding: 'utf8', timeout: 120_000 });
    if (result.status !== 0) throw new Error(`vick ${args.join(' ')} failed:\n${result.stdout}${result.stderr}`);
    return result.stdout;
  };
  const startUp = measureStartUp(vickBin, env);
  try {
    vick('sandbox', 'up');
    for (const [, name = '', value = ''] of vick('sandbox', 'env').matchAll(/^export (\w+)='(.*)'$/gm)) env[name] = value;
    vick('create', 'vch', 'bench', '--bridge-network', 'DC0_DVPG0', '--no-tlsverify', '--cpu', '400000', '--memory', '819200');
    const api = await connect(await readKubeconfig({ explicitPath: env['KUBECONFIG'] ?? '', env: {}, homeDirectory: folder, cwd: folder, fs: nodeFileSystem }));
    const pid = await findProcess('kubelet-bench');
    const idle = await residentMiB(pid);
    const oneByOne = await oneAfterAnother(api, PODS);
    const together = await startPods(api, PODS);
    const loaded = await residentMiB(pid);
    await api.close();
    return {
      machine: { node: process.version, platform: `${process.platform}/${process.arch}` },
      startUp,
      podStart: {
        what: 'milliseconds from the creation of a pod to its phase Running; a container VM of the sandbox takes 200 ms of that to boot',
        oneAfterAnother: { pods: PODS, ...oneByOne, p50ToBoot: round2(oneByOne.p50 / VM_BOOT_MS) },
        atOnce: { pods: PODS, ...together },
      },
      memory: {
        what: 'resident MiB of the virtual kubelet',
        idle,
        withPods: { pods: PODS, resident: loaded, kibPerPod: Math.round(((loaded - idle) * 1024) / PODS) },
      },
    };
  } finally {
    spawnSync(process.execPath, [vickBin, 'sandbox', 'down'], { env, cwd: folder, timeout: 60_000 });
    await rm(folder, { recursive: true, force: true });
  }
}

/** Wall time in turn, so that a machine that gets slower meanwhile slows all alike. */
function measureStartUp(vickBin: string, env: Record<string, string>): unknown {
  const commands = { baseline: ['-e', '0'], help: [vickBin, '--help'], version: [vickBin, 'version'] };
  const times: Record<string, number[]> = { baseline: [], help: [], version: [] };
  for (let round = 0; round <= STARTS; round += 1) {
    for (const [name, args] of Object.entries(commands)) {
      const started = performance.now();
      spawnSync(process.execPath, args, { env });
      // The first round warms the file cache.
      if (round > 0) times[name]?.push(performance.now() - started);
    }
  }
  const median = (name: string): number => percentiles(times[name] ?? []).p50;
  const row = (name: string) => ({ medianMs: median(name), ratio: round2(median(name) / median('baseline')) });
  return {
    baseline: { command: 'node -e 0', medianMs: median('baseline') },
    help: { command: 'vick --help', ...row('help') },
    version: { command: 'vick version', ...row('version') },
    runs: STARTS,
  };
}

async function oneAfterAnother(api: KubernetesApi, count: number): Promise<Percentiles> {
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) {
    times.push(...(await timePods(api, [`single-${index}`])));
    await api.request({ method: 'DELETE', path: `${PODS_PATH}/single-${index}` });
  }
  return percentiles(times);
}

async function startPods(api: KubernetesApi, count: number): Promise<Percentiles> {
  return percentiles(
    await timePods(
      api,
      Array.from({ length: count }, (_, index) => `many-${index}`),
    ),
  );
}

/** Creates pods and follows them by a watch until all run; how long each took. */
async function timePods(api: KubernetesApi, names: readonly string[]): Promise<number[]> {
  const pods = PODS_PATH;
  const list = await api.request<{ metadata: { resourceVersion: string } }>({ method: 'GET', path: pods });
  const created = new Map<string, number>();
  const took = new Map<string, number>();
  const stop = AbortSignal.timeout(300_000);
  const watching = (async () => {
    const query = { watch: true, resourceVersion: list.metadata.resourceVersion, timeoutSeconds: 600 };
    for await (const { object } of api.watch<Pod>({ method: 'GET', path: pods, query }, stop)) {
      const name = object.metadata?.name ?? '';
      const since = created.get(name);
      if (since === undefined || took.has(name) || object.status?.phase !== 'Running') continue;
      took.set(name, performance.now() - since);
      if (took.size === names.length) return;
    }
  })();
  await Promise.all(
    names.map(async (name) => {
      created.set(name, performance.now());
      const spec = {
        terminationGracePeriodSeconds: 1,
        containers: [{ name: 'c', image: 'busybox:1.36', command: ['sleep', '3600'], resources: { requests: { cpu: '10m', memory: '16Mi' } } }],
      };
      await api.request({ method: 'POST', path: pods, body: { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec } });
    }),
  );
  await watching;
  return [...took.values()];
}

/** The process whose command line ends with the node's name. */
async function findProcess(nodeName: string): Promise<number> {
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
    if (words.includes(nodeName) && words.some((word) => word.endsWith('virtual-kubelet.js'))) return Number(pid);
  }
  throw new Error(`no process serves ${nodeName}`);
}

async function residentMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 'NaN') / 1024);
}

function percentiles(values: readonly number[]): Percentiles {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => round2(sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN);
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

const round2 = (value: number): number => Math.round(value * 100) / 100;
