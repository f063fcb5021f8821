import { request as httpsRequest } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { once } from 'node:events';
import { text as readText } from 'node:stream/consumers';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { onTestFinished } from 'vitest';
import WebSocket from 'ws';
import { createKubeletServer, type KubeletServer, type KubeletServerOptions } from '../../../src/kubelet/server/server.ts';
import { SpdySession } from '../../../src/platform/spdy/session.ts';
import type { SpdyStream } from '../../../src/platform/spdy/stream.ts';
import { silentLog } from '../../../src/platform/log.ts';
import type { Pod } from '../../../src/platform/kubernetes-objects.ts';
import { createAuthority, type Authority, type CertificatePair } from '../../../src/sandbox/certificates.ts';
import { FakeClock } from '../fake-clock.ts';
import { CapableBackend } from './capable-provider.ts';
import { MemoryTrust } from './trust.ts';

export interface Caller {
  readonly certificate?: CertificatePair;
  readonly token?: string;
}

export interface ServerWorld {
  readonly server: KubeletServer;
  readonly port: number;
  readonly trust: MemoryTrust;
  readonly backend: CapableBackend;
  readonly clock: FakeClock;
  readonly authority: Authority;
  /** The API server's certificate; allowed everything. */
  readonly admin: Caller;
  pods: readonly Pod[];
  client(name: string, groups?: readonly string[]): Promise<Caller>;
  get(path: string, more?: RequestMore): Promise<Answer>;
  spdy(path: string, protocols: readonly string[], more?: RequestMore): Promise<SpdyAnswer>;
  webSocket(path: string, protocols: readonly string[], caller?: Caller): WebSocket;
  /** A WebSocket with a subprotocol that ws does not take for one: kubectl's `SPDY/3.1+portforward.k8s.io`. */
  upgrade(path: string, protocol: string, caller?: Caller): Promise<{ readonly status: number; readonly webSocket: WebSocket | undefined }>;
}

interface RequestMore {
  readonly method?: string;
  readonly caller?: Caller;
  readonly headers?: Readonly<Record<string, string | string[]>>;
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: IncomingMessage['headers'];
}

type SpdyAnswer =
  { readonly refused: Answer } | { readonly refused: undefined; readonly session: SpdySession; readonly protocol: string; readonly socket: Duplex };

/** A kubelet server on a free port of 127.0.0.1 over a back end in memory, and clients of every kind. */
export async function serverWorld(more: Partial<KubeletServerOptions> = {}): Promise<ServerWorld> {
  const clock = new FakeClock();
  const trust = new MemoryTrust();
  const backend = new CapableBackend();
  const now = Date.now();
  const authority = await createAuthority({ commonName: 'cluster', now });
  const certificate = await authority.issueServer({ commonName: 'kubelet', names: ['127.0.0.1'], now });
  const client = async (name: string, organizations: readonly string[] = []): Promise<Caller> => ({
    certificate: await authority.issueClient({ commonName: name, organizations, now }),
  });
  trust.grants.add('kube-apiserver *');
  let pods: readonly Pod[] = [pod('web', ['main', 'side'])];
  const server = await createKubeletServer({
    ...{ nodeName: 'kubelet-test', address: '127.0.0.1', port: 0, provider: backend.provider(), pods: () => pods, reviews: trust },
    ...{ certificate, clientCa: authority.certificate, clock, log: silentLog },
    ...more,
  });
  const port = await server.listen();
  onTestFinished(() => server.close());
  const admin = await client('kube-apiserver', ['system:masters']);
  const tls = ({ certificate: pair }: Caller): object => ({
    ...{ host: '127.0.0.1', port, ca: authority.certificate, rejectUnauthorized: false },
    ...(pair === undefined ? {} : { cert: pair.certificate, key: pair.key }),
  });
  const bearer = ({ token }: Caller): Readonly<Record<string, string>> => (token === undefined ? {} : { authorization: `Bearer ${token}` });
  return {
    ...{ server, port, trust, backend, clock, authority, admin, client },
    get pods() {
      return pods;
    },
    set pods(value) {
      pods = value;
    },
    get: (path, { method = 'GET', caller = admin, headers = {} } = {}) =>
      send({ ...tls(caller), path, method, headers: { ...bearer(caller), ...headers }, agent: false }),
    spdy: async (path, protocols, { method = 'POST', caller = admin, headers = {} } = {}) => {
      const upgrade = { connection: 'Upgrade', upgrade: 'SPDY/3.1', 'x-stream-protocol-version': [...protocols] };
      const request = httpsRequest({ ...tls(caller), path, method, headers: { ...upgrade, ...bearer(caller), ...headers }, agent: false });
      request.end();
      const answered = Promise.race([once(request, 'upgrade'), once(request, 'response')]);
      const [response, socket] = (await answered) as [IncomingMessage, TLSSocket | undefined];
      if (socket === undefined) return { refused: await answerOf(response) };
      const session = new SpdySession({ transport: socket, role: 'client', clock });
      onTestFinished(() => session.destroy());
      return { refused: undefined, session, socket, protocol: String(response.headers['x-stream-protocol-version']) };
    },
    upgrade: async (path, protocol, caller = admin) => {
      const key = Buffer.alloc(16, 7).toString('base64');
      const upgrade = {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': key,
        'sec-websocket-protocol': protocol,
      };
      const request = httpsRequest({ ...tls(caller), path, method: 'GET', headers: { ...upgrade, ...bearer(caller) }, agent: false });
      request.end();
      const [response, socket, head] = (await Promise.race([once(request, 'upgrade'), once(request, 'response')])) as [IncomingMessage, TLSSocket?, Buffer?];
      const status = response.statusCode ?? 0;
      if (socket === undefined) return { status, webSocket: undefined };
      if (response.headers['sec-websocket-protocol'] !== protocol) throw new Error('the subprotocol is not that asked for');
      const webSocket = new WebSocket(null as unknown as string, undefined, {});
      // What the library's own client does once its handshake is done.
      Object.assign(webSocket, { _isServer: false });
      (webSocket as unknown as { setSocket(socket: TLSSocket, head: Buffer, options: object): void }).setSocket(socket, head ?? Buffer.alloc(0), {
        maxPayload: 0,
      });
      onTestFinished(() => webSocket.terminate());
      return { status, webSocket };
    },
    webSocket: (path, protocols, caller = admin) => {
      const socket = new WebSocket(`wss://127.0.0.1:${String(port)}${path}`, [...protocols], { ...tls(caller), headers: bearer(caller) });
      onTestFinished(() => socket.terminate());
      return socket;
    },
  };
}

/** A pod of this node; its containers run. */
export function pod(name: string, containers: readonly string[], more: Partial<NonNullable<Pod['status']>> = {}): Pod {
  return {
    metadata: { name, namespace: 'default', uid: `${name}-uid`, creationTimestamp: '2026-11-23T12:00:00Z' },
    spec: { containers: containers.map((container) => ({ name: container, image: 'busybox' })) },
    status: {
      phase: 'Running',
      containerStatuses: containers.map((container) => ({
        ...{ name: container, image: 'busybox', imageID: 'x', ready: true, restartCount: 0, containerID: `memory://${container}` },
        state: { running: { startedAt: '2026-11-23T12:00:00Z' } },
      })),
      ...more,
    },
  };
}

/** exec or attach as kubectl does it over SPDY: opens the streams, collects everything. */
export async function spdyCommand(
  session: SpdySession,
  types: readonly string[],
  stdin?: string | Buffer,
): Promise<{ readonly stdout: string; readonly stderr: string; readonly status: string }> {
  const streams = new Map<string, SpdyStream>();
  for (const type of types) streams.set(type, await session.open({ streamtype: type }));
  const [error, stdout, stderr] = ['error', 'stdout', 'stderr'].map((type) => collect(streams.get(type)));
  const input = streams.get('stdin');
  if (stdin !== undefined) input?.write(stdin);
  input?.end();
  return { stdout: (await stdout!).toString(), stderr: (await stderr!).toString(), status: (await error!).toString() };
}

export async function collect(stream: Duplex | undefined): Promise<Buffer> {
  if (stream === undefined) return Buffer.alloc(0);
  const parts: Buffer[] = [];
  stream.on('data', (part: Buffer) => parts.push(part));
  await Promise.race([once(stream, 'end'), once(stream, 'close')]);
  return Buffer.concat(parts);
}

async function send(options: object): Promise<Answer> {
  const request = httpsRequest(options);
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return answerOf(response);
}

async function answerOf(response: IncomingMessage): Promise<Answer> {
  return { status: response.statusCode ?? 0, text: await readText(response), headers: response.headers };
}
