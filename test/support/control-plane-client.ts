/* eslint-disable @typescript-eslint/no-explicit-any -- a body may be of any kind */
import { request, type RequestOptions } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';

export interface ApiResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON; undefined when it is none. */
  readonly body: any;
}

export interface ApiCall {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Buffer;
  /** Client certificate; none makes the call anonymous. */
  readonly identity?: { readonly certificate: string; readonly key: string };
  /** Called when the head of the answer is there; for watches, which may be given up before they end. */
  readonly onHead?: (head: Pick<ApiResponse, 'status' | 'headers'>) => void;
  /** Called with the text as it arrives; for watches. */
  readonly onText?: (text: string) => void;
  readonly signal?: AbortSignal;
}

/** One request over a connection of its own. */
export async function callApi(server: { readonly url: string; readonly caPem: string }, path: string, call: ApiCall = {}): Promise<ApiResponse> {
  const url = new URL(server.url);
  const options: RequestOptions = {
    host: url.hostname,
    port: url.port,
    path,
    method: call.method ?? 'GET',
    ca: server.caPem,
    agent: false,
    headers: { ...call.headers, ...(call.body === undefined ? {} : { 'Content-Length': Buffer.byteLength(call.body) }) },
    ...(call.identity === undefined ? {} : { cert: call.identity.certificate, key: call.identity.key }),
    ...(call.signal === undefined ? {} : { signal: call.signal }),
  };
  return new Promise((resolve, reject) => {
    const outgoing = request(options, (response) => {
      let text = '';
      call.onHead?.({ status: response.statusCode ?? 0, headers: response.headers });
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        call.onText?.(text);
      });
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text, body: parse(text) }));
    });
    outgoing.on('error', reject);
    outgoing.end(call.body);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
