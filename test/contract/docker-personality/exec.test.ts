import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DockerApi, unframed } from '../../support/docker-api.ts';
import { startRecordedVch, type RecordedVch } from '../../support/recorded-vch.ts';

describe('commands in containers through the Docker API', () => {
  let vch: RecordedVch;
  let api: DockerApi;
  beforeAll(async () => {
    vch = await startRecordedVch({ simulatedVsphere: false });
    api = new DockerApi(vch.personality.port);
  });
  afterAll(() => vch.stop());

  async function container(name: string): Promise<string> {
    const { json } = await api.call('POST', `/containers/create?name=${name}`, {
      Image: 'busybox:latest',
      HostConfig: {},
      Cmd: ['sleep', '1000'],
      Env: ['FROM=container'],
    });
    expect((await api.call('POST', `/containers/${name}/start`)).status).toBe(204);
    return (json as { Id: string }).Id;
  }

  async function exec(name: string, body: object): Promise<string> {
    const { json } = await api.call('POST', `/containers/${name}/exec`, body);
    return (json as { Id: string }).Id;
  }

  const inspect = async (id: string): Promise<Record<string, unknown>> => (await api.call('GET', `/exec/${id}/json`)).json as Record<string, unknown>;

  it('run with their input and output on the connection', async () => {
    await container('io');
    const id = await exec('io', {
      Cmd: ['sh', '-c', 'read line; echo "$FROM $line"; cat >&2; exit 3'],
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
    });
    const stream = await api.takeOver(`/exec/${id}/start`, { Detach: false });
    expect(stream.head).toMatch(/^HTTP\/1\.1 101 UPGRADED\r\n/);
    expect(stream.head).toContain('Content-Type: application/vnd.docker.raw-stream\r\n');
    stream.socket.write('one\ntwo\n');
    await stream.until('container one\n');
    stream.socket.end('three\n');
    await stream.ended;
    expect(unframed(stream.bytes())).toEqual({ stdout: 'container one\n', stderr: 'two\nthree\n' });
    expect(await inspect(id)).toMatchObject({ Running: false, ExitCode: 3, OpenStdin: true, ContainerID: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
  });

  it('lose nothing of what is sent together with the request', async () => {
    await container('eager');
    const id = await exec('eager', { Cmd: ['cat'], AttachStdin: true, AttachStdout: true });
    const stream = await api.takeOver(`/exec/${id}/start`, { Detach: false });
    stream.socket.end('x'.repeat(300_000));
    await stream.ended;
    expect(unframed(stream.bytes()).stdout).toHaveLength(300_000);
  });

  it('end whole when there is more input than they read', async () => {
    await container('sated');
    const id = await exec('sated', { Cmd: ['sh', '-c', 'sleep 0.3; seq 20000'], AttachStdin: true, AttachStdout: true });
    const stream = await api.takeOver(`/exec/${id}/start`, { Detach: false });
    const errors: unknown[] = [];
    stream.socket.on('error', (error) => errors.push(error));
    for (let i = 0; i < 200; i += 1) stream.socket.write(`${'x'.repeat(100_000)}\n`);
    await stream.ended;
    expect(unframed(stream.bytes()).stdout).toMatch(/\n20000\n$/);
    expect(errors).toEqual([]);
  });

  it('can be read without an upgrade of the connection', async () => {
    await container('plain');
    const id = await exec('plain', { Cmd: ['echo', 'hello'], AttachStdout: true });
    const stream = await api.takeOver(`/exec/${id}/start`, { Detach: false }, { upgrade: false });
    expect(stream.head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(stream.head).not.toContain('Transfer-Encoding');
    await stream.ended;
    expect(unframed(stream.bytes()).stdout).toBe('hello\n');
  });

  it('go on when their client leaves', async () => {
    await container('left');
    const id = await exec('left', { Cmd: ['sh', '-c', 'echo begun; sleep 0.4; exit 9'], AttachStdout: true });
    const stream = await api.takeOver(`/exec/${id}/start`, { Detach: false });
    await stream.until('begun');
    stream.socket.destroy();
    await expect.poll(() => inspect(id)).toMatchObject({ Running: false, ExitCode: 9 });
  });

  it('are left by the keys for it at a terminal, and told of', async () => {
    const container1 = await container('keys');
    const id = await exec('keys', { Cmd: ['sh', '-c', 'echo ready; cat'], AttachStdin: true, AttachStdout: true, Tty: true });
    const stream = await api.takeOver(`/exec/${id}/start`, { Detach: false, Tty: true });
    await stream.until('ready\n');
    stream.socket.setNoDelay();
    stream.socket.write('typed\n');
    await stream.until('typed\n');
    stream.socket.write('\u0010');
    await expect.poll(() => stream.socket.writableLength).toBe(0);
    await inspect(id);
    stream.socket.write('\u0011');
    await stream.ended;
    expect(stream.bytes().toString()).toBe('ready\ntyped\n');
    expect(await inspect(id)).toMatchObject({ Running: true });
    const { text } = await api.call(
      'GET',
      `/events?since=1&until=${String(Math.floor(Date.now() / 1000) + 1)}&filters=${encodeURIComponent(JSON.stringify({ container: [container1], event: ['attach', 'detach'] }))}`,
    );
    expect(
      text
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { Action: string }).Action),
    ).toEqual(['attach', 'detach']);
  });

  it('are started once more only when they have no streams: those that have drop the connection', async () => {
    await container('twice');
    const [mute, loud] = [await exec('twice', { Cmd: ['true'] }), await exec('twice', { Cmd: ['echo', 'x'], AttachStdout: true })];
    for (let i = 0; i < 2; i += 1) expect((await api.call('POST', `/exec/${mute}/start`, { Detach: true })).status).toBe(200);
    expect((await api.call('POST', `/exec/${loud}/start`, { Detach: true })).status).toBeUndefined();
    await expect.poll(() => inspect(loud)).toMatchObject({ Running: false, ExitCode: 0 });
  });

  it('say on the stream why they cannot be launched, where they have no streams of their own', async () => {
    await container('launch');
    const [mute, loud] = [await exec('launch', { Cmd: ['/does/not/exist'] }), await exec('launch', { Cmd: ['/does/not/exist'], AttachStdout: true })];
    const told = await api.takeOver(`/exec/${mute}/start`, { Detach: false });
    await told.ended;
    expect(unframed(told.bytes()).stdout).toBe('no such file or directory\r\n');
    const silent = await api.takeOver(`/exec/${loud}/start`, { Detach: false });
    await silent.ended;
    expect(silent.bytes()).toHaveLength(0);
    expect((await inspect(loud))['ExitCode']).toBe(126);
  });

  it('are forgotten when their container stops, and lead nowhere when it is gone', async () => {
    const id = await container('gone');
    const command = await exec('gone', { Cmd: ['sleep', '1000'], AttachStdout: true });
    const stream = await api.takeOver(`/exec/${command}/start`, { Detach: false });
    await api.call('POST', '/containers/gone/kill');
    await stream.ended;
    const stopped = { message: `container (${id}) has been stopped` };
    expect(await api.call('GET', `/exec/${command}/json`)).toMatchObject({ status: 404, json: stopped });
    expect(await api.call('POST', `/exec/${command}/start`, { Detach: true })).toMatchObject({ status: 404, json: stopped });
    expect(await api.call('POST', '/containers/gone/exec', { Cmd: ['true'] })).toMatchObject({
      status: 500,
      json: { message: 'Server error from portlayer: Container (gone) is not running' },
    });
    await api.call('DELETE', '/containers/gone');
    expect(await api.call('GET', `/exec/${command}/json`)).toMatchObject({
      status: 500,
      json: { message: 'Server error from portlayer: No such container: gone' },
    });
    const late = await api.takeOver(`/exec/${command}/start`, { Detach: false });
    await late.ended;
    expect(unframed(late.bytes()).stdout).toBe('Server error from portlayer: No such container: gone\r\n');
  });

  it.each([
    ['POST', '/exec/none/resize?h=1&w=1', undefined, 404, 'No such container: none'],
    ['POST', '/exec/none/resize?h=1', undefined, 500, 'strconv.Atoi: parsing "": invalid syntax'],
    ['POST', '/exec/none/start', { Detach: true }, 404, 'No such container: none'],
    ['POST', '/exec/none/start', { Detach: 1 }, 500, 'json: cannot unmarshal number into Go struct field ExecStartCheck.Detach of type bool'],
    ['POST', '/containers/none/exec', { Cmd: [] }, 500, 'No exec command specified'],
    ['POST', '/containers/none/exec', undefined, 500, 'EOF'],
  ])('%s %s %j', async (method, path, body, status, message) => {
    expect(await api.call(method, path, body)).toMatchObject({ status, json: { message } });
  });

  it('wait for a container that starts', async () => {
    const slow = await startRecordedVch({ bootMs: 400 });
    try {
      const there = new DockerApi(slow.personality.port);
      await there.call('POST', '/containers/create?name=slow', { Image: 'busybox:latest', HostConfig: {}, Cmd: ['sleep', '1000'] });
      const start = there.call('POST', '/containers/slow/start');
      await expect.poll(async () => ((await there.call('GET', '/containers/slow/json')).json as { State: { Status: string } }).State.Status).toBe('Starting');
      expect((await there.call('DELETE', '/containers/slow')).json).toEqual({ message: 'The container is starting.  To remove use -f' });
      expect((await there.call('POST', '/containers/slow/exec', { Cmd: ['true'] })).status).toBe(201);
      expect((await start).status).toBe(204);
    } finally {
      await slow.stop();
    }
  });
});
