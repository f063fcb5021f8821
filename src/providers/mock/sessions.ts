/** Commands in containers that do not exist: answered from what is known of the container. */
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { ContainerAttach, ContainerExec, ContainerLogs, SessionStreams } from '../../kubelet/capabilities.ts';
import type { Clock } from '../../platform/clock.ts';
import type { MockBackEnd } from './back-end.ts';
import { isUnhealthy, type MockContainer, type MockPod } from './pods.ts';
import { contextOf } from './run-outcome.ts';
import { interpret, isPlainShell, type ScriptContext } from './script.ts';

export function mockExec(back: MockBackEnd, clock: Clock): ContainerExec {
  return {
    exec: async (target, command, streams, signal) => {
      const pod = back.pod(target.uid);
      const container = back.container(target);
      if (container.run.exit !== undefined) throw new Error(`the container ${target.container} does not run`);
      try {
        return await run(pod, container, command, streams, clock, signal);
      } finally {
        await Promise.all([end(streams.stdout), end(streams.stderr)]);
      }
    },
  };
}

export function mockAttach(back: MockBackEnd, logs: ContainerLogs): ContainerAttach {
  return {
    attach: async (target, streams, signal) => {
      const container = back.container(target);
      if (container.run.exit !== undefined) throw new Error(`the container ${target.container} does not run`);
      streams.stdin?.resume();
      const output = await logs.open(target, { follow: true, previous: false, timestamps: false, tailLines: 0 }, signal);
      for await (const chunk of output) await write(streams.stdout, chunk as Buffer);
      await Promise.all([end(streams.stdout), end(streams.stderr)]);
    },
  };
}

async function run(
  pod: MockPod,
  container: MockContainer,
  command: readonly string[],
  streams: SessionStreams,
  clock: Clock,
  signal: AbortSignal,
): Promise<number> {
  const { settings } = container;
  // A probe that runs a command goes by its exit code.
  if (isUnhealthy(container, clock.now())) return 1;
  if (settings['exec-output'] !== undefined || settings['exec-exit-code'] !== undefined) {
    await write(streams.stdout, settings['exec-output'] === undefined ? '' : `${settings['exec-output']}\n`);
    return settings['exec-exit-code'] ?? 0;
  }
  const context = contextOf(pod, container.run);
  if (isPlainShell(command) && streams.stdin !== undefined) return shell(streams.stdin, streams, context, clock, signal);
  if (command.length === 1 && command[0] === 'cat' && streams.stdin !== undefined) return copy(streams.stdin, streams.stdout, signal);
  return perform(command, streams, context, clock, signal);
}

async function perform(command: readonly string[], streams: SessionStreams, context: ScriptContext, clock: Clock, signal: AbortSignal): Promise<number> {
  const started = clock.now();
  const { output, endsAtMs, exitCode } = interpret(command, context, 'ends');
  for (const { atMs, text } of output) {
    await pause(clock, started + atMs - clock.now(), signal);
    await write(streams.stdout, streams.tty ? text.replaceAll('\n', '\r\n') : text);
  }
  await pause(clock, started + (endsAtMs ?? Number.POSITIVE_INFINITY) - clock.now(), signal);
  return exitCode;
}

/** Line by line, until its input ends or says exit. */
async function shell(input: Readable, streams: SessionStreams, context: ScriptContext, clock: Clock, signal: AbortSignal): Promise<number> {
  const prompt = async (): Promise<void> => (streams.tty ? write(streams.stdout, '$ ') : undefined);
  let rest = '';
  let code = 0;
  await prompt();
  for await (const chunk of input) {
    signal.throwIfAborted();
    const text = String(chunk);
    if (streams.tty) await write(streams.stdout, text.replaceAll(/\r\n?|\n/g, '\r\n'));
    const lines = (rest + text).split(/\r\n?|\n/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [, asked] = /^\s*exit(?:\s+(\d+))?\s*$/.exec(line) ?? (line.includes('\u0004') ? [line, String(code)] : []);
      if (/^\s*exit\b/.test(line) || line.includes('\u0004')) return Number(asked ?? code) & 255;
      if (line.trim() !== '') code = await perform(['sh', '-c', line], streams, context, clock, signal);
      await prompt();
    }
    if (rest.includes('\u0004')) return code;
  }
  if (rest.trim() !== '') code = await perform(['sh', '-c', rest], streams, context, clock, signal);
  return code;
}

async function copy(from: Readable, to: Writable | undefined, signal: AbortSignal): Promise<number> {
  for await (const chunk of from) {
    signal.throwIfAborted();
    await write(to, chunk as Buffer);
  }
  return 0;
}

async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (ms <= 0) return;
  if (Number.isFinite(ms)) await clock.sleep(ms, signal);
  else await once(signal, 'abort').then(() => signal.throwIfAborted());
}

async function write(to: Writable | undefined, data: Buffer | string): Promise<void> {
  if (to === undefined || to.destroyed || data.length === 0) return;
  if (!to.write(data)) await once(to, 'drain');
}

async function end(stream: Writable | undefined): Promise<void> {
  if (stream === undefined || stream.destroyed) return;
  stream.end();
  await finished(stream, { readable: false }).catch(() => undefined);
}
