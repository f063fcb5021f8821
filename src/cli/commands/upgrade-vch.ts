import { VickError } from '../../errors/vick-error.ts';
import { titleOf, type ExistingVch } from '../../operations/vch/existing-vch.ts';
import { upgradeVch, type UpgradedVch, type UpgradePlan } from '../../operations/vch/upgrade.ts';
import type { CommandHandler, CommandInput } from '../spec.ts';
import { upgradeVchSpec } from '../specs/upgrade-vch.ts';
import { confirmOnTerminal, existingVch, handedOn, rejoinedData, rejoinedText, rejoinInput, withProblems } from './existing-vch.ts';
import { isOn, textFlag } from './vch-input.ts';

export const runUpgradeVch: CommandHandler = async (input, deps, signal) => {
  const mode = modeOf(input);
  const dryRun = textFlag(input, 'dry-run') === 'client';
  const extra = handedOn('upgrade', input, upgradeVchSpec.flags, ['debug'], deps);
  const vch = await existingVch(input, deps);
  const confirm = async (plan: UpgradePlan): Promise<void> => {
    if (mode === 'upgrade') deps.reporter.info(`version: ${plan.from?.text ?? 'unknown'} → ${plan.to?.text ?? 'unknown'}`);
    if (mode !== 'reset') await confirmOnTerminal(input, deps, `${mode === 'rollback' ? 'Roll back' : 'Upgrade'} ${titleOf(vch)}? Its endpoint VM restarts`);
  };
  const images = { applianceIso: textFlag(input, 'appliance-iso'), bootstrapIso: textFlag(input, 'bootstrap-iso') };
  const result = await upgradeVch({ ...vch, ...rejoinInput(input), ...images, mode, force: isOn(input, 'force'), extra, dryRun, confirm }, deps, signal);
  const { plan } = result;
  return withProblems(
    {
      data: {
        apiVersion: 'vick.dev/v1alpha1',
        kind: 'VchUpgrade',
        name: vch.name ?? null,
        id: result.id ?? vch.id ?? null,
        outcome: result.outcome,
        from: plan.from?.text ?? null,
        to: plan.to?.text ?? null,
        images: { appliance: plan.applianceIso ?? null, bootstrap: plan.bootstrapIso ?? null },
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

function modeOf(input: CommandInput): 'upgrade' | 'rollback' | 'reset' {
  if (isOn(input, 'rollback') && isOn(input, 'reset-progress')) {
    throw new VickError('USAGE', '--rollback and --reset-progress exclude each other', { hint: 'Give one of them.' });
  }
  return isOn(input, 'rollback') ? 'rollback' : isOn(input, 'reset-progress') ? 'reset' : 'upgrade';
}

function summary({ outcome, plan, words }: UpgradedVch, vch: ExistingVch): string {
  const name = titleOf(vch);
  switch (outcome) {
    case 'planned':
      return [
        `Would ${plan.mode === 'upgrade' ? `upgrade ${name} from ${plan.from?.text ?? 'an unknown version'} to ${plan.to?.text ?? 'an unknown version'}` : `run on ${name}`}`,
        `Words for vic-machine upgrade: ${words.join(' ')}`,
      ].join('\n');
    case 'unchanged':
      return `VCH ${name} unchanged: ${plan.from?.text ?? 'its version'} is the version of vic-machine or newer`;
    case 'upgraded':
      return `VCH ${name} upgraded to ${plan.to?.text ?? 'the version of vic-machine'}`;
    case 'rolled-back':
      return `VCH ${name} rolled back`;
    case 'reset':
      return `VCH ${name} is no longer marked as being updated`;
  }
}
