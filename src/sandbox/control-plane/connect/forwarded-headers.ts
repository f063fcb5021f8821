import type { IncomingMessage } from 'node:http';
import { BEARER_PROTOCOL } from '../authn/authenticate.ts';

type Header = readonly [name: string, value: string];

/** About one connection only (RFC 9110, section 7.6.1). */
const HOP_BY_HOP = new Set([
  'connection',
  'proxy-connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Whom the API server has looked at already is no business of a backend. */
const CREDENTIALS = /^(authorization|impersonate-.*)$/i;

/** The headers of a request as they go on to a backend, with the caller's address added; those of an upgrade keep what asks for it. */
export function forwardedHeaders(request: IncomingMessage, kind: 'request' | 'upgrade'): readonly Header[] {
  const kept = pairs(request.rawHeaders)
    .filter(([name]) => !CREDENTIALS.test(name) && name.toLowerCase() !== 'x-forwarded-for' && (kind === 'upgrade' || !isHopByHop(name, request)))
    .map(([name, value]): Header => [name, name.toLowerCase() === 'sec-websocket-protocol' ? withoutToken(value) : value]);
  const chain = [...(request.headersDistinct['x-forwarded-for'] ?? []), callerAddress(request)].filter((address) => address !== '');
  return [...kept, ...(chain.length === 0 ? [] : [['X-Forwarded-For', chain.join(', ')] as const])];
}

/** The headers of an answer as they go on to the client. */
export function answerHeaders(response: IncomingMessage): readonly Header[] {
  return pairs(response.rawHeaders).filter(([name]) => !isHopByHop(name, response));
}

export function pairs(raw: readonly string[]): readonly Header[] {
  return Array.from({ length: raw.length / 2 }, (_, index): Header => [raw[2 * index] ?? '', raw[2 * index + 1] ?? '']);
}

function isHopByHop(name: string, { headers }: IncomingMessage): boolean {
  const named = (headers.connection ?? '').split(',').map((each) => each.trim().toLowerCase());
  return HOP_BY_HOP.has(name.toLowerCase()) || named.includes(name.toLowerCase());
}

/** Browsers have no other place for a token than among the subprotocols. */
function withoutToken(protocols: string): string {
  return protocols
    .split(',')
    .map((protocol) => protocol.trim())
    .filter((protocol) => !protocol.startsWith(BEARER_PROTOCOL))
    .join(', ');
}

function callerAddress({ socket }: IncomingMessage): string {
  return (socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '');
}
