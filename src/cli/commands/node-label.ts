import { checkNodeChoice } from '../../operations/node/find-nodes.ts';
import { labelNodes } from '../../operations/node/label.ts';
import { looksLikeLabel, parseLabelChange } from '../../operations/node/label-spec.ts';
import type { CommandHandler } from '../spec.ts';
import { withKubernetes } from '../with-kubernetes.ts';
import { readChoice, splitWords, updateOutcome } from './node-update.ts';

export const runNodeLabel: CommandHandler = async (input, deps, signal) => {
  const { names, changes } = splitWords(input.args['NODE... LABEL'] as readonly string[], looksLikeLabel, 'label');
  const change = parseLabelChange(changes);
  const settings = readChoice(input, names);
  checkNodeChoice(settings.choice);
  const results = await withKubernetes(deps, input, (api) => labelNodes({ api, clock: deps.clock, random: deps.random }, { ...settings, change }, signal));
  return updateOutcome('NodeLabelResult', results, settings.dryRun, deps);
};
