import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Transcript {
  readonly name: string;
  readonly command: string;
  readonly exitCode: string;
  readonly terminal: boolean;
  readonly note: string;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
}

const folder = fileURLToPath(new URL('../../fixtures/vic-machine/', import.meta.url));

/** Names of the recorded runs of vic-machine; folder listings and settings dumps have no command and are left out. */
export function transcriptNames(): readonly string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.txt') && readFileSync(folder + file, 'utf8').includes('# command: '))
    .map((file) => file.slice(0, -4));
}

export function readTranscript(name: string): Transcript {
  const lines = readFileSync(`${folder}${name}.txt`, 'utf8').replace(/\n$/, '').split('\n');
  const split = lines.indexOf('---');
  const header = (key: string) =>
    lines
      .slice(0, split)
      .find((line) => line.startsWith(`# ${key}: `))
      ?.slice(key.length + 4) ?? '';
  const body = lines.slice(split + 1);
  const of = (...prefixes: readonly string[]) =>
    body.filter((line) => prefixes.some((prefix) => line.startsWith(prefix))).map((line) => line.replace(/^\w+~?\| ?/, ''));
  return {
    name,
    command: header('command'),
    exitCode: header('exit code'),
    terminal: header('terminal').startsWith('stdout is'),
    note: header('note'),
    stdout: of('out| ', 'out|', 'tty|', 'out~|').map((line) => line),
    stderr: of('err|', 'err~|'),
  };
}

/** Words of a recorded command line: single quotes keep blanks. */
export function words(command: string): readonly string[] {
  return [...command.matchAll(/(?:'[^']*'|[^\s'])+/g)].map(([word]) => word.replaceAll("'", ''));
}
