import { PassThrough } from 'node:stream';
import { writeTo } from '../../../clients/docker-engine/demultiplex.ts';
import type { PortLayer } from '../../../clients/port-layer/port.ts';
import { messageOf } from '../../../errors/vick-error.ts';
import type { SessionStreams } from '../../../kubelet/capabilities.ts';
import type { Clock } from '../../../platform/clock.ts';
import type { Log } from '../../../platform/log.ts';
import { itemsUntilAborted } from '../../../platform/until-aborted.ts';

export interface ConversationOptions {
  readonly portLayer: PortLayer;
  readonly clock: Clock;
  readonly log: Log;
  readonly taskId: string;
  /** Whether the end of the caller's input is the process's end of file. */
  readonly endsInput: boolean;
  /** Whether the task has ended, or was never launched: then a connection that is not there yet never comes. */
  readonly isOver?: (signal: AbortSignal) => Promise<boolean>;
  /** Where output comes from, until the signal aborts; default: from the task itself. Undefined: it has no connection. */
  readonly open?: (name: 'stdout' | 'stderr', signal: AbortSignal) => Promise<AsyncIterable<unknown> | undefined>;
}

/** Opens the connection before there is input; the server swallows it (vmware/vic lib/apiservers/portlayer, interaction handlers). */
const PRIMER = 'v1c#>';
/** How long standard error may still be looked for when standard output has ended. */
const STDERR_GRACE_MS = 1_000;
/** Between two looks at a task without a connection, for which a server waits 50 s. */
const LOOK_MS = 1_000;
/** How long the connection of a task that has ended may be under way. */
const ON_ITS_WAY_MS = 2_000;

/**
 * Carries bytes between a task and the caller until the task ends its output. All output is written when it resolves.
 * False: the task had no connection, because it ended first or was never launched.
 */
export async function converse(options: ConversationOptions, streams: SessionStreams, signal: AbortSignal): Promise<boolean> {
  const { clock } = options;
  const ended = new AbortController();
  const nobody = new AbortController();
  const until = AbortSignal.any([signal, ended.signal, nobody.signal]);
  const noStderr = new AbortController();
  const connected = { stderr: false };
  // Both at once: the first one that is open lets a held process go.
  const stdout = openOutput(options, 'stdout', until);
  const given = giveUpWhenOver(options, stdout, nobody, until);
  const stderr = streams.tty ? undefined : openOutput(options, 'stderr', AbortSignal.any([until, noStderr.signal]));
  void stderr?.then(
    () => (connected.stderr = true),
    () => undefined,
  );
  const sizes = followSizes(options, streams, until);
  let input: Promise<void> = Promise.resolve();
  try {
    const output = await stdout.catch((error: unknown) => {
      if (signal.aborted || !nobody.signal.aborted) throw error;
      return undefined;
    });
    if (output === undefined) return false;
    input = sendInput(options, streams, until);
    const errors = stderr?.then((readable) => copy(readable, streams.stderr, signal));
    // Awaited below; it must not count as unhandled until then.
    errors?.catch(() => undefined);
    await copy(output, streams.stdout, signal);
    if (errors !== undefined && !connected.stderr) {
      const cancel = clock.schedule(STDERR_GRACE_MS, () => !connected.stderr && noStderr.abort(new Error('the process has ended')));
      await errors.catch((error: unknown) => {
        if (!noStderr.signal.aborted) throw error;
      });
      cancel();
    } else await errors;
    signal.throwIfAborted();
    return true;
  } finally {
    ended.abort(new Error('the session has ended'));
    streams.stdout?.end();
    streams.stderr?.end();
    await Promise.allSettled([input, sizes, stderr, given]);
  }
}

async function openOutput({ portLayer, taskId, open }: ConversationOptions, name: 'stdout' | 'stderr', signal: AbortSignal) {
  return await (open === undefined ? portLayer.output(taskId, name, undefined, signal) : open(name, signal));
}

/** Aborts `nobody` when the task is over and no connection has come. */
async function giveUpWhenOver(
  { clock, log, isOver }: ConversationOptions,
  connection: Promise<unknown>,
  nobody: AbortController,
  signal: AbortSignal,
): Promise<void> {
  if (isOver === undefined) return;
  const settled = new AbortController();
  const done = (): void => settled.abort();
  void connection.then(done, done);
  const waiting = AbortSignal.any([signal, settled.signal]);
  try {
    for (let over = false; !over; over = await isOver(waiting)) await clock.sleep(LOOK_MS, waiting);
    await clock.sleep(ON_ITS_WAY_MS, waiting);
    nobody.abort(new Error('the task has ended'));
  } catch (error) {
    if (!waiting.aborted) log.debug('whether a task has ended cannot be told', { error: messageOf(error) });
  }
}

async function copy(from: AsyncIterable<unknown> | undefined, to: SessionStreams['stdout'], signal: AbortSignal): Promise<void> {
  if (from === undefined) return;
  for await (const chunk of from) await writeTo(to, Buffer.from(chunk as Uint8Array), signal);
}

async function sendInput({ portLayer, log, taskId, endsInput }: ConversationOptions, { stdin }: SessionStreams, signal: AbortSignal): Promise<void> {
  if (stdin === undefined || signal.aborted) return;
  const body = new PassThrough();
  const stop = (): void => void stdin.destroy();
  signal.addEventListener('abort', stop, { once: true });
  body.write(PRIMER);
  stdin.on('error', () => body.end());
  stdin.on('close', () => body.end());
  stdin.pipe(body);
  try {
    const reached = await portLayer.input(taskId, body, signal).catch((error: unknown) => {
      // The task may have ended before its input. One whose input was cut off waits for no more of it.
      log.debug('input did not reach its task', { error: messageOf(error) });
      return true;
    });
    if (reached && endsInput) await portLayer.closeInput(taskId, signal);
  } catch (error) {
    log.debug('input could not be ended', { error: messageOf(error) });
  } finally {
    stdin.unpipe(body);
    signal.removeEventListener('abort', stop);
  }
}

async function followSizes({ portLayer, log, taskId }: ConversationOptions, { tty, resize }: SessionStreams, signal: AbortSignal): Promise<void> {
  if (!tty || resize === undefined) return;
  for await (const size of itemsUntilAborted(resize, signal)) {
    await portLayer.resizeTerminal(taskId, size, signal).catch((error: unknown) => log.debug('a terminal could not be resized', { error: messageOf(error) }));
  }
}
