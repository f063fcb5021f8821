/** port-forward over SPDY, directly or tunnelled through a WebSocket: many forwarded connections on one. */
import type { Duplex } from 'node:stream';
import { messageOf } from '../../../errors/vick-error.ts';
import { RESET } from '../../../platform/spdy/frames.ts';
import { SpdySession } from '../../../platform/spdy/session.ts';
import type { StreamTimes } from './command-session.ts';
import { IdleTimer } from './idle-timer.ts';
import { joinPort, type DialPort } from './port-connection.ts';
import { PortPairs, type PortPair } from './port-pairs.ts';

export interface PortForwardOptions extends StreamTimes {
  readonly dial: DialPort;
  /** For messages: `pod default/web, uid …`. */
  readonly pod: string;
}

/** Forwarded connections that one client may have open at once; each is two streams. */
const MAXIMUM_CONNECTIONS = 500;

/** Serves until the client goes, says farewell, or was idle for too long. Never rejects. */
export async function serveSpdyPortForward(transport: Duplex, options: PortForwardOptions): Promise<void> {
  const { clock } = options;
  const abort = new AbortController();
  const pairs = new PortPairs({
    clock,
    creationMs: options.creationMs,
    onPair: (pair) => void forward(pair, options, abort.signal),
  });
  const session = new SpdySession({
    transport,
    role: 'server',
    clock,
    onStream: (stream) => pairs.take(stream),
    maximumStreams: 2 * MAXIMUM_CONNECTIONS,
    onActivity: () => idle.touch(),
  });
  const idle = new IdleTimer(clock, options.idleMs, () => session.destroy(new Error('the session was idle for too long')));
  await session.closed;
  idle.cancel();
  pairs.close();
  abort.abort(new Error('the client has gone'));
}

async function forward({ port, data, error }: PortPair, options: PortForwardOptions, signal: AbortSignal): Promise<void> {
  error.resume();
  try {
    const target = await options.dial(port, signal);
    const failure = data.destroyed ? undefined : await joinPort(target, data, data);
    target.destroy();
    if (failure !== undefined && !data.destroyed) throw failure;
    error.end();
    if (!data.destroyed) data.destroy();
  } catch (failure) {
    // The text first: a reset may overtake what was not yet read.
    const text = `error forwarding port ${port} to ${options.pod}: ${messageOf(failure)}`;
    await new Promise<void>((resolve) => {
      error.once('close', resolve);
      error.end(text, () => resolve());
    });
    data.reset(RESET.cancel);
    error.reset(RESET.cancel);
  }
}
