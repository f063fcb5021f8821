import { VickError } from '../../errors/vick-error.ts';
import { configureVch, refuseOptionsBeside, type ConfiguredVch } from '../../operations/vch/configure.ts';
import type { OptionChange } from '../../operations/vch/config-difference.ts';
import { titleOf, type ExistingVch } from '../../operations/vch/existing-vch.ts';
import { readPassThrough } from '../../operations/vch/pass-through.ts';
import { checkOptions } from '../../operations/vch/rules/check-options.ts';
import type { CommandHandler, CommandInput } from '../spec.ts';
import { CONFIGURE_VIC_FLAGS } from '../specs/vic-flags.ts';
import { confirmOnTerminal, existingVch, rejoinedData, rejoinedText, rejoinInput, withProblems } from './existing-vch.ts';
import { isOn, nameArg, textFlag } from './vch-input.ts';
import { operationsPassword, optionsOf, vicWords } from './vic-words.ts';

export const runConfigureVch: CommandHandler = async (input, deps, signal) => {
  const mode = modeOf(input);
  const dryRun = textFlag(input, 'dry-run') === 'client';
  const words = [...vicWords(input, CONFIGURE_VIC_FLAGS), ...input.rest];
  const given = readPassThrough(words, deps.cwd, { complete: false, command: 'configure' });
  if (mode !== 'change') refuseOptionsBeside(mode, given.flags);
  checkOptions(optionsOf(input, [], given), `configure vch ${nameArg(input)}`, { strictProxies: false });
  const vch = await existingVch(input, deps);
  const secret = await operationsPassword(input, deps, { ask: !dryRun });
  const extra = readPassThrough([...secret, ...words], deps.cwd, { complete: !dryRun, command: 'configure' });
  const confirm = async (changes: readonly OptionChange[]): Promise<void> => {
    for (const change of changes) deps.reporter.info(describeChange(change));
    if (mode === 'change' && changes.length === 0) deps.reporter.info('No setting changes; the endpoint VM is only restarted.');
    if (mode !== 'reset') await confirmOnTerminal(input, deps, `${mode === 'rollback' ? 'Roll back' : 'Configure'} ${titleOf(vch)}? Its endpoint VM restarts`);
  };
  const result = await configureVch({ ...vch, ...rejoinInput(input), mode, extra, dryRun, force: isOn(input, 'force'), confirm }, deps, signal);
  return withProblems(
    {
      data: {
        apiVersion: 'vick.dev/v1alpha1',
        kind: 'VchConfiguration',
        name: vch.name ?? null,
        id: result.id ?? vch.id ?? null,
        outcome: result.outcome,
        changes: result.changes,
        ...(dryRun ? { args: result.words } : {}),
        ...rejoinedData(result.node),
        problems: result.problems,
      },
      text: [summary(result, vch), ...rejoinedText(result.node)].join('\n'),
      names: [`vch/${titleOf(vch)}`],
    },
    result.problems,
    deps,
  );
};

function modeOf(input: CommandInput): 'change' | 'rollback' | 'reset' {
  if (isOn(input, 'rollback') && isOn(input, 'reset-progress')) {
    throw new VickError('USAGE', '--rollback and --reset-progress exclude each other', { hint: 'Give one of them.' });
  }
  return isOn(input, 'rollback') ? 'rollback' : isOn(input, 'reset-progress') ? 'reset' : 'change';
}

function summary(result: ConfiguredVch, vch: ExistingVch): string {
  const changes = result.changes.map((change) => `  ${describeChange(change)}`);
  switch (result.outcome) {
    case 'planned':
      return [
        changes.length === 0 ? `No setting of ${titleOf(vch)} would change; its endpoint VM would restart.` : `Would change in ${titleOf(vch)}:`,
        ...changes,
        `Words for vic-machine configure: ${result.words.join(' ')}`,
      ].join('\n');
    case 'unchanged':
      return `VCH ${titleOf(vch)} unchanged`;
    case 'configured':
      return [`VCH ${titleOf(vch)} configured`, ...changes].join('\n');
    case 'rolled-back':
      return `VCH ${titleOf(vch)} rolled back`;
    case 'reset':
      return `VCH ${titleOf(vch)} is no longer marked as being updated`;
  }
}

/** `--memory: 4096 → 8192`. */
function describeChange({ option, from, to }: OptionChange): string {
  const show = (values: readonly string[]): string => (values.filter((value) => value !== '').length === 0 ? '(not set)' : values.join(', '));
  return `${option}: ${show(from)} → ${show(to)}`;
}
