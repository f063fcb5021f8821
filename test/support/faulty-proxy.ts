/** A proxy of one HTTP server that can be told to lose the answer, or the request, of single calls. */
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** `before`: the connection is closed and the server never hears of the call. `after`: the call was carried out. */
export type Fault = 'before' | 'after';

export interface FaultyProxy {
  readonly host: string;
  readonly port: number;
  /** `METHOD /path` of every call but pings, in order. */
  readonly calls: string[];
  /** What happens to the next calls, asked for each; undefined: nothing. Pings are never asked about. */
  decide: (call: string, index: number) => Fault | undefined;
  close(): Promise<void>;
}

export async function startFaultyProxy(target: { readonly host: string; readonly port: number }): Promise<FaultyProxy> {
  const calls: string[] = [];
  const server = createServer((incoming, outgoing) => {
    const call = `${incoming.method ?? ''} ${incoming.url?.split('?')[0] ?? ''}`;
    const fault = call.endsWith('/_ping') ? undefined : proxy.decide(call, calls.push(call) - 1);
    if (fault === 'before') incoming.socket.destroy();
    else forward(target, incoming, outgoing, fault);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy: FaultyProxy = {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    calls,
    decide: () => undefined,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}

function forward(
  target: { readonly host: string; readonly port: number },
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  fault: Fault | undefined,
): void {
  const { method, url, headers } = incoming;
  const onward = request({ ...target, method, path: url, headers, agent: false }, (answer) => {
    if (fault === 'after') {
      answer.resume().once('close', () => incoming.socket.destroy());
      return;
    }
    outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
    // A stream may have nothing to say for long, and is there all the same.
    outgoing.flushHeaders();
    answer.pipe(outgoing);
    answer.once('error', () => incoming.socket.destroy());
    answer.once('close', () => !answer.complete && incoming.socket.destroy());
  });
  onward.once('error', () => incoming.socket.destroy());
  outgoing.once('close', () => onward.destroy());
  incoming.pipe(onward);
}
