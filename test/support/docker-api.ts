/** A small client of the Docker API for tests: single calls, and connections that it takes over. */
import { request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';

const HEADER_LENGTH = 8;

export interface ApiAnswer {
  /** Undefined: the connection was dropped. */
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** Of a JSON answer. */
  readonly json: unknown;
}

export interface TakenOver {
  readonly socket: Socket;
  /** Status line and headers. */
  readonly head: string;
  /** What came so far, and all of it once `ended` has resolved. */
  bytes(): Buffer;
  /** Resolves when `text` has come. */
  until(text: string): Promise<void>;
  readonly ended: Promise<void>;
}

export class DockerApi {
  private readonly port: number;

  constructor(port: number) {
    this.port = port;
  }

  async call(method: string, path: string, body?: unknown): Promise<ApiAnswer> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve) => {
      const headers = text === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) };
      const outgoing = httpRequest({ host: '127.0.0.1', port: this.port, method, path: `/v1.25${path}`, headers, agent: false }, (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('close', () => {
          const found = Buffer.concat(chunks).toString('utf8');
          const json =
            incoming.headers['content-type'] === 'application/json' && !found.includes('}\n{') ? (JSON.parse(found || 'null') as unknown) : undefined;
          resolve({ status: incoming.statusCode, headers: incoming.headers as Record<string, string>, text: found, json });
        });
      });
      outgoing.on('error', () => {
        resolve({ status: undefined, headers: {}, text: '', json: undefined });
      });
      outgoing.end(text);
    });
  }

  /** Sends a request and takes the connection over from there; with `upgrade` false, without asking for it. */
  async takeOver(path: string, body?: unknown, options: { readonly upgrade?: boolean } = {}): Promise<TakenOver> {
    const text = body === undefined ? '' : JSON.stringify(body);
    const socket = connect(this.port, '127.0.0.1');
    socket.on('error', () => undefined);
    const lines = [
      `POST /v1.25${path} HTTP/1.1`,
      'Host: vch',
      ...(options.upgrade === false ? [] : ['Connection: Upgrade', 'Upgrade: tcp']),
      ...(body === undefined ? ['Content-Type: text/plain'] : ['Content-Type: application/json']),
      `Content-Length: ${Buffer.byteLength(text)}`,
    ];
    socket.write(`${lines.join('\r\n')}\r\n\r\n${text}`);
    let received = Buffer.alloc(0);
    const waiting = new Set<() => void>();
    const settle = (): void => {
      for (const check of [...waiting]) check();
    };
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      settle();
    });
    let over = false;
    const ended = new Promise<void>((resolve) => {
      socket.on('close', () => {
        over = true;
        settle();
        resolve();
      });
    });
    const until = (wanted: string): Promise<void> =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          const come = received.includes(wanted);
          if (!come && !over) return;
          waiting.delete(check);
          if (come) resolve();
          else reject(new Error(`the connection ended before ${JSON.stringify(wanted)}: ${received.toString()}`));
        };
        waiting.add(check);
        check();
      });
    await until('\r\n\r\n');
    const start = received.indexOf('\r\n\r\n') + 4;
    return { socket, head: received.subarray(0, start).toString(), bytes: () => received.subarray(start), until, ended };
  }
}

/** What each stream carried. */
export function unframed(bytes: Buffer): Readonly<Record<'stdout' | 'stderr', string>> {
  const streams = { stdout: '', stderr: '' };
  for (let at = 0; at + HEADER_LENGTH <= bytes.length;) {
    const end = at + HEADER_LENGTH + bytes.readUInt32BE(at + 4);
    streams[bytes.readUInt8(at) === 2 ? 'stderr' : 'stdout'] += bytes.toString('utf8', at + HEADER_LENGTH, end);
    at = end;
  }
  return streams;
}
