import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Node } from '../../src/platform/kubernetes-objects.ts';
import { createPod, pod, run, startSite, untilPod, VICK, type Site } from './site.ts';

interface Executable {
  readonly path: string;
  readonly bytes: number;
  readonly metafile: { readonly inputs: Readonly<Record<string, unknown>> };
}

/** Made once for the sources as they are; later runs find it in its cache. */
let executable: Executable;
let folder: string;

beforeAll(async () => {
  const tool = fileURLToPath(new URL('../tooling/build-sea.mjs', import.meta.url));
  const { buildVirtualKubelet } = (await import(tool)) as { buildVirtualKubelet: () => Promise<Executable> };
  executable = await buildVirtualKubelet();
  folder = await mkdtemp(join(tmpdir(), 'vick-drop-in-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** As kubelet-starter runs it: these words, this environment and nothing else. */
const STARTER_ARGV = (kubeconfig: string): string[] => ['--provider', 'vic', '--kubeconfig', kubeconfig, '--nodename', 'kubelet-web'];
const STARTER_ENV = {
  KUBELET_NAME: 'kubelet-web',
  PERSONA_PORT: '2376',
  PORTLAYER_PORT: '2377',
  PERSONA_ADDR: '127.0.0.1:9',
  PORTLAYER_ADDR: '127.0.0.1:9',
  KUBERNETES_SERVICE_HOST: 'k8s.example.test:6443',
  KUBERNETES_SERVICE_PORT: '6443',
  HOST_UUID: '564d395e-d807-e18a-cb25-b79f65eb2b9f',
};

function runAsStarter(kubeconfig: string, more: { argv?: string[]; env?: Record<string, string>; cwd?: string } = {}) {
  const child = spawn(executable.path, [...STARTER_ARGV(kubeconfig), ...(more.argv ?? [])], {
    env: { ...STARTER_ENV, LOCAL_VIRTUAL_KUBELET: 'true', ...more.env },
    cwd: more.cwd ?? folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) child[name].setEncoding('utf8').on('data', (chunk: string) => (said[name] += chunk));
  const ended = once(child, 'close').then(([code, signal]) => ({ code: code as number | null, signal: signal as string | null, ...said }));
  return { child, ended };
}

describe('the single executable', () => {
  it('is one file of less than 120 MiB without the sandbox, and needs no folder beside it', async () => {
    expect(executable.bytes / 1024 / 1024).toBeLessThan(120);
    expect(Object.keys(executable.metafile.inputs).filter((path) => path.startsWith('src/sandbox/'))).toEqual([]);
    expect(Object.keys(executable.metafile.inputs)).toContain('src/providers/vic/provider.ts');
    const { mode } = await stat(executable.path);
    expect(mode & 0o111).toBe(0o111);
  });

  it('says its version within a fraction of a second of CPU time', () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
    expect(execFileSync(executable.path, ['--version'], { encoding: 'utf8', env: {} })).toBe(`virtual-kubelet (vick) ${version}\n`);
    // What the process itself has used, of which loading the whole program is the most; the limit leaves room for slow machines.
    const help = execFileSync(executable.path, ['--help'], { encoding: 'utf8', env: {} });
    for (const flag of ['provider', 'kubeconfig', 'nodename', 'provider-config']) expect(help).toContain(`  --${flag}\n`);
    const program = `require('node:child_process').spawnSync(process.argv[1], ['--provider', 'none'], { env: {}, stdio: 'ignore' });
      process.stdout.write(require('node:fs').readFileSync('/proc/self/stat', 'utf8'));`;
    const fields = execFileSync(process.execPath, ['-e', program, executable.path], { encoding: 'utf8' });
    const [childUser, childSystem] = fields
      .slice(fields.lastIndexOf(')') + 2)
      .split(' ')
      .slice(13, 15)
      .map(Number);
    expect(((childUser ?? 0) + (childSystem ?? 0)) / 100).toBeLessThan(1);
  });

  it('is known to vick appliance check as what it is', async () => {
    const root = join(folder, 'root');
    await mkdir(join(root, 'sbin'), { recursive: true });
    await cp(executable.path, join(root, 'sbin', 'virtual-kubelet'), { mode: constants.COPYFILE_FICLONE });
    const { stdout } = await run(process.execPath, [VICK, 'appliance', 'check', root, '-o', 'json'], { env: { HOME: folder } });
    expect(JSON.parse(stdout)).toMatchObject({
      verdict: 'unusable',
      program: { kind: 'vick', version: expect.stringMatching(/^\d+\.\d+\.\d+/), architecture: process.arch, size: executable.bytes },
    });
    await rm(root, { recursive: true });
  });

  it('ends with a code and one line of why for a kubeconfig that is not there, and notes it in its log', async () => {
    const { ended } = runAsStarter('/nonexistent/kubelet.conf');
    const end = await ended;
    expect(end).toMatchObject({ code: 6, signal: null, stdout: '' });
    expect(end.stderr).toContain('[KUBECONFIG_NOT_FOUND]');
    expect(await readFile(join(folder, 'virtual-kubelet.log'), 'utf8')).toContain('level=error msg="the kubelet ends"');
  });

  it('ends with a code when it cannot write its log, and with another for words it does not know', async () => {
    const closed = join(folder, 'a-file');
    await writeFile(closed, '');
    const unwritable = runAsStarter('/nonexistent', { argv: ['--log-file', join(closed, 'x.log')] });
    expect(await unwritable.ended).toMatchObject({ code: 6, stderr: expect.stringContaining('cannot be written') });
    const unknown = runAsStarter('/nonexistent', { argv: ['--nope'] });
    expect(await unknown.ended).toMatchObject({ code: 2, stderr: expect.stringContaining('unknown flag --nope') });
  });

  it('waits for a VCH that is still starting, and ends with 0 at SIGTERM', async () => {
    const kubeconfig = join(folder, 'kubelet.conf');
    await writeFile(
      kubeconfig,
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        'current-context': 'c',
        clusters: [{ name: 'c', cluster: { server: 'http://127.0.0.1:9' } }],
        users: [{ name: 'u', user: { token: 'x' } }],
        contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      }),
    );
    const { child, ended } = runAsStarter(kubeconfig);
    await expect.poll(async () => await readFile(join(folder, 'virtual-kubelet.log'), 'utf8'), { timeout: 20_000 }).toContain('waiting for the port layer');
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 0, signal: null });
  });
});

describe('in an endpoint VM', () => {
  let site: Site;
  beforeAll(async () => {
    site = await startSite({ virtualKubelet: executable.path });
  });
  afterAll(async () => {
    expect(await site.down()).toEqual({ processes: [], files: [] });
  });

  it('is what kubelet-starter runs, makes the VCH a Ready node and runs a pod to its end', async () => {
    await site.ok(['create', 'vch', 'web', '--bridge-network', 'DC0_DVPG0', '--no-tlsverify']);
    const node = await site.api.request<Node>({ method: 'GET', path: '/api/v1/nodes/kubelet-web' });
    expect(node.status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True');
    const lines = await commandLines();
    expect(lines.filter((line) => line[0] === resolve(executable.path))).toEqual([
      [resolve(executable.path), '--provider', 'vic', '--kubeconfig', expect.stringMatching(/\/etc\/kubelet\.conf$/), '--nodename', 'kubelet-web'],
    ]);
    const tolerations = [{ operator: 'Exists' as const }];
    await createPod(
      site.api,
      pod('done', { restartPolicy: 'Never', tolerations, containers: [{ name: 'c', image: 'busybox:1.36', command: ['sh', '-c', 'exit 3'] }] }),
    );
    const done = await untilPod(site.api, 'done', (found) => found?.status?.phase === 'Failed');
    expect(done?.status?.containerStatuses?.[0]?.state?.terminated?.exitCode).toBe(3);
  });
});

async function commandLines(): Promise<readonly (readonly string[])[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  return Promise.all(pids.map(async (pid) => (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0').slice(0, -1)));
}
