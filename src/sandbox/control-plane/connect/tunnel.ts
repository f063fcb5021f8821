/** port-forward through a WebSocket: its binary messages carry the SPDY connection of the kubelet (k8s.io/apiserver pkg/registry/rest: tunneling). */
import type { Clock } from '../../../platform/clock.ts';
import { acceptWebSocket } from '../../../platform/websocket/accept.ts';
import { forwardedHeaders } from './forwarded-headers.ts';
import { splice } from './splice.ts';
import { askForUpgrade, passRefusal, type UpgradeExchange, type UpgradeTarget } from './upgrade.ts';

const WEBSOCKET_HEADERS = /^(connection|upgrade|sec-websocket-.*|x-stream-protocol-version)$/i;
const PROTOCOL = 'portforward.k8s.io';

/** Throws ApiError as long as the connection was not upgraded. */
export async function tunnelPortForward(
  { request, response, upgrade }: UpgradeExchange,
  backend: UpgradeTarget,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  const headers = [
    ...forwardedHeaders(request, 'upgrade').filter(([name]) => !WEBSOCKET_HEADERS.test(name)),
    ['Connection', 'Upgrade'],
    ['Upgrade', 'SPDY/3.1'],
    ['X-Stream-Protocol-Version', PROTOCOL],
  ] as const;
  const { switched, response: head } = await askForUpgrade(backend, { method: 'POST', headers }, signal);
  if (switched === undefined) {
    await passRefusal(head, response);
    return;
  }
  const { socket, head: early } = switched;
  if (early.length > 0) socket.unshift(early);
  const { createWebSocketStream } = await import('ws');
  const webSocket = await acceptWebSocket(request, upgrade.take(), upgrade.head, `SPDY/3.1+${PROTOCOL}`).catch((error: unknown) => {
    socket.destroy();
    throw error;
  });
  await splice(createWebSocketStream(webSocket, { allowHalfOpen: false }), socket, clock, signal);
}
