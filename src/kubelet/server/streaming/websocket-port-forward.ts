/** The older port-forward over WebSocket: the i-th port has channel 2i for data and 2i + 1 for its error. */
import type { WebSocket } from 'ws';
import { messageOf } from '../../../errors/vick-error.ts';
import { IdleTimer } from './idle-timer.ts';
import { joinPort } from './port-connection.ts';
import type { PortForwardOptions } from './spdy-port-forward.ts';
import { WebSocketChannels } from '../../../platform/websocket/channels.ts';

/** Serves until the client goes or was idle for too long. Never rejects. */
export async function serveWebSocketPortForward(socket: WebSocket, protocol: string, ports: readonly number[], options: PortForwardOptions): Promise<void> {
  const abort = new AbortController();
  const channels = new WebSocketChannels(socket, {
    format: { base64: protocol.includes('base64'), closes: false },
    clock: options.clock,
    onActivity: () => idle.touch(),
  });
  const idle = new IdleTimer(options.clock, options.idleMs, () => channels.destroy());
  const forwards = ports.map((port, index) => forward(channels, port, index, options, abort.signal));
  await Promise.race([channels.closed, Promise.all(forwards)]);
  if (socket.readyState === socket.OPEN) channels.close();
  await channels.closed;
  idle.cancel();
  abort.abort(new Error('the client has gone'));
}

async function forward(channels: WebSocketChannels, port: number, index: number, options: PortForwardOptions, signal: AbortSignal): Promise<void> {
  const [data, error] = [2 * index, 2 * index + 1];
  const prefix = Buffer.alloc(2);
  prefix.writeUInt16LE(port);
  channels.send(data, prefix);
  channels.send(error, prefix);
  const fromClient = channels.reader(data);
  const toClient = channels.writer(data);
  try {
    const failure = await joinPort(await options.dial(port, signal), fromClient, toClient);
    if (failure !== undefined) throw failure;
  } catch (failure) {
    if (!signal.aborted) channels.send(error, Buffer.from(`error forwarding port ${port} to ${options.pod}: ${messageOf(failure)}`));
  } finally {
    // Unread channels would hold up the others.
    fromClient.resume();
  }
}
