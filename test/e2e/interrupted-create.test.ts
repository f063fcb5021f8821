/**
 * kill -9 of vick at every entry that a create makes in its journal: whatever it leaves, the next run names it, and the
 * commands that it offers clean it away or go on. The program is the real one; it is killed by a hook around rename(2),
 * by which the journal is written, so that each kill comes at exactly one place.
 */
import { access, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { processesNaming, run, startSite, VICK, type Run, type Site } from './site.ts';

const HOOK = `
const fs = require('node:fs');
const { rename } = fs.promises;
let entries = 0;
fs.promises.rename = async (from, to) => {
  await rename(from, to);
  if (!/[\\\\/]journal[\\\\/][^\\\\/]+@[0-9a-f]+\\.json$/.test(to)) return;
  entries += 1;
  const { steps, state } = JSON.parse(fs.readFileSync(to, 'utf8'));
  const last = steps.at(-1);
  fs.appendFileSync(process.env.ENTRIES, entries + ' ' + (last === undefined ? 'begin' : last.name + ' ' + last.state) + ' ' + state + '\\n');
  if (entries === Number(process.env.KILL_AT)) process.kill(process.pid, 'SIGKILL');
};
`;

let site: Site;
let hook: string;
beforeAll(async () => {
  site = await startSite();
  hook = join(site.folder, 'kill.cjs');
  await writeFile(hook, HOOK);
});
afterAll(async () => {
  expect(await site.down()).toEqual({ processes: [], files: [] });
});

const FLAGS = ['--bridge-network', 'DC0_DVPG0', '--no-tlsverify', '--label', 'zone=a'];

/** Creates `name` and dies at its journal's entry number `killAt`; 0: lives. */
async function createUntil(name: string, killAt: number): Promise<Run & { readonly entries: readonly string[] }> {
  const entries = join(site.folder, `${name}.entries`);
  await writeFile(entries, '');
  const result = await site.vick(['create', 'vch', name, ...FLAGS], { env: { NODE_OPTIONS: `--require ${hook}`, ENTRIES: entries, KILL_AT: String(killAt) } });
  return { ...result, entries: (await readFile(entries, 'utf8')).trimEnd().split('\n') };
}

/** The command that the hint offers, run as an operator would: in a shell. */
async function offered(result: Run, label: string, more = ''): Promise<Run> {
  const command = new RegExp(`${label}: (vick .+)$`, 'm').exec(result.stderr)?.[1];
  expect(command, result.stderr).toBeDefined();
  const env = { ...site.env, NODE: process.execPath, VICK };
  return run('sh', ['-c', `vick() { "$NODE" "$VICK" "$@"; }; ${command ?? ''}${more}`], { env, cwd: site.folder });
}

async function nothingLeft(name: string, at: string): Promise<void> {
  expect((await site.ok(['list', 'vch', '-o', 'name'])).stdout, at).toBe('');
  await expect(site.api.request({ method: 'GET', path: `/api/v1/nodes/kubelet-${name}` }), at).rejects.toMatchObject({ code: 'KUBE_NOT_FOUND' });
  const there = (path: string): Promise<boolean> =>
    access(path).then(
      () => true,
      () => false,
    );
  expect(await there(join(site.stateDirectory, 'vch', name)), at).toBe(false);
  expect(
    (await readdir(join(site.stateDirectory, 'journal'))).filter((file) => file.startsWith(`${name}@`)),
    at,
  ).toEqual([]);
  expect(processesNaming(`--name ${name} `), at).toEqual([]);
}

let all: readonly string[] = [];

test('the journal names every step, is readable by its owner alone, and holds no secret', async () => {
  const { code, stderr, entries } = await createUntil('whole', 0);
  expect(code, stderr).toBe(0);
  all = entries;
  for (const step of ['folder', 'kubeconfig', 'vic-machine', 'node-registered', 'labels-and-taints', 'node-ready']) {
    expect(
      entries.filter((entry) => entry.includes(` ${step} started`)),
      entries.join('\n'),
    ).not.toEqual([]);
    expect(entries.filter((entry) => entry.includes(` ${step} done`))).not.toEqual([]);
  }
  expect(entries.at(-1)).toMatch(/complete$/);
  const folder = join(site.stateDirectory, 'journal');
  const [file = ''] = await readdir(folder);
  expect((await stat(join(folder, file))).mode & 0o777).toBe(0o600);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  const text = await readFile(join(folder, file), 'utf8');
  expect(text).not.toContain(site.env['VIC_MACHINE_PASSWORD']);
  expect(text).not.toContain('PRIVATE KEY');
  await site.ok(['delete', 'vch', 'whole', '--yes']);
  await nothingLeft('whole', 'after delete');
});

test('killed at any entry: the next run names what is left, and --cleanup leaves nothing', { timeout: 900_000 }, async () => {
  expect(all.length).toBeGreaterThanOrEqual(12);
  for (const [index, entry] of all.entries()) {
    const name = `cut-${String(index + 1)}`;
    const killed = await createUntil(name, index + 1);
    expect(killed.signal, `${entry}\n${killed.stderr}`).toBe('SIGKILL');
    const again = await site.vick(['create', 'vch', name, ...FLAGS]);
    if (again.code === 0) {
      // Nothing stood in the way: made anew, or done already.
      await site.ok(['delete', 'vch', name, '--yes']);
    } else {
      expect(again.code, `${entry}\n${again.stderr}`).toBe(3);
      expect(again.stderr, entry).toContain('[VCH_UNFINISHED]');
      expect(again.stderr, entry).toMatch(/What exists now: (?:the VCH vm-\d+|vic-machine)/);
      const cleaned = await offered(again, 'Remove it with', ' --yes');
      expect(cleaned.code, `${entry}\n${cleaned.stderr}`).toBe(0);
    }
    await nothingLeft(name, entry);
  }
});

test('killed from vic-machine on: --resume ends with a Ready node', { timeout: 900_000 }, async () => {
  const from = all.findIndex((entry) => entry.includes(' vic-machine started'));
  for (const [index, entry] of all.entries()) {
    if (index < from || index === all.length - 1) continue;
    const name = `resumed-${String(index + 1)}`;
    expect((await createUntil(name, index + 1)).signal, entry).toBe('SIGKILL');
    const again = await site.vick(['create', 'vch', name, ...FLAGS]);
    const result = again.code === 0 ? again : await offered(again, 'Go on with', ' -o json');
    expect(result.code, `${entry}\n${again.stderr}\n${result.stderr}`).toBe(0);
    if (again.code !== 0) expect(JSON.parse(result.stdout), entry).toMatchObject({ name, node: { ready: true }, problems: [] });
    const node = await site.api.request<{ metadata: { labels: Record<string, string> } }>({ method: 'GET', path: `/api/v1/nodes/kubelet-${name}` });
    expect(node.metadata.labels['zone'], entry).toBe('a');
    expect((await site.vick(['create', 'vch', name, ...FLAGS])).stdout, entry).toBe(`vch/${name} unchanged\n`);
    await site.ok(['delete', 'vch', name, '--yes']);
    await nothingLeft(name, entry);
  }
});

test('--resume without anything to go on with, and --cleanup without anything to clean', async () => {
  const resume = await site.vick(['create', 'vch', 'never', ...FLAGS, '--resume']);
  expect(resume.code, resume.stderr).toBe(5);
  const clean = await site.vick(['create', 'vch', 'never', '--cleanup', '--yes']);
  expect(clean.code, clean.stderr).toBe(0);
  expect(clean.stdout).toContain('nothing');
});
