import type { IncomingMessage } from 'node:http';
import { tooLarge } from '../status-errors.ts';

/** kube-apiserver's limit of a request body (k8s.io/apiserver/pkg/server/config.go, MaxRequestBodyBytes). */
const MAX_BODY_BYTES = 3 * 1024 * 1024;

/** The whole body. 413 as soon as it is known to be too large; the rest is read away so that the answer can be delivered. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const announced = Number(request.headers['content-length'] ?? 0);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES || announced > MAX_BODY_BYTES) {
      request.resume();
      throw tooLarge(MAX_BODY_BYTES);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
