import { connect } from 'node:net';
import { chmod, mkdir, mkdtemp, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { Agent, request } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPortLayer } from '../../../../../src/clients/port-layer/client.ts';
import type { PortLayer } from '../../../../../src/clients/port-layer/port.ts';
import { silentLog } from '../../../../../src/platform/log.ts';
import { systemClock } from '../../../../../src/platform/node/clock.ts';
import { nodeFileSystem } from '../../../../../src/platform/node/fs.ts';
import { systemRandom } from '../../../../../src/platform/node/random.ts';
import { nodeProcessTable, nodeSpawner } from '../../../../../src/platform/node/spawner.ts';
import { packArchive, readArchive, type ArchiveEntry } from '../../../../../src/platform/tar.ts';
import type { EngineFiles, LaunchRequest } from '../../../../../src/sandbox/engines/port.ts';
import { createProcessEngine } from '../../../../../src/sandbox/engines/process.ts';
import { startPortLayer, type RunningPortLayer } from '../../../../../src/sandbox/vch/port-layer/port-layer.ts';
import { folderImages } from '../../../../support/folder-image.ts';

const UUID = '564d395e-d807-e18a-cb25-b79f65eb2b9f';
const LAYER = '1'.repeat(64);
const never = new AbortController().signal;
const agent = new Agent();
const limitBytes = 1024 * 1024;

let directory: string;
let image: string;
let layer: RunningPortLayer;
let client: PortLayer;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vick-export-'));
  image = join(directory, 'image');
  for (const path of ['tmp', 'etc/sub', 'dev']) await mkdir(join(image, path), { recursive: true });
  await writeFile(join(image, 'etc/os'), 'an image', { mode: 0o640 });
  await chmod(join(image, 'etc/os'), 0o640);
  await utimes(join(image, 'etc/os'), 1, 1_000_000_000.5);
  await writeFile(join(image, 'etc/sub/x'), 'x');
  await writeFile(join(image, 'dev/termination-log'), 'not on the disk');
  await symlink('/etc', join(image, 'config'));
  await writeFile(join(directory, 'secret'), 'of the computer');
  await symlink(join(directory, 'secret'), join(image, 'etc/out'));
  await up(folderImages(image));
});
afterEach(async () => {
  client.close();
  await layer.stop({ removeContainers: true });
  await rm(directory, { recursive: true, force: true });
});

async function up(files: EngineFiles | undefined, simulatedVsphere = false): Promise<void> {
  const tools = { clock: systemClock, random: systemRandom, fs: nodeFileSystem, log: silentLog };
  const processes = createProcessEngine({ ...tools, spawner: nodeSpawner, processes: nodeProcessTable, hostPath: '/usr/bin:/bin' });
  const engine = {
    name: 'test',
    ...(files === undefined ? {} : { files }),
    openMachine: (machine: Parameters<typeof processes.openMachine>[0]) => {
      const opened = processes.openMachine(machine);
      // Programs run on this computer's own files.
      const launch: typeof opened.launch = (task) => opened.launch(withoutDisk(task));
      return { launch, usage: () => opened.usage(), destroy: () => opened.destroy() };
    },
  };
  layer = await startPortLayer({
    facts: { name: 'vch-1', biosUuid: UUID, version: '', debug: 0, cpuMhz: 1, memoryMiB: 1, insecureRegistries: [] },
    ...{ volumeStores: ['default'], directory: join(directory, 'vch'), engine, bootMs: 1, simulatedVsphere, ...tools, host: '127.0.0.1', port: 0 },
  });
  layer.state.images.put({ id: LAYER, parent: 'scratch', metadata: {} });
  client = createPortLayer({ host: layer.host, port: layer.port, clock: systemClock, pid: 1 });
}

function withoutDisk(task: LaunchRequest): LaunchRequest {
  return Object.fromEntries(Object.entries(task).filter(([key]) => key !== 'disk')) as unknown as LaunchRequest;
}

async function again(files: EngineFiles | undefined, simulatedVsphere = false): Promise<void> {
  client.close();
  await layer.stop({ removeContainers: true });
  await up(files, simulatedVsphere);
}

/** A VM that is off, with one disk `c0`. */
async function vm(): Promise<string> {
  const { id, ...created } = await client.createHandle({ name: 'vm', numCpus: 1, memoryMiB: 64, hostname: 'vm', annotations: {} }, never);
  let { handle } = created;
  handle = await client.joinImage({ handle, store: UUID, layerId: LAYER, deltaId: 'c0', imageId: '', repoName: '' }, never);
  const task = { namespace: LAYER, path: '/bin/sleep', args: ['1000'], env: [], workingDir: '', user: '', stopSignal: 'KILL' };
  ({ handle } = await client.joinTask({ handle, id, ...task, attach: false, openStdin: false, tty: false }, never));
  handle = await client.bindTask(handle, id, never);
  await client.commit(handle, {}, never);
  return id;
}

async function target(id: string, state: 'RUNNING' | 'STOPPED'): Promise<void> {
  const handle = (await client.handleOf(id, never)) ?? '';
  await client.commit(await client.setState(handle, state, never), { waitSeconds: 1 }, never);
}

const write = (entries: readonly ArchiveEntry[]): Promise<void> => client.importArchive({ deviceId: 'c0', archive: packArchive(entries, Date.now()) }, never);
const file = (path: string, content: string, mode = 0o644): ArchiveEntry => ({ path, kind: 'file', mode, content: Buffer.from(content) });
const folder = (path: string, mode = 0o755): ArchiveEntry => ({ path, kind: 'folder', mode });
const packed = (filter: object): string => Buffer.from(JSON.stringify(filter)).toString('base64');
const only = (...paths: readonly string[]) => packed({ Inclusions: Object.fromEntries(paths.map((path) => [path, {}])), Exclusions: { '': {} } });

async function get(query: Readonly<Record<string, string>>, method: 'GET' | 'HEAD' = 'GET') {
  const search = new URLSearchParams({ store: 'container', deviceID: 'c0', ...(method === 'GET' ? { data: 'true' } : {}), ...query });
  const answer = await request(`http://${layer.host}:${String(layer.port)}/archive?${search.toString()}`, { method, dispatcher: agent });
  return { status: answer.statusCode, body: await buffer(answer.body) };
}

const membersOf = async (query: Readonly<Record<string, string>>): Promise<readonly (readonly [string, string])[]> =>
  [...readArchive((await get(query)).body)].map(({ path, content }) => [path, content.toString()]);

/** The head of an answer as bytes: values may be such as HTTP clients refuse. */
async function head(path: string): Promise<string> {
  const search = new URLSearchParams({ store: 'container', deviceID: 'c0', filterSpec: only(path) });
  const socket = connect(layer.port, layer.host);
  socket.write(`HEAD /archive?${search.toString()} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  return (await buffer(socket)).toString('latin1');
}

describe('exporting an archive from a container VM', () => {
  it('gives what was written, over what the image has', async () => {
    await vm();
    await write([
      file('etc/own', 'mine', 0o600),
      file('tmp/message', 'said'),
      file('tmp/message-2', ''),
      { path: 'tmp/to', kind: 'link', mode: 0o777, target: 'message' },
    ]);
    expect(await membersOf({ filterSpec: only('tmp/message') })).toEqual([
      ['tmp/message', 'said'],
      ['tmp/message-2', ''],
    ]);
    expect((await membersOf({ filterSpec: only('etc', 'tmp/to') })).map(([path]) => path)).toEqual([
      'etc/',
      'etc/os',
      'etc/out',
      'etc/own',
      'etc/sub/',
      'etc/sub/x',
      'tmp/to',
    ]);
    const [found] = await client.exportArchive({ deviceId: 'c0', path: 'etc/os', limitBytes }, never);
    expect(found).toMatchObject({ path: 'etc/os', kind: 'file', mode: 0o640, modifiedAt: 1_000_000_000_000 });
    expect(found?.content.toString()).toBe('an image');
  });

  it('gives the whole disk without what the guest mounts over it', async () => {
    await vm();
    await write([folder('made'), file('made/x', '1')]);
    expect((await membersOf({})).map(([path]) => path)).toEqual([
      'config',
      'dev/',
      'etc/',
      'etc/os',
      'etc/out',
      'etc/sub/',
      'etc/sub/x',
      'made/',
      'made/x',
      'tmp/',
    ]);
  });

  it('leaves contents out, excludes and renames as it is told', async () => {
    await vm();
    expect(await membersOf({ filterSpec: only('etc/os'), data: 'false' })).toEqual([['etc/os', '']]);
    const filter = { Inclusions: { etc: {} }, Exclusions: { '': {}, 'etc/sub': {} }, StripPath: 'etc', RebasePath: '/b' };
    expect((await membersOf({ filterSpec: packed(filter) })).map(([path]) => path)).toEqual(['b/', 'b/os', 'b/out']);
  });

  it('never follows a link, nor leaves the disk', async () => {
    const id = await vm();
    await write([folder('data'), { path: 'data/back', kind: 'link', mode: 0o777, target: directory }]);
    for (const path of ['config/os', 'etc/out/x', 'data/back/secret', '../secret', 'etc/../../secret', '..', 'etc/\0']) {
      expect(await membersOf({ filterSpec: only(path) })).toEqual([]);
    }
    const [link, ...others] = await client.exportArchive({ deviceId: 'c0', path: 'data/back', limitBytes }, never);
    expect([link?.kind, link?.target, link?.content.length, others]).toEqual(['link', directory, 0, []]);
    // A program may have put a link where a folder of the disk was.
    const own = join(directory, 'vch', 'containers', id, 'disks', '0', 'files');
    await rm(join(own, 'data'), { recursive: true });
    await symlink(directory, join(own, 'data'));
    expect(await membersOf({ filterSpec: only('data/secret') })).toEqual([]);
    expect(await membersOf({ filterSpec: only('data') })).toEqual([['data', '']]);
  });

  it('ends where a file is too large, so that the archive is seen to be cut', async () => {
    const id = await vm();
    await write([file('tmp/large', ''), file('tmp/small', 'small')]);
    await truncate(join(directory, 'vch', 'containers', id, 'disks', '0', 'files', 'tmp/large'), 2 ** 32);
    await expect(client.exportArchive({ deviceId: 'c0', path: 'tmp/large', limitBytes }, never)).rejects.toMatchObject({ code: 'PORT_LAYER' });
    expect(await client.exportArchive({ deviceId: 'c0', path: 'tmp/small', limitBytes }, never)).toHaveLength(1);
  });

  it('is refused while the VM is on, and given when it is off again', async () => {
    const id = await vm();
    await target(id, 'RUNNING');
    expect((await get({ filterSpec: only('etc/os') })).status).toBe(500);
    await expect(client.exportArchive({ deviceId: 'c0', path: 'etc/os', limitBytes }, never)).rejects.toMatchObject({ code: 'PORT_LAYER' });
    await target(id, 'STOPPED');
    expect(await client.exportArchive({ deviceId: 'c0', path: 'etc/os', limitBytes }, never)).toHaveLength(1);
  });

  it('gives what an engine has kept elsewhere of what programs left', async () => {
    const asked: unknown[] = [];
    const left = [{ path: 'data/said', kind: 'file', mode: 0o600, content: Buffer.from('kept'), target: '', modifiedAt: 5000 }] as const;
    await again({ ...folderImages(image), left: (_, tasks) => (asked.push(tasks), Promise.resolve(left)) });
    const id = await vm();
    await write([folder('data')]);
    expect(await membersOf({ filterSpec: only('data') })).toEqual([
      ['data/', ''],
      ['data/said', 'kept'],
    ]);
    expect(asked).toEqual([[id]]);
  });

  it.each([
    ['no such disk', { deviceID: 'nobody' }, 500],
    ['no such store', { store: 'nowhere' }, 404],
    ['a filter that is none, in no store', { filterSpec: '!', store: 'nowhere' }, 422],
    ['no such volume', { store: 'volume', deviceID: 'nothing' }, 500],
    ['a layer', { store: UUID, deviceID: LAYER }, 501],
    ['a difference to an image', { ancestor: LAYER }, 501],
  ])('%s', async (_, query, status) => {
    await vm();
    expect((await get(query)).status).toBe(status);
  });

  it.each([
    ['has no file systems', undefined],
    ['cannot show files', { ...folderImages('/'), refusal: () => Promise.resolve('this kernel forbids it') }],
  ])('answers 501 over an engine that %s', async (_, files) => {
    await again(files);
    await vm();
    expect(await get({})).toEqual({ status: 501, body: Buffer.from('"operation ExportArchive has not yet been implemented"\n') });
    expect((await get({ filterSpec: only('etc') }, 'HEAD')).status).toBe(501);
    expect((await get({ deviceID: 'nobody' })).status).toBe(500);
  });

  it('fails for an image that cannot be opened, and closes those that were', async () => {
    let open = 0;
    const images = folderImages(image);
    const counted: EngineFiles = {
      ...images,
      openImage: async (...given) => {
        const opened = await images.openImage(...given);
        open += 1;
        return { ...opened, close: () => Promise.resolve(void (open -= 1)) };
      },
    };
    await again(counted);
    await vm();
    await membersOf({});
    await head('etc/os');
    await head('etc/nothing');
    expect(open).toBe(0);
    await again({ ...images, openImage: () => Promise.reject(new Error('no such image')) });
    await vm();
    expect(await get({})).toEqual({ status: 500, body: Buffer.alloc(0) });
  });
});

describe('looking at a path of a container VM', () => {
  it('tells of a file, with its time as Go packs it', async () => {
    await vm();
    const answer = await head('/etc/os');
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    // 2001-09-09T01:46:40.5Z: seconds from the year 1, nanoseconds, no minutes from UTC.
    const time = Buffer.from('010000000eb32cc1001dcd65000000', 'hex');
    expect(answer).toContain(`\r\nModtime: ${time.toString('latin1')}\r\n`);
    for (const line of ['Mode: 416', 'Name: os', 'Size: 8']) expect(answer).toContain(`\r\n${line}\r\n`);
    expect(answer).not.toContain('Linktarget');
  });

  it('tells of a folder, and of a link without following it', async () => {
    await vm();
    await write([folder('sticky', 0o1777)]);
    expect(await head('etc/sub')).toContain(`\r\nMode: ${String(2 ** 31 + 0o755)}\r\n`);
    expect(await head('sticky')).toContain(`\r\nMode: ${String(2 ** 31 + 2 ** 20 + 0o755)}\r\n`);
    expect(await head('/')).toContain('\r\nName: /\r\n');
    const link = await head('etc/out');
    expect(link).toContain(`\r\nLinktarget: ${join(directory, 'secret')}\r\n`);
    expect(link).toContain(`\r\nMode: ${String(2 ** 27 + 0o777)}\r\n`);
  });

  it.each([
    ['nothing there', 'etc/nothing', 404],
    ['no folder there', 'nothing/at/all', 404],
    ['a file where a folder should be', 'etc/os/x', 500],
    ['what is outside', '../secret', 404],
    ['what a link leads to outside', 'etc/out/x', 404],
    ['what the guest mounts', 'dev/termination-log', 404],
  ])('%s', async (_, path, status) => {
    await vm();
    expect((await get({ filterSpec: only(path) }, 'HEAD')).status).toBe(status);
  });

  it.each([
    ['no path', {}, 422],
    ['two paths', { filterSpec: only('a', 'b') }, 422],
    ['no such disk', { filterSpec: only('a'), deviceID: 'nobody' }, 500],
  ])('%s', async (_, query, status) => {
    await vm();
    expect((await get(query, 'HEAD')).status).toBe(status);
  });

  it('is refused while the VM is on', async () => {
    const id = await vm();
    await target(id, 'RUNNING');
    expect((await get({ filterSpec: only('etc/os') }, 'HEAD')).status).toBe(500);
  });
});
