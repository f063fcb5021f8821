import { readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One recorded exchange; see the README beside the recordings. */
export interface RecordedExchange {
  readonly purpose: string;
  readonly server?: 'port-layer' | 'docker-personality';
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly query?: Readonly<Record<string, string | number | boolean>>;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: unknown;
    readonly bodyText?: string;
  };
  readonly response: {
    readonly status?: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: unknown;
    readonly text?: string;
    readonly empty?: boolean;
    readonly dropped?: boolean;
    readonly none?: boolean;
    readonly chunks?: readonly { readonly text?: string; readonly frame?: unknown }[];
    readonly ended?: string;
  };
}

export interface ReplayServer {
  readonly host: string;
  readonly port: number;
  /** What arrived, without the pings that confirm a dropped connection. */
  readonly received: {
    readonly method: string;
    readonly path: string;
    readonly query: URLSearchParams;
    readonly headers: NodeJS.Dict<string | string[]>;
    readonly body: string;
  }[];
  close(): Promise<void>;
}

/** A recorded scenario from test/fixtures: `port-layer/pod-life`. */
export function recording(name: string): readonly RecordedExchange[] {
  return JSON.parse(readFileSync(new URL(`../fixtures/${name}.json`, import.meta.url), 'utf8')) as readonly RecordedExchange[];
}

/** Answers the n-th request as the n-th exchange was answered, whatever is asked. Pings are always answered. */
export async function replay(exchanges: readonly RecordedExchange[]): Promise<ReplayServer> {
  const left = [...exchanges];
  const received: ReplayServer['received'] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://vch');
      if (url.pathname === '/_ping' && left[0]?.request.path !== '/_ping') {
        response.end('"OK"\n');
        return;
      }
      received.push({
        method: request.method ?? '',
        path: decodeURIComponent(url.pathname),
        query: url.searchParams,
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
      });
      const next = left.shift();
      if (next === undefined) response.writeHead(599).end('no exchange left');
      else answer(next, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { address, port } = server.address() as AddressInfo;
  return {
    host: address,
    port,
    received,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answer({ response: recorded }: RecordedExchange, response: ServerResponse): void {
  if (recorded.dropped === true || recorded.none === true) {
    response.socket?.destroy();
    return;
  }
  const framing = ['Content-Length', 'Transfer-Encoding'];
  const headers = Object.entries(recorded.headers ?? {}).filter(([name]) => !framing.includes(name));
  response.writeHead(recorded.status ?? 200, Object.fromEntries(headers));
  if (recorded.chunks !== undefined) for (const { text } of recorded.chunks) response.write(text ?? '');
  else if ('body' in recorded) response.write(`${JSON.stringify(recorded.body)}\n`);
  else if (recorded.text !== undefined) response.write(recorded.text);
  response.end();
}
