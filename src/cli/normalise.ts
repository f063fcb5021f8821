import type { FlagSpec } from './spec.ts';
import { GLOBAL_FLAGS } from './specs/shared-flags.ts';
import { findCommand, findGroup, typedFlagsOf, valuedBelow, type Table } from './table.ts';

export interface NormalArgv {
  /** The command's words first, then everything else in its order. */
  readonly words: readonly string[];
  /** What followed `--`, for a command that passes it on. */
  readonly rest: readonly string[];
}

/**
 * Brings argv into the one order that the parser knows: flags may stand before and between the command's words
 * (`vick --context lab node list`), switches may carry a value (`--wait=false`), and what follows `--` is set aside
 * for commands that pass it on.
 */
export function normalise(argv: readonly string[], table: Table): NormalArgv {
  const valued = new Set(valuedBelow(table, []));
  const path: string[] = [];
  const moved: string[] = [];
  let index = 0;
  for (; index < argv.length; index += 1) {
    const word = argv[index] ?? '';
    if (word === '--') break;
    if (word.startsWith('-') && word !== '-') {
      // `--version` and `--help` before any command are requests of their own.
      moved.push(word);
      const next = argv[index + 1];
      if (valued.has(word) && next !== undefined) {
        moved.push(next);
        index += 1;
      }
      continue;
    }
    if (!begins(table, [...path, word])) break;
    path.push(word);
  }
  const spec = findCommand(table, path)?.spec;
  const tail = argv.slice(index);
  const flags = spec === undefined ? GLOBAL_FLAGS : typedFlagsOf(spec);
  const [mine, rest] = spec?.passThrough === true ? splitAtDashes(tail) : [tail, []];
  return { words: plainSwitches([...path, ...moved, ...mine], flags), rest };
}

/** Whether `words` name, or begin to name, something in the table. */
function begins(table: Table, words: readonly string[]): boolean {
  const command = findCommand(table, words);
  return findGroup(table, words) !== undefined || command?.length === words.length;
}

function splitAtDashes(words: readonly string[]): [readonly string[], readonly string[]] {
  const at = words.indexOf('--');
  return at === -1 ? [words, []] : [words.slice(0, at), words.slice(at + 1)];
}

function plainSwitches(words: readonly string[], flags: readonly FlagSpec[]): readonly string[] {
  const end = words.indexOf('--');
  return words.map((word, index) => {
    const bare = end === -1 || index < end ? flags.find((candidate) => candidate.bare !== undefined && word === `--${candidate.name}`) : undefined;
    if (bare?.bare !== undefined) return `${word}=${bare.bare}`;
    const match = end === -1 || index < end ? /^--([^=]+)=(true|false)$/.exec(word) : null;
    const flag =
      match === null ? undefined : flags.find((candidate) => candidate.name === match[1] && (candidate.kind === 'boolean' || candidate.bare !== undefined));
    if (match === null || flag === undefined) return word;
    if (flag.bare !== undefined) return `--${flag.name}=${match[2] === 'true' ? flag.bare : 'none'}`;
    if (match[2] === 'true') return `--${flag.name}`;
    return flag.name.startsWith('no-') ? `--${flag.name.slice(3)}` : `--no-${flag.name}`;
  });
}
