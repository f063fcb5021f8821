import type { Duplex } from 'node:stream';
import { containerFailure } from '../../clients/docker-engine/container-failure.ts';
import { frames, unframed, writeTo } from '../../clients/docker-engine/demultiplex.ts';
import type { ContainerAttach, ContainerExec, ContainerTarget, SessionStreams, TerminalSize } from '../../kubelet/capabilities.ts';
import { messageOf } from '../../errors/vick-error.ts';
import type { DockerContext } from './context.ts';
import { findRun } from './find-container.ts';
import { itemsUntilAborted } from '../../platform/until-aborted.ts';

export function containerExec(context: DockerContext): ContainerExec {
  const { engine } = context;
  return {
    exec: async (target, command, streams, signal) => {
      const { tty } = streams;
      const wanted = { AttachStdin: streams.stdin !== undefined, AttachStdout: true, AttachStderr: !tty };
      const exec = await createExec(context, target, { Cmd: command, Tty: tty, ...wanted }, signal);
      const connection = await engine.startExec(exec, { tty }, signal);
      const outcome: { code?: number } = {};
      await converse(context, connection, streams, signal, {
        resize: (size, until) => engine.resizeExec(exec, size, until),
        ended: async (doubtful) => {
          const { ExitCode, Running } = await engine.inspectExec(exec, signal);
          if (Running === true) throw new Error(`the connection to the command in ${target.container} broke while it ran`);
          if (doubtful !== '' && NOT_LAUNCHED.includes(ExitCode)) throw new Error(doubtful.trim());
          outcome.code = ExitCode ?? 0;
        },
      });
      return outcome.code ?? 0;
    },
  };
}

type ExecSpec = Parameters<DockerContext['engine']['createExec']>[1];

/** In the run that was last seen to run, or else in the newest one. */
async function createExec(context: DockerContext, target: ContainerTarget, spec: ExecSpec, signal: AbortSignal): Promise<string> {
  const { engine, seen } = context;
  const known = seen.get(target.uid)?.running.get(target.container);
  if (known !== undefined) {
    try {
      return await engine.createExec(known, spec, signal);
    } catch (error) {
      // It has ended, or is gone.
      if (![404, 409].includes(httpStatusOf(error))) throw error;
    }
  }
  return await engine.createExec((await findRun(context, target, false, signal)).Id, spec, signal);
}

function httpStatusOf(error: unknown): number {
  const failure = containerFailure(error);
  return failure?.kind === 'refused' ? (failure.httpStatus ?? 0) : 0;
}

export function containerAttach(context: DockerContext): ContainerAttach {
  const { engine } = context;
  return {
    attach: async (target, streams, signal) => {
      const run = await findRun(context, target, false, signal);
      if (run.State?.Running !== true) throw new Error(`the container ${target.container} does not run`);
      const connection = await engine.attach(
        run.Id,
        { stdin: streams.stdin !== undefined, stdout: streams.stdout !== undefined, stderr: streams.stderr !== undefined },
        signal,
      );
      await converse(context, connection, { ...streams, tty: run.Config?.Tty === true }, signal, {
        resize: (size, until) => engine.resizeContainer(run.Id, size, until),
      });
    },
  };
}

/** Exit codes of a launch that failed, and what engines give that know none. */
const NOT_LAUNCHED: readonly unknown[] = [126, 127, -1, null];

interface Conversation {
  readonly resize: (size: TerminalSize, signal: AbortSignal) => Promise<void>;
  /**
   * All was read. `doubtful` is the output when it begins like the engine's own words, that it could not launch the
   * command: Docker says so on stdout, Podman on stderr. It is written unless this rejects.
   */
  readonly ended?: (doubtful: string) => Promise<void>;
}

interface Output {
  readonly stream: 'stdout' | 'stderr';
  readonly data: Buffer;
}

function textOf(outputs: readonly Output[]): string {
  return Buffer.concat(outputs.map(({ data }) => data)).toString('utf8', 0, 2000);
}

/** Carries bytes both ways until the process ends its side. All output is written when it resolves. */
async function converse(
  { log }: DockerContext,
  connection: Duplex,
  streams: SessionStreams,
  signal: AbortSignal,
  { resize, ended: atEnd }: Conversation,
): Promise<void> {
  const ended = new AbortController();
  const until = AbortSignal.any([signal, ended.signal]);
  const stop = (): void => void connection.destroy();
  signal.addEventListener('abort', stop, { once: true });
  const input = sendInput(connection, streams, until);
  const sizes = followSizes(streams, resize, until, (error) => {
    log.debug('a terminal could not be resized', { error: messageOf(error) });
  });
  try {
    let held: Output[] | undefined = atEnd === undefined ? undefined : [];
    const write = ({ stream, data }: Output): Promise<void> => writeTo(stream === 'stdout' ? streams.stdout : streams.stderr, data, signal);
    for await (const output of streams.tty ? unframed(connection) : frames(connection)) {
      held?.push(output);
      if (held !== undefined && held.length < HELD_LIMIT && LAUNCH_FAILURE.test(textOf(held))) continue;
      for (const each of held ?? [output]) await write(each);
      held = undefined;
    }
    signal.throwIfAborted();
    await atEnd?.(textOf(held ?? []));
    for (const each of held ?? []) await write(each);
  } finally {
    ended.abort();
    signal.removeEventListener('abort', stop);
    connection.destroy();
    streams.stdout?.end();
    streams.stderr?.end();
    await Promise.allSettled([input, sizes]);
  }
  signal.throwIfAborted();
}

async function sendInput(connection: Duplex, { stdin }: SessionStreams, signal: AbortSignal): Promise<void> {
  if (stdin === undefined) return;
  const stop = (): void => void stdin.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const chunk of stdin) await writeTo(connection, Buffer.from(chunk as Uint8Array), signal);
    // Half a close: output still comes.
    connection.end();
  } catch {
    // The session ended before its input.
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

async function followSizes(
  { tty, resize }: SessionStreams,
  apply: Conversation['resize'],
  signal: AbortSignal,
  onError: (error: unknown) => void,
): Promise<void> {
  if (!tty || resize === undefined) return;
  for await (const size of itemsUntilAborted(resize, signal)) await apply(size, signal).catch(onError);
}

const HELD_LIMIT = 16;
const LAUNCH_FAILURE = /^(Error: )?(OCI runtime exec failed|runc: exec failed|crun: .*(no such file|not found|permission denied))/i;
