import { basename } from 'node:path';
import { RELEASED, WOLFPACK, formatBuild, parseBuild, type Build } from './build.ts';
import { COMMANDS, flagsOf, type CommandSpec } from './commands.ts';
import { configure } from './configure.ts';
import { Crash, create } from './create.ts';
import { debug } from './debug.ts';
import { deleteVch } from './delete.ts';
import { commandHelp, programHelp } from './help.ts';
import { inspect } from './inspect.ts';
import { inspectConfig } from './inspect-config.ts';
import { CommandFailure, SilentFailure, type Invocation, type VicMachineIo } from './io.ts';
import { LOG_FILE, openLog, type Logger } from './log.ts';
import { ls } from './ls.ts';
import { parseFlags } from './parse.ts';
import { updateFirewall } from './update-firewall.ts';
import { upgrade } from './upgrade.ts';

/** Names the build that the stand-in acts as, for the script that starts it: `wolfpack`, `1.5.6`, or `VERSION-BUILD-COMMIT`. */
export const BUILD_VARIABLE = 'VICK_SANDBOX_VIC_MACHINE';

const RUNS: Readonly<Record<string, (run: Invocation) => Promise<void>>> = {
  create,
  configure,
  upgrade,
  debug,
  delete: deleteVch,
  ls,
  inspect,
  'inspect config': inspectConfig,
  'update firewall': updateFirewall,
};

/** Limits of commands whose --timeout covers the whole run; create's covers the wait alone. */
const WHOLE_RUN: Readonly<Record<string, string>> = {
  configure: 'Configure',
  debug: 'Debug',
  delete: 'Delete',
  ls: 'List',
  inspect: 'Inspect',
  'inspect config': 'Inspect',
  'update firewall': 'Update',
};

/** Runs the stand-in for vic-machine; `argv` without the program's name. Resolves with the exit code. Rejects only when interrupted. */
export async function runVicMachine(argv: readonly string[], io: VicMachineIo): Promise<number> {
  const build = buildOf(io.env[BUILD_VARIABLE]);
  const program = basename(io.program);
  const log = await openLog(io, build);
  try {
    return await dispatch(argv, io, program, build, log);
  } finally {
    await log.flush();
  }
}

function buildOf(setting: string | undefined): Build {
  if (setting === '1.5.6' || setting === 'v1.5.6') return RELEASED;
  return (setting === undefined ? undefined : parseBuild(setting)) ?? WOLFPACK;
}

async function dispatch(argv: readonly string[], io: VicMachineIo, program: string, build: Build, log: Logger): Promise<number> {
  const { stdout } = io;
  const version = formatBuild(build);
  const [first, ...rest] = argv;
  if (first === undefined || isHelp(first)) {
    stdout.write(programHelp(program, version));
    return 0;
  }
  if (['-v', '--v', '-version', '--version'].includes(first)) {
    stdout.write(`${program} version ${version}\n`);
    return 0;
  }
  if (first === '--generate-bash-completion') {
    stdout.write([...COMMANDS.map(({ name }) => name), 'help', 'h'].map((name) => `${name}\n`).join(''));
    return 0;
  }
  if (first.startsWith('-') && first !== '-') {
    stdout.write(`Incorrect Usage: flag provided but not defined: -${first.replace(/^--?/, '').split('=')[0] ?? ''}\n\n${programHelp(program, version)}`);
    return 0;
  }
  if (first === 'help' || first === 'h') return help(rest, io, program, build);
  const command = COMMANDS.find(({ name }) => name === first);
  if (command === undefined) {
    io.stderr.write(`No help topic for '${first}'\n`);
    return 3;
  }
  return carryOut(command, rest, { io, program, build, log });
}

function help(words: readonly string[], io: VicMachineIo, program: string, build: Build): number {
  const [topic] = words;
  if (topic === undefined) {
    io.stdout.write(programHelp(program, formatBuild(build)));
    return 0;
  }
  const command = COMMANDS.find(({ name }) => name === topic);
  if (command === undefined) {
    io.stderr.write(`No help topic for '${topic}'\n`);
    return 3;
  }
  io.stdout.write(commandHelp(program, command, flagsOf(command.name, build), { extended: false }));
  return 0;
}

interface Setting {
  readonly io: VicMachineIo;
  readonly program: string;
  readonly build: Build;
  readonly log: Logger;
}

async function carryOut(command: CommandSpec, argv: readonly string[], setting: Setting): Promise<number> {
  const { io, program, build } = setting;
  const { stdout } = io;
  const flags = flagsOf(command.name, build);
  const show = (extended: boolean) => commandHelp(program, command, flags, { extended });
  if (command.plain === true) {
    stdout.write(argv.some(isHelp) ? show(false) : `${program} version ${formatBuild(build)}\n`);
    return 0;
  }
  if (argv.at(-1) === '--generate-bash-completion') {
    const names = flags.flatMap(({ name, alias }) => [`--${name}`, ...(alias === undefined ? [] : [`${alias.length > 1 ? '--' : '-'}${alias}`])]);
    const words = command.subcommands === undefined ? [] : ['help', ...command.subcommands.map(({ name }) => name.split(' ').pop() ?? name)];
    stdout.write([...words, ...names].map((name) => `${name}\n`).join(''));
    return 0;
  }
  const sub = command.subcommands?.find(({ name }) => name === `${command.name} ${argv[0] ?? ''}`);
  if (sub !== undefined) return carryOut(sub, argv.slice(1), setting);
  const parsed = parseFlags(flags, argv, io.env);
  if (parsed.kind === 'help') {
    stdout.write(show(false));
    return 0;
  }
  if (parsed.kind === 'incorrect') {
    stdout.write(`Incorrect Usage: ${parsed.message}\n\n${commandHelp(program, command, flags, { extended: false, values: parsed.values })}`);
    return 0;
  }
  if (parsed.values.bool('extended-help')) {
    stdout.write(commandHelp(program, command, flags, { extended: true, values: parsed.values }));
    return 0;
  }
  if (command.name === 'update') {
    const [word] = parsed.args;
    if (word === undefined || word === 'help' || word === 'h') stdout.write(show(false));
    else io.stderr.write(`No help topic for '${word}'\n`);
    return word === undefined || word === 'help' || word === 'h' ? 0 : 3;
  }
  if (command.name === 'inspect' && ['help', 'h'].includes(parsed.args[0] ?? '')) {
    stdout.write(show(false));
    return 0;
  }
  return execute({ ...setting, command: command.name, flags: parsed.values, args: parsed.args, signal: io.signal });
}

async function execute(run: Invocation): Promise<number> {
  const { io, log, program, command, flags } = run;
  log.debug(`[BEGIN] [vic/cmd/vic-machine/${command}.processParams]`);
  if ((flags.number('debug') ?? 0) > 0) log.verbose();
  const name = command === 'inspect' ? 'inspect ' : command;
  const fail = (reason: string) => {
    log.error('--------------------');
    log.error(`${program} ${name} failed: ${reason}\n`);
    return 1;
  };
  const work = RUNS[command];
  if (work === undefined) return fail(`${command} is not known`);
  const limit = new AbortController();
  const verb = WHOLE_RUN[command];
  const cancel =
    verb === undefined ? () => undefined : io.clock.schedule(flags.number('timeout') ?? 0, () => limit.abort(new Error('context deadline exceeded')));
  try {
    await work({ ...run, signal: AbortSignal.any([io.signal, limit.signal]) });
    return 0;
  } catch (error) {
    if (io.signal.aborted) throw io.signal.reason as Error;
    if (limit.signal.aborted) return fail(`${verb ?? ''} timed out: use --timeout to add more time`);
    if (error instanceof SilentFailure) return 0;
    if (error instanceof CommandFailure) return fail(error.message);
    const stack = error instanceof Error && !(error instanceof Crash) ? (error.stack ?? error.message) : String(error);
    log.debug(stack);
    log.error('--------------------');
    log.error(`${program} failed, please check log file ${LOG_FILE} for details`);
    return 0;
  } finally {
    cancel();
  }
}

function isHelp(word: string): boolean {
  return ['-h', '--h', '-help', '--help'].includes(word);
}
