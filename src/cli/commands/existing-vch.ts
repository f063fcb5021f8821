/** Decodes what the commands on a VCH that is there have in common. */
import { VickError } from '../../errors/vick-error.ts';
import type { ExistingVch } from '../../operations/vch/existing-vch.ts';
import { readPassThrough, type PassThrough } from '../../operations/vch/pass-through.ts';
import type { RejoinedNode, RejoinRequest } from '../../operations/vch/rejoin.ts';
import type { Deps } from '../deps.ts';
import type { CommandInput, FlagSpec, Outcome } from '../spec.ts';
import { clusterChoice, nameArg, numberFlag, targetInput, textFlag } from './vch-input.ts';
import { vicWords } from './vic-words.ts';

/** NAME or --id; asks for the name on a terminal. The password is asked for last. */
export async function existingVch(input: CommandInput, deps: Deps): Promise<ExistingVch> {
  const id = textFlag(input, 'id')?.replace(/^VirtualMachine:/, '');
  const given = nameArg(input);
  if (given === '' && id === undefined && !deps.prompter.interactive) {
    throw new VickError('USAGE', 'which VCH is not said', { hint: 'Give its name, or --id ID as vick list vch shows it.' });
  }
  const name = given === '' ? (id === undefined ? await deps.prompter.text({ message: 'Name of the VCH', flag: 'NAME' }) : undefined) : given;
  return {
    name,
    id,
    computeResource: textFlag(input, 'compute-resource'),
    vicMachine: textFlag(input, 'vic-machine'),
    timeoutMs: numberFlag(input, 'timeout') ?? 0,
    target: await targetInput(input, deps),
  };
}

/** Flags that are handed on under their own names, then the words after `--`. */
export function handedOn(
  command: string,
  input: CommandInput,
  flags: readonly FlagSpec[],
  names: readonly string[],
  deps: Pick<Deps, 'cwd'>,
  more: readonly string[] = [],
): PassThrough {
  const chosen = names.length === 0 ? flags : flags.filter((flag) => names.includes(flag.name));
  return readPassThrough([...vicWords(input, chosen), ...more, ...input.rest], deps.cwd, { command });
}

/** Asks where somebody can answer; goes on where nobody can, since the command itself was explicit. */
export async function confirmOnTerminal(input: CommandInput, { prompter }: Pick<Deps, 'prompter'>, message: string): Promise<void> {
  if (input.flags['yes'] === true || !prompter.interactive) return;
  if (await prompter.confirm({ message, flag: '--yes', default: true })) return;
  throw new VickError('CANCELLED', 'Nothing was changed.');
}

export function rejoinInput(input: CommandInput): RejoinRequest {
  return {
    wait: input.flags['wait'] !== false,
    cluster: clusterChoice(input),
    clusterTyped: input.sources['kubeconfig'] === 'flag' || input.sources['context'] === 'flag',
    nodeTimeoutMs: numberFlag(input, 'node-timeout') ?? 0,
  };
}

/** The node in a result, as create gives it. */
export function rejoinedData(node: RejoinedNode | undefined): { readonly node: { readonly name: string; readonly ready: boolean | null } | null } {
  return { node: node === undefined ? null : { name: node.name, ready: node.ready ?? null } };
}

export function rejoinedText(node: RejoinedNode | undefined): readonly string[] {
  return node?.ready === true ? [`Node ${node.name} is Ready`] : [];
}

/** Problems on stderr, and exit code 8 for them. */
export function withProblems(outcome: Omit<Outcome, 'exit'>, problems: readonly string[], deps: Pick<Deps, 'reporter'>): Outcome {
  for (const problem of problems) deps.reporter.warn(problem);
  return { ...outcome, ...(problems.length === 0 ? {} : { exit: 'partial' as const }) };
}

/** `title:  value` rows, without those that have no value. */
export function lines(rows: readonly (readonly [string, string | undefined])[]): string {
  const shown = rows.flatMap(([title, value]) => (value === undefined || value === '' ? [] : [[title, value] as const]));
  const width = Math.max(0, ...shown.map(([title]) => title.length)) + 3;
  return shown.map(([title, value]) => `${`${title}:`.padEnd(width)}${value}`).join('\n');
}
