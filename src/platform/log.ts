import { redact } from '../errors/redact.ts';
import { rfc3339, type Clock } from './clock.ts';

type LogFields = Readonly<Record<string, unknown>>;
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Structured log for long-running parts (kubelet, sandbox). Commands talk through the reporter instead. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** The same log with `fields` on every line. */
  with(fields: LogFields): Log;
}

export interface LogOptions {
  readonly write: (line: string) => void;
  readonly clock: Clock;
  readonly level?: LogLevel;
  readonly fields?: LogFields;
}

const ORDER: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** Lines of `time=… level=… msg="…" key=value`, as the VCH's own services write them; secrets are redacted. */
export function createLog(options: LogOptions): Log {
  const threshold = ORDER.indexOf(options.level ?? 'info');
  const emit =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}) => {
      if (ORDER.indexOf(level) < threshold) return;
      const all = Object.entries({ ...options.fields, ...fields }).filter(([, value]) => value !== undefined);
      const tail = all.map(([key, value]) => ` ${key}=${quote(value)}`).join('');
      options.write(redact(`time=${rfc3339(options.clock.now())} level=${level} msg=${JSON.stringify(message)}${tail}`) + '\n');
    };
  return {
    debug: emit('debug'),
    info: emit('info'),
    warn: emit('warn'),
    error: emit('error'),
    with: (fields) => createLog({ ...options, fields: { ...options.fields, ...fields } }),
  };
}

function quote(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(value.message);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /^[\w./:@-]+$/.test(text) ? text : JSON.stringify(text);
}

/** A log that says nothing. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  with: () => silentLog,
};
