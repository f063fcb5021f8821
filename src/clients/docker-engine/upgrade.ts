import { request as httpRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';

/** The engine answered with an ordinary response instead of handing the connection over. */
export class NotUpgraded extends Error {
  readonly status: number;

  constructor(status: number, text: string) {
    super(text);
    this.name = 'NotUpgraded';
    this.status = status;
  }
}

/**
 * Takes over the connection of a request (`Connection: Upgrade`, as `docker attach` does). Without `body` not a byte is
 * sent after the header: Podman would give it to the process as input.
 */
export function upgrade(options: RequestOptions, secure: boolean, body: string | undefined, signal: AbortSignal): Promise<Duplex> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const headers = {
      Connection: 'Upgrade',
      Upgrade: 'tcp',
      'Content-Length': String(Buffer.byteLength(body ?? '')),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    };
    const request = (secure ? httpsRequest : httpRequest)({ ...options, method: 'POST', agent: false, headers });
    const abort = (): void => {
      request.destroy(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    };
    signal.addEventListener('abort', abort, { once: true });
    request.once('upgrade', (_response, socket, head) => {
      signal.removeEventListener('abort', abort);
      if (head.length > 0) socket.unshift(head);
      // Whoever reads learns of errors by the iteration; without a listener a reset would be nobody's.
      socket.on('error', () => undefined);
      resolve(socket);
    });
    request.once('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('close', () => {
        signal.removeEventListener('abort', abort);
        request.destroy();
        reject(new NotUpgraded(response.statusCode ?? 0, Buffer.concat(chunks).toString('utf8')));
      });
    });
    request.once('error', (error) => {
      signal.removeEventListener('abort', abort);
      reject(error);
    });
    request.end(body);
  });
}
