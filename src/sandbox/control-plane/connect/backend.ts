/** One HTTP/1.1 request over a connection that is there already. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { pipeline, type Duplex, type Readable } from 'node:stream';

export interface BackendRequest {
  readonly method: string;
  /** Path and query as they go on the wire. */
  readonly target: string;
  /** Names and values in the order in which they are sent; nothing is added but `Connection: close` and what frames a body. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body?: Readable;
}

/** The answer; with `socket` when the backend has switched protocols, `head` being what it has sent beyond its headers. */
export interface BackendAnswer {
  readonly response: IncomingMessage;
  readonly switched?: { readonly socket: Duplex; readonly head: Buffer };
}

/** The connection is used up by the request and ends with it. Rejects when it breaks, or with the signal's reason. */
export function send(connection: Duplex, request: BackendRequest, signal: AbortSignal): Promise<BackendAnswer> {
  return new Promise((resolve, reject) => {
    const { method, target, headers, body } = request;
    const outgoing = httpRequest({ createConnection: () => connection, method, path: target, headers: headers.flat() });
    const onAbort = (): void => {
      outgoing.destroy(signal.reason as Error);
      connection.destroy();
    };
    // Nobody would tell of the end of a connection that was over before.
    connection.once('close', () => reject(signal.aborted ? (signal.reason as Error) : new Error('EOF')));
    if (connection.destroyed) reject(new Error('EOF'));
    const settled = (): void => signal.removeEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    outgoing.once('response', (response) => {
      // The request's own signal goes on for as long as the answer is read.
      response.once('close', settled);
      resolve({ response });
    });
    outgoing.once('upgrade', (response, socket, head) => {
      settled();
      resolve({ response, switched: { socket, head } });
    });
    outgoing.on('error', (error) => {
      settled();
      reject(signal.aborted ? (signal.reason as Error) : new Error(wordsOf(error)));
    });
    if (body === undefined) outgoing.end();
    else pipeline(body, outgoing, () => undefined);
  });
}

function wordsOf(error: NodeJS.ErrnoException): string {
  return error.code === 'ECONNRESET' || error.code === 'EPIPE' ? 'EOF' : error.message;
}
