/**
 * What the kubelet itself costs, as JSON: a node whose pods only say that they run (`--provider mock`), so that all of the
 * time is the API server's, this client's and the kubelet's. Pods are created at once; how long until all are Running and
 * until all are gone, with the kubelet's CPU seconds, its peak memory and the status writes per pod. On a real control
 * plane when KUBEBUILDER_ASSETS names its folder, and on the embedded one.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '../../src/clients/kubernetes/connect.ts';
import { parseKubeconfig } from '../../src/clients/kubernetes/kubeconfig.ts';
import type { KubernetesApi } from '../../src/clients/kubernetes/port.ts';
import { nodeFileSystem } from '../../src/platform/node/fs.ts';
import { systemClock } from '../../src/platform/node/clock.ts';
import { systemRandom } from '../../src/platform/node/random.ts';
import { nodeSpawner } from '../../src/platform/node/spawner.ts';
import { silentLog } from '../../src/platform/log.ts';
import type { Node, Pod } from '../../src/platform/kubernetes-objects.ts';
import { startRealControlPlane } from '../../src/sandbox/real-control-plane/start.ts';

const NODE = 'bench';
const PODS_PATH = '/api/v1/namespaces/default/pods';
const SIZES = [200, 1_000];
const WITHIN_MS = 300_000;
/** The kernel counts process times in these. */
const TICKS_PER_SECOND = 100;

interface ControlPlane {
  readonly version: string;
  readonly kubeconfig: string;
  stop(): Promise<void>;
}

export async function main(root: string): Promise<void> {
  const assets = process.env['KUBEBUILDER_ASSETS'];
  const sizes = process.env['VICK_BENCH_PODS']?.split(',').map(Number) ?? SIZES;
  const results: Record<string, unknown> = { machine: { node: process.version, platform: `${process.platform}/${process.arch}`, processors: cpus().length } };
  if (assets !== undefined) results['real'] = await onControlPlane(root, (folder) => startReal(folder, assets), sizes);
  if (assets === undefined || process.env['VICK_BENCH_EMBEDDED'] !== 'no') {
    results['embedded'] = await onControlPlane(root, (folder) => startEmbedded(root, folder), sizes);
  }
  process.stdout.write(`${JSON.stringify(results, undefined, 2)}\n`);
}

async function onControlPlane(root: string, start: (folder: string) => ControlPlane | Promise<ControlPlane>, sizes: readonly number[]): Promise<unknown> {
  const folder = await mkdtemp(join(tmpdir(), 'vick-bench-mock-'));
  try {
    const plane = await start(folder);
    try {
      const rows: Record<string, unknown> = { version: plane.version };
      for (const size of sizes) rows[`${String(size)} pods`] = await measure(root, folder, plane.kubeconfig, size);
      return rows;
    } finally {
      await plane.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function startReal(folder: string, assets: string): Promise<ControlPlane> {
  const tools = { clock: systemClock, random: systemRandom, log: silentLog, fs: nodeFileSystem, spawner: nodeSpawner };
  const open = async (text: string): Promise<KubernetesApi> => connect(await parseKubeconfig(text, 'of the bench', nodeFileSystem));
  const cluster = await startRealControlPlane({ ...tools, assets, directory: join(folder, 'control-plane'), connect: open }, new AbortController().signal);
  const kubeconfig = join(folder, 'admin.conf');
  await writeFile(kubeconfig, cluster.adminKubeconfig, { mode: 0o600 });
  return { version: cluster.version, kubeconfig, stop: () => cluster.stop() };
}

function startEmbedded(root: string, folder: string): ControlPlane {
  const env = { PATH: process.env['PATH'] ?? '', HOME: folder, VICK_STATE_DIR: join(folder, 'state'), NO_COLOR: '1' };
  const vick = (...args: string[]): string => {
    const result = spawnSync(process.execPath, [join(root, 'bin', 'vick.js'), ...args], { env, cwd: folder, encoding: 'utf8', timeout: 120_000 });
    if (result.status !== 0) throw new Error(`vick ${args.join(' ')} failed:\n${result.stdout}${result.stderr}`);
    return result.stdout;
  };
  vick('sandbox', 'up');
  const [, kubeconfig = ''] = /^export KUBECONFIG='(.*)'$/m.exec(vick('sandbox', 'env')) ?? [];
  return {
    version: 'embedded',
    kubeconfig,
    stop: () => {
      vick('sandbox', 'down');
      return Promise.resolve();
    },
  };
}

/** A kubelet of its own for every size: memory and CPU seconds are those of one burst. */
async function measure(root: string, folder: string, kubeconfig: string, size: number): Promise<unknown> {
  const api = await connect(await parseKubeconfig(await readFile(kubeconfig, 'utf8'), kubeconfig, nodeFileSystem));
  const kubelet = startKubelet(root, folder, kubeconfig);
  try {
    await untilReady(api, kubelet);
    const pid = kubelet.pid ?? 0;
    const idle = await memoryMiB(pid);
    const before = await cpuSeconds(pid);
    const follower = followPods(api);
    await follower.ready;
    const created = await createPods(api, size, follower);
    const running = await cpuSeconds(pid);
    const peakRunning = await memoryMiB(pid);
    const gone = await deletePods(api, size, follower);
    const after = await cpuSeconds(pid);
    follower.stop();
    return {
      toRunning: { ...created, cpuSeconds: round2(running - before) },
      toGone: { ...gone, cpuSeconds: round2(after - running) },
      residentMiB: { idle: idle.resident, peakUntilRunning: peakRunning.peak, withPods: peakRunning.resident, peak: (await memoryMiB(pid)).peak },
    };
  } finally {
    const ended = new Promise((resolve) => kubelet.once('exit', resolve));
    if (kubelet.exitCode === null) {
      kubelet.kill('SIGTERM');
      await ended;
    }
    await api.request({ method: 'DELETE', path: `/api/v1/nodes/${NODE}` }).catch(() => undefined);
    await api.close();
  }
}

function startKubelet(root: string, folder: string, kubeconfig: string): ChildProcess {
  const log = openSync(join(folder, 'kubelet.log'), 'a');
  const args = ['kubelet', 'run', '--provider', 'mock', '--nodename', NODE, '--kubeconfig', kubeconfig, '--port', '0', '--node-ip', '127.0.0.1'];
  const flags = process.env['VICK_BENCH_NODE_FLAGS']?.split(' ') ?? [];
  const child = spawn(process.execPath, [...flags, join(root, 'bin', 'vick.js'), ...args], {
    env: { PATH: process.env['PATH'] ?? '', HOME: folder },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  return child;
}

async function untilReady(api: KubernetesApi, kubelet: ChildProcess): Promise<void> {
  const signal = AbortSignal.timeout(60_000);
  for (;;) {
    if (kubelet.exitCode !== null) throw new Error(`the kubelet has ended with ${String(kubelet.exitCode)}`);
    const node = await api.request<Node>({ method: 'GET', path: `/api/v1/nodes/${NODE}` }, signal).catch(() => undefined);
    if (node?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true) return;
    await systemClock.sleep(100, signal);
  }
}

interface Follower {
  readonly ready: Promise<void>;
  /** Milliseconds of performance.now at which each pod was seen Running, and how many writes it took. */
  readonly running: Map<string, { readonly at: number; readonly writes: number }>;
  readonly gone: Map<string, number>;
  until(holds: () => boolean): Promise<void>;
  stop(): void;
}

function followPods(api: KubernetesApi): Follower {
  const abort = new AbortController();
  const running: Follower['running'] = new Map();
  const gone: Follower['gone'] = new Map();
  const writes = new Map<string, number>();
  let wake = (): void => undefined;
  let settle = (): void => undefined;
  const ready = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const follow = async (): Promise<void> => {
    const list = await api.request<{ metadata: { resourceVersion: string } }>({ method: 'GET', path: PODS_PATH, query: { limit: 1 } });
    settle();
    const query = { watch: true, resourceVersion: list.metadata.resourceVersion, timeoutSeconds: 3600 };
    for await (const { type, object } of api.watch<Pod>({ method: 'GET', path: PODS_PATH, query }, abort.signal)) {
      const name = object.metadata?.name ?? '';
      if (type === 'DELETED') gone.set(name, performance.now());
      if (type === 'MODIFIED' && !running.has(name)) {
        writes.set(name, (writes.get(name) ?? 0) + 1);
        if (object.status?.phase === 'Running') running.set(name, { at: performance.now(), writes: writes.get(name) ?? 0 });
      }
      wake();
    }
  };
  follow().catch((error: unknown) => {
    if (!abort.signal.aborted) process.stderr.write(`the watch of the bench ended: ${String(error)}\n`);
  });
  return {
    ready,
    running,
    gone,
    until: async (holds) => {
      const limit = performance.now() + WITHIN_MS;
      while (!holds()) {
        if (performance.now() > limit) {
          throw new Error(`not there in ${String(WITHIN_MS / 1000)} s: ${String(running.size)} running, ${String(gone.size)} gone`);
        }
        await Promise.race([
          new Promise<void>((resolve) => {
            wake = resolve;
          }),
          systemClock.sleep(1_000),
        ]);
      }
    },
    stop: () => abort.abort(),
  };
}

async function createPods(api: KubernetesApi, size: number, follower: Follower): Promise<object> {
  const created = new Map<string, number>();
  const started = performance.now();
  const names = Array.from({ length: size }, (_, index) => `bench-${String(index)}`);
  await Promise.all(
    names.map(async (name) => {
      // Counted from when its request is sent, not from when it has begun to wait for a connection.
      created.set(name, performance.now());
      const spec = { nodeName: NODE, containers: [{ name: 'c', image: 'busybox:1.36', resources: { requests: { cpu: '10m', memory: '16Mi' } } }] };
      await api.request({ method: 'POST', path: PODS_PATH, body: { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec }, timeoutMs: WITHIN_MS });
    }),
  );
  const acceptedMs = performance.now() - started;
  await follower.until(() => follower.running.size === size);
  const tookMs = Math.max(...[...follower.running.values()].map(({ at }) => at)) - started;
  const perPod = [...follower.running].map(([name, { at }]) => at - (created.get(name) ?? started));
  const writes = [...follower.running.values()].map((seen) => seen.writes);
  return {
    seconds: round2(tookMs / 1000),
    acceptedInSeconds: round2(acceptedMs / 1000),
    podsPerSecond: Math.round((size * 1000) / tookMs),
    ...percentiles(perPod),
    statusWritesPerPod: { mean: round2(writes.reduce((sum, count) => sum + count, 0) / size), max: Math.max(...writes) },
  };
}

async function deletePods(api: KubernetesApi, size: number, follower: Follower): Promise<object> {
  const started = performance.now();
  await api.request({ method: 'DELETE', path: PODS_PATH, timeoutMs: WITHIN_MS });
  const acceptedMs = performance.now() - started;
  await follower.until(() => follower.gone.size === size);
  return { seconds: round2((Math.max(...follower.gone.values()) - started) / 1000), acceptedInSeconds: round2(acceptedMs / 1000) };
}

async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${String(pid)}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

async function memoryMiB(pid: number): Promise<{ readonly resident: number; readonly peak: number }> {
  const status = await readFile(`/proc/${String(pid)}/status`, 'utf8');
  const of = (key: string): number => Math.round(Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 'NaN') / 1024);
  return { resident: of('VmRSS'), peak: of('VmHWM') };
}

function percentiles(values: readonly number[]): { readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => Math.round(sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN);
  return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}

const round2 = (value: number): number => Math.round(value * 100) / 100;
