import { request as httpRequest, type Agent, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { pipeline, type Readable } from 'node:stream';
import type { Clock } from './clock.ts';

/** One HTTP/1.1 request as the clients of the VCH need it: any method may carry a body, and nothing is followed. */
export interface ExchangeRequest {
  readonly protocol: 'http:' | 'https:';
  readonly host: string;
  readonly port: number;
  readonly method: string;
  /** Path and query, already encoded. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** A stream is sent in chunks as it comes; its end ends the request. */
  readonly body?: string | Uint8Array | Readable;
  /** Pools connections and carries TLS settings; `false` opens a connection for this request alone. */
  readonly agent: Agent | false;
}

/** The peer closed the connection before it sent a single byte of an answer. */
export class DroppedConnection extends Error {
  /** The connection had served an earlier request: the peer may have closed it while it was idle. */
  readonly reused: boolean;

  constructor(reused: boolean, cause: unknown) {
    super('the server closed the connection without an answer', { cause });
    this.name = 'DroppedConnection';
    this.reused = reused;
  }
}

const DROPPED = new Set(['ECONNRESET', 'EPIPE']);

/** Sends the request; resolves with the head of the answer. The caller must read or destroy the message. */
export function exchange(request: ExchangeRequest, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const { protocol, host, port, method, path, body, agent } = request;
    const headers: Record<string, string> = { ...request.headers };
    const whole = body === undefined || typeof body === 'string' || body instanceof Uint8Array;
    if (whole && body !== undefined) headers['Content-Length'] = String(Buffer.byteLength(body));
    const open = protocol === 'https:' ? httpsRequest : httpRequest;
    const outgoing = open({ host, port, method, path, headers, agent });
    const onAbort = (): void => {
      outgoing.destroy(signal.reason as Error);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    let connected = false;
    outgoing.on('socket', (socket) => {
      // A silent stream must notice that its peer is gone.
      socket.setKeepAlive(true, 30_000);
      connected = !socket.connecting;
      if (!connected) socket.once('connect', () => (connected = true));
    });
    outgoing.on('response', (message) => {
      message.once('close', () => {
        signal.removeEventListener('abort', onAbort);
      });
      resolve(message);
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      signal.removeEventListener('abort', onAbort);
      if (signal.aborted) reject(signal.reason as Error);
      else if (connected && DROPPED.has(error.code ?? '')) reject(new DroppedConnection(outgoing.reusedSocket, error));
      else reject(error);
    });
    if (whole) outgoing.end(body);
    // What goes wrong with either end shows in the request's own error.
    else pipeline(body, outgoing, () => undefined);
  });
}

/**
 * The whole body, or its beginning once that is longer than `limitBytes`. Rejects when the connection breaks before its end,
 * or with the signal's reason.
 */
export async function readBody(message: IncomingMessage, signal: AbortSignal, limitBytes = Infinity): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of message) {
      chunks.push(chunk as Buffer);
      length += (chunk as Buffer).length;
      if (length > limitBytes) break;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
  signal.throwIfAborted();
  return Buffer.concat(chunks);
}

/** Lines of a stream without their ends (LF or CRLF); a last line without an end counts. */
export async function* readLines(message: AsyncIterable<unknown>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of message) {
    const parts = (rest + decoder.decode(chunk as Buffer, { stream: true })).split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) yield line.endsWith('\r') ? line.slice(0, -1) : line;
  }
  rest += decoder.decode();
  if (rest !== '') yield rest;
}

/** A time limit that joins a signal: `signal` aborts when either does. `dispose` must be called. */
export interface Deadline {
  readonly signal: AbortSignal;
  readonly expired: () => boolean;
  /** Starts the time again, for limits on silence. */
  readonly restart: () => void;
  readonly dispose: () => void;
}

/** A deadline `ms` from now. */
export function deadline(clock: Clock, ms: number, signal: AbortSignal): Deadline {
  const controller = new AbortController();
  let expired = false;
  const expire = (): void => {
    expired = true;
    controller.abort(new Error(`no answer within ${String(Math.round(ms / 1000))} s`));
  };
  let cancel = clock.schedule(ms, expire);
  const forward = (): void => {
    controller.abort(signal.reason);
  };
  if (signal.aborted) forward();
  signal.addEventListener('abort', forward, { once: true });
  return {
    signal: controller.signal,
    expired: () => expired,
    restart: () => {
      cancel();
      cancel = clock.schedule(ms, expire);
    },
    dispose: () => {
      cancel();
      signal.removeEventListener('abort', forward);
    },
  };
}
