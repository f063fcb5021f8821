/** The way out of the API server: who may take it, and what becomes of conversations that break or stall. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer, request as httpsRequest, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { systemClock } from '../../../../src/platform/node/clock.ts';
import { systemRandom } from '../../../../src/platform/node/random.ts';
import { SpdySession } from '../../../../src/platform/spdy/session.ts';
import type { SpdyStream } from '../../../../src/platform/spdy/stream.ts';
import { createAuthority, type CertificatePair } from '../../../../src/sandbox/certificates.ts';
import type { PolicyRule } from '../../../../src/sandbox/control-plane/authz/rules.ts';
import { resourceDefinitions } from '../../../../src/sandbox/control-plane/resources/index.ts';
import { startControlPlane, type ControlPlane } from '../../../../src/sandbox/control-plane/server.ts';
import { callApi } from '../../../support/control-plane-client.ts';

const rule = (verb: string, resource: string): PolicyRule => ({ verbs: [verb], apiGroups: [''], resources: [resource] });
/** Who, and what they were granted. */
const GRANTS: Readonly<Record<string, readonly PolicyRule[]>> = {
  'gets-exec': [rule('get', 'pods/exec'), rule('get', 'pods/attach'), rule('get', 'pods/portforward')],
  'creates-exec': [rule('create', 'pods/exec'), rule('create', 'pods/attach'), rule('create', 'pods/portforward')],
  'both-exec': ['get', 'create'].flatMap((verb) => [rule(verb, 'pods/exec'), rule(verb, 'pods/attach'), rule(verb, 'pods/portforward')]),
  'gets-logs': [rule('get', 'pods/log')],
  'gets-pods': [rule('get', 'pods')],
  'gets-proxies': [rule('get', 'nodes/proxy'), rule('get', 'pods/proxy'), rule('get', 'services/proxy')],
  'creates-proxies': [rule('create', 'nodes/proxy')],
  nobody: [],
};

let kubelet: Server;
/** What the stand-in kubelet does with a connection that was upgraded. */
let onUpgrade: (socket: Duplex, request: IncomingMessage) => void = (socket) => socket.end();
let plane: ControlPlane;
let root: CertificatePair;

beforeAll(async () => {
  const authority = await createAuthority({ commonName: 'kubelet', now: Date.now() });
  const pair = await authority.issueServer({ commonName: 'kubelet', names: ['127.0.0.1'], now: Date.now() });
  kubelet = createServer({ key: pair.key, cert: pair.certificate }, (_request, response) => response.end('ok'));
  kubelet.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    socket.on('error', () => undefined);
    const answer = request.headers.upgrade === 'websocket' ? 'Upgrade: websocket' : 'Upgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io';
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n${answer}\r\n\r\n`);
    onUpgrade(socket, request);
  });
  kubelet.listen(0, '127.0.0.1');
  await once(kubelet, 'listening');
  ({ plane, root } = await startPlane());
});
afterAll(async () => {
  await plane.stop();
  kubelet.closeAllConnections();
  kubelet.close();
});

async function startPlane(): Promise<{ plane: ControlPlane; root: CertificatePair }> {
  const grants = Object.entries(GRANTS).map(([user, rules]) => ({ users: [user], rules }));
  const started = await startControlPlane({ clock: systemClock, random: systemRandom, definitions: resourceDefinitions, grants, isSandbox: true });
  for (const user of Object.keys(GRANTS)) started.tokens.add(`token-${user}`, { username: user, groups: [] });
  const identity = await started.issueClientCertificate({ user: 'root', groups: ['system:masters'] });
  const post = async (path: string, body: object): Promise<void> => {
    const headers = { 'Content-Type': 'application/json' };
    expect((await callApi(started, path, { method: 'POST', identity, headers, body: JSON.stringify(body) })).status).toBe(201);
  };
  const Port = (kubelet.address() as AddressInfo).port;
  const status = { addresses: [{ type: 'InternalIP', address: '127.0.0.1' }], daemonEndpoints: { kubeletEndpoint: { Port } } };
  await post('/api/v1/nodes', { metadata: { name: 'n' }, status });
  await post('/api/v1/namespaces/default/pods', { metadata: { name: 'p' }, spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] } });
  return { plane: started, root: identity };
}

const POD = '/api/v1/namespaces/default/pods/p';
const TRANSPORTS: Readonly<Record<string, { readonly method: string; readonly headers: Readonly<Record<string, string>> }>> = {
  'POST SPDY': { method: 'POST', headers: { Connection: 'Upgrade', Upgrade: 'SPDY/3.1', 'X-Stream-Protocol-Version': 'v4.channel.k8s.io' } },
  'GET SPDY': { method: 'GET', headers: { Connection: 'Upgrade', Upgrade: 'SPDY/3.1', 'X-Stream-Protocol-Version': 'v4.channel.k8s.io' } },
  ...Object.fromEntries(
    ['v5.channel.k8s.io', 'v4.channel.k8s.io', 'SPDY/3.1+portforward.k8s.io'].map((protocol) => [
      `GET WebSocket ${protocol}`,
      {
        method: 'GET',
        headers: {
          Connection: 'Upgrade',
          Upgrade: 'websocket',
          'Sec-WebSocket-Version': '13',
          'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
          'Sec-WebSocket-Protocol': protocol,
        },
      },
    ]),
  ),
  'plain GET': { method: 'GET', headers: {} },
  'plain POST': { method: 'POST', headers: { 'Content-Length': '0' } },
};

async function statusOf(path: string, transport: string, headers: Readonly<Record<string, string>>): Promise<{ status: number; message: string }> {
  const { hostname, port } = new URL(plane.url);
  const asked = TRANSPORTS[transport]!;
  const request = httpsRequest({ hostname, port, ca: plane.caPem, path, method: asked.method, headers: { ...asked.headers, ...headers }, agent: false });
  request.end();
  const [response, socket] = (await Promise.race([once(request, 'response'), once(request, 'upgrade')])) as [IncomingMessage, Duplex?];
  socket?.on('error', () => undefined).destroy();
  let text = '';
  if (socket === undefined) for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode ?? 0, message: text };
}

describe('who may stream', () => {
  const allowed = (user: string, path: string, transport: string): boolean => {
    if (path.startsWith('/api/v1/nodes')) return user === (transport.includes('POST') ? 'creates-proxies' : 'gets-proxies');
    if (path.includes('/log')) return user === 'gets-logs' && !transport.includes('POST');
    // A GET takes both: get for the request, create for the stream that it opens.
    return user === 'both-exec' || (user === 'creates-exec' && transport.includes('POST'));
  };
  it.each([
    `${POD}/exec?command=id&stdout=true`,
    `${POD}/attach?stdout=true`,
    `${POD}/portforward?ports=80`,
    `${POD}/log`,
    '/api/v1/nodes/n/proxy/healthz',
    '/api/v1/nodes/n/proxy/exec/default/p/c',
  ])('%s', async (path) => {
    onUpgrade = (socket) => socket.end();
    const wrong: string[] = [];
    for (const transport of Object.keys(TRANSPORTS)) {
      for (const user of Object.keys(GRANTS)) {
        const { status, message } = await statusOf(path, transport, { Authorization: `Bearer token-${user}` });
        if ((status !== 403) !== allowed(user, path, transport)) wrong.push(`${user} by ${transport}: ${String(status)} ${message}`);
      }
      const anonymous = await statusOf(path, transport, {});
      const unknown = await statusOf(path, transport, { Authorization: 'Bearer of-nobody' });
      if (anonymous.status !== 403 || unknown.status !== 401) wrong.push(`strangers by ${transport}: ${String(anonymous.status)}, ${String(unknown.status)}`);
    }
    expect(wrong).toEqual([]);
  });

  it('the permission that is missing is named', async () => {
    const asked = await statusOf(`${POD}/exec?command=id`, 'GET WebSocket v5.channel.k8s.io', { Authorization: 'Bearer token-gets-exec' });
    expect(JSON.parse(asked.message)).toMatchObject({
      message: 'pods "p" is forbidden: User "gets-exec" cannot create resource "pods/exec" in API group "" in the namespace "default"',
    });
  });

  it('a browser sends its token among the subprotocols, and the kubelet does not get to see it', async () => {
    let seen: string | undefined;
    onUpgrade = (socket, request) => {
      seen = request.headers['sec-websocket-protocol'];
      socket.end();
    };
    const token = `base64url.bearer.authorization.k8s.io.${Buffer.from('token-both-exec').toString('base64url')}`;
    const headers = (protocols: string) => ({ 'Sec-WebSocket-Protocol': protocols });
    const transport = 'GET WebSocket v4.channel.k8s.io';
    expect(await statusOf(`${POD}/exec?command=id&stdout=true`, transport, headers(`v4.channel.k8s.io, ${token}`))).toMatchObject({ status: 101 });
    expect(seen).toBe('v4.channel.k8s.io');
    expect(await statusOf(`${POD}/exec?command=id&stdout=true`, transport, headers(token))).toMatchObject({ status: 401 });
  });
});

async function spdyClient(path: string, at = { plane, root }): Promise<Duplex> {
  const { hostname, port } = new URL(at.plane.url);
  const request = httpsRequest({
    hostname,
    port,
    ca: at.plane.caPem,
    cert: at.root.certificate,
    key: at.root.key,
    path,
    method: 'POST',
    headers: { ...TRANSPORTS['POST SPDY']!.headers },
    agent: false,
  });
  request.end();
  const [, socket] = (await once(request, 'upgrade')) as [IncomingMessage, Duplex];
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  return socket;
}

function v5Client(): WebSocket {
  const socket = new WebSocket(`${plane.url.replace('https', 'wss')}${POD}/exec?command=id&stdout=true`, 'v5.channel.k8s.io', {
    ca: plane.caPem,
    cert: root.certificate,
    key: root.key,
  });
  onTestFinished(() => socket.terminate());
  return socket;
}

/** The streams that the API server opens at the kubelet. */
function serveStreams(): Promise<{ readonly session: SpdySession; readonly transport: Duplex; readonly stdout: SpdyStream }> {
  return new Promise((resolve) => {
    onUpgrade = (transport) => {
      const session: SpdySession = new SpdySession({
        transport,
        role: 'server',
        clock: systemClock,
        onStream: (stream) => {
          stream.resume();
          if (stream.headers.get('streamtype') === 'stdout') resolve({ session, transport, stdout: stream });
          return 'accept';
        },
      });
    };
  });
}

describe('a conversation', () => {
  it('ends at the kubelet when the client goes, and at the client when the kubelet does', async () => {
    const path = `${POD}/exec?command=id&stdout=true`;
    const upgraded = (): Promise<Duplex> => new Promise((resolve) => (onUpgrade = resolve));
    let backend = upgraded();
    const leaving = await spdyClient(path);
    const left = once((await backend).resume(), 'close');
    leaving.destroy();
    await left;
    backend = upgraded();
    const staying = await spdyClient(path);
    const cut = once(staying.resume(), 'close');
    (await backend).destroy();
    await cut;
  });

  it('over WebSocket channels ends at the kubelet when the client goes', async () => {
    const serving = serveStreams();
    const client = v5Client();
    await once(client, 'open');
    const { session } = await serving;
    client.terminate();
    await session.closed;
  });

  it('over WebSocket channels that the kubelet breaks off is no success', async () => {
    const serving = serveStreams();
    const client = v5Client();
    const told: string[] = [];
    client.on('message', (data: Buffer) => told.push(data.toString()));
    const { transport } = await serving;
    transport.destroy();
    await once(client, 'close');
    expect(JSON.parse(told.at(-1)!.slice(1))).toMatchObject({
      status: 'Failure',
      code: 500,
      message: expect.stringMatching(/error stream|connection has ended/),
    });
  });

  it.each(['SPDY', 'WebSocket channels'])('goes at the speed of a client that does not read: %s', async (kind) => {
    const total = 64 * 1024 * 1024;
    let written = 0;
    const write = (to: Duplex): void => {
      const chunk = Buffer.alloc(64 * 1024);
      const more = (): void => {
        while (written < total && !to.destroyed) {
          written += chunk.length;
          if (!to.write(chunk)) return;
        }
      };
      to.on('drain', more);
      more();
    };
    if (kind === 'SPDY') {
      const backend = new Promise<Duplex>((resolve) => (onUpgrade = resolve));
      await spdyClient(`${POD}/exec?command=id&stdout=true`);
      write(await backend);
    } else {
      const serving = serveStreams();
      const client = v5Client();
      await once(client, 'open');
      client.pause();
      write((await serving).stdout);
    }
    let before = -1;
    await expect
      .poll(
        () => {
          const same = written === before && written > 0;
          before = written;
          return same;
        },
        { interval: 300, timeout: 20_000 },
      )
      .toBe(true);
    expect(written).toBeGreaterThan(0);
    expect(written).toBeLessThan(total / 2);
  });

  it('ends, on both sides, when the control plane stops', async () => {
    const other = await startPlane();
    const backend = new Promise<Duplex>((resolve) => (onUpgrade = resolve));
    const client = await spdyClient(`${POD}/exec?command=id&stdout=true`, other);
    const ends = [once(client.resume(), 'close'), once((await backend).resume(), 'close')];
    await other.plane.stop();
    await Promise.all(ends);
  });
});

it('a request that offers another protocol where there is none is answered in this one', async () => {
  const { hostname, port } = new URL(plane.url);
  const headers = { Connection: 'Upgrade', Upgrade: 'h2c', Authorization: 'Bearer token-gets-pods' };
  for (const [path, status] of [
    [POD, 200],
    ['/version', 200],
    ['/api/v1/nodes', 403],
  ] as const) {
    const request = httpsRequest({ hostname, port, ca: plane.caPem, path, headers, agent: false });
    request.end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    response.resume();
    expect({ path, status: response.statusCode }).toEqual({ path, status });
  }
});
