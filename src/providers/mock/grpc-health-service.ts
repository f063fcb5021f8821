/**
 * The gRPC health service, version 1, of a pretended container (github.com/grpc/grpc-proto, grpc/health/v1/health.proto):
 * the same answer for every service, because nobody knows what it would serve.
 */
import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';

const CHECK = '/grpc.health.v1.Health/Check';
const SERVING = 1;
const NOT_SERVING = 2;
/** gRPC's own codes (google/rpc/code.proto). */
const OK = 0;
const UNIMPLEMENTED = 12;
const INTERNAL = 13;
const RESOURCE_EXHAUSTED = 8;

/** A request names one service; more than this is none. */
const REQUEST_LIMIT = 64 * 1024;
const FRAME_HEAD = 5;

export function isGrpc(headers: IncomingHttpHeaders): boolean {
  return /^application\/grpc($|[+;])/.test(headers['content-type'] ?? '');
}

/** Answers one call; `healthy` is asked when the request is complete. */
export function answerHealth(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, healthy: () => boolean): void {
  if (headers[':method'] !== 'POST' || headers[':path'] !== CHECK) {
    stream.resume();
    refuse(stream, UNIMPLEMENTED, `unknown method ${headers[':path'] ?? ''}`);
    return;
  }
  const chunks: Buffer[] = [];
  let length = 0;
  stream.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length <= REQUEST_LIMIT) chunks.push(chunk);
  });
  stream.once('end', () => {
    if (stream.destroyed || stream.closed) return;
    const body = Buffer.concat(chunks);
    if (length > REQUEST_LIMIT) refuse(stream, RESOURCE_EXHAUSTED, 'the request is larger than a health check can be');
    else if (body[0] === 1) refuse(stream, UNIMPLEMENTED, 'compressed requests are not understood');
    else if (body.length < FRAME_HEAD || body.length !== FRAME_HEAD + body.readUInt32BE(1)) refuse(stream, INTERNAL, 'the request is not one message');
    else reply(stream, healthy() ? SERVING : NOT_SERVING);
  });
}

/** `HealthCheckResponse { ServingStatus status = 1; }` in one uncompressed frame. */
function reply(stream: ServerHttp2Stream, status: number): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': String(OK) }));
  stream.end(Buffer.from([0, 0, 0, 0, 2, 0x08, status]));
}

/** An error without a message: trailers only, in the head of the answer. */
function refuse(stream: ServerHttp2Stream, code: number, message: string): void {
  const headers: OutgoingHttpHeaders = {
    ':status': 200,
    'content-type': 'application/grpc',
    'grpc-status': String(code),
    'grpc-message': encodeURIComponent(message),
  };
  stream.respond(headers, { endStream: true });
}
