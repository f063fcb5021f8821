/** exec and attach over SPDY: one stream for each of error, stdin, stdout, stderr and resize. */
import type { Duplex } from 'node:stream';
import { finished } from 'node:stream/promises';
import { RESET } from '../../../platform/spdy/frames.ts';
import { SpdySession } from '../../../platform/spdy/session.ts';
import type { SpdyStream } from '../../../platform/spdy/stream.ts';
import type { CommandSession, StreamTimes, WantedStreams } from './command-session.ts';
import { IdleTimer } from './idle-timer.ts';
import { statusBytes } from './outcome.ts';
import { TerminalSizeParser, TerminalSizes } from './terminal-sizes.ts';

const TYPES: ReadonlySet<string> = new Set(['error', 'stdin', 'stdout', 'stderr', 'resize']);

/**
 * Waits for the client's streams. Undefined when they did not come in time, or the client went away: the connection is
 * closed then. The resize stream may come later, and may stay away.
 */
export async function acceptSpdyCommand(transport: Duplex, protocol: string, wanted: WantedStreams, times: StreamTimes): Promise<CommandSession | undefined> {
  const { clock } = times;
  const abort = new AbortController();
  const streams = new Map<string, SpdyStream>();
  const resize = new TerminalSizes();
  const awaited = (['error', 'stdin', 'stdout', 'stderr'] as const).filter((type) => type === 'error' || (wanted[type] && !(type === 'stderr' && wanted.tty)));
  let complete: (all: boolean) => void = () => undefined;
  const completed = new Promise<boolean>((resolve) => {
    complete = resolve;
  });
  const onStream = (stream: SpdyStream): 'accept' | number => {
    const type = stream.headers.get('streamtype')?.toLowerCase() ?? '';
    if (!TYPES.has(type) || streams.has(type)) return RESET.protocolError;
    streams.set(type, stream);
    if (type === 'resize') readSizes(stream, resize);
    // Nothing comes this way; its end is heard only when it is read.
    else if (type !== 'stdin' || !wanted.stdin) stream.resume();
    if (awaited.every((name) => streams.has(name))) complete(true);
    return 'accept';
  };
  const session = new SpdySession({ transport, role: 'server', clock, onStream, maximumStreams: TYPES.size, onActivity: () => idle.touch() });
  const idle = new IdleTimer(clock, times.idleMs, () => session.destroy(new Error('the session was idle for too long')));
  const cancelCreation = clock.schedule(times.creationMs, () => complete(false));
  void session.closed.then((error) => {
    idle.cancel();
    resize.end();
    complete(false);
    abort.abort(error ?? new Error('the client has gone'));
  });
  const ready = await completed;
  cancelCreation();
  const error = streams.get('error');
  if (!ready || error === undefined) {
    session.destroy(new Error('the client has not opened its streams'));
    return undefined;
  }
  return {
    stdin: wanted.stdin ? streams.get('stdin') : undefined,
    stdout: wanted.stdout ? streams.get('stdout') : undefined,
    stderr: wanted.tty || !wanted.stderr ? undefined : streams.get('stderr'),
    resize,
    signal: abort.signal,
    finish: async (outcome) => {
      const status = statusBytes(outcome, protocol === 'v4.channel.k8s.io' ? 'status' : 'text');
      error.end(status.length === 0 ? undefined : status);
      for (const stream of streams.values()) if (!stream.writableEnded) stream.end();
      await finished(error, { readable: false, signal: abort.signal }).catch(() => undefined);
      session.close();
    },
  };
}

function readSizes(stream: SpdyStream, sizes: TerminalSizes): void {
  const parser = new TerminalSizeParser();
  stream.on('data', (chunk: Buffer) => {
    for (const size of parser.push(chunk)) sizes.push(size);
  });
}
