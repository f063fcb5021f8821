/** One request to the Docker API, from its first byte to the end of its answer. */
import { ServerResponse, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../../platform/clock.ts';
import type { Log } from '../../../platform/log.ts';
import { acceptWebSocket, isWebSocketUpgrade } from '../../../platform/websocket/accept.ts';
import { DroppedConnection } from '../port-layer/replies.ts';
import { answerDocker, type DockerCall, type DockerReply, type PersonalityParts } from './api.ts';
import { checkVersion, splitVersion } from './api-version.ts';
import { DockerError } from './errors.ts';
import { rawConnection, UpgradeRequest, webSocketConnection } from './raw-connection.ts';
import { parseBody } from './request-body.ts';
import { API_HEADERS, RAW_STREAM, respond, respondError } from './respond.ts';

const LINGER_MS = 5_000;

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Set for a request with an Upgrade header. */
  readonly upgrade: UpgradeRequest | undefined;
}

/** For a request with an Upgrade header, whose socket is no longer the server's. */
export function upgradeExchange(request: IncomingMessage, socket: Duplex, head: Buffer): Exchange {
  socket.on('error', () => undefined);
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(request.socket);
  response.once('finish', () => {
    socket.end();
  });
  return { request, response, upgrade: new UpgradeRequest(request, socket, head) };
}

/** Never rejects. */
export async function serve(parts: PersonalityParts, exchange: Exchange, log: Log): Promise<void> {
  const { request, response, upgrade } = exchange;
  const leave = new AbortController();
  (upgrade?.socket ?? response).once('close', () => {
    leave.abort(new Error('the client left'));
  });
  request.on('error', () => undefined);
  const url = new URL(request.url ?? '/', 'http://vch');
  const { version, path } = splitVersion(url.pathname);
  try {
    checkVersion(version);
    const call: DockerCall = {
      method: request.method ?? 'GET',
      path,
      query: url.searchParams,
      header: (name) => request.headers[name]?.toString(),
      body: async () => parseBody(await (upgrade?.body() ?? readAll(request)), request.headers['content-type'] ?? ''),
      signal: leave.signal,
    };
    const reply = await answerDocker(parts, call);
    if (reply.kind === 'hijack') await takeOver(exchange, reply, parts.state.clock, leave.signal);
    else if (reply.kind === 'websocket') await takeOverWebSocket(exchange, reply, leave.signal);
    else await respond(response, reply, leave.signal);
  } catch (error) {
    if (leave.signal.aborted) return;
    if (error instanceof DroppedConnection) {
      log.debug('docker call dropped', { path, why: error.message });
      request.socket.destroy();
      return;
    }
    if (!(error instanceof DockerError)) log.error('docker call failed', { path, error });
    respondError(response, error, version);
  }
}

/** Without an Upgrade header the answer is a 200 that lasts, and the body of the request is the input. */
async function takeOver(
  { request, response, upgrade }: Exchange,
  reply: Extract<DockerReply, { kind: 'hijack' }>,
  clock: Clock,
  left: AbortSignal,
): Promise<void> {
  const headers = { 'Content-Type': RAW_STREAM, ...(reply.apiHeaders ? API_HEADERS : {}) };
  if (upgrade === undefined) {
    response.sendDate = false;
    response.shouldKeepAlive = false;
    response.useChunkedEncodingByDefault = false;
    response.writeHead(200, headers);
    response.flushHeaders();
    const input = request.headers['transfer-encoding'] === undefined ? undefined : request;
    await reply.serve(rawConnection(input, response, left));
    response.end();
    return;
  }
  const { socket } = upgrade;
  response.detachSocket(request.socket);
  const lines = Object.entries({ ...headers, Connection: 'Upgrade', Upgrade: 'tcp' }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`HTTP/1.1 101 UPGRADED\r\n${lines.join('')}\r\n`);
  await reply.serve(rawConnection(socket, socket, left));
  hangUp(socket, clock);
}

/** What is still sent is read, for a while: closed at once, the connection would be reset, and take along what the client has not read. */
function hangUp(socket: Duplex, clock: Clock): void {
  socket.end();
  socket.removeAllListeners('readable');
  socket.resume();
  socket.once(
    'close',
    clock.schedule(LINGER_MS, () => {
      socket.destroy();
    }),
  );
}

async function takeOverWebSocket(
  { request, response, upgrade }: Exchange,
  reply: Extract<DockerReply, { kind: 'websocket' }>,
  left: AbortSignal,
): Promise<void> {
  if (upgrade === undefined || !isWebSocketUpgrade(request)) throw new DockerError(400, 'not websocket protocol');
  response.detachSocket(request.socket);
  const webSocket = await acceptWebSocket(request, upgrade.socket, Buffer.alloc(0), '');
  await reply.serve(await webSocketConnection(webSocket, left));
  webSocket.close();
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
