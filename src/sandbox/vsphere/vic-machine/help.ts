import { COMMANDS, type CommandSpec } from './commands.ts';
import type { FlagSpec } from './flag-spec.ts';
import type { FlagValues } from './flag-values.ts';

const HELP_ROW = ['--help, -h', 'show help'] as const;

/** Help of the whole program. */
export function programHelp(program: string, version: string): string {
  const commands = [...COMMANDS.map(({ name, usage }) => [name, usage] as const), ['help, h', 'Shows a list of commands or help for one command'] as const];
  return [
    `NAME:\n   ${program} - Create and manage Virtual Container Hosts\n`,
    `USAGE:\n   ${program} [global options] command [command options] [arguments...]\n`,
    `VERSION:\n   ${version}\n`,
    `COMMANDS:\n${columns(commands, '     ')}`,
    `GLOBAL OPTIONS:\n${columns([HELP_ROW, ['--version, -v', 'print the version']], '   ')}`,
  ].join('\n');
}

/** Help of one command. Flags with values of VIC's own types show what was read for them as their default. */
export function commandHelp(
  program: string,
  command: CommandSpec,
  flags: readonly FlagSpec[],
  options: { readonly extended: boolean; readonly values?: FlagValues },
): string {
  const title = `NAME:\n   ${program} ${command.name} - ${command.usage}\n\n`;
  if (command.plain === true) return `${title}USAGE:\n   ${program} ${command.name} [arguments...]\n`;
  const subcommands = command.subcommands ?? [];
  const usage = `USAGE:\n   ${program} ${command.name}${subcommands.length > 0 ? ' command' : ''} [command options] [arguments...]\n\n`;
  const list = subcommands.map(({ name, usage: text }) => [name.split(' ').pop() ?? name, text] as const);
  const commands = list.length === 0 ? '' : `COMMANDS:\n${columns(list, '     ')}\n`;
  const shown = flags.filter((flag) => options.extended || flag.hidden !== true);
  const rows = shown.map((flag) => [names(flag), description(flag, options.values)] as const);
  const withHelp = options.extended || subcommands.length > 0 ? [...rows, HELP_ROW] : rows;
  return `${title}${usage}${commands}OPTIONS:\n${columns(withHelp, '   ')}   \n`;
}

function names({ name, alias, kind }: FlagSpec): string {
  const value = kind === 'bool' ? '' : ' value';
  if (alias === undefined) return `--${name}${value}`;
  return `--${name}${value}, ${alias.length > 1 ? '--' : '-'}${alias}${value}`;
}

const OWN_KINDS: readonly FlagSpec['kind'][] = ['url', 'optional-string', 'optional-int', 'optional-bool', 'shares'];

function description(flag: FlagSpec, values: FlagValues | undefined): string {
  const own = OWN_KINDS.includes(flag.kind);
  const shown = own ? (values?.optional(flag.name) ?? '<nil>') : flag.kind === 'string' && flag.default !== undefined ? `"${flag.default}"` : flag.default;
  const fallback = shown === undefined || (shown === '' && !own) ? '' : ` (default: ${shown})`;
  return `${flag.usage}${fallback}${flag.env === undefined ? '' : ` [$${flag.env}]`}`;
}

function columns(rows: readonly (readonly [string, string])[], indent: string): string {
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return rows.map(([left, right]) => `${indent}${left.padEnd(width)}${right.replaceAll('\n', `\n${' '.repeat(indent.length + width)}`)}\n`).join('');
}
