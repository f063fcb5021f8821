import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

/** The longest message that is taken. */
const MAXIMUM_MESSAGE_BYTES = 4 * 1024 * 1024;
/** Pongs are not sent to who does not read them. */
const MAXIMUM_UNSENT_BYTES = 256 * 1024;

export function isWebSocketUpgrade(request: IncomingMessage): boolean {
  return (request.headers.upgrade ?? '')
    .toLowerCase()
    .split(',')
    .some((value) => value.trim() === 'websocket');
}

/** The subprotocols that the client names, its best first; none of them: an empty list. */
export function offeredSubprotocols(request: IncomingMessage): readonly string[] {
  return (request.headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((value) => value.trim())
    .filter((value) => value !== '');
}

/** Completes the handshake with `protocol` (empty: none). Rejects when the request is malformed; the client was told then, and the socket closed. */
export async function acceptWebSocket(request: IncomingMessage, socket: Duplex, head: Buffer, protocol: string): Promise<WebSocket> {
  const { WebSocketServer } = await import('ws');
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAXIMUM_MESSAGE_BYTES,
    autoPong: false,
  });
  // Negotiated already, and one name is none that the library would take: `SPDY/3.1+portforward.k8s.io` has a slash.
  delete request.headers['sec-websocket-protocol'];
  if (protocol !== '') server.on('headers', (headers: string[]) => headers.push(`Sec-WebSocket-Protocol: ${protocol}`));
  return new Promise((resolve, reject) => {
    const refused = (): void => reject(new Error('the WebSocket handshake has failed'));
    socket.once('close', refused);
    server.handleUpgrade(request, socket, head, (webSocket) => {
      socket.removeListener('close', refused);
      webSocket.on('error', () => undefined);
      webSocket.on('ping', (data: Buffer) => {
        if (webSocket.bufferedAmount < MAXIMUM_UNSENT_BYTES) webSocket.pong(data);
      });
      resolve(webSocket);
    });
  });
}
