/**
 * One line of vic-machine's output. Total: every text is a line of some kind, nothing throws.
 *
 * Formats (sirupsen/logrus TextFormatter; vmware/vic pkg/trace): `time="…" level=… msg="…"` in a pipe,
 * `INFO[0000] text` with colours on a terminal, `INFO[2016-…] text` in old releases, `Nov 23 2026 04:23:10.194Z ERROR text`
 * from a second logger, whose messages may spread over several raw lines.
 */
import { unquoteGo } from './go-string.ts';

export type LineLevel = 'debug' | 'info' | 'warning' | 'error' | 'fatal' | 'panic';

export type OutputLine =
  /** A message of one of the loggers. `origin` second: a message whose next raw lines may belong to it. */
  | { readonly kind: 'log'; readonly level: LineLevel; readonly message: string; readonly origin: 'pipe' | 'terminal' | 'second' }
  /** Help, tables, `Incorrect Usage`, anything else. */
  | { readonly kind: 'text'; readonly text: string };

const LEVELS: Readonly<Record<string, LineLevel>> = {
  debug: 'debug',
  debu: 'debug',
  info: 'info',
  warning: 'warning',
  warn: 'warning',
  error: 'error',
  erro: 'error',
  fatal: 'fatal',
  fata: 'fatal',
  panic: 'panic',
  pani: 'panic',
};

const COLOUR = /\x1b\[[0-9;]*[A-Za-z]/g;
const PIPE = /^time="[^"]*" level=(\w+)(.*)$/s;
const TERMINAL = /^([A-Z]{4,7})\[[^\]]*\] ?(.*)$/s;
const SECOND = /^[A-Z][a-z]{2} {1,2}\d{1,2} \d{4} \d{2}:\d{2}:\d{2}\.\d+(?:Z|[+-]\d{2}:?\d{2}) ([A-Z]{4,7}) +(.*)$/s;

/** Reads one raw line, with or without its line end and colours. */
export function parseLine(raw: string): OutputLine {
  const line = raw.replace(/\r?\n?$/, '').replace(COLOUR, '');
  return pipeLine(line) ?? plainLine(TERMINAL, line, 'terminal') ?? plainLine(SECOND, line, 'second') ?? { kind: 'text', text: line };
}

/** Reads a whole output; the further lines of a message of the second logger are put back into it. */
export function parseOutput(output: string): readonly OutputLine[] {
  const lines: OutputLine[] = [];
  for (const raw of output.split('\n')) appendLine(lines, parseLine(raw));
  const last = lines.at(-1);
  if (last?.kind === 'text' && last.text === '') lines.pop();
  return lines;
}

/** Adds `next` to `lines`, or joins it to the message it continues. */
export function appendLine(lines: OutputLine[], next: OutputLine): void {
  const previous = lines.at(-1);
  const continues =
    next.kind === 'text' && next.text !== '' && !next.text.startsWith('Incorrect Usage') && previous?.kind === 'log' && previous.origin === 'second';
  if (continues) lines[lines.length - 1] = { ...previous, message: `${previous.message}\n${next.text}` };
  else lines.push(next);
}

/** The messages of `lines` at one of `levels`, trimmed of trailing white space. */
export function messagesAt(lines: readonly OutputLine[], levels: readonly LineLevel[]): readonly string[] {
  return lines.flatMap((line) => (line.kind === 'log' && levels.includes(line.level) ? [line.message.trimEnd()] : []));
}

function pipeLine(line: string): OutputLine | undefined {
  const found = PIPE.exec(line);
  const level = LEVELS[found?.[1]?.toLowerCase() ?? ''];
  if (found === null || level === undefined) return undefined;
  return { kind: 'log', level, message: messageField(found[2] ?? ''), origin: 'pipe' };
}

/** The value of `msg` in the rest of a line: quoted, bare, absent (an empty message), or cut off in the middle. */
function messageField(rest: string): string {
  const start = / msg=/.exec(rest);
  if (start === null) return '';
  const value = rest.slice(start.index + start[0].length);
  if (!value.startsWith('"')) return /^\S*/.exec(value)?.[0] ?? '';
  return unquoteGo(value.slice(1, closingQuote(value)));
}

/** Index of the quote that ends the literal starting at 0; the end of the text when it was cut off. A loop, not a pattern: it must be linear. */
function closingQuote(value: string): number {
  for (let index = 1; index < value.length; index += 1) {
    const character = value[index];
    if (character === '\\') index += 1;
    else if (character === '"') return index;
  }
  return value.length;
}

function plainLine(pattern: RegExp, line: string, origin: 'terminal' | 'second'): OutputLine | undefined {
  const found = pattern.exec(line);
  const level = LEVELS[found?.[1]?.toLowerCase() ?? ''];
  if (found === null || level === undefined) return undefined;
  // On a terminal messages are padded to 44 columns; white space at the end carries no meaning anywhere.
  return { kind: 'log', level, message: (found[2] ?? '').trimEnd(), origin };
}
