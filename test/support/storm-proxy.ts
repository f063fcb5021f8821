/** A plain HTTP door to an HTTPS API server that answers some requests in its stead, as one in trouble does. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Agent, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { kindOf } from '../../src/clients/kubernetes/paths.ts';

export type Trouble =
  /** Answered by the door itself; a 429 as API servers send it. */
  | { readonly code: number; readonly retryAfter?: string }
  /** The connection is closed: `before` the server hears of the request, or `after` it was carried out. */
  | { readonly reset: 'before' | 'after' };

interface Asked {
  /** `PATCH pods/status`, `WATCH pods` … */
  readonly kind: string;
  readonly at: number;
  readonly refused: boolean;
}

export interface StormProxy {
  readonly url: string;
  /** Requests that carried `token`, with the time of `now`. */
  readonly asked: Asked[];
  /** What happens to the next request of that token. */
  decide: (kind: string) => Trouble | undefined;
  /** Closes the connections of all watches. */
  cutWatches(): void;
  /** Requests without an answer yet; a watch has one as soon as it is open. */
  readonly pending: () => number;
  close(): Promise<void>;
}

export async function startStormProxy(target: URL, options: { readonly token: string; readonly now: () => number }): Promise<StormProxy> {
  const agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
  const watches = new Set<ServerResponse>();
  let pending = 0;
  const server = createServer((incoming, outgoing) => {
    const url = new URL(incoming.url ?? '/', 'http://door');
    const watch = url.searchParams.get('watch') === 'true';
    const kind = kindOf({ method: incoming.method as 'GET', path: url.pathname, query: { watch } });
    const trouble = incoming.headers.authorization === `Bearer ${options.token}` ? proxy.decide(kind) : undefined;
    if (incoming.headers.authorization === `Bearer ${options.token}`) proxy.asked.push({ kind, at: options.now(), refused: trouble !== undefined });
    pending += 1;
    let answered = false;
    const done = (): void => {
      if (!answered) pending -= 1;
      answered = true;
    };
    outgoing.once('close', done);
    if (watch) {
      watches.add(outgoing);
      outgoing.once('close', () => watches.delete(outgoing));
    }
    if (trouble === undefined) forward(incoming, outgoing, watch ? done : undefined);
    else if ('code' in trouble) refuse(incoming, outgoing, trouble);
    else if (trouble.reset === 'before') incoming.socket.destroy();
    else forward(incoming, outgoing, undefined, true);
  });

  const forward = (incoming: IncomingMessage, outgoing: ServerResponse, opened?: () => void, loseAnswer = false): void => {
    const { method, url, headers } = incoming;
    const onward = request({ host: target.hostname, port: target.port, method, path: url, headers, agent }, (answer) => {
      if (loseAnswer) {
        answer.resume().once('close', () => incoming.socket.destroy());
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      outgoing.flushHeaders();
      opened?.();
      answer.pipe(outgoing);
      answer.once('error', () => incoming.socket.destroy());
    });
    onward.once('error', () => incoming.socket.destroy());
    outgoing.once('close', () => onward.destroy());
    incoming.pipe(onward);
  };

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy: StormProxy = {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    asked: [],
    decide: () => undefined,
    cutWatches: () => {
      for (const watch of watches) watch.destroy();
    },
    pending: () => pending,
    close: async () => {
      agent.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}

/** As the API server's priority and fairness filter does: text, not a Status. */
function refuse(incoming: IncomingMessage, outgoing: ServerResponse, { code, retryAfter }: { readonly code: number; readonly retryAfter?: string }): void {
  incoming.resume();
  outgoing.writeHead(code, { 'content-type': 'text/plain', ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }) });
  outgoing.end('Too many requests, please try again later.\n');
}
