import { taintNodes } from '../../operations/node/taint.ts';
import { looksLikeTaint, parseTaintChange } from '../../operations/node/taint-spec.ts';
import { checkNodeChoice } from '../../operations/node/find-nodes.ts';
import type { CommandHandler } from '../spec.ts';
import { withKubernetes } from '../with-kubernetes.ts';
import { readChoice, splitWords, updateOutcome } from './node-update.ts';

export const runNodeTaint: CommandHandler = async (input, deps, signal) => {
  const { names, changes } = splitWords(input.args['NODE... TAINT'] as readonly string[], looksLikeTaint, 'taint');
  const change = parseTaintChange(changes);
  const settings = readChoice(input, names);
  checkNodeChoice(settings.choice);
  const results = await withKubernetes(deps, input, (api) => taintNodes({ api, clock: deps.clock, random: deps.random }, { ...settings, change }, signal));
  return updateOutcome('NodeTaintResult', results, settings.dryRun, deps);
};
