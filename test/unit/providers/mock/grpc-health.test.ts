/** The gRPC health check of pretended pods, by the kubelet's probes and by any other HTTP/2 client. */
import { once } from 'node:events';
import { connect, type ClientHttp2Session, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2';
import { request } from 'node:http';
import type { Duplex } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PodProvider } from '../../../../src/kubelet/provider.ts';
import type { Container, ContainerStatus } from '../../../../src/platform/kubernetes-objects.ts';
import { podAddresses } from '../../../../src/providers/mock/addresses.ts';
import { MockBackEnd } from '../../../../src/providers/mock/back-end.ts';
import { mockProvider } from '../../../../src/providers/mock/provider.ts';
import { createWorld, podSpec, type World } from '../../../support/kubelet/world.ts';

const never = new AbortController().signal;
let world: World;
let provider: PodProvider;

beforeEach(async () => {
  world = createWorld();
  const back = new MockBackEnd({ clock: world.clock, random: world.random, podAddresses: podAddresses('10.9.0.0/24') });
  provider = mockProvider(back, { nodeName: 'kubelet-test', addresses: ['192.0.2.1'], clock: world.clock });
  await world.start({ provider });
});
afterEach(async () => world.stop());

async function create(annotations: Record<string, string> = {}, container: Partial<Container> = {}): Promise<string> {
  const spec = podSpec({ main: [] });
  const settings = Object.fromEntries(Object.entries(annotations).map(([key, value]) => [`mock.vick.dev/${key}`, value]));
  const containers = spec.containers.map((main) => ({ ...main, ...container }));
  const uid = world.cluster.createPod({ name: 'web', spec: { ...spec, containers }, annotations: settings }).metadata?.uid ?? '';
  await world.clock.advance(0);
  return uid;
}

const status = (uid: string): ContainerStatus | undefined => world.cluster.pod(uid)?.status?.containerStatuses?.[0];
const messages = (reason: string): readonly string[] => world.cluster.events.filter((event) => event.reason === reason).map(({ message }) => message ?? '');
/** Lets the clock run until it is so; the answers of probes take no time of it. */
const becomes = async (what: () => unknown, expected: unknown): Promise<void> => {
  await expect.poll(async () => (await world.clock.advance(1_000), what()), { timeout: 10_000, interval: 5 }).toEqual(expected);
};

describe('probes by gRPC', () => {
  it('make a container ready when its settings say so, and unready', async () => {
    const readinessProbe = { grpc: { port: 9000 }, periodSeconds: 1, failureThreshold: 1 };
    const uid = await create({ 'unhealthy-until': '5s', 'unhealthy-after': '60s' }, { readinessProbe });
    await world.clock.advance(3_000);
    expect(status(uid)).toMatchObject({ ready: false, started: true });
    await becomes(() => status(uid)?.ready, true);
    expect(messages('Unhealthy')[0]).toMatch(/^Readiness probe failed: error: failed to connect service "10\.9\.0\.\d+:9000": connect ECONNREFUSED/);
    await world.clock.advance(60_000);
    await becomes(() => status(uid)?.ready, false);
  });

  it('start and restart a container', async () => {
    const probe = { grpc: { port: 9000, service: 'any.Service' }, periodSeconds: 1, failureThreshold: 2 };
    const uid = await create({ 'unhealthy-until': '3s', 'unhealthy-after': '20s' }, { startupProbe: { ...probe, failureThreshold: 30 }, livenessProbe: probe });
    expect(status(uid)?.started).toBe(false);
    await becomes(() => status(uid)?.started, true);
    expect(status(uid)?.restartCount).toBe(0);
    await becomes(() => status(uid)?.restartCount, 1);
    expect(messages('Killing')).toEqual(['Container main failed liveness probe, will be restarted']);
  });
});

describe('a port of a pretended pod', () => {
  const open = async (uid: string, port = 9000): Promise<Duplex> =>
    provider.network?.connect({ uid, port, via: 'address', container: 'main' }, never) ?? Promise.reject(new Error('no network'));

  interface Answer {
    readonly headers: IncomingHttpHeaders;
    readonly trailers: IncomingHttpHeaders;
    readonly body: Buffer;
  }
  const call = async (session: ClientHttp2Session, body: Buffer, more: OutgoingHttpHeaders = {}): Promise<Answer> => {
    const stream = session.request({ ':method': 'POST', ':path': '/grpc.health.v1.Health/Check', 'content-type': 'application/grpc', te: 'trailers', ...more });
    let [headers, trailers]: IncomingHttpHeaders[] = [{}, {}];
    stream.once('response', (got) => (headers = got));
    stream.once('trailers', (got: IncomingHttpHeaders) => (trailers = got));
    stream.end(body);
    return { body: await buffer(stream), headers: headers ?? {}, trailers: trailers ?? {} };
  };
  const message = (...bytes: number[]): Buffer => Buffer.from([0, 0, 0, 0, bytes.length, ...bytes]);
  const sessionTo = async (uid: string): Promise<ClientHttp2Session> => {
    const connection = await open(uid);
    return connect('http://pod', { createConnection: () => connection });
  };

  it('says SERVING, and over the same connection NOT_SERVING when that changes', async () => {
    const uid = await create({ 'unhealthy-after': '60s' });
    const session = await sessionTo(uid);
    const well = await call(session, message());
    expect(well.headers).toMatchObject({ ':status': 200, 'content-type': 'application/grpc' });
    expect([well.body, well.trailers['grpc-status']]).toEqual([message(0x08, 1), '0']);
    expect((await call(session, message(0x0a, 1, 0x78))).body).toEqual(message(0x08, 1));
    await world.clock.advance(60_000);
    expect((await call(session, message())).body).toEqual(message(0x08, 2));
    await expect(open(uid)).rejects.toThrow('ECONNREFUSED');
    session.destroy();
  });

  it('says NOT_SERVING of a container that has ended', async () => {
    const uid = await create({ 'exit-after': '10s', 'exit-times': '1' });
    const session = await sessionTo(uid);
    await world.clock.advance(10_000);
    expect((await call(session, message())).body).toEqual(message(0x08, 2));
    session.destroy();
  });

  it.each<[string, Buffer, OutgoingHttpHeaders, string, string]>([
    ['another method', message(), { ':path': '/grpc.health.v1.Health/Watch' }, '12', 'unknown%20method%20%2Fgrpc.health.v1.Health%2FWatch'],
    ['another service', message(), { ':path': '/shop.Cart/Add' }, '12', 'unknown%20method%20%2Fshop.Cart%2FAdd'],
    ['a compressed request', Buffer.from([1, 0, 0, 0, 0]), {}, '12', 'compressed%20requests%20are%20not%20understood'],
    ['half a message', Buffer.from([0, 0, 0, 0, 9, 1]), {}, '13', 'the%20request%20is%20not%20one%20message'],
    ['no message', Buffer.alloc(0), {}, '13', 'the%20request%20is%20not%20one%20message'],
    ['far too much', Buffer.alloc(100_000), {}, '8', 'the%20request%20is%20larger%20than%20a%20health%20check%20can%20be'],
  ])('refuses %s as gRPC does, and goes on', async (_name, body, headers, code, text) => {
    const session = await sessionTo(await create());
    const answer = await call(session, body, headers);
    expect(answer.headers).toMatchObject({ ':status': 200, 'grpc-status': code, 'grpc-message': text });
    expect((await call(session, message())).body).toEqual(message(0x08, 1));
    session.destroy();
  });

  it('answers HTTP of either version', async () => {
    const uid = await create();
    const session = await sessionTo(uid);
    const two = session.request({ ':path': '/two' });
    expect(await text(two)).toBe('GET /two\n');
    session.destroy();
    const connection = await open(uid);
    const sent = request({ path: '/one', method: 'PUT', createConnection: () => connection }).end('a body');
    const [answer] = (await once(sent, 'response')) as [NodeJS.ReadableStream];
    expect(await text(answer)).toBe('PUT /one\n');
  });

  it.each(['P', 'PRI', 'PRI * HTTP/2.', 'POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n'])(
    'waits for what comes in pieces, and outlasts a client that goes: %j',
    async (start) => {
      const uid = await create();
      const connection = await open(uid);
      for (const byte of start) {
        connection.write(byte);
        await new Promise((resolve) => setImmediate(resolve));
      }
      const answer = text(connection);
      connection.end();
      expect((await answer).startsWith(start.startsWith('POST') ? 'HTTP/1.1 200' : '')).toBe(true);
      const gone = await open(uid);
      gone.write(start);
      gone.destroy();
      const session = await sessionTo(uid);
      expect((await call(session, message())).body).toEqual(message(0x08, 1));
      session.destroy();
    },
  );
});
