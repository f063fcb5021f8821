/** `vick configure vch`: read what is → show the difference → vic-machine configure. */
import { redactArgs } from '../../clients/vic-machine/render-command.ts';
import type { RunContext, VicMachine } from '../../clients/vic-machine/port.ts';
import { isVickError, messageOf, VickError } from '../../errors/vick-error.ts';
import { refuseUnknownFlags } from './binary-flags.ts';
import { optionChanges, repeatedWords, type OptionChange } from './config-difference.ts';
import { referenceOf, titleOf, vchContext, type ExistingVch } from './existing-vch.ts';
import type { PassThrough } from './pass-through.ts';
import { PhaseReport } from './phase-report.ts';
import type { VchDeps } from './ports.ts';
import { changeAndRejoin, type ChangeResult, type RejoinedNode, type RejoinRequest } from './rejoin.ts';
import { explainUpdate } from './update-failure.ts';
import { openVicMachine } from './vic-session.ts';

export interface ConfigureVchRequest extends ExistingVch, RejoinRequest {
  /** `reset`: clear the mark of an update that died · `rollback`: undo the last one. */
  readonly mode: 'change' | 'rollback' | 'reset';
  readonly extra: PassThrough;
  readonly dryRun: boolean;
  /** Runs even when nothing would be different. */
  readonly force: boolean;
  /** Shows the difference and asks; throws when the answer is no. */
  readonly confirm: (changes: readonly OptionChange[]) => Promise<void>;
}

export interface ConfiguredVch {
  readonly id: string | undefined;
  readonly outcome: 'configured' | 'unchanged' | 'rolled-back' | 'reset' | 'planned';
  readonly changes: readonly OptionChange[];
  /** Words that would be, or were, handed to vic-machine, without secrets. */
  readonly words: readonly string[];
  /** Undefined: none was looked for or found. */
  readonly node: RejoinedNode | undefined;
  readonly problems: readonly string[];
}

/** Time for the roll-back after vic-machine's own limit. */
const ROLLBACK_ALLOWANCE_MS = 15 * 60_000;
const QUERY_LIMIT_MS = 5 * 60_000;

export async function configureVch(request: ConfigureVchRequest, deps: VchDeps, signal: AbortSignal): Promise<ConfiguredVch> {
  const session = await openVicMachine(deps, request.vicMachine);
  const { vic } = session;
  const context = await vchContext(request, session, deps, signal, { allowanceMs: ROLLBACK_ALLOWANCE_MS, make: !request.dryRun });
  const modeFlag = request.mode === 'change' ? [] : [request.mode === 'reset' ? '--reset-progress' : '--rollback'];
  await refuseUnknownFlags(vic, 'configure', [...request.extra.flags, ...modeFlag], context);
  const plan =
    request.mode === 'change' ? await difference(request, vic, deps, { ...context, limitMs: QUERY_LIMIT_MS }) : { changes: [], words: [], settled: false };
  const words = [...modeFlag, ...plan.words, ...request.extra.words];
  const shown = redactArgs(words);
  const rest = { changes: plan.changes, words: shown, node: undefined, problems: [] };
  if (request.dryRun) return { ...rest, id: undefined, outcome: 'planned' };
  if (plan.settled && plan.changes.length === 0 && !request.force) return { ...rest, id: request.id, outcome: 'unchanged', words: [] };
  await request.confirm(plan.changes);
  signal.throwIfAborted();
  const run = async (): Promise<ChangeResult> => {
    const steps = new PhaseReport(deps.reporter);
    try {
      const options = { words, timeoutMs: request.timeoutMs, resetProgress: request.mode === 'reset' };
      const result = await vic.configure(request.target, referenceOf(request), options, { ...context, ...steps.callbacks() });
      steps.done();
      return { ...result, restarted: true };
    } catch (error) {
      steps.fail();
      throw explainUpdate(error, 'configure', request);
    }
  };
  // Clearing the mark restarts nothing.
  const wait = request.wait && request.mode !== 'reset';
  const done = request.mode === 'rollback' ? 'rolled back' : 'configured';
  const { id, node, problems } = await changeAndRejoin({ ...request, wait }, { done, run }, session, deps, signal);
  const outcome = { change: 'configured', rollback: 'rolled-back', reset: 'reset' } as const;
  return { ...rest, id, outcome: outcome[request.mode], node, problems };
}

interface Difference {
  readonly changes: readonly OptionChange[];
  /** Options to repeat so that vic-machine takes the new ones. */
  readonly words: readonly string[];
  /** Both sides are known, so that no change means: nothing to do. */
  readonly settled: boolean;
}

async function difference(request: ConfigureVchRequest, vic: VicMachine, deps: VchDeps, query: RunContext): Promise<Difference> {
  const asked = request.extra.values;
  if (asked.size === 0) return { changes: [], words: [], settled: false };
  const step = deps.reporter.step(`Read the settings of ${titleOf(request)}`);
  try {
    const current = await vic.inspectConfig(request.target, referenceOf(request), query);
    step.done();
    return { changes: optionChanges(asked, current), words: repeatedWords(asked, current), settled: true };
  } catch (error) {
    step.fail(isVickError(error) ? undefined : messageOf(error));
    if (!isVickError(error) || query.signal?.aborted === true || DECISIVE.has(error.code)) throw error;
    deps.reporter.warn(`The present settings cannot be read, so no difference can be shown: ${messageOf(error)}`);
    const unknown = optionChanges(asked, {});
    return { changes: unknown, words: [], settled: false };
  }
}

/** What configure would fail with as well. */
const DECISIVE: ReadonlySet<string> = new Set([
  'VIC_TARGET_UNREACHABLE',
  'VIC_TARGET_CERTIFICATE',
  'VIC_TARGET_LOGIN',
  'VCH_NOT_FOUND',
  'VIC_MACHINE_TIMEOUT',
  'CANCELLED',
]);

/** USAGE for options that make no sense beside --rollback or --reset-progress. */
export function refuseOptionsBeside(mode: 'rollback' | 'reset', given: ReadonlySet<string>): void {
  const others = [...given].filter((flag) => !['--debug', '-v', '--force', '-f'].includes(flag));
  if (others.length === 0) return;
  const flag = mode === 'reset' ? '--reset-progress' : '--rollback';
  throw new VickError('USAGE', `${flag} changes nothing else, so ${others.join(', ')} would be ignored`, { hint: `Give ${flag} alone.` });
}
