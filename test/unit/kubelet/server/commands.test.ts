import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import type WebSocket from 'ws';
import { pod, serverWorld, spdyCommand, type ServerWorld } from '../../../support/kubelet-server/world.ts';

const SUCCESS = '{"metadata":{},"status":"Success"}';
const KUBECTL = ['v5.channel.k8s.io', 'v4.channel.k8s.io', 'v3.channel.k8s.io', 'v2.channel.k8s.io', 'channel.k8s.io'];

async function open(
  world: ServerWorld,
  path: string,
  protocols: readonly string[] = KUBECTL,
): Promise<Extract<Awaited<ReturnType<ServerWorld['spdy']>>, { refused: undefined }>> {
  const answer = await world.spdy(path, protocols);
  if (answer.refused !== undefined) throw new Error(`refused: ${String(answer.refused.status)} ${answer.refused.text}`);
  return answer;
}

describe('exec over SPDY', () => {
  test('brings output and success back, and speaks v4 to a client that would rather have v5', async () => {
    const world = await serverWorld();
    const { session, protocol } = await open(world, '/exec/default/web/main?command=echo&command=hello&output=1&error=1');
    expect(protocol).toBe('v4.channel.k8s.io');
    expect(await spdyCommand(session, ['error', 'stdout', 'stderr'])).toEqual({ stdout: 'hello\n', stderr: '', status: SUCCESS });
  });

  test('tells an exit code as a status with a cause', async () => {
    const world = await serverWorld();
    const { session } = await open(world, '/exec/default/web/web-uid/main?command=fail&command=3&output=1&error=1');
    const { stdout, stderr, status } = await spdyCommand(session, ['error', 'stdout', 'stderr']);
    expect([stdout, stderr]).toEqual(['out\n', 'err\n']);
    expect(JSON.parse(status)).toMatchObject({
      status: 'Failure',
      reason: 'NonZeroExitCode',
      message: expect.stringMatching(/^command terminated with non-zero exit code/),
      details: { causes: [{ reason: 'ExitCode', message: '3' }] },
    });
  });

  test.each([
    ['v3.channel.k8s.io', /exit status 3/],
    ['v2.channel.k8s.io', /exit status 3/],
    ['channel.k8s.io', /exit status 3/],
  ])('tells it as text to %s', async (version, text) => {
    const world = await serverWorld();
    const { session, protocol } = await open(world, '/exec/default/web/main?command=fail&command=3&output=1', [version]);
    expect(protocol).toBe(version);
    expect((await spdyCommand(session, ['error', 'stdout'])).status).toMatch(text);
  });

  test('says why a command could not be started', async () => {
    const world = await serverWorld();
    const { session } = await open(world, '/exec/default/web/main?command=missing&output=1');
    expect(JSON.parse((await spdyCommand(session, ['error', 'stdout'])).status)).toMatchObject({
      reason: 'InternalError',
      code: 500,
      message: 'error executing command in container: exec: "missing": executable file not found in $PATH',
    });
  });

  test('hands stdin on, its end included, binary-safe', async () => {
    const world = await serverWorld();
    const { session } = await open(world, '/exec/default/web/main?command=count&input=1&output=1');
    const noise = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7) % 256));
    expect((await spdyCommand(session, ['error', 'stdin', 'stdout'], noise)).stdout).toBe('300000\n');
  });

  test('follows the size of the terminal, and has no stderr with one', async () => {
    const world = await serverWorld();
    const { session } = await open(world, '/exec/default/web/main?command=sizes&command=2&input=1&output=1&error=1&tty=1');
    const error = await session.open({ streamtype: 'error' });
    await session.open({ streamtype: 'stdin' });
    const stdout = await session.open({ streamtype: 'stdout' });
    const resize = await session.open({ streamtype: 'resize' });
    resize.write('{"Width":80,"Height":24}\n');
    expect(String((await once(stdout, 'data'))[0])).toBe('80x24\n');
    resize.write('{"Width":132,');
    resize.write('"Height":40}');
    expect(String((await once(stdout, 'data'))[0])).toBe('132x40\n');
    expect(String((await once(error, 'data'))[0])).toBe(SUCCESS);
  });

  test('ends the command when the client goes away', async () => {
    const world = await serverWorld();
    const { session, socket } = await open(world, '/exec/default/web/main?command=sleep&command=well&output=1');
    await session.open({ streamtype: 'error' });
    await session.open({ streamtype: 'stdout' });
    await expect.poll(() => world.backend.running).toBe(1);
    socket.destroy();
    await expect.poll(() => world.backend.aborted).toEqual(['well']);
  });

  test('hangs up on a client that opens no streams, and on one that is idle', async () => {
    const world = await serverWorld({ streamIdleMs: 3_600_000 });
    const late = await open(world, '/exec/default/web/main?command=echo&output=1');
    await late.session.open({ streamtype: 'error' });
    const idle = await open(world, '/exec/default/web/main?command=sleep&command=idle&output=1');
    await idle.session.open({ streamtype: 'error' });
    await idle.session.open({ streamtype: 'stdout' });
    await expect.poll(() => world.backend.running).toBe(1);
    await world.clock.advance(30_001);
    await late.session.closed;
    await idle.session.ping();
    await world.clock.advance(3_600_000);
    await idle.session.closed;
    await expect.poll(() => world.backend.aborted).toEqual(['idle']);
  });
});

describe('exec over WebSocket', () => {
  test.each(['v5.channel.k8s.io', 'v4.channel.k8s.io', 'v4.base64.channel.k8s.io', 'channel.k8s.io', 'base64.channel.k8s.io', ''])(
    'speaks "%s"',
    async (version) => {
      const world = await serverWorld();
      const socket = world.webSocket('/exec/default/web/main?command=fail&command=4&output=1&error=1', version === '' ? [] : [version]);
      const messages = read(socket, version.includes('base64'));
      await once(socket, 'close');
      expect(socket.protocol).toBe(version);
      expect(messages[0]).toEqual({ channel: 1, text: '' });
      expect(joined(messages, 1)).toBe('out\n');
      expect(joined(messages, 2)).toBe('err\n');
      if (/^v[45]/.test(version)) expect(JSON.parse(joined(messages, 3))).toMatchObject({ details: { causes: [{ reason: 'ExitCode', message: '4' }] } });
      else expect(joined(messages, 3)).toMatch(/exit status 4/);
    },
  );

  test('half-closes stdin with v5', async () => {
    const world = await serverWorld();
    const socket = world.webSocket('/exec/default/web/main?command=cat&input=1&output=1', ['v5.channel.k8s.io']);
    const messages = read(socket, false);
    await once(socket, 'open');
    socket.send(Buffer.from('\0some\0bytes\xff', 'latin1'));
    socket.send(Buffer.from([7, 1, 2]));
    socket.send(Buffer.alloc(0));
    socket.send(Buffer.from([255, 0]));
    await once(socket, 'close');
    expect(joined(messages, 1)).toBe('some\0bytes\xff');
    expect(joined(messages, 3)).toBe(SUCCESS);
  });

  test('follows the size of the terminal', async () => {
    const world = await serverWorld();
    const socket = world.webSocket('/exec/default/web/main?command=sizes&command=1&input=1&output=1&tty=1', ['v4.channel.k8s.io']);
    const messages = read(socket, false);
    await once(socket, 'open');
    socket.send(Buffer.from('\x04{"Width":100,"Height":50}'));
    await once(socket, 'close');
    expect(joined(messages, 1)).toBe('100x50\n');
  });

  test('ends the command when the client goes away', async () => {
    const world = await serverWorld();
    const socket = world.webSocket('/exec/default/web/main?command=sleep&command=ws&output=1', ['v4.channel.k8s.io']);
    await once(socket, 'open');
    await expect.poll(() => world.backend.running).toBe(1);
    socket.terminate();
    await expect.poll(() => world.backend.aborted).toEqual(['ws']);
  });
});

describe('attach', () => {
  test('joins the container over SPDY and WebSocket', async () => {
    const world = await serverWorld();
    const { session } = await open(world, '/attach/default/web/side?output=1&error=1');
    expect(await spdyCommand(session, ['error', 'stdout', 'stderr'])).toEqual({ stdout: 'attached to side\n', stderr: '', status: SUCCESS });
    const socket = world.webSocket('/attach/default/web/side?output=1', ['v4.channel.k8s.io']);
    const messages = read(socket, false);
    await once(socket, 'close');
    expect(joined(messages, 1)).toBe('attached to side\n');
  });
});

describe('run', () => {
  test('answers with the output', async () => {
    const world = await serverWorld();
    expect(await world.get('/run/default/web/main?cmd=echo%20a%20b', { method: 'POST' })).toMatchObject({ status: 200, text: 'a b\n' });
    expect(await world.get('/run/default/web/main?cmd=fail%202', { method: 'POST' })).toMatchObject({ status: 500 });
  });
});

describe('what cannot be', () => {
  test.each([
    ['/exec/default/nosuch/main?command=id&output=1', 404, 'pod does not exist'],
    ['/exec/default/web/other-uid/main?command=id&output=1', 404, 'pod does not exist'],
    ['/exec/default/web/nosuch?command=id&output=1', 404, 'container not found ("nosuch")'],
    ['/exec/default/web/main?command=id', 400, 'you must specify at least 1 of stdin, stdout, stderr'],
    ['/exec/default/web/main?output=1', 400, 'you must specify at least one command'],
    ['/exec/default/ended/main?command=id&output=1', 400, 'container "main" in pod "ended" is not running'],
    ['/exec/default/web/..%2fmain?command=id&output=1', 404, '404 page not found\n'],
    ['/exec/default/../default/web/main?command=id&output=1', 404, '404 page not found\n'],
  ])('%s is refused before the upgrade', async (path, status, text) => {
    const world = await serverWorld();
    const ended = pod('ended', ['main']);
    const terminated = { terminated: { exitCode: 0 } };
    world.pods = [...world.pods, { ...ended, status: { containerStatuses: ended.status!.containerStatuses!.map((each) => ({ ...each, state: terminated })) } }];
    const answer = await world.spdy(path, KUBECTL);
    expect(answer.refused).toMatchObject({ status, text });
  });

  test('no protocol in common, no protocol at all, no upgrade', async () => {
    const world = await serverWorld();
    const path = '/exec/default/web/main?command=id&output=1';
    const { refused } = await world.spdy(path, ['v9.channel.k8s.io']);
    expect(refused).toMatchObject({ status: 403, text: expect.stringMatching(/client supports \[v9.channel.k8s.io\], server accepts \[v4/) });
    expect(refused?.headers['x-accepted-stream-protocol-versions']).toMatch(/v4.channel.k8s.io/);
    expect((await world.spdy(path, [])).refused).toMatchObject({ status: 400 });
    expect(await world.get(path, { method: 'POST' })).toMatchObject({ status: 400, text: 'Upgrade request required' });
    expect(await world.get(path, { method: 'PUT' })).toMatchObject({ status: 405 });
  });

  test('a back end that cannot is named', async () => {
    const world = await serverWorld({ provider: { list: () => Promise.resolve([]), status: () => Promise.resolve(undefined) } });
    for (const path of ['/exec/default/web/main?command=id&output=1', '/attach/default/web/main?output=1', '/portForward/default/web']) {
      expect((await world.spdy(path, [...KUBECTL, 'portforward.k8s.io'])).refused).toMatchObject({ status: 501, text: expect.stringMatching(/back end/) });
    }
    expect(await world.get('/containerLogs/default/web/main')).toMatchObject({ status: 501 });
    expect(await world.get('/stats/summary')).toMatchObject({ status: 501 });
  });
});

interface Message {
  readonly channel: number;
  readonly text: string;
}

function read(socket: WebSocket, base64: boolean): Message[] {
  const messages: Message[] = [];
  socket.on('message', (data: Buffer) => {
    const rest = data.toString('latin1', 1);
    messages.push(base64 ? { channel: data[0]! - 0x30, text: Buffer.from(rest, 'base64').toString('latin1') } : { channel: data[0]!, text: rest });
  });
  return messages;
}

function joined(messages: readonly Message[], channel: number): string {
  return messages.flatMap((message) => (message.channel === channel ? [message.text] : [])).join('');
}
