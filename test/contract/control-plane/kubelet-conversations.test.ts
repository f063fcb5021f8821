/**
 * Replays recorded conversations in which a kube-apiserver hands requests on to a kubelet: what the client is told, and
 * what reaches the kubelet, byte by byte where a connection is handed through. A stand-in kubelet answers as recorded.
 */
import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer as createHttpsServer, request as httpsRequest, type Server } from 'node:https';
import { createServer, type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { systemClock } from '../../../src/platform/node/clock.ts';
import { systemRandom } from '../../../src/platform/node/random.ts';
import { SpdySession } from '../../../src/platform/spdy/session.ts';
import type { SpdyStream } from '../../../src/platform/spdy/stream.ts';
import { createAuthority, type CertificatePair } from '../../../src/sandbox/certificates.ts';
import { omit } from '../../../src/sandbox/control-plane/json.ts';
import { startControlPlane, type ControlPlane } from '../../../src/sandbox/control-plane/server.ts';
import { callApi } from '../../support/control-plane-client.ts';
import { served } from './definitions.ts';

interface Frame {
  readonly from: 'client' | 'server';
  readonly type?: string;
  readonly stream?: number;
  readonly flags?: number;
  readonly text?: string;
  readonly hex?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly opcode?: string;
  readonly channel?: number;
  readonly payloadHex?: string;
}

interface KubeletExchange {
  readonly requestLine?: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly clientCertificate?: object;
  readonly body?: string;
  readonly response?: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: string;
    readonly chunks?: readonly string[];
  };
  readonly answer?: string;
  readonly frames?: readonly Frame[];
}

interface ClientExchange {
  readonly request: { readonly method: string; readonly path: string; readonly headers: Readonly<Record<string, string>>; readonly body?: object };
  readonly response: {
    readonly status: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: { readonly $text?: string };
    readonly frames?: readonly Frame[];
  };
}

interface Step {
  readonly command?: string;
  readonly note?: string;
  readonly exchanges: readonly ClientExchange[];
  readonly kubeletSees?: readonly KubeletExchange[];
}

const stepsOf = (name: string): readonly Step[] =>
  (JSON.parse(readFileSync(new URL(`../../fixtures/kubelet-server/${name}.json`, import.meta.url), 'utf8')) as { steps: readonly Step[] }).steps;

/** Told by others: which program it was, and the session that kubectl counts its requests by. */
const FREE_HEADERS = new Set(['user-agent', 'kubectl-session', 'accept-encoding', 'connection']);
const isLeadingOut = (path: string): boolean => /\/(log|exec|attach|portforward|proxy)([/?]|$)/.test(path);

let kubelet: Server;
let pair: CertificatePair;
let planes: Readonly<Record<'sandbox' | 'strict', { readonly plane: ControlPlane; readonly admin: CertificatePair }>>;
let closedPort: number;
/** What the stand-in answers next, and what it has been asked. */
let script: KubeletExchange[] = [];
let asked: { readonly line: string; readonly headers: readonly (readonly [string, string])[]; readonly certificate: object; readonly body: string }[] = [];
/** The connection of the last upgrade at the kubelet. */
let upgraded: (socket: Duplex) => void = () => undefined;

const kubeletPort = (): number => (kubelet.address() as AddressInfo).port;
const ours = (value: string): string =>
  value
    .replaceAll('192.0.2.10:10250', `127.0.0.1:${String(kubeletPort())}`)
    .replaceAll('192.0.2.10:10251', `127.0.0.1:${String(closedPort)}`)
    .replaceAll('node-a:10250', `node-a:${String(kubeletPort())}`);

beforeAll(async () => {
  const authority = await createAuthority({ commonName: 'kubelet', now: Date.now() });
  pair = await authority.issueServer({ commonName: 'kubelet', names: ['127.0.0.1'], now: Date.now() });
  kubelet = createHttpsServer({ key: pair.key, cert: pair.certificate, requestCert: true, rejectUnauthorized: false });
  kubelet.on('request', (request, response) => {
    void text(request).then((body) => {
      noteDown(request, body);
      const { response: answer } = script.shift() ?? {};
      response.writeHead(answer?.status ?? 599, { ...answer?.headers });
      for (const chunk of answer?.chunks ?? [answer?.body ?? '']) response.write(chunk);
      response.end();
    });
  });
  kubelet.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    noteDown(request, '');
    socket.on('error', () => undefined);
    const next = script.shift();
    socket.write(next?.answer ?? 'HTTP/1.1 599 Unexpected\r\nConnection: close\r\n\r\n');
    if (next?.answer?.includes(' 101 ') === true) upgraded(socket);
    else socket.end();
  });
  kubelet.listen(0, '127.0.0.1');
  await once(kubelet, 'listening');
  const closed = createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  closedPort = (closed.address() as AddressInfo).port;
  closed.close();
  planes = { sandbox: await populated(true), strict: await populated(false) };
});

afterAll(async () => {
  await Promise.all(Object.values(planes).map(({ plane }) => plane.stop()));
  kubelet.closeAllConnections();
  kubelet.close();
});

function noteDown(request: IncomingMessage, body: string): void {
  const { socket } = request;
  if (!(socket instanceof TLSSocket)) throw new Error('no TLS');
  const { subject } = socket.getPeerCertificate();
  const headers = Array.from(
    { length: request.rawHeaders.length / 2 },
    (_, index) => [request.rawHeaders[2 * index]!, request.rawHeaders[2 * index + 1]!] as const,
  );
  asked.push({ line: `${request.method!} ${request.url!} HTTP/1.1`, headers, certificate: { CN: subject.CN, O: subject.O }, body });
}

async function populated(isSandbox: boolean): Promise<{ plane: ControlPlane; admin: CertificatePair }> {
  const plane = await startControlPlane({ clock: systemClock, random: systemRandom, isSandbox, ...served });
  const admin = await plane.issueClientCertificate({ user: 'kubernetes-admin', groups: ['system:masters'] });
  const post = async (path: string, body: object): Promise<void> => {
    const { status, text: answer } = await callApi(plane, path, {
      method: 'POST',
      identity: admin,
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (status !== 201) throw new Error(`${path}: ${String(status)} ${answer}`);
  };
  const node = (name: string, Port: number): object => ({
    metadata: { name },
    status: { addresses: [{ type: 'InternalIP', address: '127.0.0.1' }], daemonEndpoints: { kubeletEndpoint: { Port } } },
  });
  const pod = (name: string, nodeName: string | undefined, ...containers: readonly string[]): object => ({
    metadata: { name },
    spec: { ...(nodeName === undefined ? {} : { nodeName }), containers: containers.map((container) => ({ name: container, image: 'busybox' })) },
  });
  await post('/api/v1/namespaces', { metadata: { name: 'talk' } });
  await post('/api/v1/nodes', node('node-a', kubeletPort()));
  await post('/api/v1/nodes', node('node-b', closedPort));
  const pods = '/api/v1/namespaces/talk/pods';
  await post(pods, pod('talk', 'node-a', 'main', 'waiting', 'refuse'));
  await post(pods, pod('far', 'node-b', 'main'));
  await post(pods, pod('fresh', undefined, 'main'));
  return { plane, admin };
}

describe.each([
  'logs',
  'node-proxy',
  'unreachable',
  'exec-spdy',
  'exec-websocket',
  'exec-tty-websocket',
  'attach-spdy',
  'port-forward-spdy',
  'port-forward-websocket',
])('%s', (name) => {
  const conversations = stepsOf(name).flatMap((step, index) => {
    const seen = (step.kubeletSees ?? []).filter(({ requestLine }) => requestLine !== undefined);
    return step.exchanges
      .filter(({ request }) => isLeadingOut(request.path))
      .map((exchange, at, all) => ({
        title: `${String(index)}: ${exchange.request.method} ${exchange.request.path}`,
        exchange,
        sees: all.length === 1 ? seen.slice(0, 1) : seen.slice(at, at + 1),
      }));
  });

  it.each(conversations)('$title', async ({ exchange, sees }) => {
    const strict = exchange.response.status === 400 && JSON.stringify(exchange.response.body).includes('address not allowed');
    const { plane, admin } = planes[strict ? 'strict' : 'sandbox'];
    // Where the recording shows only the client's side of what failed on the way, the kubelet fails in the same way.
    script = sees.length === 0 ? refusalsFor(exchange) : [...sees];
    asked = [];
    if (exchange.response.status === 101) await replayStream(plane, admin, exchange, sees[0]);
    else await replayPlain(plane, admin, exchange, sees[0]);
    const [first] = sees;
    if (first !== undefined) expectSame(asked[0], first, plane);
  });
});

/** One exec over WebSocket was refused by the kubelet without a record of that side; its SPDY twin shows the words. */
function refusalsFor({ request }: ClientExchange): KubeletExchange[] {
  if (!request.path.includes('container=refuse')) return [];
  const answer =
    'HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 31\r\nConnection: close\r\n\r\ncontainer not found ("refuse")\n';
  return [{ headers: [], answer }];
}

function requestHeaders({ request }: ClientExchange, sees: KubeletExchange | undefined): Record<string, string | string[]> {
  const protocols = sees?.headers.filter(([key]) => key === 'X-Stream-Protocol-Version').map(([, value]) => value) ?? [];
  const handedOn = Object.fromEntries(sees?.headers.filter(([key]) => /^(X-Custom|Cookie|Authorization2|Referer)$/.test(key)) ?? []);
  const rest = omit(request.headers, 'Connection', 'Upgrade', 'Sec-WebSocket-Protocol', 'Sec-WebSocket-Version');
  return { ...rest, ...handedOn, ...('X-Stream-Protocol-Version' in rest && protocols.length > 0 ? { 'X-Stream-Protocol-Version': protocols } : {}) };
}

async function replayPlain(plane: ControlPlane, admin: CertificatePair, exchange: ClientExchange, sees: KubeletExchange | undefined): Promise<void> {
  const { request, response } = exchange;
  const upgrade = request.headers['Upgrade'];
  const body = request.body === undefined ? undefined : JSON.stringify(request.body);
  const answer = await callApi(plane, ours(request.path), {
    method: request.method,
    identity: admin,
    ...(body === undefined ? {} : { body }),
    headers: {
      ...requestHeaders(exchange, sees),
      ...(upgrade === undefined ? {} : { Connection: 'Upgrade', Upgrade: upgrade }),
      ...(upgrade === 'websocket'
        ? {
            'Sec-WebSocket-Protocol': request.headers['Sec-WebSocket-Protocol']!,
            'Sec-WebSocket-Version': '13',
            'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
          }
        : {}),
    },
  });
  expect(answer.status).toBe(response.status);
  for (const [key, value] of Object.entries(response.headers ?? {})) {
    const found = answer.headers[key.toLowerCase()];
    if (!['content-length', 'date'].includes(key.toLowerCase())) expect({ [key]: found }).toEqual({ [key]: value });
  }
  const expected = response.body;
  if (expected === undefined) expect(answer.text).toBe('');
  else if (expected.$text !== undefined) expect(answer.text).toBe(expected.$text);
  else expect(answer.body).toEqual(JSON.parse(ours(JSON.stringify(expected))));
}

function expectSame(found: (typeof asked)[number] | undefined, recorded: KubeletExchange, plane: ControlPlane): void {
  expect(found?.line).toBe(recorded.requestLine);
  const local = (value: string): string => ours(value).replaceAll('apiserver.example:6443', new URL(plane.url).host).replaceAll('192.0.2.10', '127.0.0.1');
  const comparable = (headers: readonly (readonly [string, string])[]): string[] =>
    headers
      .map(([key, value]) => [key.toLowerCase(), value] as const)
      .filter(([key, value]) => !FREE_HEADERS.has(key) && !(key === 'content-length' && value === '0'))
      .map(([key, value]) => `${key}: ${local(value)}`)
      .sort();
  expect(comparable(found?.headers ?? [])).toEqual(comparable(recorded.headers));
  expect(found?.certificate).toEqual(recorded.clientCertificate);
  expect(found?.body).toBe(recorded.body ?? '');
}

async function replayStream(plane: ControlPlane, admin: CertificatePair, exchange: ClientExchange, sees: KubeletExchange | undefined): Promise<void> {
  const atKubelet = new Promise<Duplex>((resolve) => (upgraded = resolve));
  if (exchange.request.headers['Upgrade'] === 'SPDY/3.1') await replayBytes(plane, admin, exchange, sees!, atKubelet);
  else if (exchange.request.headers['Sec-WebSocket-Protocol']?.startsWith('SPDY/') === true) await replayTunnel(plane, admin, exchange, sees!, atKubelet);
  else await replayCommand(plane, admin, exchange, sees, atKubelet);
}

const bytesOf = (frames: readonly Frame[], from: Frame['from']): Buffer =>
  Buffer.concat(frames.filter((frame) => frame.from === from).map(({ hex }) => Buffer.from(hex ?? '', 'hex')));

async function read(stream: Duplex, length: number): Promise<Buffer> {
  let all = Buffer.alloc(0);
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    all = Buffer.concat([all, chunk as Buffer]);
    if (all.length >= length) break;
  }
  return all;
}

/** A connection that is handed through says on one side what is said on the other. */
async function replayBytes(
  plane: ControlPlane,
  admin: CertificatePair,
  exchange: ClientExchange,
  sees: KubeletExchange,
  atKubelet: Promise<Duplex>,
): Promise<void> {
  const { hostname, port } = new URL(plane.url);
  const headers = { ...requestHeaders(exchange, sees), Connection: 'Upgrade', Upgrade: 'SPDY/3.1' };
  const request = httpsRequest({
    hostname,
    port,
    path: exchange.request.path,
    method: 'POST',
    ca: plane.caPem,
    cert: admin.certificate,
    key: admin.key,
    agent: false,
    headers,
  });
  request.end();
  const [response, client, head] = (await once(request, 'upgrade')) as [IncomingMessage, Duplex, Buffer];
  if (head.length > 0) client.unshift(head);
  for (const [key, value] of Object.entries(exchange.response.headers ?? {})) expect(response.headers[key.toLowerCase()]).toBe(value);
  const backend = await atKubelet;
  const frames = exchange.response.frames ?? [];
  const [said, answered] = [bytesOf(frames, 'client'), bytesOf(sees.frames ?? [], 'server')];
  client.write(said);
  backend.write(answered);
  expect((await read(backend, said.length)).equals(said)).toBe(true);
  expect((await read(client, answered.length)).equals(answered)).toBe(true);
  backend.end();
  await once(client.resume(), 'end');
  client.destroy();
}

function openSocket(plane: ControlPlane, admin: CertificatePair, exchange: ClientExchange): WebSocket {
  const headers = omit(exchange.request.headers, 'Connection', 'Upgrade', 'Sec-WebSocket-Protocol', 'Sec-WebSocket-Version');
  const protocol = exchange.request.headers['Sec-WebSocket-Protocol'];
  return new WebSocket(`${plane.url.replace('https', 'wss')}${exchange.request.path}`, protocol, {
    ...{ ca: plane.caPem, cert: admin.certificate, key: admin.key, perMessageDeflate: false, headers },
  });
}

/** Messages carry the bytes of a SPDY connection, cut anyhow. */
async function replayTunnel(
  plane: ControlPlane,
  admin: CertificatePair,
  exchange: ClientExchange,
  sees: KubeletExchange,
  atKubelet: Promise<Duplex>,
): Promise<void> {
  const { hostname, port } = new URL(plane.url);
  const key = Buffer.alloc(16, 7).toString('base64');
  const request = httpsRequest({
    ...{ hostname, port, path: exchange.request.path, ca: plane.caPem, cert: admin.certificate, key: admin.key, agent: false },
    headers: { ...exchange.request.headers, 'Sec-WebSocket-Key': key },
  });
  request.end();
  const [response, client, head] = (await once(request, 'upgrade')) as [IncomingMessage, Duplex, Buffer];
  if (head.length > 0) client.unshift(head);
  expect(response.headers['sec-websocket-protocol']).toBe('SPDY/3.1+portforward.k8s.io');
  const backend = await atKubelet;
  const messages = (exchange.response.frames ?? [])
    .filter(({ from, opcode }) => from === 'client' && opcode === 'binary')
    .map(({ payloadHex }) => Buffer.from(payloadHex ?? '', 'hex'));
  const said = Buffer.concat(messages);
  for (const message of messages) client.write(Buffer.concat([Buffer.from([0x82, 0x80 | message.length, 0, 0, 0, 0]), message]));
  expect((await read(backend, said.length)).equals(said)).toBe(true);
  const answered = bytesOf(sees.frames ?? [], 'server');
  backend.end(answered);
  const raw = await read(client, answered.length + 2);
  const payloads: Buffer[] = [];
  for (let at = 0; at < raw.length && raw[at] === 0x82;) {
    const short = raw[at + 1]! & 0x7f;
    const [start, length] = short === 126 ? [at + 4, raw.readUInt16BE(at + 2)] : [at + 2, short];
    payloads.push(raw.subarray(start, start + length));
    at = start + length;
  }
  expect(Buffer.concat(payloads).equals(answered)).toBe(true);
  client.destroy();
}

/** v5: channels on one side, SPDY streams on the other. */
async function replayCommand(
  plane: ControlPlane,
  admin: CertificatePair,
  exchange: ClientExchange,
  sees: KubeletExchange | undefined,
  atKubelet: Promise<Duplex>,
): Promise<void> {
  const socket = openSocket(plane, admin, exchange);
  const heard: Buffer[] = [];
  socket.on('message', (data: Buffer) => heard.push(data));
  const closed = once(socket, 'close') as Promise<[number]>;
  await once(socket, 'open');
  const frames = exchange.response.frames ?? [];
  const streams = new Map<number, SpdyStream>();
  const received = new Map<number, Promise<string>>();
  if (sees?.frames !== undefined) {
    const session = new SpdySession({
      transport: await atKubelet,
      role: 'server',
      clock: systemClock,
      onStream: (stream) => {
        streams.set(stream.id, stream);
        received.set(
          stream.id,
          text(stream).catch(() => ''),
        );
        return 'accept';
      },
    });
    const opened = sees.frames.filter(({ type }) => type === 'SYN_STREAM');
    await expect.poll(() => streams.size).toBe(opened.length);
    expect([...streams].map(([id, { headers }]) => [id, headers.get('streamtype')])).toEqual(
      opened.map(({ stream, headers }) => [stream, headers!['streamtype']]),
    );
    for (const { payloadHex } of frames.filter(({ from, opcode }) => from === 'client' && opcode === 'binary')) {
      socket.send(Buffer.from(payloadHex ?? '', 'hex'));
    }
    for (const frame of sees.frames.filter(({ from, type }) => from === 'server' && type === 'DATA')) {
      if (frame.flags === 1) streams.get(frame.stream!)!.end();
      else streams.get(frame.stream!)!.write(frame.text);
    }
    const input = sees.frames.filter(({ from, type }) => from === 'client' && type === 'DATA');
    const [code] = await closed;
    expect(code).toBe(1000);
    await session.closed;
    for (const id of new Set(input.map(({ stream }) => stream!))) {
      const said = input.filter(({ stream }) => stream === id).map((frame) => frame.text ?? '');
      if (input.some(({ stream, flags }) => stream === id && flags === 1)) expect(await received.get(id)).toBe(said.join(''));
    }
  } else await closed;
  // The Status is JSON whose members may come in any order.
  const told = (channel: number): unknown => {
    const said = Buffer.concat(heard.filter((message) => message[0] === channel).map((message) => message.subarray(1))).toString();
    return channel === 3 ? (JSON.parse(said) as unknown) : said;
  };
  const recorded = frames.filter(({ from, opcode }) => from === 'server' && opcode === 'binary');
  expect(heard[0]).toEqual(Buffer.from(recorded[0]?.payloadHex ?? '', 'hex'));
  for (const channel of new Set(recorded.map((frame) => frame.channel!))) {
    const said = ours(
      recorded
        .filter((frame) => frame.channel === channel)
        .map((frame) => frame.text ?? '')
        .join(''),
    );
    if (channel === 3 && !isJson(said)) continue;
    expect(told(channel)).toEqual(channel === 3 ? JSON.parse(said) : said);
  }
}

/** A long text is cut in the recording. */
function isJson(value: string): boolean {
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
}
