import { isVickError, VickError } from '../../errors/vick-error.ts';
import type { ErrorCode } from '../../errors/codes.ts';
import type { RunResult } from '../../platform/runner.ts';
import { targetEnvironment } from './argv.ts';
import { classifyFailure, thumbprintIn } from './classify.ts';
import { remainsOf, type CreatePhase } from './create-phase.ts';
import type { OutputLine } from './log-line.ts';
import type { VicFailureDetails, VicTarget } from './port.ts';
import { renderCommand } from './render-command.ts';
import { updateStateOf } from './update-phase.ts';
import type { Verdict, VicCommand } from './verdict.ts';

export interface FailureInput {
  readonly command: VicCommand;
  readonly binary: string;
  readonly args: readonly string[];
  readonly target: VicTarget;
  readonly result: RunResult;
  readonly verdict: Verdict;
  readonly lines: readonly OutputLine[];
  readonly log: string;
  readonly limitMs: number;
  readonly phase?: CreatePhase;
}

/** A run that did not succeed, as an error with a stable code; its `details` are VicFailureDetails. */
export function failureOf(input: FailureInput): VickError {
  const { code, message, hint: general } = describe(input);
  // create's own --timeout is the wait for the node; everywhere else it is vic-machine's limit.
  const hint = input.command === 'create' ? general : general?.replaceAll('--vic-timeout', '--timeout');
  return new VickError(code, message, { details: detailsOf(input), ...(hint === undefined ? {} : { hint }) });
}

/** The details of a failure of vic-machine; undefined for any other error. */
export function vicFailureDetails(error: unknown): VicFailureDetails | undefined {
  const details = isVickError(error) ? error.details : undefined;
  return details !== undefined && 'issues' in details && 'command' in details ? (details as VicFailureDetails) : undefined;
}

function describe({ command, args, result, verdict, lines, log, limitMs }: FailureInput): { code: ErrorCode; message: string; hint: string | undefined } {
  const name = `vic-machine ${command === 'reset progress' ? `${args[0] ?? ''} --reset-progress` : command}`;
  if (result.cancelled) return { code: 'CANCELLED', message: `${name} was interrupted`, hint: undefined };
  if (result.timedOut) {
    return {
      code: 'VIC_MACHINE_TIMEOUT',
      message: `${name} did not end within ${Math.round(limitMs / 1000)} s and was stopped`,
      hint: `What it did so far is in ${log}.`,
    };
  }
  const known = classifyFailure(verdict.issues);
  const said = [...new Set(verdict.issues)].join('; ');
  if (verdict.kind === 'silent') {
    const end = result.signal === undefined ? `with exit code ${result.exitCode ?? 'none'}` : `by signal ${result.signal}`;
    const last = lines.map((line) => (line.kind === 'log' ? line.message : line.text).trim()).findLast((text) => text !== '');
    const said = last === undefined ? '; it said nothing' : `; the last it said was ${JSON.stringify(last.slice(0, 200))}`;
    return { code: 'VIC_MACHINE_FAILED', message: `${name} ended ${end} without saying that it succeeded${said}`, hint: `Its log may say why: ${log}.` };
  }
  const thumbprint = thumbprintIn(verdict.issues);
  const hint =
    known?.code === 'VIC_TARGET_CERTIFICATE' && thumbprint !== undefined
      ? `Compare this thumbprint with the host's own; if it is right, add --thumbprint ${thumbprint}.`
      : known?.hint;
  return { code: known?.code ?? 'VIC_MACHINE_FAILED', message: `${name} failed: ${said}${choices(verdict)}`, hint: hint ?? `More is in ${log}.` };
}

function choices(verdict: Verdict): string {
  return Object.entries(verdict.suggestions)
    .filter(([, values]) => values.length > 0)
    .map(([subject, values]) => ` (${subject} can be: ${values.join(', ')})`)
    .join('');
}

function detailsOf(input: FailureInput): VicFailureDetails {
  const { verdict, result, lines, phase } = input;
  const thumbprint = thumbprintIn(verdict.issues);
  const messages = lines.map((line) => (line.kind === 'log' ? line.message : line.text));
  return {
    command: renderCommand({ file: input.binary, args: input.args, env: targetEnvironment(input.target) }),
    exitCode: result.exitCode,
    issues: verdict.issues,
    suggestions: verdict.suggestions,
    log: input.log,
    ...(thumbprint === undefined ? {} : { thumbprint }),
    ...(input.command === 'create' ? { remains: remainsOf(messages) } : {}),
    ...(input.command === 'configure' || input.command === 'upgrade' ? { state: updateStateOf(messages) } : {}),
    ...(phase === undefined ? {} : { phase }),
  };
}
