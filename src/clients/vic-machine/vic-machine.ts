/** The adapter: runs the binary, reads what it says, and turns it into results and VickErrors. */
import { join } from 'node:path';
import { messageOf, VickError } from '../../errors/vick-error.ts';
import type { Runner, RunResult } from '../../platform/runner.ts';
import { deleteArgv, inspectArgv, inspectConfigArgv, listArgv, targetEnvironment, updateFirewallArgv, vchCommandArgv } from './argv.ts';
import { parseCompletionFlags, parseHelpFlags } from './binary-flags.ts';
import { nextPhase, type CreatePhase } from './create-phase.ts';
import { failureOf } from './failure.ts';
import { parseConfiguration, parseInspection } from './inspect.ts';
import { appendLine, messagesAt, parseLine, type OutputLine } from './log-line.ts';
import { parseListTable } from './ls-table.ts';
import type { BinaryCommand, DeleteResult, RunContext, UpdateOptions, UpdateResult, VchReference, VicMachine, VicTarget } from './port.ts';
import { parseAddresses, parseSsh } from './result-block.ts';
import { nextUpdatePhase, type UpdatePhase } from './update-phase.ts';
import { judge, type VicCommand, type Verdict } from './verdict.ts';
import { parseVersionOutput } from './version.ts';

export interface VicMachineOptions {
  readonly binary: string;
  readonly runner: Runner;
  /** Environment of vick: handed on, without vick's own secrets and vic-machine's variables. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

export function createVicMachine({ binary, runner, env }: VicMachineOptions): VicMachine {
  const inherited = childEnvironment(env);

  const execute = async (
    args: readonly string[],
    target: VicTarget | undefined,
    context: RunContext,
    onLine?: (line: OutputLine) => void,
  ): Promise<RunResult> => {
    context.signal?.throwIfAborted();
    try {
      return await runner.run(
        { file: binary, args, cwd: context.workingDirectory, env: { ...inherited, ...(target === undefined ? {} : targetEnvironment(target)) } },
        {
          timeoutMs: context.limitMs,
          ...(context.signal === undefined ? {} : { signal: context.signal }),
          ...(context.onStart === undefined ? {} : { onStart: context.onStart }),
          onLine: (raw) => {
            context.onLine?.(raw);
            onLine?.(parseLine(raw));
          },
        },
      );
    } catch (error) {
      throw new VickError('VIC_MACHINE_FAILED', `${binary} could not be started: ${messageOf(error)}`, {
        hint: `Try it by hand: ${binary} version`,
        cause: error,
      });
    }
  };

  const command = async (
    name: VicCommand,
    args: readonly string[],
    target: VicTarget,
    context: RunContext,
  ): Promise<{ lines: readonly OutputLine[]; verdict: Verdict }> => {
    const lines: OutputLine[] = [];
    let phase: CreatePhase | undefined;
    let updatePhase: UpdatePhase | undefined;
    const result = await execute(args, target, context, (line) => {
      appendLine(lines, line);
      if (line.kind !== 'log') return;
      if ((line.level === 'warning' || line.level === 'error') && line.message.trim() !== '') context.onMessage?.(line.message.trim(), line.level);
      const next = nextPhase(phase, line.message);
      if (name === 'create' && next !== undefined && next !== phase) context.onPhase?.(next);
      phase = next;
      const nextUpdate = nextUpdatePhase(updatePhase, line.message);
      if (nextUpdate !== undefined && nextUpdate !== updatePhase) context.onUpdatePhase?.(nextUpdate);
      updatePhase = nextUpdate;
    });
    const verdict = judge(name, result.exitCode, lines);
    if (!verdict.succeeded || result.cancelled || result.timedOut) {
      const log = join(context.workingDirectory, 'vic-machine.log');
      throw failureOf({
        command: name,
        binary,
        args,
        target,
        result,
        verdict,
        lines,
        log,
        limitMs: context.limitMs,
        ...(name === 'create' && phase !== undefined ? { phase } : {}),
      });
    }
    return { lines, verdict };
  };

  const flags = async (name: BinaryCommand, context: RunContext): Promise<ReadonlySet<string>> => {
    const words = name.split(' ');
    const listed = parseCompletionFlags((await execute([...words, '--generate-bash-completion'], undefined, context)).stdout);
    if (listed.size > 0) return listed;
    const extended = name === 'create' || name === 'configure';
    return parseHelpFlags((await execute([...words, extended ? '-x' : '--help'], undefined, context)).stdout);
  };

  const update = async (
    name: 'configure' | 'upgrade',
    target: VicTarget,
    vch: VchReference,
    options: UpdateOptions,
    context: RunContext,
  ): Promise<UpdateResult> => {
    const kind = options.resetProgress === true ? 'reset progress' : name;
    const { lines, verdict } = await command(kind, vchCommandArgv(name, target, vch, options), target, context);
    return { id: parseAddresses(lines).id, problems: verdict.problems };
  };

  return {
    binary,
    version: async (context) => parseVersionOutput((await execute(['version'], undefined, context)).stdout),
    createFlags: (context) => flags('create', context),
    flags,
    create: async (argv, target, context) => {
      const { lines, verdict } = await command('create', argv, target, context);
      return { addresses: parseAddresses(lines), problems: verdict.problems };
    },
    list: async (target, options, context) => {
      const { lines } = await command('ls', listArgv(target, options), target, context);
      return parseListTable(lines.map((line) => (line.kind === 'text' ? line.text : ''))) ?? [];
    },
    inspect: async (target, vch, context, options) => {
      const { lines, verdict } = await command('inspect', inspectArgv(target, vch, options), target, context);
      return { ...parseInspection(lines), problems: verdict.problems };
    },
    inspectConfig: async (target, vch, context, options) =>
      parseConfiguration((await command('inspect config', inspectConfigArgv(target, vch, options), target, context)).lines),
    delete: async (target, vch, options, context) => {
      const { lines, verdict } = await command('delete', deleteArgv(target, vch, options), target, context);
      return deleteResult(lines, verdict);
    },
    configure: (target, vch, options, context) => update('configure', target, vch, options, context),
    upgrade: (target, vch, options, context) => update('upgrade', target, vch, options, context),
    debug: async (target, vch, options, context) => {
      const { lines, verdict } = await command('debug', vchCommandArgv('debug', target, vch, options), target, context);
      return { addresses: parseAddresses(lines), ssh: parseSsh(lines), problems: verdict.problems };
    },
    updateFirewall: async (target, options, context) => {
      const { lines, verdict } = await command('update firewall', updateFirewallArgv(target, options), target, context);
      const hosts = messagesAt(lines, ['info']).flatMap((message) => /^Ruleset "[^"]*" (?:en|dis)abled on host "(?:.* @ )?(.*)"$/.exec(message)?.[1] ?? []);
      return { hosts, problems: verdict.problems };
    },
  };
}

function deleteResult(lines: readonly OutputLine[], verdict: Verdict): DeleteResult {
  const warnings = messagesAt(lines, ['warning']);
  const start = warnings.findIndex((message) => message.startsWith('Since --force was not specified, the following volume stores will not be removed'));
  const kept =
    start < 0
      ? []
      : warnings
          .slice(start, start + 1)
          .flatMap((message) => message.split('\n').slice(1))
          .concat(start < 0 ? [] : warnings.slice(start + 1).filter((message) => /^\s+\S/.test(message)));
  return { id: parseAddresses(lines).id, problems: verdict.problems, keptVolumeStores: kept.map((store) => store.trim()).filter((store) => store !== '') };
}

/** Variables that must not reach the child as they are: secrets of vick, and those that would overrule the flags. */
const WITHHELD = new Set([
  'VICK_PASSWORD',
  'VICK_OPS_PASSWORD',
  'VICK_ROOTPW',
  'VIC_MACHINE_TARGET',
  'VIC_MACHINE_USER',
  'VIC_MACHINE_PASSWORD',
  'VIC_MACHINE_THUMBPRINT',
]);

function childEnvironment(env: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined && !WITHHELD.has(entry[0])));
}
