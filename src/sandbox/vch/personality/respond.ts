/** Writing answers of the Docker API: headers, media types, errors. */
import type { ServerResponse } from 'node:http';
import type { DockerReply } from './api.ts';
import { hasTextErrors, isTooOld } from './api-version.ts';
import { DockerError } from './errors.ts';
import { goJson } from './go-json.ts';

export const API_HEADERS = { 'Api-Version': '1.25', Server: 'Docker/1.25 (linux)' };
export const RAW_STREAM = 'application/vnd.docker.raw-stream';

const NO_CONTENT = 204;
const COUNTED_BYTES = 2048;

export async function respond(response: ServerResponse, reply: Exclude<DockerReply, { kind: 'hijack' | 'websocket' }>, signal: AbortSignal): Promise<void> {
  switch (reply.kind) {
    case 'json': {
      const text = `${goJson(reply.value)}\n`;
      response.writeHead(reply.status, { ...API_HEADERS, 'Content-Type': 'application/json', ...lengthOf(text) }).end(text);
      return;
    }
    case 'text':
      response.writeHead(200, { ...API_HEADERS, 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': Buffer.byteLength(reply.text) }).end(reply.text);
      return;
    case 'empty':
      response.writeHead(reply.status, { ...API_HEADERS, ...(reply.status === NO_CONTENT ? {} : { 'Content-Length': 0 }) }).end();
      return;
    case 'raw-error':
      response.useChunkedEncodingByDefault = false;
      response.writeHead(reply.status, { 'Content-Type': RAW_STREAM, Connection: 'close' }).end(`${reply.message}\r\n`);
      return;
    case 'bytes':
    case 'lines':
      response.writeHead(200, reply.kind === 'bytes' ? API_HEADERS : { ...API_HEADERS, 'Content-Type': 'application/json' });
      response.flushHeaders();
      for await (const chunk of reply.chunks) {
        if (signal.aborted) return;
        response.write(chunk);
      }
      response.end();
      return;
    case 'objects':
      response.writeHead(200, { ...API_HEADERS, 'Content-Type': 'application/json' });
      response.flushHeaders();
      for await (const object of reply.objects) {
        if (signal.aborted) return;
        response.write(`${goJson(object)}\r\n`);
      }
      response.end();
  }
}

/** Go counts what fits into its buffer, and cuts anything longer into chunks. */
function lengthOf(text: string): { readonly 'Content-Length'?: number } {
  const length = Buffer.byteLength(text);
  return length <= COUNTED_BYTES ? { 'Content-Length': length } : {};
}

export function respondError(response: ServerResponse, error: unknown, version: string | undefined): void {
  const status = error instanceof DockerError ? error.status : 500;
  const message = error instanceof Error ? error.message : String(error);
  if (response.headersSent) {
    response.socket?.destroy();
  } else if (hasTextErrors(version)) {
    const headers = { ...(isTooOld(version) ? {} : API_HEADERS), 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' };
    response.writeHead(status, headers).end(`${message}\n`);
  } else {
    const unknownPath = status === 404 && message === 'page not found';
    const text = `${goJson({ message })}\n`;
    const headers = { ...(unknownPath ? {} : API_HEADERS), 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) };
    response.writeHead(status, headers).end(text);
  }
}
