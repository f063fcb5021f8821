import type { Command, Runner, RunOptions, RunResult } from '../runner.ts';

/** Runner on execa, which is loaded at the first use only. */
export const execaRunner: Runner = { run };

async function run(command: Command, options: RunOptions = {}): Promise<RunResult> {
  const { execa } = await import('execa');
  const child = execa(command.file, command.args, {
    env: { ...command.env },
    extendEnv: false,
    reject: false,
    forceKillAfterDelay: options.killAfterMs ?? 10_000,
    killSignal: 'SIGINT',
    stripFinalNewline: false,
    maxBuffer: 64 * 1024 * 1024,
    ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
  });
  if (child.pid !== undefined) options.onStart?.(child.pid);
  const reading =
    options.onLine === undefined
      ? []
      : [pump(child.iterable({ from: 'stdout' }), 'stdout', options.onLine), pump(child.iterable({ from: 'stderr' }), 'stderr', options.onLine)];
  const [result] = await Promise.all([child, ...reading]);
  if (result.exitCode === undefined && result.signal === undefined && !result.timedOut && !result.isCanceled) {
    throw new Error(`cannot start ${command.file}`, { cause: (result as { cause?: unknown }).cause });
  }
  return {
    exitCode: result.exitCode,
    signal: result.signal,
    stdout: result.stdout,
    stderr: result.stderr,
    timedOut: result.timedOut,
    cancelled: result.isCanceled,
  };
}

async function pump(lines: AsyncIterable<unknown>, stream: 'stdout' | 'stderr', onLine: NonNullable<RunOptions['onLine']>): Promise<void> {
  try {
    for await (const line of lines) onLine(String(line), stream);
  } catch {
    // A killed child ends its streams with an error; how it ended is in the result.
  }
}
