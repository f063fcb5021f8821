import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

export interface HandshakeRefusal {
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Most wanted first does not matter: the client's order decides. Kubelets do not offer v5 over SPDY. */
export const SPDY_COMMAND_PROTOCOLS = ['v4.channel.k8s.io', 'v3.channel.k8s.io', 'v2.channel.k8s.io', 'channel.k8s.io'] as const;
export const SPDY_PORT_FORWARD_PROTOCOLS = ['portforward.k8s.io'] as const;

/** The first protocol of the client that is known here (k8s.io/apimachinery/pkg/util/httpstream: Handshake). */
export function negotiate(request: IncomingMessage, supported: readonly string[]): string | HandshakeRefusal {
  const header = request.headers['x-stream-protocol-version'];
  const offered = [header ?? []]
    .flat()
    .flatMap((value) => value.split(','))
    .map((value) => value.trim())
    .filter((value) => value !== '');
  if (offered.length === 0) return { status: 400, text: 'unable to upgrade: X-Stream-Protocol-Version header is required', headers: {} };
  const chosen = offered.find((protocol) => supported.includes(protocol));
  if (chosen !== undefined) return chosen;
  return {
    status: 403,
    text: `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(' ')}], server accepts [${supported.join(' ')}]`,
    headers: { 'X-Accepted-Stream-Protocol-Versions': supported.join(', ') },
  };
}

export function isSpdyUpgrade(request: IncomingMessage): boolean {
  return (request.headers.upgrade ?? '')
    .toLowerCase()
    .split(',')
    .some((value) => value.trim() === 'spdy/3.1');
}

/** Answers 101; the socket carries SPDY from now on. */
export function switchToSpdy(socket: Duplex, head: Buffer, protocol: string): void {
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${protocol}\r\n\r\n`);
  if (head.length > 0) socket.unshift(head);
}
