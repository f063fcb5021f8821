import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createWebSocketStream } from 'ws';
import { SpdySession } from '../../../../src/platform/spdy/session.ts';
import type { SpdyStream } from '../../../../src/platform/spdy/stream.ts';
import { collect, serverWorld, type ServerWorld } from '../../../support/kubelet-server/world.ts';

/** A program in the pod. */
async function program(serve: (socket: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    serve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const echo = (socket: Socket): void => void socket.pipe(socket);

async function spdy(world: ServerWorld): Promise<SpdySession> {
  const answer = await world.spdy('/portForward/default/web', ['portforward.k8s.io']);
  if (answer.refused !== undefined) throw new Error(answer.refused.text);
  expect(answer.protocol).toBe('portforward.k8s.io');
  return answer.session;
}

async function tunnel(world: ServerWorld): Promise<SpdySession> {
  const { webSocket: socket } = await world.upgrade('/portForward/default/web', 'SPDY/3.1+portforward.k8s.io');
  if (socket === undefined) throw new Error('refused');
  return new SpdySession({ transport: createWebSocketStream(socket), role: 'client', clock: world.clock });
}

async function pair(session: SpdySession, port: number, id: number): Promise<{ readonly error: SpdyStream; readonly data: SpdyStream }> {
  const headers = { port: String(port), requestid: String(id) };
  const error = await session.open({ streamtype: 'error', ...headers });
  error.end();
  return { error, data: await session.open({ streamtype: 'data', ...headers }) };
}

describe.each([
  ['SPDY', spdy],
  ['SPDY tunnelled through WebSocket', tunnel],
])('port-forward over %s', (_name, connect) => {
  test('carries many connections to several ports at once', async () => {
    const world = await serverWorld();
    const session = await connect(world);
    const ports = [await program(echo), await program(echo)];
    const answers = await Promise.all(
      Array.from({ length: 12 }, async (_each, index) => {
        const { data, error } = await pair(session, ports[index % 2]!, index);
        const back = collect(data);
        data.end(Buffer.alloc(200_000, index));
        const received = await back;
        return received.length === 200_000 && received.every((byte) => byte === index) && (await collect(error)).length === 0;
      }),
    );
    expect(answers).toEqual(Array(12).fill(true));
  });

  test('tells why a port cannot be reached, and lives on', async () => {
    const world = await serverWorld();
    const session = await connect(world);
    const closed = await program(echo);
    const { error } = await pair(session, 1, 0);
    expect((await collect(error)).toString()).toBe(
      'error forwarding port 1 to pod default/web, uid web-uid: failed to connect to localhost:1: connection refused',
    );
    const { data } = await pair(session, closed, 1);
    const back = collect(data);
    data.end('still here');
    expect((await back).toString()).toBe('still here');
  });

  test('ends a forwarded connection when the program hangs up, and the other way round', async () => {
    const world = await serverWorld();
    const session = await connect(world);
    const greeting = await program((socket) => socket.end('bye'));
    const { data } = await pair(session, greeting, 0);
    expect((await collect(data)).toString()).toBe('bye');
    const sockets: Socket[] = [];
    const patient = await program((socket) => {
      sockets.push(socket);
      socket.resume();
      socket.on('end', () => socket.end());
    });
    const second = await pair(session, patient, 1);
    second.data.write('x');
    await expect.poll(() => sockets.length).toBe(1);
    second.data.destroy();
    await expect.poll(() => sockets[0]!.destroyed).toBe(true);
    const third = await pair(session, patient, 2);
    third.data.write('y');
    await expect.poll(() => sockets.length).toBe(2);
    session.destroy();
    await expect.poll(() => sockets[1]!.destroyed).toBe(true);
  });
});

describe('port-forward', () => {
  test('brings streams of clients without request ids together, and refuses what is no pair', async () => {
    const world = await serverWorld();
    const session = await spdy(world);
    const port = String(await program(echo));
    const error = await session.open({ streamtype: 'error', port });
    error.end();
    const data = await session.open({ streamtype: 'data', port });
    const back = collect(data);
    data.end('old');
    expect((await back).toString()).toBe('old');
    for (const headers of [
      { streamtype: 'data' },
      { streamtype: 'data', port: '0' },
      { streamtype: 'data', port: '70000' },
      { streamtype: 'other', port },
      { port },
    ]) {
      await expect(session.open(headers as Record<string, string>)).rejects.toThrow(/status 1/);
    }
    await session.open({ streamtype: 'error', port, requestid: 'a' });
    await expect(session.open({ streamtype: 'error', port, requestid: 'a' })).rejects.toThrow(/status 1/);
  });

  test('gives up on half a pair after a while', async () => {
    const world = await serverWorld();
    const session = await spdy(world);
    const error = await session.open({ streamtype: 'error', port: '80', requestid: '1' });
    const text = collect(error);
    const data = await session.open({ streamtype: 'data', port: '80', requestid: '2' });
    await world.clock.advance(30_001);
    expect((await text).toString()).toBe('timed out waiting for streams');
    await expect.poll(() => data.destroyed).toBe(true);
    await session.ping();
  });

  test('speaks the older WebSocket protocol', async () => {
    const world = await serverWorld();
    const port = await program(echo);
    const socket = world.webSocket(`/portForward/default/web?port=${String(port)},1`, ['v4.channel.k8s.io']);
    const messages: Buffer[] = [];
    socket.on('message', (message: Buffer) => messages.push(message));
    await once(socket, 'open');
    const prefix = (channel: number, number: number): Buffer => Buffer.from([channel, number & 0xff, number >> 8]);
    await expect.poll(() => messages.length).toBeGreaterThanOrEqual(5);
    expect(messages.slice(0, 4)).toEqual([prefix(0, port), prefix(1, port), prefix(2, 1), prefix(3, 1)]);
    expect(messages[4]!.toString('latin1', 1)).toMatch(/connection refused/);
    expect(messages[4]![0]).toBe(3);
    socket.send(Buffer.from('\0ping'));
    await expect.poll(() => messages[5]?.toString('latin1')).toBe('\0ping');
  });

  test.each([
    ['/portForward/default/nosuch', 404],
    ['/portForward/default/web/other-uid', 404],
  ])('%s is refused', async (path, status) => {
    const world = await serverWorld();
    expect((await world.spdy(path, ['portforward.k8s.io'])).refused).toMatchObject({ status, text: 'pod does not exist' });
    expect((await world.spdy('/portForward/default/web', ['v4.channel.k8s.io'])).refused).toMatchObject({ status: 403 });
  });
});
