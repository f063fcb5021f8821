/** One exec or attach, whatever carries it. */
import type { Readable, Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { messageOf } from '../../../errors/vick-error.ts';
import type { Clock } from '../../../platform/clock.ts';
import type { SessionStreams } from '../../capabilities.ts';
import type { Outcome } from './outcome.ts';
import type { TerminalSizes } from './terminal-sizes.ts';

/** Which streams the client asks for. */
export interface WantedStreams {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

export interface StreamTimes {
  readonly clock: Clock;
  /** Milliseconds without traffic after which a session ends. */
  readonly idleMs: number;
  /** Milliseconds a client has to open the streams it asked for. */
  readonly creationMs: number;
}

export interface CommandSession {
  readonly stdin: Readable | undefined;
  readonly stdout: Writable | undefined;
  readonly stderr: Writable | undefined;
  readonly resize: TerminalSizes;
  /** Aborts when the client is gone or nothing was heard of it for too long. */
  readonly signal: AbortSignal;
  /** Tells the client the outcome and takes leave. */
  finish(outcome: Outcome): Promise<void>;
}

/** What runs behind a session: resolves with the exit code once all output was written. */
export type CommandRunner = (streams: SessionStreams, signal: AbortSignal) => Promise<number>;

/** Runs a command on a session and tells its outcome. Never rejects. */
export async function serveCommand(session: CommandSession, tty: boolean, what: string, run: CommandRunner): Promise<Outcome> {
  const { stdin, stdout, stderr, resize, signal } = session;
  const streams: SessionStreams = {
    tty,
    ...(stdin === undefined ? {} : { stdin }),
    ...(stdout === undefined ? {} : { stdout }),
    ...(stderr === undefined ? {} : { stderr }),
    ...(tty ? { resize } : {}),
  };
  let outcome: Outcome;
  try {
    outcome = { exitCode: await run(streams, signal) };
  } catch (error) {
    outcome = { error: `error ${what} container: ${messageOf(error)}` };
  }
  resize.end();
  // What nobody reads any more is read away, so that the client's farewell is heard.
  stdin?.resume();
  await Promise.all([flushed(stdout, signal), flushed(stderr, signal)]);
  await session.finish(outcome);
  return outcome;
}

/** Ends a stream that its writer has not ended, and waits until everything was sent. */
async function flushed(stream: Writable | undefined, signal: AbortSignal): Promise<void> {
  if (stream === undefined || stream.destroyed) return;
  if (!stream.writableEnded) stream.end();
  await finished(stream, { readable: false, signal }).catch(() => undefined);
}
