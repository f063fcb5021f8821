import { isVickError, messageOf, VickError } from '../../errors/vick-error.ts';
import { createLog, type Log } from '../../platform/log.ts';
import { parseKubeletArgv } from './argv.ts';
import { openLogFile } from './log-file.ts';
import { defaultLogFile } from './options.ts';
import type { KubeletTools } from './port.ts';
import { resolveSettings } from './providers.ts';
import { runKubelet } from './run.ts';
import type { KubeletFlags, KubeletSettings } from './settings.ts';

/**
 * The drop-in for /sbin/virtual-kubelet: takes the argv and environment of VIC's kubelet-starter, logs where the VCH's
 * portal looks, and resolves with the exit code. Aborting `signal` is the ordinary end: 0.
 */
export async function runVirtualKubelet(argv: readonly string[], tools: KubeletTools, signal: AbortSignal): Promise<number> {
  try {
    const settings = await readSettings(parseKubeletArgv(argv), tools);
    await withLogFile(settings.logFile ?? defaultLogFile(tools.env), settings, tools, (log) => runKubelet(settings, tools, log, signal));
    return 0;
  } catch (error) {
    if (signal.aborted && !isVickError(error)) return 0;
    const failure = isVickError(error) ? error : new VickError('BUG', messageOf(error), { cause: error });
    const hint = failure.hint === undefined ? '' : `\n  ${failure.hint}`;
    tools.streams.stderr.write(`error: ${failure.message} [${failure.code}]${hint}\n`);
    return failure.exitCode;
  }
}

/** `vick kubelet run`: the same kubelet in the foreground of a terminal or a service manager, logging to stderr or to `--log-file`. */
export async function runKubeletInForeground(flags: KubeletFlags, tools: KubeletTools, signal: AbortSignal): Promise<void> {
  const settings = await readSettings(flags, tools);
  if (settings.logFile !== undefined) {
    await withLogFile(settings.logFile, settings, tools, (log) => runKubelet(settings, tools, log, signal));
    return;
  }
  const write = (line: string): void => {
    tools.streams.stderr.write(line);
  };
  await runKubelet(settings, tools, createLog({ clock: tools.clock, level: settings.logLevel, write }), signal);
}

/** Settings from flags, environment and the file that `--provider-config` names. */
async function readSettings(flags: KubeletFlags, tools: Pick<KubeletTools, 'env' | 'fs'>): Promise<KubeletSettings> {
  const path = flags['provider-config'];
  if (typeof path !== 'string' || path === '') return resolveSettings({ flags, env: tools.env });
  const text = await tools.fs.readText(path).catch((error: unknown) => {
    throw new VickError('KUBELET_CONFIG', `--provider-config: ${path} cannot be read: ${messageOf(error)}`, { cause: error });
  });
  return resolveSettings({ flags, env: tools.env, file: { path, text } });
}

/** Everything goes into the file; warnings and errors also to stderr, which the starter keeps in memory. */
async function withLogFile(path: string, settings: KubeletSettings, tools: KubeletTools, work: (log: Log) => Promise<void>): Promise<void> {
  const stderr = (line: string): void => {
    tools.streams.stderr.write(line);
  };
  const file = await openLogFile(tools.fs, path, (message) => {
    stderr(`${message}\n`);
  });
  const log = createLog({
    clock: tools.clock,
    level: settings.logLevel,
    write: (line) => {
      file.write(line);
      if (/ level=(warn|error) /.test(line)) stderr(line);
    },
  });
  try {
    await work(log);
  } catch (error) {
    log.error('the kubelet ends', { error: messageOf(error) });
    throw error;
  } finally {
    await file.flush();
  }
}
