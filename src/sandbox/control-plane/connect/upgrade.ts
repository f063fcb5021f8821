/** Hands an upgraded connection through to a backend, byte by byte (k8s.io/apimachinery/pkg/util/proxy/upgradeaware.go). */
import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { messageOf } from '../../../errors/vick-error.ts';
import type { Clock } from '../../../platform/clock.ts';
import { ApiError } from '../api-error.ts';
import { send, type BackendAnswer } from './backend.ts';
import { answerHeaders, forwardedHeaders, pairs } from './forwarded-headers.ts';
import type { Upgrade } from './parts.ts';
import { internalError } from './refusal.ts';
import { splice } from './splice.ts';

export interface UpgradeTarget {
  /** Connects to the backend. */
  readonly dial: (signal: AbortSignal) => Promise<Duplex>;
  /** Path and query at the backend. */
  readonly target: string;
}

/** A request to speak another protocol, and its answer as long as that is refused. */
export interface UpgradeExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly upgrade: Upgrade;
}

/** Resolves when the conversation is over, or was refused by the backend in plain HTTP. Throws ApiError as long as the client can be answered. */
export async function passUpgrade(
  { request, response, upgrade }: UpgradeExchange,
  backend: UpgradeTarget,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  const { switched, response: head } = await askForUpgrade(backend, { method: request.method ?? 'GET', headers: forwardedHeaders(request, 'upgrade') }, signal);
  if (switched === undefined) {
    await passRefusal(head, response);
    return;
  }
  const client = upgrade.take();
  client.write(headOf(head));
  if (switched.head.length > 0) client.write(switched.head);
  if (upgrade.head.length > 0) switched.socket.write(upgrade.head);
  await splice(client, switched.socket, clock, signal);
}

/** Dials and asks. Throws a 500 in Go's words when the backend cannot be reached or hangs up. */
export async function askForUpgrade(
  { dial, target }: UpgradeTarget,
  { method, headers }: { readonly method: string; readonly headers: readonly (readonly [string, string])[] },
  signal: AbortSignal,
): Promise<BackendAnswer> {
  try {
    const framed = method === 'GET' || headers.some(([name]) => name.toLowerCase() === 'content-length');
    return await send(await dial(signal), { method, target, headers: [...headers, ...(framed ? [] : [['Content-Length', '0'] as const])] }, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ApiError) throw error;
    throw new ApiError(500, '', `error dialing backend: ${messageOf(error)}`);
  }
}

/** Hands on a refusal as it is. Throws when it is none: a backend that neither switches nor refuses. */
export async function passRefusal(refusal: IncomingMessage, response: ServerResponse): Promise<void> {
  const status = refusal.statusCode ?? 0;
  if (status < 400) {
    refusal.destroy();
    throw internalError(`invalid upgrade response: status code ${status}`);
  }
  response.writeHead(status, answerHeaders(refusal).flat());
  await pipeline(refusal, response);
}

function headOf(response: IncomingMessage): string {
  const status = response.statusCode ?? 101;
  const lines = pairs(response.rawHeaders).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${response.statusMessage ?? STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n`;
}
