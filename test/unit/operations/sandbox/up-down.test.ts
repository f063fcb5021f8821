import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sandboxDown } from '../../../../src/operations/sandbox/down.ts';
import { readSandbox, sandboxPaths } from '../../../../src/operations/sandbox/facts.ts';
import { sandboxUp } from '../../../../src/operations/sandbox/up.ts';
import { systemClock } from '../../../../src/platform/node/clock.ts';
import { nodeFileSystem } from '../../../../src/platform/node/fs.ts';
import { nodeProcessTable, nodeSpawner } from '../../../../src/platform/node/spawner.ts';
import type { Reporter, Step } from '../../../../src/platform/talk.ts';

/** A program that says it is a sandbox, starts one child that ignores SIGTERM, and ends at SIGTERM. */
const SITE = `
import { spawn } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
const [folder, mode] = process.argv.slice(2);
if (mode === 'fails') { console.error('the port is taken'); process.exit(1); }
const child = spawn(process.execPath, ['-e', 'process.on("SIGTERM", () => {}); console.log("deaf"); setInterval(() => {}, 1000)'], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
const ticks = () => { try { return readFileSync('/proc/' + child.pid + '/stat', 'utf8').split(') ')[1].split(' ')[19]; } catch { return '-'; } };
process.on('SIGTERM', () => { if (mode !== 'leaky') process.kill(-child.pid, 'SIGKILL'); process.exit(0); });
child.stdout.once('data', () => {
  writeFileSync(folder + '/processes', child.pid + ' ' + ticks() + '\\n');
  if (mode === 'never') return;
  writeFileSync(folder + '/site.json.new', JSON.stringify({ kind: 'Sandbox', pid: process.pid }));
  renameSync(folder + '/site.json.new', folder + '/site.json');
});
setInterval(() => {}, 1000);
`;

let stateDirectory: string;
const said: string[] = [];
const step: Step = { detail: () => undefined, done: () => said.push('done'), fail: () => said.push('fail'), skip: () => undefined };
const reporter: Reporter = { step: (title) => (said.push(title), step), info: () => undefined, warn: () => undefined, verbose: () => undefined };
const deps = { fs: nodeFileSystem, spawner: nodeSpawner, processes: nodeProcessTable, clock: systemClock, reporter };
const never = new AbortController().signal;

beforeEach(async () => {
  stateDirectory = await mkdtemp(join(tmpdir(), 'vick-sandbox-'));
  await writeFile(join(stateDirectory, 'site.mjs'), SITE);
  said.length = 0;
});
afterEach(() => rm(stateDirectory, { recursive: true, force: true }));

const up = (mode: string, signal = never, timeoutMs = 20_000) =>
  sandboxUp(
    {
      stateDirectory,
      serve: [process.execPath, join(stateDirectory, 'site.mjs'), sandboxPaths(stateDirectory).directory, mode],
      assets: undefined,
      timeoutMs,
      env: { PATH: process.env['PATH'] },
    },
    deps,
    signal,
  );
const childPid = async (): Promise<number> => Number.parseInt(await readFile(sandboxPaths(stateDirectory).processes, 'utf8'), 10);
const isGone = async (): Promise<boolean> => (await nodeFileSystem.info(sandboxPaths(stateDirectory).directory)) === undefined;

test('up waits until it is ready, a second up is refused, down removes everything', async () => {
  const facts = await up('good');
  const child = await childPid();
  expect(await readSandbox(stateDirectory, deps)).toMatchObject({ kind: 'running', facts: { pid: facts.pid } });
  await expect(up('good')).rejects.toMatchObject({ code: 'SANDBOX_RUNNING' });
  await sandboxDown({ stateDirectory }, deps, never);
  expect([nodeProcessTable.isAlive(facts.pid), nodeProcessTable.isAlive(child), await isGone()]).toEqual([false, false, true]);
  await expect(sandboxDown({ stateDirectory }, deps, never)).rejects.toMatchObject({ code: 'SANDBOX_NOT_RUNNING' });
});

test('a start that fails shows why and leaves nothing behind', async () => {
  await expect(up('fails')).rejects.toMatchObject({ code: 'SANDBOX_FAILED', message: expect.stringContaining('the port is taken') });
  expect(await isGone()).toBe(true);
  expect(said.at(-1)).toBe('fail');
});

test('a start that takes too long is ended, and so is what it started', async () => {
  const starting = up('never', never, 500);
  await expect(starting).rejects.toMatchObject({ code: 'TIMEOUT' });
  expect(await isGone()).toBe(true);
});

test('a cancelled start is ended too', async () => {
  const cancel = new AbortController();
  const starting = up('never', cancel.signal);
  const file = sandboxPaths(stateDirectory).processes;
  while ((await stat(file).catch(() => undefined)) === undefined) await systemClock.sleep(20);
  const child = await childPid();
  cancel.abort(new Error('Ctrl-C'));
  await expect(starting).rejects.toThrow('Ctrl-C');
  expect([nodeProcessTable.isAlive(child), await isGone()]).toEqual([false, true]);
});

test('down after a crash ends what the dead sandbox left running, also what ignores SIGTERM', async () => {
  const facts = await up('leaky');
  const child = await childPid();
  nodeProcessTable.signal(facts.pid, 'SIGKILL');
  while (nodeProcessTable.isAlive(facts.pid)) await systemClock.sleep(20);
  expect(nodeProcessTable.isAlive(child)).toBe(true);
  expect((await readSandbox(stateDirectory, deps)).kind).toBe('dead');
  await sandboxDown({ stateDirectory }, deps, never);
  expect([nodeProcessTable.isAlive(child), await isGone()]).toEqual([false, true]);
});
