import { VickError } from '../../errors/vick-error.ts';
import { deleteVch, type DeletedVch } from '../../operations/vch/delete.ts';
import type { Deps } from '../deps.ts';
import type { CommandHandler, CommandInput, Outcome } from '../spec.ts';
import { clusterChoice, isOn, nameArg, numberFlag, targetInput, textFlag } from './vch-input.ts';

export const runDeleteVch: CommandHandler = async (input, deps, signal) => {
  const deleteVolumes = isOn(input, 'delete-volumes');
  refuseUnconfirmable(input, deps);
  const deleted = await deleteVch(
    {
      name: nameArg(input),
      target: await targetInput(input, deps),
      id: textFlag(input, 'id')?.replace(/^VirtualMachine:/, ''),
      computeResource: textFlag(input, 'compute-resource'),
      cluster: clusterChoice(input),
      vicMachine: textFlag(input, 'vic-machine'),
      drain: {
        force: isOn(input, 'force'),
        deleteEmptydirData: isOn(input, 'delete-emptydir-data'),
        ignoreDaemonsets: isOn(input, 'ignore-daemonsets'),
        disableEviction: isOn(input, 'disable-eviction'),
        gracePeriod: numberFlag(input, 'grace-period'),
        timeoutMs: numberFlag(input, 'timeout') ?? 0,
      },
      deleteVolumes,
      keepNode: isOn(input, 'keep-node'),
      keepFiles: isOn(input, 'keep-files'),
      timeoutMs: numberFlag(input, 'timeout') ?? 0,
      confirm: (summary) => confirm(input, deps, summary),
    },
    deps,
    signal,
  );
  return outcomeOf(deleted, deps);
};

/** Where nobody can answer, the question is not worth the work before it. */
function refuseUnconfirmable(input: CommandInput, deps: Pick<Deps, 'prompter'>): void {
  if (isOn(input, 'yes') || deps.prompter.interactive) return;
  throw new VickError('USAGE', `deleting the VCH ${nameArg(input)} needs a confirmation, and there is no terminal to ask on`, {
    hint: 'Add --yes to delete without a question.',
  });
}

async function confirm(input: CommandInput, deps: Pick<Deps, 'prompter'>, summary: readonly string[]): Promise<void> {
  if (isOn(input, 'yes')) return;
  const sure = await deps.prompter.confirm({ message: `Delete ${summary.join(', ')}?`, flag: '--yes', default: false });
  if (!sure) throw new VickError('CANCELLED', 'Nothing was deleted.');
  if (!isOn(input, 'delete-volumes')) return;
  // What is in a volume cannot be made again, so a key that is pressed by habit is not enough.
  const typed = await deps.prompter.text({ message: `Type ${nameArg(input)} to delete its volume stores with everything in them`, flag: '--yes' });
  if (typed.trim() !== nameArg(input)) throw new VickError('CANCELLED', 'Nothing was deleted.');
}

function outcomeOf(deleted: DeletedVch, deps: Pick<Deps, 'reporter'>): Outcome {
  for (const problem of deleted.problems) deps.reporter.warn(problem);
  if (deleted.keptVolumeStores.length > 0) deps.reporter.info(`Volume stores were kept: ${deleted.keptVolumeStores.join(', ')}`);
  const parts = [
    ...(deleted.id === undefined ? [] : [`VCH ${deleted.name} (${deleted.id}) deleted`]),
    ...(deleted.node === 'deleted' ? [`node kubelet-${deleted.name} deleted`] : []),
  ];
  return {
    data: {
      apiVersion: 'vick.dev/v1alpha1',
      kind: 'VchDeletion',
      name: deleted.name,
      id: deleted.id ?? null,
      node: deleted.node,
      identity: deleted.identity,
      files: deleted.files,
      keptVolumeStores: deleted.keptVolumeStores,
      problems: deleted.problems,
    },
    text: parts.join('\n'),
    names: [...(deleted.id === undefined ? [] : [`vch/${deleted.name}`]), ...(deleted.node === 'deleted' ? [`node/kubelet-${deleted.name}`] : [])],
    ...(deleted.problems.length === 0 ? {} : { exit: 'partial' as const }),
  };
}
