import { readdirSync, readFileSync } from 'node:fs';

const FOLDER = new URL('../fixtures/vic-machine/', import.meta.url);

/** One recorded run of vic-machine. */
export interface Transcript {
  readonly name: string;
  /** The command line after the binary, with its binary's name in `binary`. */
  readonly command: string;
  readonly exitCode: number | undefined;
  readonly signal: number | undefined;
  readonly terminal: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

export function readTranscript(name: string): Transcript {
  const text = readFileSync(new URL(`${name}.txt`, FOLDER), 'utf8');
  const [head = '', ...rest] = text.split('\n---\n');
  const header = (key: string): string => new RegExp(`^# ${key}: (.*)$`, 'm').exec(head)?.[1] ?? '';
  const lines = rest.join('\n---\n').split('\n');
  const stream = (prefixes: readonly string[]): string =>
    lines
      .flatMap((line) => {
        const found = prefixes.find((prefix) => line.startsWith(`${prefix}| `) || line === `${prefix}|`);
        if (found !== undefined) return [`${line.slice(found.length + 2)}\n`];
        const open = prefixes.find((prefix) => line.startsWith(`${prefix}~| `));
        return open === undefined ? [] : [line.slice(open.length + 3)];
      })
      .join('');
  const exit = header('exit code');
  const killed = /killed by signal (\d+)/.exec(exit)?.[1];
  return {
    name,
    command: header('command'),
    exitCode: /^\d+$/.test(exit) ? Number(exit) : undefined,
    signal: killed === undefined ? undefined : Number(killed),
    terminal: head.includes('stdout is a terminal'),
    stdout: stream(['out', 'tty']),
    stderr: stream(['err']),
  };
}

/** Every recorded run of a command line. */
export function allTranscripts(): readonly Transcript[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.txt'))
    .map((file) => readTranscript(file.replace(/\.txt$/, '')))
    .filter((transcript) => transcript.command !== '');
}
