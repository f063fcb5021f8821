/** From POST /archive to the program that reads the file, over plain processes of this machine. */
import { access, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { afterEach, beforeEach, expect, it, test } from 'vitest';
import { silentLog } from '../../../../../src/platform/log.ts';
import { systemClock } from '../../../../../src/platform/node/clock.ts';
import { nodeFileSystem } from '../../../../../src/platform/node/fs.ts';
import { systemRandom } from '../../../../../src/platform/node/random.ts';
import { nodeProcessTable, nodeSpawner } from '../../../../../src/platform/node/spawner.ts';
import { packArchive, type ArchiveEntry } from '../../../../../src/platform/tar.ts';
import { createProcessEngine } from '../../../../../src/sandbox/engines/process.ts';
import { startPortLayer, type RunningPortLayer } from '../../../../../src/sandbox/vch/port-layer/port-layer.ts';

const UUID = '564d395e-d807-e18a-cb25-b79f65eb2b9f';
const LAYER = '1'.repeat(64);
const agent = new Agent();
const tools = { clock: systemClock, random: systemRandom, fs: nodeFileSystem, log: silentLog };
const engine = createProcessEngine({ ...tools, spawner: nodeSpawner, processes: nodeProcessTable, hostPath: '/usr/bin:/bin' });
const refusal = await engine.files?.refusal(new AbortController().signal);

let directory: string;
let layer: RunningPortLayer;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vick-programs-'));
  await up();
});
afterEach(async () => {
  await layer.stop({ removeContainers: true });
  await rm(directory, { recursive: true });
});

async function up(): Promise<void> {
  layer = await startPortLayer({
    facts: { name: 'vch-1', biosUuid: UUID, version: '', debug: 0, cpuMhz: 1, memoryMiB: 1, insecureRegistries: [] },
    ...{ volumeStores: [], directory, engine, bootMs: 1, ...tools, host: '127.0.0.1', port: 0 },
  });
  layer.state.images.put({ id: LAYER, parent: 'scratch', metadata: {} });
}

async function call(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<{ status: number; value: unknown }> {
  const json = body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const answer = await request(`http://${layer.host}:${String(layer.port)}${path}`, { method, dispatcher: agent, ...json });
  const said = await answer.body.text();
  return { status: answer.statusCode, value: said === '' ? undefined : JSON.parse(said) };
}

async function vm(script: string): Promise<string> {
  const { handle, id } = (await call('POST', '/containers', { name: 'vm' })).value as { handle: string; id: string };
  await call('POST', `/storage/${UUID}/info/${LAYER}`, { handle, deltaID: 'app', imageID: 'i', repoName: 'r' });
  await call('POST', '/tasks', { handle, id, namespace: LAYER, path: '/bin/sh', args: ['-c', script], env: ['PATH=/usr/bin:/bin'] });
  await call('POST', '/tasks/binding', { handle, id });
  await call('POST', '/logging', { handle });
  expect((await call('PUT', `/containers/${handle}`)).status).toBe(200);
  return id;
}

async function put(device: string, entries: readonly ArchiveEntry[]): Promise<number> {
  const answer = await request(`http://${layer.host}:${String(layer.port)}/archive?store=container&deviceID=${device}`, {
    ...{ method: 'POST', dispatcher: agent, headers: { 'content-type': 'application/x-tar' }, body: packArchive(entries, 0) },
  });
  await answer.body.dump();
  return answer.statusCode;
}

/** Switches on and waits until it has switched itself off. */
async function life(id: string): Promise<number> {
  const { value: handle } = await call('GET', `/containers/${id}`);
  await call('PUT', `/containers/${String(handle)}/state`, 'RUNNING');
  expect((await call('PUT', `/containers/${String(handle)}`)).status).toBe(200);
  await layer.state.containers.find(id)?.waitOff();
  const info = (await call('GET', `/containers/info/${id}`)).value as { processConfig: { exitCode?: number } };
  return info.processConfig.exitCode ?? 0;
}

const file = (path: string, content: string): ArchiveEntry => ({ path, kind: 'file', mode: 0o644, content: Buffer.from(content) });
const folder = (path: string): ArchiveEntry => ({ path, kind: 'folder', mode: 0o755 });

if (refusal === undefined) {
  it('a program reads what was imported, and what an earlier life of its VM wrote beside it, until the VM is removed', async () => {
    const id = await vm('read word < /vick/config/word; echo "$word" >> /vick/data/log; exit $(wc -l < /vick/data/log)');
    expect(await put('app', [folder('vick/config'), file('vick/config/word', 'one\n'), folder('vick/data')])).toBe(200);
    expect(await life(id)).toBe(1);
    expect(await life(id)).toBe(2);
    expect(await put(`${id}/app`, [file('vick/config/word', 'two\n'), file('vick/data/log', '1\n2\n3\n')])).toBe(200);
    await layer.stop({ removeContainers: false });
    await up();
    expect(await life(id)).toBe(4);
    expect(await nodeFileSystem.readText(join(directory, 'containers', id, 'disks', '0', 'files', 'vick', 'data', 'log'))).toBe('1\n2\n3\ntwo\n');
    await expect(access('/vick')).rejects.toThrow();
    expect((await call('DELETE', `/containers/${id}`)).status).toBe(200);
    expect(await readdir(join(directory, 'containers'))).toEqual([]);
  });
} else {
  test.skip(`files for plain processes: ${refusal}`, () => undefined);
  process.stderr.write(`skipped: files for plain processes: ${refusal}\n`);
  it('nothing is imported where no program would see it', async () => {
    await vm('true');
    expect(await put('app', [])).toBe(501);
  });
}
