/** pods/exec, pods/attach and pods/portforward (pkg/registry/core/pod/rest/subresources.go, strategy.go). */
import type { ServerResponse } from 'node:http';
import { isWebSocketUpgrade, offeredSubprotocols } from '../../../platform/websocket/accept.ts';
import { badRequest } from '../status-errors.ts';
import { boundNode, findContainer, findPod } from './container.ts';
import { dialTls, type Place } from './dial.ts';
import { kubeletLocation, takesWebSockets } from './kubelet-location.ts';
import type { ConnectParts, PodRequest, Upgrade } from './parts.ts';
import { encodeQuery, flag } from './query.ts';
import { translateCommand } from './translate-command.ts';
import { tunnelPortForward } from './tunnel.ts';
import { passUpgrade } from './upgrade.ts';

/** Half-closes its channels; for kubelets that do not say that they know of that, it is translated. */
const CLOSING_PROTOCOL = 'v5.channel.k8s.io';
const TUNNEL_PROTOCOL = 'SPDY/3.1+portforward.k8s.io';

/** Throws ApiError as long as the connection was not upgraded. */
export async function serveCommand(
  what: 'exec' | 'attach',
  asked: PodRequest,
  response: ServerResponse,
  upgrade: Upgrade | undefined,
  parts: ConnectParts,
): Promise<void> {
  const { request, namespace, name, query, signal } = asked;
  const { pod, container } = findContainer(parts.store, namespace, name, query.get('container') ?? '');
  const node = boundNode(pod);
  const place = kubeletLocation(parts.store, node);
  const streams = { stdin: flag(query, 'stdin'), stdout: flag(query, 'stdout'), stderr: flag(query, 'stderr'), tty: flag(query, 'tty') };
  const renamed = [
    ...query.getAll('command').map((word) => ['command', word] as const),
    ...Object.entries({ input: streams.stdin, output: streams.stdout, error: streams.stderr, tty: streams.tty }).flatMap(([key, on]) =>
      on ? [[key, '1'] as const] : [],
    ),
  ];
  const target = `/${what}/${namespace}/${name}/${container}${encodeQuery(renamed.filter(([key]) => what === 'exec' || key !== 'command'))}`;
  if (upgrade === undefined) throw badRequest('Upgrade request required');
  if (isWebSocketUpgrade(request) && offeredSubprotocols(request).includes(CLOSING_PROTOCOL) && !takesWebSockets(parts.store, node)) {
    await translateCommand({ request, upgrade, streams, place, target, signal }, parts);
    return;
  }
  await passUpgrade({ request, response, upgrade }, { dial: kubeletDialer(place, parts), target }, { clock: parts.clock, signal });
}

/** Throws ApiError as long as the connection was not upgraded. */
export async function servePortForward(asked: PodRequest, response: ServerResponse, upgrade: Upgrade | undefined, parts: ConnectParts): Promise<void> {
  const { request, namespace, name, query, signal } = asked;
  const node = boundNode(findPod(parts.store, namespace, name));
  const place = kubeletLocation(parts.store, node);
  const ports = query
    .getAll('ports')
    .flatMap((value) => value.split(','))
    .map((text) => portOf(text));
  const target = `/portForward/${namespace}/${name}${encodeQuery(ports.length === 0 ? [] : [['port', ports.join(',')]])}`;
  if (upgrade === undefined) throw badRequest('Upgrade request required');
  const backend = { dial: kubeletDialer(place, parts), target };
  if (isWebSocketUpgrade(request) && offeredSubprotocols(request).includes(TUNNEL_PROTOCOL) && !takesWebSockets(parts.store, node)) {
    await tunnelPortForward({ request, response, upgrade }, backend, { clock: parts.clock, signal });
    return;
  }
  await passUpgrade({ request, response, upgrade }, backend, { clock: parts.clock, signal });
}

function kubeletDialer(place: Place, { identity, clock }: ConnectParts): (signal: AbortSignal) => ReturnType<typeof dialTls> {
  return (signal) => dialTls(place, identity, clock, signal);
}

function portOf(text: string): number {
  const port = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(port)) throw badRequest(`strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`);
  if (port > 65_535) throw badRequest(`strconv.ParseUint: parsing ${JSON.stringify(text)}: value out of range`);
  return port;
}
