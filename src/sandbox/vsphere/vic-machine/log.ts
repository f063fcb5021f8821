import { join } from 'node:path';
import type { Build } from './build.ts';
import { formatBuild } from './build.ts';
import { quote } from './go-text.ts';
import type { VicMachineIo } from './io.ts';

type Level = 'debug' | 'info' | 'warning' | 'error';

/** Name of the file that every run appends to in its current folder. */
export const LOG_FILE = 'vic-machine.log';

const TERMINAL: Readonly<Record<Level, { readonly tag: string; readonly colour: number }>> = {
  debug: { tag: 'DEBU', colour: 37 },
  info: { tag: 'INFO', colour: 34 },
  warning: { tag: 'WARN', colour: 33 },
  error: { tag: 'ERRO', colour: 31 },
};
const FILE_TAG: Readonly<Record<Level, string>> = { debug: 'DEBUG', info: 'INFO ', warning: 'WARN ', error: 'ERROR' };
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** What a command says: to its stream line by line, and with debug detail to vic-machine.log. */
export interface Logger {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
  /** `fields`: text appended after the message on the stream, as logrus appends fields. */
  debug(message: string, fields?: string): void;
  /** As the second logger of configure prints: another form, whatever the stream is; a message may have several lines. */
  second(level: 'info' | 'error', message: string): void;
  /** The same log on another stream and from another level on (inspect config --format raw: errors, on stderr). */
  redirect(stream: 'stdout' | 'stderr', from: Level): void;
  /** Prints debug lines on the stream too (--debug 1 and more). */
  verbose(): void;
  /** Resolves when every line is in the file. */
  flush(): Promise<void>;
}

/** Opens vic-machine.log in the current folder and says so on stderr, going on, when it cannot. */
export async function openLog(io: VicMachineIo, build: Build): Promise<Logger> {
  const path = join(io.cwd, LOG_FILE);
  const started = io.clock.monotonic();
  const operation = `op=${String(Math.floor(io.random.fraction() * 90_000) + 10_000)}.1`;
  const order: readonly Level[] = ['debug', 'info', 'warning', 'error'];
  let from: Level = 'info';
  let output = io.stdout;
  let writable = true;
  let pending: Promise<void> = Promise.resolve();
  try {
    await io.fs.appendFile(path, '', { mode: 0o644 });
  } catch (error) {
    writable = false;
    io.stderr.write(`Error opening logfile ${LOG_FILE}: open ${LOG_FILE}: ${goFileError(error)}\n`);
  }

  const toFile = (level: Level, message: string) => {
    if (!writable) {
      io.stderr.write('Failed to write to log, invalid argument\n');
      return;
    }
    const line = `${fileTime(io.clock.now())} ${FILE_TAG[level]} ${operation}: ${message}\n`;
    pending = pending.then(() => io.fs.appendFile(path, line)).catch(() => undefined);
  };
  const write = (level: Level, message: string, fields = '') => {
    toFile(level, message);
    if (order.indexOf(level) < order.indexOf(from)) return;
    const seconds = Math.floor((io.clock.monotonic() - started) / 1000);
    output.write((output.isTerminal ? terminalLine(level, message, seconds) : pipeLine(level, message, io.clock.now())) + fields + '\n');
  };

  write('debug', `[NewOperation] ${operation} [vic/cmd/vic-machine/common.NewOperation:27]`);
  write('debug', `Version ${formatBuild(build)}`);
  return {
    info: (message) => write('info', message),
    warn: (message) => write('warning', message),
    error: (message) => write('error', message),
    debug: (message, fields) => write('debug', message, fields),
    second: (level, message) => {
      toFile(level, message);
      output.write(`${fileTime(io.clock.now())} ${FILE_TAG[level]} ${message}\n`);
    },
    redirect: (stream, level) => {
      output = io[stream];
      from = level;
    },
    verbose: () => {
      from = 'debug';
    },
    flush: () => pending,
  };
}

/** One line as logrus writes it where stdout is no terminal; without its line end. */
function pipeLine(level: Level, message: string, now: number): string {
  const text = message === '' ? '' : ` msg=${/^[A-Za-z0-9.-]+$/.test(message) ? message : quote(message)}`;
  return `time="${localTime(now)}" level=${level}${text} `;
}

function terminalLine(level: Level, message: string, seconds: number): string {
  const { tag, colour } = TERMINAL[level];
  return `\u001b[${String(colour)}m${tag}\u001b[0m[${String(seconds).padStart(4, '0')}] ${message.padEnd(44)} `;
}

/** RFC 3339 with seconds in the local zone. */
function localTime(now: number): string {
  const offset = -new Date(now).getTimezoneOffset();
  const local = new Date(now + offset * 60_000).toISOString().slice(0, 19);
  if (offset === 0) return `${local}Z`;
  const minutes = Math.abs(offset);
  const zone = `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
  return `${local}${offset < 0 ? '-' : '+'}${zone}`;
}

function fileTime(now: number): string {
  const date = new Date(now);
  return `${MONTHS[date.getUTCMonth()] ?? ''} ${String(date.getUTCDate()).padStart(2, ' ')} ${String(date.getUTCFullYear())} ${date.toISOString().slice(11)}`;
}

const ERRNO: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EISDIR: 'is a directory',
  ENOTDIR: 'not a directory',
  EROFS: 'read-only file system',
  ENOSPC: 'no space left on device',
};

/** The words Go has for a failed file operation. */
export function goFileError(error: unknown): string {
  const code = (error as { code?: unknown }).code;
  if (typeof code === 'string') return ERRNO[code] ?? code;
  return error instanceof Error ? error.message : String(error);
}
