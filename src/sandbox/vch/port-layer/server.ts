/** The port layer over HTTP: conventions that hold for every operation. What operations do is in handlers/. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Log } from '../../../platform/log.ts';
import { bytesRefusal, decodeBody, missing, type Body } from './decode.ts';
import type { Call, Operation } from './operation.ts';
import { readQuery } from './query.ts';
import { DroppedConnection, frameworkError, PortLayerError, type Reply } from './replies.ts';
import { MethodNotAllowed, route } from './router.ts';

const OP_ID = /[0-9]+\.[0-9]+/;
const DEFAULT_CONSUMES = ['application/json', 'application/octet-stream'];

/** A server, not yet listening, that answers `operations`. */
export function createPortLayerServer(operations: readonly Operation[], log: Log): Server {
  // Streams and commits last as long as they must.
  const server = createServer({ requestTimeout: 0, headersTimeout: 60_000, keepAliveTimeout: 60_000 });
  server.on('request', (request, response) => {
    void answer(operations, request, response, log);
  });
  return server;
}

async function answer(operations: readonly Operation[], request: IncomingMessage, response: ServerResponse, log: Log): Promise<void> {
  const leave = new AbortController();
  response.once('close', () => {
    leave.abort(new Error('the client left'));
  });
  request.on('error', () => undefined);
  try {
    const reply = await dispatch(operations, request, leave.signal);
    await write(request, response, reply, leave.signal);
  } catch (error) {
    if (error instanceof DroppedConnection) {
      log.debug('handler panicked', { path: request.url, why: error.message });
      response.socket?.destroy();
    } else if (error instanceof MethodNotAllowed) {
      response.setHeader('Allow', error.allowed.join(','));
      writeError(request, response, frameworkError(405, error.message));
    } else if (error instanceof PortLayerError) {
      writeError(request, response, error);
    } else if (!leave.signal.aborted) {
      log.error('operation failed', { path: request.url, error });
      writeError(request, response, new PortLayerError(500, { message: error instanceof Error ? error.message : String(error) }));
    }
  }
}

async function dispatch(operations: readonly Operation[], request: IncomingMessage, signal: AbortSignal): Promise<Reply> {
  const [path = '/', search = ''] = (request.url ?? '/').split('?', 2);
  const { operation, path: values } = route(operations, request.method ?? 'GET', path);
  const hasBody = request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
  if (hasBody) checkContentType(operation, request.headers['content-type']);
  const opId = request.headers['op-id'];
  if (opId !== undefined && operation.id !== 'Ping' && !OP_ID.test(String(opId))) {
    throw frameworkError(422, `Op-ID in header should match '${OP_ID.source}'`, 605);
  }
  const body = operation.body;
  const query = readQuery(operation, new URLSearchParams(search));
  const call: Call = { path: values, query, body: {}, text: '', stream: request, hasBody, signal };
  if (body === undefined || body.type === 'stream') return operation.handle(call);
  if (!hasBody) {
    if (body.required !== false) throw missing(body.name);
    return operation.handle(call);
  }
  if (!(request.headers['content-type'] ?? '').includes('json')) throw bytesRefusal(body.name, body.type);
  const decoded = decodeBody(body.name, body.type, await readAll(request));
  return operation.handle(typeof decoded === 'string' ? { ...call, text: decoded } : { ...call, body: decoded as Body });
}

function checkContentType(operation: Operation, header: string | undefined): void {
  const consumes = operation.consumes ?? DEFAULT_CONSUMES;
  const given = (header ?? 'application/octet-stream').split(';')[0]?.trim().toLowerCase() ?? '';
  if (!consumes.includes(given)) {
    throw frameworkError(415, `unsupported media type ${JSON.stringify(header ?? given)}, only [${consumes.join(' ')}] are allowed`);
  }
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

async function write(request: IncomingMessage, response: ServerResponse, reply: Reply, signal: AbortSignal): Promise<void> {
  switch (reply.kind) {
    case 'json':
      writeJson(request, response, reply.status, reply.value);
      return;
    case 'empty':
      response.writeHead(reply.status, { 'Content-Type': contentType(request), 'Content-Length': 0 }).end();
      return;
    case 'text':
      if (request.headers.accept === undefined || request.headers.accept.includes('json')) {
        writeJson(request, response, reply.status, reply.text);
      } else {
        response.writeHead(reply.status, { 'Content-Type': reply.contentType, 'Content-Length': Buffer.byteLength(reply.text) }).end(reply.text);
      }
      return;
    case 'head':
      writeHead(request, response, reply.headers);
      return;
    case 'stream':
      response.writeHead(200, { 'Content-Type': contentType(request) });
      response.flushHeaders();
      for await (const chunk of reply.chunks(signal)) {
        if (signal.aborted) return;
        if (!response.write(chunk)) await drained(response, signal);
      }
      response.end();
  }
}

/** Past what Node would let through. Go's server puts blanks for line ends, and nothing else (net/http header.go). */
function writeHead(request: IncomingMessage, response: ServerResponse, headers: Readonly<Record<string, string | Buffer>>): void {
  const all = { 'Content-Type': contentType(request), ...headers, Date: new Date().toUTCString(), Connection: 'close' };
  const lines = Object.entries(all).map(
    ([name, value]) =>
      `${name}: ${Buffer.from(value)
        .toString('latin1')
        .replace(/[\r\n]/g, ' ')}\r\n`,
  );
  response.socket?.end(Buffer.from(`HTTP/1.1 200 OK\r\n${lines.join('')}\r\n`, 'latin1'));
}

function writeError(request: IncomingMessage, response: ServerResponse, error: PortLayerError): void {
  if (response.headersSent) {
    response.socket?.destroy();
  } else if (error.body === undefined || request.method === 'HEAD') {
    response.writeHead(error.status, { 'Content-Type': 'application/json', ...(request.method === 'HEAD' ? {} : { 'Content-Length': 0 }) }).end();
  } else {
    const text = `${JSON.stringify(error.body)}\n`;
    response.writeHead(error.status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }).end(text);
  }
}

function writeJson(request: IncomingMessage, response: ServerResponse, status: number, value: unknown): void {
  const text = `${JSON.stringify(value)}\n`;
  response.writeHead(status, { 'Content-Type': contentType(request), 'Content-Length': Buffer.byteLength(text) }).end(text);
}

/** Answers are JSON whatever was asked for; only the label depends on `Accept`, and is empty without one. */
function contentType(request: IncomingMessage): string {
  const accept = request.headers.accept;
  return accept !== undefined && /application\/(json|\*)|\*\/\*/.test(accept) ? 'application/json' : '';
}

async function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    response.once('drain', done);
    signal.addEventListener('abort', done, { once: true });
  });
}
