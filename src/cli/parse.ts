/**
 * argv → which command with which raw words. commander does the work on a program generated from the table; what it
 * reports is turned into usage errors here. Values are decoded later (`input.ts`), so that all of them can be judged
 * together and a help request wins over a wrong value.
 */
import { Command, CommanderError, Option } from 'commander';
import { VickError } from '../errors/vick-error.ts';
import { normalise } from './normalise.ts';
import type { CommandSpec, FlagSpec } from './spec.ts';
import { nearestFlag } from './suggest-flag.ts';
import { GLOBAL_FLAGS } from './specs/shared-flags.ts';
import { findCommand, typedFlagsOf, visibleCommands, type Table } from './table.ts';

export type Parsed =
  | { readonly kind: 'command'; readonly spec: CommandSpec; readonly words: readonly string[]; readonly flags: RawFlags; readonly rest: readonly string[] }
  | { readonly kind: 'help'; readonly path: readonly string[] }
  | { readonly kind: 'version' };

/** What was typed: text for a value, true or false for a switch, a list for a repeatable flag. Absent: not typed. */
export type RawFlags = Readonly<Record<string, string | boolean | readonly string[]>>;

/** USAGE for anything the table does not know, with the nearest thing it does know. */
export function parseArgv(argv: readonly string[], table: Table): Parsed {
  const { words, rest } = normalise(argv, table);
  let parsed: Parsed | undefined;
  const program = buildProgram(table, words, (result) => {
    parsed = result.kind === 'command' ? { ...result, rest } : result;
  });
  try {
    program.parse([...words], { from: 'user' });
  } catch (error) {
    if (error instanceof HelpRequest) return { kind: 'help', path: error.path };
    if (error instanceof VersionRequest) return { kind: 'version' };
    if (error instanceof CommanderError) throw usageError(error, words, table);
    throw error;
  }
  return parsed ?? { kind: 'help', path: [] };
}

class VersionRequest extends Error {}

class HelpRequest extends Error {
  readonly path: readonly string[];
  constructor(path: readonly string[]) {
    super('help');
    this.path = path;
  }
}

/** Only what was typed gets its flags: a tenth of a start would go into the options of commands that do not run. */
function buildProgram(table: Table, words: readonly string[], found: (parsed: Parsed) => void): Command {
  const typed = findCommand(table, words)?.spec.path ?? groupPath(words, table);
  const isTyped = (path: readonly string[]): boolean => path.every((word, index) => typed[index] === word);
  const program = new Command('vick');
  quieten(program, []);
  program.addOption(new Option('--version'));
  onHelp(program, () => (program.opts()['version'] === true ? new VersionRequest() : new HelpRequest([])));
  const nodes = new Map<string, Command>([['', program]]);
  const nodeOf = (path: readonly string[]): Command => {
    const known = nodes.get(path.join(' '));
    if (known !== undefined) return known;
    const created = nodeOf(path.slice(0, -1)).command(path.at(-1) ?? '', { hidden: isHidden(table, path) });
    if (isTyped(path)) quieten(created, path);
    nodes.set(path.join(' '), created);
    return created;
  };
  for (const group of table.groups) nodeOf(group.path).aliases([...(group.aliases ?? [])]);
  for (const spec of table.commands) {
    const command = nodeOf(spec.path).aliases([...(spec.aliases ?? [])]);
    if (isTyped(spec.path)) addCommand(command, spec, found);
  }
  return program;
}

/** Hidden things are not suggested for a misspelling. */
function isHidden(table: Table, path: readonly string[]): boolean {
  return visibleCommands(table, path.slice(0, -1)).every((spec) => !path.every((word, index) => spec.path[index] === word));
}

/** Makes a command throw instead of exit, print nothing by itself, and leave help to us. */
function quieten(command: Command, path: readonly string[]): void {
  command
    .exitOverride()
    .configureOutput({ writeOut: () => undefined, writeErr: () => undefined })
    .helpOption(false)
    .helpCommand(false)
    .enablePositionalOptions()
    .allowExcessArguments(false);
  for (const flag of GLOBAL_FLAGS) addFlag(command, flag);
  onHelp(command, () => new HelpRequest(path));
}

/** commander calls `help` when a group stands alone. */
function onHelp(command: Command, request: () => Error): void {
  Object.assign(command, {
    help: () => {
      throw request();
    },
  });
}

function addCommand(command: Command, spec: CommandSpec, found: (parsed: Parsed) => void): void {
  // Every argument is optional here: a missing one may still be asked for.
  for (const arg of spec.args ?? []) command.argument(arg.variadic === true ? `[${arg.name}...]` : `[${arg.name}]`);
  const flags = typedFlagsOf(spec);
  for (const flag of flags) if (!GLOBAL_FLAGS.includes(flag)) addFlag(command, flag);
  command.action(() => {
    const raw = readFlags(command, flags);
    found(raw['help'] === true ? { kind: 'help', path: spec.path } : { kind: 'command', spec, words: command.args, flags: raw, rest: [] });
  });
}

function addFlag(command: Command, flag: FlagSpec): void {
  const short = flag.short === undefined ? '' : `-${flag.short}, `;
  if (flag.kind === 'boolean') {
    command.addOption(new Option(`${short}--${flag.name}`));
    // `--wait=false`, as kubectl takes it, arrives as `--no-wait` (see normalise.ts).
    if (!flag.name.startsWith('no-')) command.addOption(new Option(`--no-${flag.name}`));
    return;
  }
  const option = new Option(`${short}--${flag.name} <value>`);
  if (flag.repeatable === true) option.argParser((value: string, before: readonly string[] | undefined) => [...(before ?? []), value]);
  command.addOption(option);
}

function readFlags(command: Command, flags: readonly FlagSpec[]): RawFlags {
  const raw: Record<string, string | boolean | readonly string[]> = {};
  for (const flag of flags) {
    const negated = flag.kind === 'boolean' && flag.name.startsWith('no-');
    const key = new Option(`--${flag.name}`).attributeName();
    if (command.getOptionValueSource(key) !== 'cli') continue;
    const value = command.getOptionValue(key) as string | boolean | readonly string[];
    raw[flag.name] = negated ? value === false : value;
  }
  return raw;
}

/** commander's complaint in our words: `error: unknown option '--tagret'\n(Did you mean --target?)`. */
function usageError(error: CommanderError, words: readonly string[], table: Table): VickError {
  const [first = '', ...more] = error.message.replace(/^error: /, '').split('\n');
  const spec = findCommand(table, words)?.spec;
  const unknown = /^unknown option '([^']*)/.exec(first)?.[1];
  const flags = spec === undefined ? GLOBAL_FLAGS : typedFlagsOf(spec);
  const suggestion = unknown === undefined ? /\(Did you mean (.*)\?\)/.exec(more.join(' '))?.[1] : nearestFlag(unknown, flags);
  const see = `See 'vick ${[...(spec?.path ?? groupPath(words, table)), '--help'].join(' ')}'.`;
  // A value may be a secret, and the name is enough.
  const message = (unknown === undefined ? first : `unknown flag '${unknown.replace(/=.*$/s, '')}'`).replace(
    /^option '([^' ]+(?:, [^' ]+)?)[^']*' argument missing/,
    "flag '$1' needs a value",
  );
  return new VickError('USAGE', message, {
    hint: suggestion === undefined ? see : `Did you mean ${suggestion.replace('one of ', '').replaceAll(', ', ' or ')}? ${see}`,
  });
}

function groupPath(words: readonly string[], table: Table): readonly string[] {
  return table.groups.find((group) => group.path.every((word, index) => words[index] === word))?.path ?? [];
}
