/** Looking things up in the command table: what parsing, help and completions all ask of it. */
import type { CommandSpec, FlagSpec } from './spec.ts';
import type { GroupSpec } from './specs/index.ts';
import { GLOBAL_FLAGS } from './specs/shared-flags.ts';

export interface Table {
  readonly commands: readonly CommandSpec[];
  readonly groups: readonly GroupSpec[];
}

/** The command's own flags, with `-o` where it has outputs. */
export function flagsOf(spec: CommandSpec): readonly FlagSpec[] {
  const outputs = spec.outputs ?? [];
  const [first] = outputs;
  if (first === undefined) return spec.flags;
  return [
    ...spec.flags,
    {
      name: 'output',
      short: 'o',
      kind: 'enum',
      values: outputs,
      default: first,
      placeholder: 'FORMAT',
      description: `how to print the result: ${outputs.join(', ')}`,
      group: 'Output',
    },
  ];
}

/** The flags that may be typed on the command line, globals last. */
export function typedFlagsOf(spec: CommandSpec): readonly FlagSpec[] {
  return [...flagsOf(spec), ...GLOBAL_FLAGS].filter((flag) => flag.secret !== true);
}

/** Every spelling of a path: `node taint`, `nodes taint`. Aliases of a command stand for its last word. */
export function spellings(table: Table, path: readonly string[]): readonly (readonly string[])[] {
  const choices = path.map((word, index) => [word, ...aliasesAt(table, path.slice(0, index + 1))]);
  return choices.reduce<string[][]>((all, words) => all.flatMap((start) => words.map((word) => [...start, word])), [[]]);
}

/** The command that `words` begin with, and how many of the words name it; the longest path wins. */
export function findCommand(table: Table, words: readonly string[]): { readonly spec: CommandSpec; readonly length: number } | undefined {
  let found: { spec: CommandSpec; length: number } | undefined;
  for (const spec of table.commands) {
    if (spec.path.length <= (found?.length ?? 0)) continue;
    if (spellings(table, spec.path).some((path) => startsWith(words, path))) found = { spec, length: spec.path.length };
  }
  return found;
}

/** The group that `words` are exactly the name of, in its main spelling. */
export function findGroup(table: Table, words: readonly string[]): GroupSpec | undefined {
  return table.groups.find((group) => group.path.length === words.length && spellings(table, group.path).some((path) => startsWith(words, path)));
}

/** Groups that have a visible command, so that an empty one is not offered. */
export function usedGroups(table: Table): readonly GroupSpec[] {
  return table.groups.filter((group) => visibleCommands(table, group.path).length > 0);
}

export function visibleCommands(table: Table, under: readonly string[] = []): readonly CommandSpec[] {
  return table.commands.filter((spec) => spec.hidden !== true && spec.path.length > under.length && startsWith(spec.path, under));
}

/** Every spelling of those flags whose next word is their value. */
export function valuedFlags(flags: readonly FlagSpec[]): readonly string[] {
  return flags.filter((flag) => flag.kind !== 'boolean' && flag.bare === undefined).flatMap(spellingsOf);
}

/** The same for a place before the command's name, where only what no command takes as a switch can be told. */
export function valuedBelow(table: Table, under: readonly string[]): readonly string[] {
  const flags = visibleCommands(table, under).flatMap((spec) => typedFlagsOf(spec));
  const switches = new Set(flags.filter((flag) => flag.kind === 'boolean').flatMap(spellingsOf));
  return [...new Set(valuedFlags(flags))].filter((name) => !switches.has(name));
}

function spellingsOf(flag: FlagSpec): readonly string[] {
  return flag.short === undefined ? [`--${flag.name}`] : [`-${flag.short}`, `--${flag.name}`];
}

function aliasesAt(table: Table, path: readonly string[]): readonly string[] {
  const same = (other: { readonly path: readonly string[] }): boolean => other.path.length === path.length && startsWith(other.path, path);
  return [...(table.groups.find(same)?.aliases ?? []), ...(table.commands.find(same)?.aliases ?? [])];
}

function startsWith(words: readonly string[], path: readonly string[]): boolean {
  return path.every((word, index) => words[index] === word);
}
