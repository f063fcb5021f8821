/** The reference pages of `vick help`, made from the same tables that the program runs on. */
import { ERROR_CODES, EXIT_CODES, type ExitName } from '../errors/codes.ts';
import { defaultText, flagName } from './help.ts';
import { columns } from './render/columns.ts';
import type { Style } from './render/style.ts';
import type { FlagSpec } from './spec.ts';
import type { HELP_TOPICS } from './specs/help.ts';
import { GLOBAL_FLAGS } from './specs/shared-flags.ts';
import { flagsOf, visibleCommands, type Table } from './table.ts';

export function renderTopic(topic: (typeof HELP_TOPICS)[number], table: Table, style: Style): string {
  switch (topic) {
    case 'flags':
      return flagsPage(table, style);
    case 'environment':
      return environmentPage(table);
    case 'exit-codes':
      return exitCodesPage(table);
    case 'errors':
      return errorsPage();
  }
}

function flagsPage(table: Table, style: Style): string {
  const line = (flag: FlagSpec): string[] => [
    `  ${flagName(flag)}`,
    `${flag.description}${flag.default === undefined || flag.default === false ? '' : ` (default: ${defaultText(flag)})`}`,
  ];
  const page = (title: string, flags: readonly FlagSpec[]): string =>
    `${style.bold(title)}\n${columns(flags.filter((flag) => flag.hidden !== true).map(line))}`;
  const commands = visibleCommands(table).filter((spec) => flagsOf(spec).length > 0);
  return [page('Every command', GLOBAL_FLAGS), ...commands.map((spec) => page(`vick ${spec.path.join(' ')}`, flagsOf(spec)))].join('\n');
}

/** Variables that are not the twin of a flag. */
const PLAIN_VARIABLES: readonly (readonly [string, string])[] = [
  ['KUBECONFIG', 'kubeconfig files, as kubectl reads them'],
  ['NO_COLOR', 'no colours, whatever the terminal'],
  ['FORCE_COLOR', 'colours also in a pipe; 0 means none'],
  ['VICK_STATE_DIR', 'where the sandbox keeps its state (default: $XDG_STATE_HOME/vick, ~/.local/state/vick)'],
];

function environmentPage(table: Table): string {
  const rows = new Map<string, { readonly description: string; readonly commands: Set<string> }>();
  const note = (flag: FlagSpec, command: string): void => {
    for (const name of flag.env ?? []) {
      const row = rows.get(name) ?? {
        description: flag.secret === true ? flag.description : `--${flag.name}: ${flag.description}`,
        commands: new Set<string>(),
      };
      row.commands.add(command);
      rows.set(name, row);
    }
  };
  for (const flag of GLOBAL_FLAGS) note(flag, 'every command');
  for (const spec of visibleCommands(table)) for (const flag of spec.flags) if (flag.hidden !== true) note(flag, spec.path.join(' '));
  for (const [name, description] of PLAIN_VARIABLES) if (!rows.has(name)) rows.set(name, { description, commands: new Set(['every command']) });
  const sorted = [...rows].sort(([a], [b]) => a.localeCompare(b));
  return `A flag beats its variable; an empty variable counts as unset.\n\n${columns([['VARIABLE', 'USED BY', 'MEANING'], ...sorted.map(([name, row]) => [name, [...row.commands].join(', '), row.description])])}`;
}

const EXIT_MEANINGS: Readonly<Record<ExitName, string>> = {
  ok: 'done',
  failure: 'something failed',
  usage: 'the command line or a configuration is not valid; nothing was touched',
  conflict: 'something exists already, or was changed meanwhile',
  auth: 'credentials or permissions do not suffice',
  notFound: 'something that was named does not exist',
  preflight: 'a check before the start failed; nothing was touched',
  timeout: 'something did not happen in time',
  partial: 'some of the work was done, some was not',
  interrupted: 'stopped by the operator (Ctrl-C)',
};

function exitCodesPage(table: Table): string {
  const rows = Object.entries(EXIT_CODES).map(([name, code]) => [String(code), EXIT_MEANINGS[name as ExitName]]);
  const outcomes = visibleCommands(table).flatMap((spec) =>
    (spec.exits ?? []).map(({ code, when }) => [`vick ${spec.path.join(' ')}`, String(EXIT_CODES[code]), when]),
  );
  return [columns([['CODE', 'MEANING'], ...rows]), columns([['COMMAND', 'CODE', 'WHEN'], ...outcomes])].join('\n');
}

function errorsPage(): string {
  const rows = Object.entries(ERROR_CODES).map(([code, facts]) => [code, String(EXIT_CODES[facts.exit]), facts.meaning]);
  return `With -o json an error is one line on stderr: {"error":{"code","message","hint","details"}}.\n\n${columns([['ERROR', 'EXIT', 'MEANING'], ...rows])}`;
}
