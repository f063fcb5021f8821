/** The gRPC health check, version 1, without TLS (pkg/probe/grpc). */
import { connect, constants, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { messageOf } from '../../../errors/vick-error.ts';
import { authority, connectTo } from './connect.ts';
import { OUTPUT_LIMIT, type HandlerOutcome, type HandlerTarget } from './handler.ts';
import { decodeHealthResponse, encodeHealthRequest } from './health-messages.ts';

interface Reply {
  readonly status: number;
  /** gRPC's own code, 0 for OK; undefined when the peer sent none. */
  readonly code: number | undefined;
  readonly message: string;
  readonly body: Buffer;
}

const UNIMPLEMENTED = 12;

/** Success when the service says SERVING. Rejects only when the signal aborts. */
export async function grpcHealth(
  target: HandlerTarget,
  action: { readonly port: number; readonly service?: string },
  signal: AbortSignal,
): Promise<HandlerOutcome> {
  const failure = (output: string): HandlerOutcome => ({ result: 'failure', output });
  const place = authority(target.podIP ?? 'localhost', action.port);
  try {
    const connection = await connectTo(target, undefined, action.port, signal);
    connection.on('error', () => undefined);
    const session = connect(`http://${place}`, { createConnection: () => connection });
    const end = (): void => {
      session.destroy();
      connection.destroy();
    };
    signal.addEventListener('abort', end, { once: true });
    try {
      signal.throwIfAborted();
      return judge(await check(session, place, target.userAgent, action.service ?? ''));
    } finally {
      signal.removeEventListener('abort', end);
      end();
    }
  } catch (error) {
    signal.throwIfAborted();
    return failure(`error: failed to connect service "${place}": ${messageOf(error)}`);
  }
}

function judge(reply: Reply): HandlerOutcome {
  const failure = (output: string): HandlerOutcome => ({ result: 'failure', output });
  if (reply.status !== 200) return failure(`error: health rpc probe failed: unexpected HTTP status code ${String(reply.status)}`);
  if (reply.code === UNIMPLEMENTED) {
    return failure(`error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${reply.message}`);
  }
  if (reply.code !== 0) return failure(`error: health rpc probe failed: code ${String(reply.code ?? 'missing')}: ${reply.message}`);
  let status: string;
  try {
    status = decodeHealthResponse(reply.body);
  } catch (error) {
    return failure(`error: health rpc probe failed: ${messageOf(error)}`);
  }
  return status === 'SERVING' ? { result: 'success', output: 'service healthy' } : failure(`service unhealthy (responded with "${status}")`);
}

function check(session: ClientHttp2Session, place: string, agent: string, service: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    session.once('error', reject);
    session.once('close', () => reject(new Error('the connection was closed before the answer')));
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: '/grpc.health.v1.Health/Check',
      [constants.HTTP2_HEADER_SCHEME]: 'http',
      [constants.HTTP2_HEADER_AUTHORITY]: place,
      'content-type': 'application/grpc',
      'user-agent': agent,
      te: 'trailers',
    });
    let status = 0;
    // An error without a message comes as trailers only: in the head of the answer.
    let closing: IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];
    let length = 0;
    stream.once('response', (headers) => {
      status = headers[':status'] ?? 0;
      closing = headers;
    });
    stream.once('trailers', (trailers: IncomingHttpHeaders) => {
      closing = { ...closing, ...trailers };
    });
    stream.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > OUTPUT_LIMIT) stream.destroy(new Error('the answer is larger than a health message can be'));
      else chunks.push(chunk);
    });
    stream.once('error', reject);
    stream.once('end', () => {
      const code = closing['grpc-status'];
      const message = closing['grpc-message'];
      const text = Array.isArray(message) ? message.join(', ') : (message ?? '');
      resolve({ status, code: code === undefined ? undefined : Number(code), message: decoded(text), body: Buffer.concat(chunks) });
    });
    stream.end(encodeHealthRequest(service));
  });
}

/** grpc-message is percent-encoded. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
