/** nodes/proxy, pods/proxy and services/proxy: any request, handed on to a backend (k8s.io/apimachinery/pkg/util/proxy). */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { posix } from 'node:path';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { messageOf } from '../../../errors/vick-error.ts';
import type { Clock } from '../../../platform/clock.ts';
import { ApiError } from '../api-error.ts';
import { send as answer } from '../http/respond.ts';
import { send } from './backend.ts';
import { answerHeaders, forwardedHeaders } from './forwarded-headers.ts';
import type { Upgrade } from './parts.ts';
import { passUpgrade } from './upgrade.ts';

export interface ProxyRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly upgrade: Upgrade | undefined;
  /** The path up to and with `/proxy`, as the client wrote it. */
  readonly prefix: string;
  /** What follows it; '' or something that begins with a slash. */
  readonly path: string;
  /** The query with its question mark, or ''. */
  readonly search: string;
}

export interface ProxyBackend {
  readonly dial: (signal: AbortSignal) => Promise<Duplex>;
  /** Why a connection that was there has ended, if the backend said so. */
  readonly explain?: () => string | undefined;
  /** As the backend is known, for redirects that name it. */
  readonly authority: string;
}

/** Throws ApiError as long as the client can be answered. */
export async function serveProxy(asked: ProxyRequest, backend: ProxyBackend, tools: { readonly clock: Clock; readonly signal: AbortSignal }): Promise<void> {
  const { request, response, upgrade, prefix, path, search } = asked;
  if (upgrade !== undefined) {
    await passUpgrade({ request, response, upgrade }, { dial: backend.dial, target: `${path === '' ? '/' : path}${search}` }, tools);
    return;
  }
  if (path === '' && (request.method === 'GET' || request.method === 'HEAD')) {
    // Relative links of a page must lead below the proxy.
    answer(response, 301, '', { Location: `${prefix}/${search}` });
    return;
  }
  const { signal } = tools;
  const { response: found } = await (async () => {
    try {
      return await send(await backend.dial(signal), { ...forwarded(request, prefix, path), target: `${path === '' ? '/' : path}${search}` }, signal);
    } catch (error) {
      signal.throwIfAborted();
      throw new ApiError(503, 'ServiceUnavailable', `error trying to reach service: ${backend.explain?.() ?? messageOf(error)}`);
    }
  })();
  const headers = answerHeaders(found)
    .filter(([name]) => !/^access-control-/i.test(name))
    .map(([name, value]) => [
      name,
      name.toLowerCase() === 'location' ? redirected(value, { prefix, backend: backend.authority, host: request.headers.host ?? '' }) : value,
    ]);
  response.writeHead(found.statusCode ?? 502, [['Cache-Control', 'no-cache, private'], ...headers].flat());
  response.flushHeaders();
  await pipeline(found, response, { signal });
}

function forwarded(request: IncomingMessage, prefix: string, path: string): Pick<Parameters<typeof send>[1], 'method' | 'headers' | 'body'> {
  const hasBody = request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
  const chunked = request.headers['transfer-encoding'] !== undefined;
  return {
    method: request.method ?? 'GET',
    headers: [
      ...forwardedHeaders(request, 'request'),
      ['X-Forwarded-Uri', decoded(`${prefix}${path}`)],
      ...(chunked ? [['Transfer-Encoding', 'chunked'] as const] : []),
    ],
    ...(hasBody ? { body: request } : {}),
  };
}

/** A redirect within the backend leads through the proxy again (proxy.Transport.rewriteURL). */
function redirected(location: string, at: { readonly prefix: string; readonly backend: string; readonly host: string }): string {
  const parts = /^(?:https?:\/\/(?<authority>[^/?#]*))?(?<path>.*)$/i.exec(location)?.groups as { authority?: string; path: string } | undefined;
  const { authority, path = '' } = parts ?? {};
  const elsewhere = authority !== undefined && authority !== at.backend && authority !== at.host;
  if (elsewhere || !path.startsWith('/') || path.startsWith('//')) return location;
  const origin = authority === at.host ? location.slice(0, location.length - path.length) : '';
  if (path.startsWith(at.prefix)) return `${origin}${path}`;
  const end = path.search(/[?#]/);
  const [bare, rest] = end < 0 ? [path, ''] : [path.slice(0, end), path.slice(end)];
  const joined = posix.join(at.prefix, bare);
  return `${origin}${bare.endsWith('/') && !joined.endsWith('/') ? `${joined}/` : joined}${rest}`;
}

function decoded(path: string): string {
  try {
    // A header has no room for what an address may escape.
    const text = decodeURIComponent(path);
    return /^[\x21-\x7e]*$/.test(text) ? text : path;
  } catch {
    return path;
  }
}
