import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { DockerApi, unframed } from '../../support/docker-api.ts';
import { startRecordedVch, type RecordedVch } from '../../support/recorded-vch.ts';

const ALL = 'stream=1&stdin=1&stdout=1&stderr=1';

describe('attaching to containers through the Docker API', () => {
  let vch: RecordedVch;
  let api: DockerApi;
  beforeAll(async () => {
    vch = await startRecordedVch({ simulatedVsphere: false });
    api = new DockerApi(vch.personality.port);
  });
  afterAll(() => vch.stop());

  const create = (name: string, script: string, more: object = {}): Promise<unknown> =>
    api.call('POST', `/containers/create?name=${name}`, { Image: 'busybox:latest', HostConfig: {}, OpenStdin: true, Cmd: ['sh', '-c', script], ...more });
  const status = async (name: string): Promise<string> =>
    ((await api.call('GET', `/containers/${name}/json`)).json as { State: { Status: string } }).State.Status;

  it('holds the container until there is somebody to listen', async () => {
    await create('held', 'echo first; read line; echo "$line" >&2; exit 6');
    const early = await api.takeOver(`/containers/held/attach?${ALL}`);
    early.socket.resetAndDestroy();
    const start = api.call('POST', '/containers/held/start');
    await expect.poll(() => status('held')).toBe('Starting');
    const stream = await api.takeOver(`/containers/held/attach?${ALL}`);
    expect((await start).status).toBe(204);
    await stream.until('first\n');
    stream.socket.end('input\n');
    await stream.ended;
    expect(unframed(stream.bytes())).toEqual({ stdout: 'first\n', stderr: 'input\n' });
    await expect.poll(async () => (await api.call('GET', '/containers/held/json')).json).toMatchObject({ State: { Status: 'exited', ExitCode: 6 } });
  });

  it('has one stream, without frames, at a terminal', async () => {
    await create('terminal', 'echo out; cat; echo never', { Tty: true });
    const stream = await api.takeOver(`/containers/terminal/attach?${ALL}&detachKeys=ctrl-a`);
    await api.call('POST', '/containers/terminal/start');
    await stream.until('out\n');
    stream.socket.write('typed\n');
    await stream.until('typed\n');
    stream.socket.write('\u0001');
    await stream.ended;
    expect(stream.bytes().toString()).toBe('out\ntyped\n');
    expect(await status('terminal')).toBe('running');
  });

  it('leaves the input of a terminal open when its client is done', async () => {
    await create('open', 'echo out; cat; exit 1', { Tty: true });
    const stream = await api.takeOver(`/containers/open/attach?${ALL}`);
    await api.call('POST', '/containers/open/start');
    await stream.until('out\n');
    stream.socket.end();
    await stream.ended;
    expect(await status('open')).toBe('running');
  });

  it.each([
    ['nothing is asked for', 'stream=1'],
    ['only the input is', 'stream=1&stdin=1'],
    ['the keys to leave by cannot be read', `${ALL}&detachKeys=none-such`],
  ])('ends at once when %s', async (_when, query) => {
    const name = `ends-${String(query.length)}`;
    await create(name, 'sleep 100');
    const stream = await api.takeOver(`/containers/${name}/attach?${query}`);
    await stream.ended;
    expect(stream.head).toMatch(/^HTTP\/1\.1 101 /);
    expect(stream.bytes()).toHaveLength(0);
  });

  it('refuses without JSON, and without the headers of the API', async () => {
    const stream = await api.takeOver('/containers/none/attach?stdout=1');
    await stream.ended;
    expect(stream.head).toMatch(/^HTTP\/1\.1 404 Not Found\r\nContent-Type: application\/vnd\.docker\.raw-stream\r\n/);
    expect(stream.head).not.toContain('Api-Version');
    expect(stream.bytes().toString()).toBe('No such container: none\r\n');
  });

  it('refuses a container that was made without streams', async () => {
    const { state } = vch.portLayer;
    const { json } = await api.call('POST', '/containers/create?name=bare', { Image: 'busybox:latest', HostConfig: {}, Cmd: ['true'] });
    const vm = state.containers.need((json as { Id: string }).Id);
    vm.config = { ...vm.config, interaction: 'none' };
    const stream = await api.takeOver('/containers/bare/attach?stdout=1');
    await stream.ended;
    expect(stream.bytes().toString()).toBe('Server error from portlayer: Unable to find a device with desired backing\r\n');
  });

  it('answers other calls that ask for an upgrade as ever', async () => {
    const stream = await api.takeOver('/session');
    await stream.ended;
    expect(stream.head).toMatch(/^HTTP\/1\.1 404 /);
    expect(JSON.parse(stream.bytes().toString())).toEqual({ message: 'page not found' });
    const created = await api.takeOver('/volumes/create', { Name: 'by-upgrade', Driver: 'vsphere' });
    await created.ended;
    expect(created.head).toMatch(/^HTTP\/1\.1 201 /);
  });

  it('works through a WebSocket, without frames', async () => {
    await create('socket', 'read line; echo "got $line"; echo err >&2; exit 0');
    const address = `ws://127.0.0.1:${String(vch.personality.port)}/v1.25/containers`;
    const socket = new WebSocket(`${address}/socket/attach/ws?stream=1`);
    let received = '';
    socket.on('message', (data: Buffer, binary) => (received += binary ? '(binary)' : data.toString()));
    const closed = new Promise((resolve) => socket.on('close', resolve));
    await new Promise((resolve) => socket.on('open', resolve));
    await api.call('POST', '/containers/socket/start');
    socket.send('words\n');
    await closed;
    expect(received.split('\n').sort()).toEqual(['', 'err', 'got words']);
    const refused = new WebSocket(`${address}/none/attach/ws`);
    const why = await new Promise((resolve) => refused.on('unexpected-response', (_request, response) => resolve(response.statusCode)));
    expect(why).toBe(404);
    refused.on('error', () => undefined);
    refused.terminate();
    expect(await api.call('GET', '/containers/socket/attach/ws')).toMatchObject({ status: 400, json: { message: 'not websocket protocol' } });
  });

  it('is cut when the personality stops', async () => {
    const other = await startRecordedVch();
    const there = new DockerApi(other.personality.port);
    await there.call('POST', '/containers/create?name=cut', { Image: 'busybox:latest', HostConfig: {}, Cmd: ['sleep', '1000'] });
    const stream = await there.takeOver('/containers/cut/attach?stdout=1');
    await other.stop();
    await stream.ended;
    expect(stream.bytes()).toHaveLength(0);
  });
});
