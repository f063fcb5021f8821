/**
 * The one place from which e2e tests take a site: the program as users run it (bin/vick.js), a sandbox of its own, and a
 * cluster. The cluster is the sandbox's embedded control plane; a real etcd and kube-apiserver when KUBEBUILDER_ASSETS
 * names their folder; or any cluster by VICK_E2E_KUBECONFIG.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { connect } from '../../src/clients/kubernetes/connect.ts';
import { readKubeconfig } from '../../src/clients/kubernetes/kubeconfig.ts';
import type { KubernetesApi } from '../../src/clients/kubernetes/port.ts';
import { nodeFileSystem } from '../../src/platform/node/fs.ts';
import type { Pod, PodSpec } from '../../src/platform/kubernetes-objects.ts';

export const VICK = resolve(import.meta.dirname, '../../bin/vick.js');

export interface Run {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Sends `signal`, or does something else, as soon as stdout or stderr matches. */
  readonly interrupt?: { readonly when: RegExp } & ({ readonly signal: NodeJS.Signals } | { readonly act: () => void });
}

/** Runs a program to its end with a minimal environment. */
export async function run(file: string, args: readonly string[], options: RunOptions & { readonly cwd?: string } = {}): Promise<Run> {
  const child = spawn(file, args, {
    env: { PATH: process.env['PATH'] ?? '', ...options.env },
    cwd: options.cwd,
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  child.stdin?.end(options.input);
  let stdout = '';
  let stderr = '';
  let interrupted = false;
  const look = (): void => {
    if (options.interrupt === undefined || interrupted || !options.interrupt.when.test(stdout + stderr)) return;
    interrupted = true;
    if ('act' in options.interrupt) options.interrupt.act();
    else child.kill(options.interrupt.signal);
  };
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    look();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    look();
  });
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('close', (code, signal) => {
      done({ code, signal, stdout, stderr });
    });
  });
}

export interface Site {
  readonly api: KubernetesApi;
  readonly kubeconfig: string;
  readonly folder: string;
  readonly stateDirectory: string;
  /** Environment for vick, kubectl and vic-machine. */
  readonly env: Readonly<Record<string, string>>;
  vick(args: readonly string[], options?: RunOptions): Promise<Run>;
  /** As vick, and fails the test unless it exits 0. */
  ok(args: readonly string[], options?: RunOptions): Promise<Run>;
  kubectl(args: readonly string[], options?: RunOptions): Promise<Run>;
  /** Takes the sandbox down and tells what is left behind: processes and files. */
  down(): Promise<{ readonly processes: readonly string[]; readonly files: readonly string[] }>;
}

/**
 * `virtualKubelet`: the program that endpoint VMs run in place of bin/virtual-kubelet.js. `engine`: what runs the pods;
 * VICK_SANDBOX_ENGINE of this process where it is not given, else processes.
 */
export async function startSite({ virtualKubelet, engine }: { readonly virtualKubelet?: string; readonly engine?: string } = {}): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), 'vick-e2e-'));
  const stateDirectory = join(folder, 'state');
  const assets = process.env['KUBEBUILDER_ASSETS'];
  const base = { HOME: folder, VICK_STATE_DIR: stateDirectory, NO_COLOR: '1', ...(assets === undefined ? {} : { KUBEBUILDER_ASSETS: assets }) };
  const vickWith =
    (env: Readonly<Record<string, string>>) =>
    (args: readonly string[], options: RunOptions = {}) =>
      run(process.execPath, [VICK, ...args], { ...options, env: { ...env, ...options.env }, cwd: folder });
  const runsPods = engine ?? process.env['VICK_SANDBOX_ENGINE'];
  const flags = [...(virtualKubelet === undefined ? [] : ['--virtual-kubelet', virtualKubelet]), ...(runsPods === undefined ? [] : ['--engine', runsPods])];
  const up = await vickWith(base)(['sandbox', 'up', ...flags]);
  if (up.code !== 0) throw new Error(`sandbox up failed:\n${up.stderr}`);
  const env: Record<string, string> = { ...base };
  for (const [, name = '', value = ''] of (await vickWith(base)(['sandbox', 'env'])).stdout.matchAll(/^export (\w+)='(.*)'$/gm)) env[name] = value;
  const external = process.env['VICK_E2E_KUBECONFIG'];
  if (external !== undefined) env['KUBECONFIG'] = resolve(external);
  const kubeconfig = env['KUBECONFIG'] ?? '';
  const api = await connect(await readKubeconfig({ explicitPath: kubeconfig, env: {}, homeDirectory: folder, cwd: folder, fs: nodeFileSystem }));
  const vick = vickWith(env);
  return {
    api,
    kubeconfig,
    folder,
    stateDirectory,
    env,
    vick,
    ok: async (args, options) => {
      const result = await vick(args, options);
      if (result.code !== 0) throw new Error(`vick ${args.join(' ')} exited ${String(result.code)}\n${result.stdout}\n${result.stderr}`);
      return result;
    },
    kubectl: (args, options = {}) => run('kubectl', args, { ...options, env: { ...env, ...options.env }, cwd: folder }),
    down: async () => {
      // The sandbox's own cluster goes with it; a test may have ended it already.
      if (external !== undefined) {
        await api.request({ method: 'DELETE', path: '/api/v1/namespaces/default/pods', query: { labelSelector: MARK, gracePeriodSeconds: 0 } });
      }
      await api.close();
      const result = await vick(['sandbox', 'down']);
      if (result.code !== 0) throw new Error(`sandbox down failed:\n${result.stderr}`);
      const left = { processes: processesOf(folder), files: await filesBelow(join(stateDirectory, 'sandbox')) };
      await rm(folder, { recursive: true, force: true });
      return left;
    },
  };
}

/** `kubectl` and its minor version, or undefined where there is none. */
export function kubectlMinor(): number | undefined {
  const found = spawnSync('kubectl', ['version', '--client', '-o', 'json'], { encoding: 'utf8' });
  if (found.status !== 0) return undefined;
  const version = JSON.parse(found.stdout) as { clientVersion: { minor: string } };
  return Number.parseInt(version.clientVersion.minor, 10);
}

/** Label of what a test makes, so that a cluster that goes on afterwards can be left as it was. */
const MARK = 'vick-e2e';

export function pod(name: string, spec: Partial<PodSpec> & Pick<PodSpec, 'containers'>): Pod {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { [MARK]: 'pod' } }, spec: { terminationGracePeriodSeconds: 5, ...spec } };
}

export const podPath = (name: string): string => `/api/v1/namespaces/default/pods/${name}`;

export async function createPod(api: KubernetesApi, wanted: Pod): Promise<Pod> {
  return api.request<Pod>({ method: 'POST', path: '/api/v1/namespaces/default/pods', body: wanted });
}

/** Watches a pod until `holds`; the pod as it then is, or undefined when it is gone and `holds(undefined)`. */
export async function untilPod(api: KubernetesApi, name: string, holds: (pod: Pod | undefined) => boolean, timeoutMs = 60_000): Promise<Pod | undefined> {
  const signal = AbortSignal.timeout(timeoutMs);
  let last: Pod | undefined;
  try {
    for (;;) {
      const list = await api.request<{ metadata: { resourceVersion: string }; items: Pod[] }>(
        { method: 'GET', path: '/api/v1/namespaces/default/pods', query: { fieldSelector: `metadata.name=${name}` } },
        signal,
      );
      last = list.items[0];
      if (holds(last)) return last;
      const query = { watch: true, fieldSelector: `metadata.name=${name}`, resourceVersion: list.metadata.resourceVersion, timeoutSeconds: 60 };
      for await (const event of api.watch<Pod>({ method: 'GET', path: '/api/v1/namespaces/default/pods', query }, signal)) {
        if (event.type === 'BOOKMARK') continue;
        last = event.type === 'DELETED' ? undefined : event.object;
        if (holds(last)) return last;
      }
    }
  } catch (error) {
    throw new Error(`pod ${name} did not get there in ${timeoutMs / 1000} s; last seen: ${JSON.stringify(last?.status ?? 'absent', undefined, 1)}`, {
      cause: error,
    });
  }
}

/** Command lines of living processes that name `folder`: `PID ARGS…`. */
export function processesNaming(folder: string): readonly string[] {
  return commandLines().filter((line) => line.includes(folder));
}

/** From /proc, so that nothing has to be installed; elsewhere from ps. */
function commandLines(): readonly string[] {
  if (!existsSync('/proc/self/cmdline')) return spawnSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' }).stdout.split('\n');
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map((pid) => `${pid} ${readIfThere(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')}`);
}

/** A process may end while it is looked at, and others' are not for us to read. */
function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Living processes that name `folder` in their command line or in their environment, where that can be read. */
export function processesOf(folder: string): readonly string[] {
  if (!existsSync('/proc/self/environ')) return processesNaming(folder);
  return commandLines().filter((line) => line.includes(folder) || readIfThere(`/proc/${Number.parseInt(line, 10)}/environ`).includes(folder));
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  return (await nodeFileSystem.info(folder)) === undefined ? [] : nodeFileSystem.list(folder);
}
