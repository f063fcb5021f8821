import { Agent, type IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { isVickError, messageOf } from '../../errors/vick-error.ts';
import type { Clock } from '../../platform/clock.ts';
import { deadline, DroppedConnection, exchange, readBody, type Deadline } from '../../platform/http-exchange.ts';
import { portLayerError, type PortLayerFailureKind } from './failure.ts';

export interface TransportOptions {
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
  /** A value for the Op-ID header, `<pid>.<counter>`, by which the VCH's logs can be joined with ours. */
  readonly nextOpId: () => string;
}

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  /** Sent instead of `body`: bytes, or a stream for as long as it lasts. */
  readonly upload?: { readonly data: Readable | Uint8Array; readonly type: string };
  readonly timeoutMs?: number;
  /** Must not reach the server twice, and takes long: gets a connection of its own. */
  readonly once?: boolean;
}

export interface Answer {
  readonly status: number;
  /** Undefined for an empty body. */
  readonly body: unknown;
}

export interface Transport {
  readonly address: string;
  /** Any answer below 400 and those in `expected`; the rest throws by its status. */
  call(call: Call, signal: AbortSignal, expected?: readonly number[]): Promise<Answer>;
  /** The bytes of an answer below 400, `limitBytes` at most; the rest throws. On a connection of its own. */
  download(call: Call, limitBytes: number, signal: AbortSignal): Promise<Buffer>;
  /** As `call`, but the answer's body is the caller's to read. Only the head has a time limit. */
  stream(call: Call, signal: AbortSignal, expected?: readonly number[]): Promise<IncomingMessage>;
  /** Sends a stream; resolves with the answer, which comes after the stream's end. No time limit. */
  upload(call: Call, signal: AbortSignal, expected?: readonly number[]): Promise<Answer>;
  close(): void;
}

const DEFAULT_TIMEOUT_MS = 60_000;
const PING_TIMEOUT_MS = 5_000;
/** Longer than any session: Node's timers end at 2³¹ ms. */
const NO_LIMIT_MS = 2 ** 31 - 1;

export function createTransport(options: TransportOptions): Transport {
  const agent = new Agent({ keepAlive: true, maxSockets: 64, maxFreeSockets: 16 });
  const address = `${options.host}:${String(options.port)}`;

  const send = (call: Call, signal: AbortSignal, ownConnection: boolean): Promise<IncomingMessage> => {
    const { upload } = call;
    const body = upload?.data ?? (call.body === undefined ? undefined : JSON.stringify(call.body));
    return exchange(
      {
        protocol: 'http:',
        host: options.host,
        port: options.port,
        method: call.method,
        path: call.path + queryText(call.query),
        headers: {
          Accept: 'application/json',
          ...(call.path === '/_ping' ? {} : { 'Op-ID': options.nextOpId() }),
          ...(body === undefined ? {} : { 'Content-Type': upload?.type ?? 'application/json' }),
        },
        ...(body === undefined ? {} : { body }),
        agent: ownConnection ? false : agent,
      },
      signal,
    );
  };

  /** A pooled connection that the server closed meanwhile says nothing about the request: it is sent again on a new one. */
  const open = async (call: Call, signal: AbortSignal, ownConnection: boolean): Promise<IncomingMessage> => {
    try {
      return await send(call, signal, ownConnection);
    } catch (error) {
      if (error instanceof DroppedConnection && error.reused) return await send(call, signal, true);
      throw error;
    }
  };

  const alive = async (signal: AbortSignal): Promise<boolean> => {
    const limit = deadline(options.clock, PING_TIMEOUT_MS, signal);
    try {
      const message = await send({ method: 'GET', path: '/_ping' }, limit.signal, true);
      message.resume();
      return message.statusCode === 200;
    } catch {
      signal.throwIfAborted();
      return false;
    } finally {
      limit.dispose();
    }
  };

  const fail = async (call: Call, error: unknown, limit: Deadline, signal: AbortSignal): Promise<never> => {
    signal.throwIfAborted();
    const operation = `${call.method} ${call.path}`;
    const kind: PortLayerFailureKind = limit.expired()
      ? 'timeout'
      : error instanceof DroppedConnection && call.path !== '/_ping' && (await alive(signal))
        ? 'dropped'
        : 'unreachable';
    throw portLayerError(address, { kind, operation, reason: kind === 'dropped' ? '' : messageOf(error) }, error);
  };

  const refuse = (call: Call, status: number, text: string): never => {
    const kind: PortLayerFailureKind = status === 404 ? 'absent' : status === 409 ? 'conflict' : 'refused';
    throw portLayerError(address, { kind, operation: `${call.method} ${call.path}`, httpStatus: status, reason: errorMessage(text) });
  };

  return {
    address,
    call: async (call, signal, expected = []) => {
      const limit = deadline(options.clock, call.timeoutMs ?? DEFAULT_TIMEOUT_MS, signal);
      let status: number;
      let text: string;
      try {
        const message = await open(call, limit.signal, call.once === true);
        status = message.statusCode ?? 0;
        text = (await readBody(message, limit.signal)).toString('utf8');
      } catch (error) {
        return await fail(call, error, limit, signal);
      } finally {
        limit.dispose();
      }
      if (status >= 400 && !expected.includes(status)) refuse(call, status, text);
      return { status, body: parse(text, call, address, status) };
    },
    download: async (call, limitBytes, signal) => {
      const limit = deadline(options.clock, call.timeoutMs ?? DEFAULT_TIMEOUT_MS, signal);
      try {
        const message = await send(call, limit.signal, true);
        const status = message.statusCode ?? 0;
        if (status >= 400) refuse(call, status, (await readBody(message, limit.signal)).toString('utf8'));
        const body = await readBody(message, limit.signal, limitBytes);
        if (body.length <= limitBytes) return body;
        const failure = { operation: `${call.method} ${call.path}`, httpStatus: status, reason: `more than ${String(limitBytes)} bytes` };
        throw portLayerError(address, { kind: 'malformed', ...failure });
      } catch (error) {
        if (isVickError(error)) throw error;
        return await fail(call, error, limit, signal);
      } finally {
        limit.dispose();
      }
    },
    stream: async (call, signal, expected = []) => {
      const limit = deadline(options.clock, call.timeoutMs ?? DEFAULT_TIMEOUT_MS, signal);
      try {
        const message = await send(call, limit.signal, true);
        const end = (): void => {
          message.destroy(signal.reason as Error);
        };
        signal.addEventListener('abort', end, { once: true });
        message.once('close', () => {
          signal.removeEventListener('abort', end);
        });
        const status = message.statusCode ?? 0;
        if (status < 400 || expected.includes(status)) return message;
        return refuse(call, status, (await readBody(message, limit.signal)).toString('utf8'));
      } catch (error) {
        if (isVickError(error)) throw error;
        return await fail(call, error, limit, signal);
      } finally {
        limit.dispose();
      }
    },
    upload: async (call, signal, expected = []) => {
      const limit = deadline(options.clock, NO_LIMIT_MS, signal);
      try {
        const message = await send(call, limit.signal, true);
        const status = message.statusCode ?? 0;
        const text = (await readBody(message, limit.signal)).toString('utf8');
        if (status >= 400 && !expected.includes(status)) refuse(call, status, text);
        return { status, body: parse(text, call, address, status) };
      } catch (error) {
        if (isVickError(error)) throw error;
        return await fail(call, error, limit, signal);
      } finally {
        limit.dispose();
      }
    },
    close: () => {
      agent.destroy();
    },
  };
}

function queryText(query: Call['query']): string {
  const pairs = Object.entries(query ?? {}).filter(([, value]) => value !== undefined);
  if (pairs.length === 0) return '';
  return `?${pairs.map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(String(value))}`).join('&')}`;
}

/** Error statuses come with `{code, message}`, with a JSON string, with plain text, or with nothing at all. */
function errorMessage(text: string): string {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'string') return parsed;
    if (typeof parsed === 'object' && parsed !== null && 'message' in parsed) return String(parsed.message);
  } catch {
    // Not JSON: the text itself is all there is.
  }
  return text.trim().slice(0, 500);
}

function parse(text: string, call: Call, address: string, status: number): unknown {
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    // `/_ping` may be labelled as text and unquoted; error texts were dealt with before.
    if (call.path === '/_ping' || status >= 400) return text;
    throw portLayerError(address, { kind: 'malformed', operation: `${call.method} ${call.path}`, httpStatus: status, reason: text.slice(0, 200) }, error);
  }
}

/** Text as one segment of a path. */
export function segment(text: string): string {
  return encodeURIComponent(text);
}
