/** The Docker personality of a VCH as a server: versions, media types, errors, TLS. What calls do is in api.ts. */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Log } from '../../../platform/log.ts';
import type { EndpointTls } from '../host.ts';
import type { Registry } from '../catalogue.ts';
import { closeServer, listen } from '../listen.ts';
import type { PortLayerState } from '../port-layer/state.ts';
import { answerDocker, type DockerCall, type DockerReply, type PersonalityParts } from './api.ts';
import { DockerError } from './errors.ts';
import { ImageCache } from './images.ts';

export interface PersonalityOptions {
  /** Of the port layer beneath. */
  readonly state: PortLayerState;
  readonly portLayer: string;
  readonly registry: Registry;
  readonly tls: EndpointTls;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly log: Log;
}

export interface RunningPersonality {
  readonly host: string;
  readonly port: number;
  readonly cache: ImageCache;
  stop(): Promise<void>;
}

const API_HEADERS = { 'Api-Version': '1.25', Server: 'Docker/1.25 (linux)' };
const NEWEST_TEXT_ERRORS = 1.23;

/** Rejects when the address cannot be listened at, or the certificate is not usable. */
export async function startPersonality(options: PersonalityOptions): Promise<RunningPersonality> {
  const cache = new ImageCache(options.state.kv, options.state.images);
  cache.load();
  const parts: PersonalityParts = { state: options.state, cache, registry: options.registry, portLayer: options.portLayer, created: new Map() };
  const listener: RequestListener = (request, response) => {
    void serve(parts, request, response, options.log);
  };
  const { tls } = options;
  const server =
    tls.mode === 'none'
      ? createServer({ requestTimeout: 0 }, listener)
      : createTlsServer(
          {
            cert: tls.certificate,
            key: tls.key,
            minVersion: 'TLSv1.2',
            requestTimeout: 0,
            ...(tls.clientCa === undefined ? {} : { ca: tls.clientCa, requestCert: true, rejectUnauthorized: true }),
          },
          listener,
        );
  await listen(server, options.host, options.port);
  const { address, port } = server.address() as AddressInfo;
  return { host: address, port, cache, stop: () => closeServer(server) };
}

async function serve(parts: PersonalityParts, request: IncomingMessage, response: ServerResponse, log: Log): Promise<void> {
  const leave = new AbortController();
  response.once('close', () => {
    leave.abort(new Error('the client left'));
  });
  request.on('error', () => undefined);
  const url = new URL(request.url ?? '/', 'http://vch');
  const versioned = /^\/v(\d+\.\d+)(\/.*)$/.exec(url.pathname);
  const version = versioned?.[1];
  try {
    if (version !== undefined && compareVersions(version, '1.19') < 0) {
      throw new DockerError(400, `client version ${version} is too old. Minimum supported API version is 1.19, please upgrade your client to a newer version`);
    }
    const call: DockerCall = {
      method: request.method ?? 'GET',
      path: versioned?.[2] ?? url.pathname,
      query: url.searchParams,
      header: (name) => request.headers[name]?.toString(),
      body: () => readJson(request),
      signal: leave.signal,
    };
    await write(response, await answerDocker(parts, call), leave.signal);
  } catch (error) {
    if (leave.signal.aborted) return;
    if (!(error instanceof DockerError)) log.error('docker call failed', { path: url.pathname, error });
    writeError(response, error, version);
  }
}

async function write(response: ServerResponse, reply: DockerReply, signal: AbortSignal): Promise<void> {
  switch (reply.kind) {
    case 'json':
      response.writeHead(reply.status, { ...API_HEADERS, 'Content-Type': 'application/json' }).end(`${JSON.stringify(reply.value)}\n`);
      return;
    case 'text':
      response.writeHead(200, { ...API_HEADERS, 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': Buffer.byteLength(reply.text) }).end(reply.text);
      return;
    case 'empty':
      response.writeHead(reply.status, API_HEADERS).end();
      return;
    case 'bytes':
      response.writeHead(200, API_HEADERS);
      response.flushHeaders();
      for await (const chunk of reply.chunks) {
        if (signal.aborted) return;
        response.write(chunk);
      }
      response.end();
      return;
    case 'objects':
      response.writeHead(200, { ...API_HEADERS, 'Content-Type': 'application/json' });
      response.flushHeaders();
      for await (const object of reply.objects) {
        if (signal.aborted) return;
        // Go escapes the arrow of progress bars.
        response.write(`${JSON.stringify(object).replaceAll('>', '\\u003e')}${reply.lineEnd}`);
      }
      response.end();
  }
}

function writeError(response: ServerResponse, error: unknown, version: string | undefined): void {
  const status = error instanceof DockerError ? error.status : 500;
  const message = error instanceof Error ? error.message : String(error);
  if (response.headersSent) {
    response.socket?.destroy();
  } else if (version !== undefined && (Number(version.split('.')[0]) < 1 || compareVersions(version, String(NEWEST_TEXT_ERRORS)) <= 0)) {
    const tooOld = compareVersions(version, '1.19') < 0;
    const headers = { ...(tooOld ? {} : API_HEADERS), 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' };
    response.writeHead(status, headers).end(`${message}\n`);
  } else {
    const unknownPath = status === 404 && message === 'page not found';
    const text = `${JSON.stringify({ message })}\n`;
    const headers = { ...(unknownPath ? {} : API_HEADERS), 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) };
    response.writeHead(status, headers).end(text);
  }
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const type = request.headers['content-type'] ?? '';
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8').trim();
  if (text === '' && type === '') return undefined;
  if (!/^application\/json\b/.test(type)) throw new DockerError(500, `Content-Type specified (${type}) must be 'application/json'`);
  try {
    return text === '' ? undefined : (JSON.parse(text) as unknown);
  } catch (error) {
    throw new DockerError(500, isCut(text) ? 'unexpected EOF' : error instanceof Error ? error.message : String(error));
  }
}

/** The beginning of a JSON document, as far as brackets and quotes tell. */
function isCut(text: string): boolean {
  const outside = text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '');
  const opened = (outside.match(/[[{]/g) ?? []).length - (outside.match(/[\]}]/g) ?? []).length;
  return opened > 0 || outside.includes('"');
}

function compareVersions(a: string, b: string): number {
  const [majorA = 0, minorA = 0] = a.split('.').map(Number);
  const [majorB = 0, minorB = 0] = b.split('.').map(Number);
  return majorA === majorB ? minorA - minorB : majorA - majorB;
}
