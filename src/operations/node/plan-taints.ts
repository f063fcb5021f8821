import { VickError } from '../../errors/vick-error.ts';
import type { Taint } from '../../platform/kubernetes-objects.ts';
import { formatTaint, matches, type TaintChange } from './taint-spec.ts';

export type TaintVerb = 'tainted' | 'untainted' | 'modified' | 'unchanged';

export interface TaintPlan {
  /** The whole new list: `spec.taints` is atomic. */
  readonly taints: readonly Taint[];
  readonly verb: TaintVerb;
}

/**
 * What a node's taints become. A taint is identified by key and effect. One that is there already with the same value
 * is fine; with another value it is NODE_CONFLICT unless `overwrite`. Removing what is absent is KUBE_NOT_FOUND.
 */
export function planTaints(node: string, current: readonly Taint[], change: TaintChange, overwrite: boolean): TaintPlan {
  const clashes = overwrite ? [] : change.add.filter((taint) => current.some((old) => sameIdentity(old, taint) && !sameValue(old, taint)));
  if (clashes.length > 0) {
    const keys = clashes.map((taint) => taint.key).join(',');
    throw new VickError('NODE_CONFLICT', `node ${node} already has ${keys} taint(s) with same effect(s) and --overwrite is false`, {
      hint: 'Use --overwrite to replace the value.',
      details: { node, taints: current.filter((old) => clashes.some((taint) => sameIdentity(old, taint))).map(formatTaint) },
    });
  }
  const absent = change.remove.filter((removal) => !current.some((old) => matches(old, removal)));
  if (absent.length > 0) {
    const names = absent.map((removal) => `"${removal.key}${removal.effect === undefined ? '' : `:${removal.effect}`}"`).join(', ');
    throw new VickError('KUBE_NOT_FOUND', `node ${node}: taint ${names} not found`, {
      hint: current.length === 0 ? `Node ${node} has no taints.` : `Node ${node} has: ${current.map(formatTaint).join(', ')}.`,
      details: { node, taints: current.map(formatTaint) },
    });
  }
  const kept = current.filter((old) => !change.remove.some((removal) => matches(old, removal)));
  const taints = [
    ...kept.map((old) => change.add.find((taint) => sameIdentity(old, taint) && !sameValue(old, taint)) ?? old),
    ...change.add.filter((taint) => !kept.some((old) => sameIdentity(old, taint))),
  ];
  const changedOrAdded = taints.some((taint) => !current.includes(taint));
  return { taints, verb: verbOf({ removed: kept.length < current.length, changed: changedOrAdded, overwrite }) };
}

function verbOf({ removed, changed, overwrite }: { readonly removed: boolean; readonly changed: boolean; readonly overwrite: boolean }): TaintVerb {
  if (!removed && !changed) return 'unchanged';
  if (removed && !changed) return 'untainted';
  return removed || overwrite ? 'modified' : 'tainted';
}

function sameIdentity(a: Taint, b: Taint): boolean {
  return a.key === b.key && a.effect === b.effect;
}

function sameValue(a: Taint, b: Taint): boolean {
  return (a.value ?? '') === (b.value ?? '');
}
