import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPortLayer } from '../../../../../src/clients/port-layer/client.ts';
import type { PortLayer } from '../../../../../src/clients/port-layer/port.ts';
import { silentLog } from '../../../../../src/platform/log.ts';
import { systemClock } from '../../../../../src/platform/node/clock.ts';
import { nodeFileSystem } from '../../../../../src/platform/node/fs.ts';
import { systemRandom } from '../../../../../src/platform/node/random.ts';
import { nodeProcessTable, nodeSpawner } from '../../../../../src/platform/node/spawner.ts';
import { packArchive } from '../../../../../src/platform/tar.ts';
import type { ArchiveEntry } from '../../../../../src/platform/tar.ts';
import type { EngineFiles, LaunchRequest } from '../../../../../src/sandbox/engines/port.ts';
import { createProcessEngine } from '../../../../../src/sandbox/engines/process.ts';
import { startPortLayer, type RunningPortLayer } from '../../../../../src/sandbox/vch/port-layer/port-layer.ts';
import { folderImages } from '../../../../support/folder-image.ts';

const UUID = '564d395e-d807-e18a-cb25-b79f65eb2b9f';
const never = new AbortController().signal;
const agent = new Agent();
const TAR = packArchive([{ path: 'a', kind: 'file', mode: 0o644, content: Buffer.from('hello') }], 0);

let directory: string;
let files: EngineFiles | undefined;
let layer: RunningPortLayer;
let client: PortLayer;
let launches: LaunchRequest[];
let simulatedVsphere: boolean;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vick-import-'));
  files = folderImages(join(directory, 'image'));
  simulatedVsphere = false;
  await up();
});
afterEach(async () => {
  await down(true);
  await rm(directory, { recursive: true, force: true });
});

async function up(): Promise<void> {
  launches = [];
  const tools = { clock: systemClock, random: systemRandom, fs: nodeFileSystem, log: silentLog };
  const { files: own, ...processes } = createProcessEngine({ ...tools, spawner: nodeSpawner, processes: nodeProcessTable, hostPath: '/usr/bin:/bin' });
  expect(own === undefined || typeof own === 'object').toBe(true);
  const engine = {
    ...processes,
    ...(files === undefined ? {} : { files }),
    // What the engine is told of a disk is what counts here.
    openMachine: (machine: Parameters<typeof processes.openMachine>[0]) => {
      const opened = processes.openMachine(machine);
      const launch = async ({ disk, ...rest }: LaunchRequest) => {
        launches.push(disk === undefined ? rest : { ...rest, disk });
        return opened.launch(rest);
      };
      return { launch, usage: () => opened.usage(), destroy: () => opened.destroy() };
    },
  };
  layer = await startPortLayer({
    facts: { name: 'vch-1', biosUuid: UUID, version: '', debug: 0, cpuMhz: 1, memoryMiB: 1, insecureRegistries: [] },
    ...{ volumeStores: ['default'], directory: join(directory, 'vch'), engine, bootMs: 1, simulatedVsphere, ...tools, host: '127.0.0.1', port: 0 },
  });
  for (const id of ['1', '2']) layer.state.images.put({ id: id.repeat(64), parent: 'scratch', metadata: {} });
  client = createPortLayer({ host: layer.host, port: layer.port, clock: systemClock, pid: 1 });
}

async function down(removeContainers: boolean): Promise<void> {
  client.close();
  await layer.stop({ removeContainers });
}

/** A VM that is off, with a disk for each of `disks` (`name` or `name:layer`), and a task for each. */
async function vm(disks: readonly string[], script = 'sleep 1000'): Promise<string> {
  const created = await client.createHandle({ name: 'vm', numCpus: 1, memoryMiB: 64, hostname: 'vm', annotations: {} }, never);
  let { handle } = created;
  for (const [index, disk] of disks.entries()) {
    const [deltaId = '', layerId = '1'] = disk.split(':');
    handle = await client.joinImage({ handle, store: UUID, layerId: layerId.repeat(64), deltaId, imageId: '', repoName: '' }, never);
    const task = await call('POST', '/tasks', {
      handle,
      namespace: layerId.repeat(64),
      path: '/bin/sh',
      args: ['-c', script],
      env: [],
      ...(index === 0 ? { id: created.id } : {}),
    });
    handle = await client.bindTask(handle, (task.value as { id: string }).id, never);
  }
  await call('PUT', `/containers/${handle}`);
  return created.id;
}

async function call(method: 'GET' | 'POST' | 'PUT' | 'HEAD' | 'DELETE', path: string, body?: unknown) {
  const json = body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const answer = await request(`http://${layer.host}:${String(layer.port)}${path}`, { method, dispatcher: agent, ...json });
  const text = await answer.body.text();
  return { status: answer.statusCode, text, value: text === '' ? undefined : (JSON.parse(text) as unknown) };
}

async function target(id: string, state: 'RUNNING' | 'STOPPED'): Promise<void> {
  const { value: handle } = await call('GET', `/containers/${id}`);
  await call('PUT', `/containers/${String(handle)}/state`, state);
  expect((await call('PUT', `/containers/${String(handle)}?waitTime=1`)).status).toBe(200);
}

async function post(deviceID: string, archive: Buffer = TAR, query: Readonly<Record<string, string>> = {}): Promise<{ status: number; text: string }> {
  const search = new URLSearchParams({ store: 'container', deviceID, ...query });
  const answer = await request(`http://${layer.host}:${String(layer.port)}/archive?${search.toString()}`, {
    ...{ method: 'POST', dispatcher: agent, headers: { 'content-type': 'application/x-tar' }, body: archive },
  });
  return { status: answer.statusCode, text: await answer.body.text() };
}

const included = Buffer.from(JSON.stringify({ Inclusions: { a: {} } })).toString('base64');
const ok = { status: 200, text: '' };
const refused = (status: number) => ({ status, text: '' });
const entriesOf = async (index = launches.length - 1): Promise<readonly ArchiveEntry[]> => (await launches[index]?.disk?.entries()) ?? [];

describe('importing an archive into a container VM', () => {
  it('shows the files to every task of the disk’s image, and to no other', async () => {
    const id = await vm(['c0', 'c1:2']);
    expect(await post('c0')).toEqual(ok);
    await target(id, 'RUNNING');
    expect(launches.map(({ image, disk }) => [image?.slice(0, 1), disk !== undefined])).toEqual([
      ['1', true],
      ['2', false],
    ]);
    expect(await entriesOf(0)).toEqual([{ path: 'a', kind: 'file', mode: 0o644, content: Buffer.from('hello') }]);
  });

  it('writes to the first disk whose file name ends so, oldest VM first', async () => {
    const [first, second] = [await vm(['web', 'my-web:2']), await vm(['web'])];
    expect(await post('eb')).toEqual(ok);
    expect(await post(`${second}/web`)).toEqual(ok);
    expect(await post('-web')).toEqual(ok);
    const on = async (id: string): Promise<readonly string[]> => readdir(join(directory, 'vch', 'containers', id, 'disks')).catch(() => []);
    expect([await on(first), await on(second)]).toEqual([['0', '1'], ['0']]);
  });

  it.each([
    ['no such disk', 'nobody', {}, 500],
    ['no such store', 'c0', { store: 'nowhere' }, 404],
    ['a filter that is none', 'c0', { filterSpec: '!' }, 422],
    ['a filter that is none, in no store', 'c0', { filterSpec: '!', store: 'nowhere' }, 422],
  ])('%s: without a body', async (_, device, query, status) => {
    await vm(['c0']);
    expect(await post(device, TAR, query)).toEqual(refused(status));
  });

  it.each([
    ['volume', 'data', 501],
    ['volume', 'nothing', 404],
    [UUID, '1'.repeat(64), 501],
    [UUID, '3'.repeat(64), 500],
  ])('into the store %s, %s, answers %i', async (store, device, status) => {
    layer.state.volumes.create({ name: 'data', driver: 'vsphere', store: 'default', metadata: {} });
    expect((await post(device, TAR, { store })).status).toBe(status);
  });

  it('fails on a simulated vSphere, whose disks cannot be mounted', async () => {
    await down(true);
    simulatedVsphere = true;
    await up();
    await vm(['c0']);
    expect(await post('c0')).toEqual(refused(500));
    expect((await call('GET', '/archive?store=container&deviceID=c0&data=true')).status).toBe(500);
    expect((await call('HEAD', `/archive?store=container&deviceID=c0&filterSpec=${included}`)).status).toBe(500);
  });

  it('is refused while the VM is on, and taken when it is off again', async () => {
    const id = await vm(['c0']);
    await target(id, 'RUNNING');
    expect(await post('c0')).toEqual(refused(500));
    expect(launches[0]?.disk).toBeUndefined();
    await target(id, 'STOPPED');
    expect(await post('c0')).toEqual(ok);
    await target(id, 'RUNNING');
    expect(await entriesOf()).toHaveLength(1);
  });

  it('answers 500 for what cannot be written, and keeps what was', async () => {
    const id = await vm(['c0']);
    const file = (path: string): ArchiveEntry => ({ path, kind: 'file', mode: 0o600, content: Buffer.alloc(0) });
    expect(await post('c0', packArchive([file('one'), file('no/such'), file('two')], 0))).toEqual(refused(500));
    await target(id, 'RUNNING');
    expect((await entriesOf()).map(({ path }) => path)).toEqual(['one']);
  });

  it('applies the filter', async () => {
    const id = await vm(['c0']);
    const filterSpec = Buffer.from(JSON.stringify({ RebasePath: '/b', StripPath: 'a' })).toString('base64');
    const tar = packArchive(
      [
        { path: 'a', kind: 'folder', mode: 0o700 },
        { path: 'a/x', kind: 'file', mode: 0o600, content: Buffer.from('1') },
        { path: 'c', kind: 'folder', mode: 0o700 },
      ],
      0,
    );
    expect(await post('c0', tar, { filterSpec })).toEqual(ok);
    await target(id, 'RUNNING');
    expect((await entriesOf()).map(({ path }) => path).sort()).toEqual(['b', 'b/c', 'b/x']);
  });

  it('takes archives for one VM one after the other', async () => {
    const id = await vm(['c0']);
    const tar = (name: string) =>
      packArchive(
        [
          { path: 'd', kind: 'folder', mode: 0o755 },
          { path: `d/${name}`, kind: 'file', mode: 0o644, content: Buffer.from(name) },
        ],
        0,
      );
    const names = Array.from({ length: 12 }, (_, index) => `n${String(index).padStart(2, '0')}`);
    expect(await Promise.all(names.map((name) => post('c0', tar(name))))).toEqual(names.map(() => ok));
    await target(id, 'RUNNING');
    expect((await entriesOf()).map(({ path }) => path).sort()).toEqual(['d', ...names.map((name) => `d/${name}`)]);
  });

  it('keeps the files over a restart of the VCH, and no longer than the VM', async () => {
    const id = await vm(['c0']);
    expect(await post('c0')).toEqual(ok);
    await down(false);
    await up();
    await target(id, 'RUNNING');
    expect(await entriesOf()).toHaveLength(1);
    await target(id, 'STOPPED');
    expect(await post('c0')).toEqual(ok);
    expect((await call('DELETE', `/containers/${id}`)).status).toBe(200);
    expect(await lstat(join(directory, 'vch', 'containers', id)).catch(() => 'gone')).toBe('gone');
    expect(await post('c0')).toEqual(refused(500));
  });

  it('reads the record of a VM that was made before disks were kept', async () => {
    const id = await vm(['c0']);
    await down(false);
    const path = join(directory, 'vch', 'containers', id, 'vm.json');
    const record = JSON.parse(await nodeFileSystem.readText(path)) as { config: Record<string, unknown> };
    delete record.config['disks'];
    await nodeFileSystem.writeFile(path, JSON.stringify(record));
    await up();
    expect(await post('c0')).toEqual(refused(500));
    await target(id, 'RUNNING');
    expect(launches).toHaveLength(1);
  });

  it.each([
    ['has no file systems', undefined],
    ['cannot show files', { ...folderImages('/'), refusal: () => Promise.resolve('this kernel forbids it') }],
  ])('answers 501 over an engine that %s', async (_, given) => {
    await down(true);
    files = given;
    await up();
    await vm(['c0']);
    expect(await post('c0')).toEqual({ status: 501, text: '"operation ImportArchive has not yet been implemented"\n' });
    expect(await post('c1')).toEqual(refused(500));
  });

  it('gives up when the client does, with the VM as it was', async () => {
    const id = await vm(['c0']);
    const leave = new AbortController();
    const sending = request(`http://${layer.host}:${String(layer.port)}/archive?store=container&deviceID=c0`, {
      ...{ method: 'POST', dispatcher: agent, headers: { 'content-type': 'application/x-tar', 'content-length': '100000' }, signal: leave.signal },
      body: Readable.from(
        (async function* () {
          yield TAR;
          await delay(20);
          leave.abort();
          yield TAR;
        })(),
      ),
    });
    await expect(sending).rejects.toThrow();
    await target(id, 'RUNNING');
    expect(launches[0]?.disk).toBeUndefined();
  });
});

describe('reading an archive', () => {
  it.each([
    ['GET', 'store=container&deviceID=nobody&data=true', 500],
    ['GET', 'store=nowhere&deviceID=c0&data=true', 404],
    ['GET', 'store=volume&deviceID=nothing&data=true', 500],
    ['GET', 'store=container&deviceID=c0&data=true&filterSpec=!', 422],
    ['HEAD', `store=container&deviceID=c0&filterSpec=${included}`, 404],
    ['HEAD', `store=container&deviceID=nobody&filterSpec=${included}`, 500],
    ['HEAD', 'store=container&deviceID=c0', 422],
  ] as const)('%s %s answers %i', async (method, search, status) => {
    await vm(['c0']);
    expect((await call(method, `/archive?${search}`)).status).toBe(status);
  });

  it('drops the connection for a stat in an unknown store', async () => {
    await expect(call('HEAD', `/archive?store=nowhere&deviceID=c0&filterSpec=${included}`)).rejects.toThrow();
  });
});
