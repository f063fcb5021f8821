/** What answers on the ports of pretended pods: HTTP/1.1, HTTP/2 without TLS, and on the latter the gRPC health check. */
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttp2Server, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import { answerHealth, isGrpc } from './grpc-health-service.ts';

export interface HttpDoors {
  /** Serves one connection. `healthy` is asked at each health check that comes over it. */
  serve(connection: Duplex, healthy: () => boolean): void;
}

/** How a connection begins whose client knows that HTTP/2 is spoken (RFC 9113, 3.4). No method of HTTP/1.1 begins so. */
const PREFACE = Buffer.from('PRI * HTTP/2.0');

export function httpDoors(): HttpDoors {
  const one = createHttpServer((request, response) => {
    response.setHeader('content-type', 'text/plain');
    response.end(`${request.method ?? ''} ${request.url ?? ''}\n`);
  });
  /** Of the connection that is being handed over: its session is made within that call. */
  let healthyNow = (): boolean => false;
  const two = createHttp2Server();
  two.on('session', (session) => {
    const healthy = healthyNow;
    session.on('error', () => undefined);
    session.on('stream', (stream, headers) => {
      stream.on('error', () => undefined);
      if (isGrpc(headers)) answerHealth(stream, headers, healthy);
      else answerText(stream, headers);
    });
  });
  return {
    serve: (connection, healthy) => {
      connection.on('error', () => undefined);
      whenKnown(connection, (speaksTwo) => {
        healthyNow = healthy;
        (speaksTwo ? two : one).emit('connection', connection);
      });
    },
  };
}

function answerText(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
  stream.resume();
  stream.respond({ ':status': 200, 'content-type': 'text/plain' });
  stream.end(`${headers[':method'] ?? ''} ${headers[':path'] ?? ''}\n`);
}

/** Reads only as much as tells which protocol is spoken, and puts it back. */
function whenKnown(connection: Duplex, tell: (speaksTwo: boolean) => void): void {
  let seen = Buffer.alloc(0);
  const look = (): void => {
    for (let chunk = connection.read() as Buffer | null; chunk !== null; chunk = connection.read() as Buffer | null) seen = Buffer.concat([seen, chunk]);
    const length = Math.min(seen.length, PREFACE.length);
    const fits = seen.subarray(0, length).equals(PREFACE.subarray(0, length));
    const ended = connection.readableEnded || connection.destroyed;
    if (fits && length < PREFACE.length && !ended) return;
    connection.off('readable', look);
    connection.off('end', look);
    if (ended) {
      connection.end();
      return;
    }
    connection.unshift(seen);
    tell(fits);
  };
  connection.on('readable', look);
  connection.on('end', look);
}
