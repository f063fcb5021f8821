import type { JsonObject, Node } from '../../platform/kubernetes-objects.ts';
import { nameOf, type NodeChoice } from './find-nodes.ts';
import type { LabelChange } from './label-spec.ts';
import { planLabels, type LabelVerb } from './plan-labels.ts';
import { updateNodes, type DryRun, type NodeResult, type UpdateDeps } from './update-nodes.ts';

export interface LabelInput {
  readonly choice: NodeChoice;
  readonly change: LabelChange;
  readonly overwrite: boolean;
  readonly dryRun: DryRun;
}

/** Sets and removes labels of nodes. */
export function labelNodes(deps: UpdateDeps, input: LabelInput, signal: AbortSignal): Promise<readonly NodeResult<LabelVerb>[]> {
  const plan = (node: Node): { patch: JsonObject | undefined; verb: LabelVerb; notes: readonly string[] } => {
    const { patch, verb, absent } = planLabels(nameOf(node), node.metadata?.labels ?? {}, input.change, input.overwrite);
    return { verb, notes: absent.map((key) => `label "${key}" not found.`), patch: verb === 'not labeled' ? undefined : { metadata: { labels: patch } } };
  };
  return updateNodes(deps, { choice: input.choice, dryRun: input.dryRun, plan }, signal);
}
