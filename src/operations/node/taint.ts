import type { JsonObject, Node } from '../../platform/kubernetes-objects.ts';
import type { NodeChoice } from './find-nodes.ts';
import { nameOf } from './find-nodes.ts';
import { planTaints, type TaintVerb } from './plan-taints.ts';
import type { TaintChange } from './taint-spec.ts';
import { updateNodes, type DryRun, type NodeResult, type UpdateDeps } from './update-nodes.ts';

export interface TaintInput {
  readonly choice: NodeChoice;
  readonly change: TaintChange;
  readonly overwrite: boolean;
  readonly dryRun: DryRun;
}

/** Adds and removes taints. Needs the operator's rights: a node identity may not change its own taints. */
export function taintNodes(deps: UpdateDeps, input: TaintInput, signal: AbortSignal): Promise<readonly NodeResult<TaintVerb>[]> {
  const plan = (node: Node): { patch: JsonObject | undefined; verb: TaintVerb } => {
    const { taints, verb } = planTaints(nameOf(node), node.spec?.taints ?? [], input.change, input.overwrite);
    return { verb, patch: verb === 'unchanged' ? undefined : { spec: { taints: taints.map((taint) => ({ ...taint })) } } };
  };
  return updateNodes(deps, { choice: input.choice, dryRun: input.dryRun, plan }, signal);
}
