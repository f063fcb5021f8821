import type { IncomingMessage } from 'node:http';
import { offeredSubprotocols } from '../../../platform/websocket/accept.ts';
import type { HandshakeRefusal } from './spdy-upgrade.ts';

export const WEBSOCKET_COMMAND_PROTOCOLS = [
  'v5.channel.k8s.io',
  'v4.channel.k8s.io',
  'v4.base64.channel.k8s.io',
  'channel.k8s.io',
  'base64.channel.k8s.io',
] as const;
export const TUNNEL_PROTOCOL = 'SPDY/3.1+portforward.k8s.io';
export const WEBSOCKET_PORT_FORWARD_PROTOCOLS = [TUNNEL_PROTOCOL, 'v4.channel.k8s.io', 'v4.base64.channel.k8s.io'] as const;

/** The client's first known subprotocol; the empty one when it asks for none. */
export function negotiateSubprotocol(request: IncomingMessage, supported: readonly string[]): string | HandshakeRefusal {
  const offered = offeredSubprotocols(request);
  if (offered.length === 0) return '';
  const chosen = offered.find((protocol) => supported.includes(protocol));
  if (chosen !== undefined) return chosen;
  return { status: 403, text: `unable to upgrade: none of the subprotocols [${offered.join(' ')}] is served, but [${supported.join(' ')}]`, headers: {} };
}
