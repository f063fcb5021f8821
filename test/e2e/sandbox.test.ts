import { access, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createPod, pod, processesNaming, processesOf, run, startSite, untilPod, VICK, type Run, type RunOptions, type Site } from './site.ts';

let folder: string;
const open: Site[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vick-e2e-sandbox-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
  for (const site of open.splice(0)) expect(await site.down()).toEqual({ processes: [], files: [] });
});

async function site(): Promise<Site> {
  const started = await startSite();
  open.push(started);
  return started;
}

/** vick with a state folder in `folder`. */
const vick = (args: readonly string[], options: RunOptions = {}): Promise<Run> =>
  run(process.execPath, [VICK, ...args], {
    ...options,
    env: { HOME: folder, NO_COLOR: '1', VICK_STATE_DIR: join(folder, 'state'), ...options.env },
    cwd: folder,
  });

const gone = (path: string): Promise<boolean> =>
  access(path).then(
    () => false,
    () => true,
  );

test('a sandbox that was killed is told of, and cleared away with its processes', async () => {
  const here = await site();
  await here.ok(['create', 'vch', 'killed', '--bridge-network', 'DC0_DVPG0', '--no-tlsverify']);
  await createPod(here.api, pod('p', { containers: [{ name: 'c', image: 'busybox:1.36', command: ['sh', '-c', `echo ${here.folder}; sleep 300`] }] }));
  await untilPod(here.api, 'p', (found) => found?.status?.phase === 'Running');
  const { pid } = JSON.parse((await here.ok(['sandbox', 'status', '-o', 'json'])).stdout) as { pid: number };
  process.kill(pid, 'SIGKILL');

  const status = await here.vick(['sandbox', 'status']);
  expect(status).toMatchObject({ code: 5, stdout: '' });
  expect(status.stderr).toContain('has died');
  expect(status.stderr).toContain('vick sandbox down');
  expect((await here.vick(['sandbox', 'env'])).code).toBe(5);

  await here.ok(['sandbox', 'down']);
  expect(processesOf(here.folder)).toEqual([]);
  expect(await gone(join(here.stateDirectory, 'sandbox'))).toBe(true);
  expect((await here.vick(['sandbox', 'down'])).code).toBe(5);
  // A new one starts where the old one was.
  await here.ok(['sandbox', 'up']);
});

test('`up` replaces a sandbox that was killed', async () => {
  const here = await site();
  const { pid } = JSON.parse((await here.ok(['sandbox', 'status', '-o', 'json'])).stdout) as { pid: number };
  process.kill(pid, 'SIGKILL');
  await here.ok(['sandbox', 'up']);
  const now = JSON.parse((await here.ok(['sandbox', 'status', '-o', 'json'])).stdout) as { pid: number };
  expect(now.pid).not.toBe(pid);
});

test('without a sandbox every command says how to start one', async () => {
  for (const args of [['status'], ['env'], ['down'], ['logs', 'p'], ['apply', '-f', '-']]) {
    const result = await vick(['sandbox', ...args], { input: '' });
    expect(result.code, `${args.join(' ')}: ${result.stderr}`).toBe(5);
    expect(result.stderr).toContain('vick sandbox up');
  }
  expect(await readdir(folder)).toEqual([]);
});

test('a state folder that cannot be made', async () => {
  await writeFile(join(folder, 'state'), 'a file, not a folder');
  const result = await vick(['sandbox', 'up']);
  expect(result.code, result.stderr).toBe(1);
  expect(result.stderr).toMatch(/^error: .*\[IO\]$/m);
  expect(result.stderr).toMatch(/^hint: .*VICK_STATE_DIR/m);
  expect(result.stderr).not.toMatch(/^\s+at /m);
  expect(processesNaming(folder)).toEqual([]);
});

test('a folder without a control plane', async () => {
  await mkdir(join(folder, 'assets'));
  const result = await vick(['sandbox', 'up', '--assets', join(folder, 'assets')]);
  expect(result.code, result.stderr).not.toBe(0);
  expect(result.stderr).toContain('etcd');
  expect(result.stderr).toMatch(/^hint: \S/m);
  expect(processesNaming(folder)).toEqual([]);
  expect(await gone(join(folder, 'state', 'sandbox'))).toBe(true);
});

test('two side by side do not see each other', async () => {
  const [a, b] = await Promise.all([site(), site()]);
  await a.ok(['create', 'vch', 'same', '--bridge-network', 'DC0_DVPG0', '--no-tlsverify']);
  expect((await b.ok(['list', 'vch', '-o', 'name'])).stdout).toBe('');
  await b.ok(['create', 'vch', 'same', '--bridge-network', 'DC0_DVPG0', '--no-tlsverify']);
  await a.ok(['delete', 'vch', 'same', '--yes']);
  expect((await b.ok(['node', 'list', '-o', 'name'])).stdout).toBe('node/kubelet-same\n');
  await b.ok(['delete', 'vch', 'same', '--yes']);
});

test('sh takes the variables of `sandbox env`', async () => {
  const here = await site();
  const script = 'eval "$("$NODE" "$VICK" sandbox env)" && test -f "$KUBECONFIG" && test -x "$VICK_VIC_MACHINE" && "$NODE" "$VICK" list vch -o name && echo ok';
  const env = { HOME: folder, VICK_STATE_DIR: here.stateDirectory, NODE: process.execPath, VICK };
  expect(await run('sh', ['-euc', script], { env, cwd: folder })).toMatchObject({ code: 0, stdout: 'ok\n', stderr: '' });
});

test('interrupted `up` leaves nothing', async () => {
  const result = await vick(['sandbox', 'up'], { interrupt: { when: /Starting the sandbox/, signal: 'SIGINT' } });
  expect(result.code, result.stderr).toBe(130);
  expect(processesNaming(folder)).toEqual([]);
  expect(await gone(join(folder, 'state', 'sandbox'))).toBe(true);
});

test('`up` that has no time leaves nothing', async () => {
  const result = await vick(['sandbox', 'up', '--timeout', '1ms']);
  expect(result.code, result.stderr).toBe(7);
  expect(result.stderr).toContain('--timeout');
  expect(processesNaming(folder)).toEqual([]);
  expect(await gone(join(folder, 'state', 'sandbox'))).toBe(true);
});
