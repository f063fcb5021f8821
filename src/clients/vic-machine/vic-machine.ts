/** The adapter: runs the binary, reads what it says, and turns it into results and VickErrors. */
import { join } from 'node:path';
import { messageOf, VickError } from '../../errors/vick-error.ts';
import type { Runner, RunResult } from '../../platform/runner.ts';
import { deleteArgv, inspectArgv, inspectConfigArgv, listArgv, targetEnvironment } from './argv.ts';
import { nextPhase, type CreatePhase } from './create-phase.ts';
import { failureOf } from './failure.ts';
import { parseCompletionFlags, parseConfiguration, parseInspection } from './inspect.ts';
import { appendLine, messagesAt, parseLine, type OutputLine } from './log-line.ts';
import { parseListTable } from './ls-table.ts';
import type { DeleteResult, RunContext, VicMachine, VicTarget } from './port.ts';
import { parseAddresses } from './result-block.ts';
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
    const result = await execute(args, target, context, (line) => {
      appendLine(lines, line);
      if (line.kind !== 'log') return;
      if ((line.level === 'warning' || line.level === 'error') && line.message.trim() !== '') context.onMessage?.(line.message.trim(), line.level);
      const next = nextPhase(phase, line.message);
      if (name === 'create' && next !== undefined && next !== phase) context.onPhase?.(next);
      phase = next;
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

  return {
    binary,
    version: async (context) => parseVersionOutput((await execute(['version'], undefined, context)).stdout),
    createFlags: async (context) => parseCompletionFlags((await execute(['create', '--generate-bash-completion'], undefined, context)).stdout),
    create: async (argv, target, context) => {
      const { lines, verdict } = await command('create', argv, target, context);
      return { addresses: parseAddresses(lines), problems: verdict.problems };
    },
    list: async (target, options, context) => {
      const { lines } = await command('ls', listArgv(target, options), target, context);
      return parseListTable(lines.map((line) => (line.kind === 'text' ? line.text : ''))) ?? [];
    },
    inspect: async (target, vch, context) => {
      const { lines, verdict } = await command('inspect', inspectArgv(target, vch), target, context);
      return { ...parseInspection(lines), problems: verdict.problems };
    },
    inspectConfig: async (target, vch, context) => parseConfiguration((await command('inspect config', inspectConfigArgv(target, vch), target, context)).lines),
    delete: async (target, vch, options, context) => {
      const { lines, verdict } = await command('delete', deleteArgv(target, vch, options), target, context);
      return deleteResult(lines, verdict);
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
const WITHHELD = new Set(['VICK_PASSWORD', 'VIC_MACHINE_TARGET', 'VIC_MACHINE_USER', 'VIC_MACHINE_PASSWORD', 'VIC_MACHINE_THUMBPRINT']);

function childEnvironment(env: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined && !WITHHELD.has(entry[0])));
}
