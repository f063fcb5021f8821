import type { ServerResponse } from 'node:http';

/** Something to tell the caller instead of an answer; the API server hands the text on. */
export class HttpError extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.name = 'HttpError';
    this.status = status;
    this.headers = headers;
  }
}

export function sendText(response: ServerResponse, status: number, text: string, headers: Readonly<Record<string, string>> = {}): void {
  send(response, status, text, { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff', ...headers });
}

export function sendJson(response: ServerResponse, value: object): void {
  send(response, 200, JSON.stringify(value), { 'Content-Type': 'application/json' });
}

export function sendMetrics(response: ServerResponse, text: string): void {
  send(response, 200, text, { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' });
}

function send(response: ServerResponse, status: number, body: string, headers: Readonly<Record<string, string>>): void {
  if (response.headersSent) {
    // Too late to say anything: the caller notices the cut.
    response.destroy();
    return;
  }
  response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}
