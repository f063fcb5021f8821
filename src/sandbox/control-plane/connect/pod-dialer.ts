/** A connection to a port of a pod through its kubelet's port forwarding. */
import type { Duplex } from 'node:stream';
import { messageOf } from '../../../errors/vick-error.ts';
import { SpdySession } from '../../../platform/spdy/session.ts';
import type { Draft } from '../resource.ts';
import { send } from './backend.ts';
import { DialError, dialTls, hostPort, type Place } from './dial.ts';
import type { ConnectParts } from './parts.ts';
import { textOf } from './refusal.ts';

const PROTOCOL = 'portforward.k8s.io';

/**
 * Rejects with DialError when the kubelet cannot be reached or refuses. That the port is closed shows later: `onRefusal`
 * is called with the kubelet's words, and the stream ends.
 */
export async function dialThroughKubelet(
  kubelet: Place,
  { metadata }: Draft,
  port: number,
  { identity, clock }: ConnectParts,
  onRefusal: (why: string) => void,
  signal: AbortSignal,
): Promise<Duplex> {
  const headers = [
    ['Host', hostPort(kubelet)],
    ['User-Agent', 'Go-http-client/1.1'],
    ['Content-Length', '0'],
    ['Connection', 'Upgrade'],
    ['Upgrade', 'SPDY/3.1'],
    ['X-Stream-Protocol-Version', PROTOCOL],
  ] as const;
  const target = `/portForward/${metadata.namespace ?? ''}/${metadata.name ?? ''}`;
  const { switched, response } = await send(await dialTls(kubelet, identity, clock, signal), { method: 'POST', target, headers }, signal);
  if (switched === undefined) throw new DialError(`the kubelet does not forward to the pod: ${(await textOf(response)).trim()}`);
  if (switched.head.length > 0) switched.socket.unshift(switched.head);
  const session = new SpdySession({ transport: switched.socket, role: 'client', clock });
  try {
    const pair = { port: String(port), requestid: '0' };
    const error = await session.open({ ...pair, streamtype: 'error' });
    let told = '';
    error.on('data', (part: Buffer) => {
      told += part.toString();
      onRefusal(told);
    });
    error.end();
    const data = await session.open({ ...pair, streamtype: 'data' });
    data.once('close', () => session.close());
    error.once('close', () => told !== '' && data.destroy());
    return data;
  } catch (error) {
    session.destroy();
    signal.throwIfAborted();
    throw new DialError(messageOf(error));
  }
}
