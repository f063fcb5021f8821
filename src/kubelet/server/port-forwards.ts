/** `/portForward/{namespace}/{pod}`: judges the request, upgrades the connection, forwards. */
import type { Pod } from '../../platform/kubernetes-objects.ts';
import { acceptWebSocket, isWebSocketUpgrade } from '../../platform/websocket/accept.ts';
import type { PodProvider } from '../provider.ts';
import type { UpgradeRequest } from './commands.ts';
import { findPod } from './pod-lookup.ts';
import { HttpError } from './responses.ts';
import type { StreamTimes } from './streaming/command-session.ts';
import { parsePort } from './streaming/port-connection.ts';
import { serveSpdyPortForward, type PortForwardOptions } from './streaming/spdy-port-forward.ts';
import { isSpdyUpgrade, negotiate, SPDY_PORT_FORWARD_PROTOCOLS, switchToSpdy } from './streaming/spdy-upgrade.ts';
import { serveWebSocketPortForward } from './streaming/websocket-port-forward.ts';
import { negotiateSubprotocol, TUNNEL_PROTOCOL, WEBSOCKET_PORT_FORWARD_PROTOCOLS } from './streaming/websocket-protocols.ts';

export interface PortForwardContext extends StreamTimes {
  readonly pods: readonly Pod[];
  readonly provider: Pick<PodProvider, 'network'>;
}

/** Ports of one legacy WebSocket; a channel number is one byte. */
const MAXIMUM_PORTS = 127;

/** Throws HttpError as long as the connection was not upgraded. */
export async function servePortForward(upgrade: UpgradeRequest, context: PortForwardContext): Promise<void> {
  const { request, take, head, query, parameters } = upgrade;
  const found = findPod(context.pods, parameters);
  if (found === undefined) throw new HttpError(404, 'pod does not exist');
  const { network } = context.provider;
  if (network === undefined) throw new HttpError(501, 'the back end of this node cannot forward ports');
  const { uid, name, namespace } = found;
  const options: PortForwardOptions = {
    clock: context.clock,
    idleMs: context.idleMs,
    creationMs: context.creationMs,
    pod: `pod ${namespace}/${name}, uid ${uid}`,
    dial: (port, signal) => network.connect({ uid, port, via: 'loopback' }, signal),
  };
  if (isWebSocketUpgrade(request)) {
    const protocol = negotiateSubprotocol(request, WEBSOCKET_PORT_FORWARD_PROTOCOLS);
    if (typeof protocol !== 'string') throw new HttpError(protocol.status, protocol.text);
    const tunnelled = protocol === TUNNEL_PROTOCOL;
    const ports = tunnelled ? [] : portsOf(query);
    const webSocket = await acceptWebSocket(request, take(), head, protocol);
    if (!tunnelled) return serveWebSocketPortForward(webSocket, protocol, ports, options);
    const { createWebSocketStream } = await import('ws');
    return serveSpdyPortForward(createWebSocketStream(webSocket, { allowHalfOpen: false }), options);
  }
  if (!isSpdyUpgrade(request)) throw new HttpError(400, 'Upgrade request required');
  const protocol = negotiate(request, SPDY_PORT_FORWARD_PROTOCOLS);
  if (typeof protocol !== 'string') throw new HttpError(protocol.status, protocol.text, protocol.headers);
  const socket = take();
  switchToSpdy(socket, head, protocol);
  return serveSpdyPortForward(socket, options);
}

/** `port=80,8080` or `port=80&port=8080`. */
function portsOf(query: URLSearchParams): readonly number[] {
  const ports = query
    .getAll('port')
    .flatMap((value) => value.split(','))
    .map((text) => {
      const port = parsePort(text.trim());
      if (port === undefined) throw new HttpError(400, `"${text}" is not a port`);
      return port;
    });
  if (ports.length === 0) throw new HttpError(400, 'query parameter "port" is required');
  if (ports.length > MAXIMUM_PORTS) throw new HttpError(400, `at most ${MAXIMUM_PORTS} ports can be forwarded by one connection`);
  return ports;
}
