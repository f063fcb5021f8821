import { EXIT_CODES } from '../errors/codes.ts';
import { VickError } from '../errors/vick-error.ts';
import { formatDuration } from './duration.ts';
import { usageOf } from './input.ts';
import type { Style } from './render/style.ts';
import type { CommandSpec, FlagSpec } from './spec.ts';
import { SECTIONS } from './specs/index.ts';
import { GLOBAL_FLAGS } from './specs/shared-flags.ts';
import { findCommand, findGroup, flagsOf, visibleCommands, type Table } from './table.ts';

/** Help for `path`: a command, a group, or vick as a whole for the empty path. */
export function renderHelp(table: Table, path: readonly string[], style: Style): string {
  if (path.length === 0) return rootHelp(table, style);
  const command = findCommand(table, path);
  if (command?.length === path.length) return commandHelp(command.spec, style);
  const group = findGroup(table, path);
  if (group !== undefined) return groupHelp(table, group, style);
  throw new VickError('USAGE', `there is no command or help topic "${path.join(' ')}"`, { hint: "See 'vick --help'." });
}

function rootHelp(table: Table, style: Style): string {
  const commands = visibleCommands(table);
  const width = Math.max(...commands.map((spec) => spec.path.join(' ').length));
  const sections = SECTIONS.map(({ title, words }) => ({
    title,
    specs: commands.filter((spec) =>
      words.length === 0 ? !SECTIONS.some((other) => other.words.includes(spec.path[0] ?? '')) : words.includes(spec.path[0] ?? ''),
    ),
  })).filter((section) => section.specs.length > 0);
  return page([
    'vick turns a vSphere Integrated Containers host (VCH) into a Kubernetes node.',
    block(style, 'Usage', ['vick <command> [flags]']),
    ...sections.map(({ title, specs }) =>
      block(
        style,
        title,
        specs.map((spec) => `${spec.path.join(' ').padEnd(width)}   ${spec.summary}`),
      ),
    ),
    block(style, 'Global flags', flagLines([...GLOBAL_FLAGS, { name: 'version', kind: 'boolean', description: 'print the version' }])),
    block(style, 'More', ['vick <command> --help', 'vick help flags | environment | exit-codes | errors']),
  ]);
}

function groupHelp(table: Table, group: { readonly path: readonly string[]; readonly summary: string }, style: Style): string {
  const commands = visibleCommands(table, group.path);
  const width = Math.max(0, ...commands.map((spec) => spec.path.join(' ').length));
  const name = group.path.join(' ');
  return page([
    sentence(group.summary),
    block(style, 'Usage', [`vick ${name} <command> [flags]`]),
    block(
      style,
      'Commands',
      commands.map((spec) => `${spec.path.join(' ').padEnd(width)}   ${spec.summary}`),
    ),
    `Use 'vick ${name} <command> --help' for the flags of a command.`,
  ]);
}

function commandHelp(spec: CommandSpec, style: Style): string {
  const args = spec.args ?? [];
  const width = Math.max(0, ...args.map((arg) => arg.name.length));
  return page([
    sentence(spec.summary),
    ...(spec.description === undefined ? [] : [spec.description]),
    block(style, 'Usage', [usageOf(spec), ...(spec.aliases ?? []).map((alias) => ['vick', ...spec.path.slice(0, -1), alias].join(' '))]),
    ...(args.length === 0
      ? []
      : [
          block(
            style,
            'Arguments',
            args.map((arg) => `${arg.name.padEnd(width)}   ${arg.description}`),
          ),
        ]),
    ...flagGroups(flagsOf(spec)).map(([title, flags]) => block(style, title, flagLines(flags))),
    block(style, 'Global flags', flagLines(GLOBAL_FLAGS)),
    ...(spec.exits === undefined
      ? []
      : [
          block(
            style,
            'Exit codes',
            spec.exits.map(({ code, when }) => `${EXIT_CODES[code]}   ${when}`),
          ),
        ]),
    ...(spec.examples.length === 0
      ? []
      : [
          block(
            style,
            'Examples',
            spec.examples.flatMap(({ say, run }) => [style.dim(`# ${say}`), run]),
          ),
        ]),
  ]);
}

function flagGroups(flags: readonly FlagSpec[]): readonly (readonly [string, readonly FlagSpec[]])[] {
  const groups = new Map<string, FlagSpec[]>();
  for (const flag of flags) {
    if (flag.hidden === true) continue;
    const title =
      flag.secret === true
        ? 'Secrets (by environment or prompt, never on the command line)'
        : flag.group === undefined || flag.group === 'Flags'
          ? 'Flags'
          : `${flag.group} flags`;
    groups.set(title, [...(groups.get(title) ?? []), flag]);
  }
  return [...groups];
}

/** `-o, --output FORMAT   how to print … (default: table)`, aligned. */
function flagLines(flags: readonly FlagSpec[]): readonly string[] {
  const names = flags.map((flag) => flagName(flag));
  const width = Math.min(34, Math.max(...names.map((name) => name.length)));
  return flags.map((flag, index) => `${(names[index] ?? '').padEnd(width)}   ${flag.description}${flagNotes(flag)}`);
}

/** `--timeout DURATION` with its short form; a secret is known by its variable. */
export function flagName(flag: FlagSpec): string {
  if (flag.secret === true) return (flag.env ?? []).join(', ');
  const short = flag.short === undefined ? '    ' : `-${flag.short}, `;
  return `${short}--${flag.name}${flag.kind === 'boolean' ? '' : ` ${flag.placeholder ?? flag.kind.toUpperCase()}`}`;
}

function flagNotes(flag: FlagSpec): string {
  const notes: string[] = [];
  if (flag.required === true) notes.push('required');
  if (flag.repeatable === true) notes.push('repeatable');
  if (flag.kind === 'enum' && flag.name !== 'output') notes.push(`one of: ${(flag.values ?? []).join(', ')}`);
  if (flag.default !== undefined && flag.default !== false && flag.default !== '') notes.push(`default: ${defaultText(flag)}`);
  if (flag.secret !== true && flag.env !== undefined && flag.env.length > 0) notes.push(flag.env.map((name) => `$${name}`).join(', '));
  return notes.length === 0 ? '' : ` (${notes.join('; ')})`;
}

export function defaultText(flag: FlagSpec): string {
  return flag.kind === 'duration' && typeof flag.default === 'number' ? formatDuration(flag.default) : String(flag.default);
}

function block(style: Style, title: string, lines: readonly string[]): string {
  return [style.bold(`${title}:`), ...lines.map((line) => `  ${line}`)].join('\n');
}

function page(parts: readonly string[]): string {
  return `${parts.join('\n\n')}\n`;
}

function sentence(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
}
