import { VickError } from '../../errors/vick-error.ts';
import type { LabelChange } from './label-spec.ts';

export type LabelVerb = 'labeled' | 'unlabeled' | 'modified' | 'not labeled';

export interface LabelPlan {
  /** A JSON merge patch of `metadata.labels`: null removes. Only what changes. */
  readonly patch: Readonly<Record<string, string | null>>;
  readonly verb: LabelVerb;
  /** Keys that were to be removed and are not there: said, but not an error. */
  readonly absent: readonly string[];
}

/** What changes in a node's labels. Another value without `overwrite` is NODE_CONFLICT. */
export function planLabels(node: string, current: Readonly<Record<string, string>>, change: LabelChange, overwrite: boolean): LabelPlan {
  const has = (key: string): boolean => Object.hasOwn(current, key);
  const patch: Record<string, string | null> = {};
  const clashes: string[] = [];
  for (const [key, value] of Object.entries(change.set)) {
    const old = has(key) ? current[key] : undefined;
    if (old === value) continue;
    if (old !== undefined && !overwrite) clashes.push(`'${key}' already has a value (${old}), and --overwrite is false`);
    patch[key] = value;
  }
  if (clashes.length > 0) {
    throw new VickError('NODE_CONFLICT', `node ${node}: ${clashes.join('; ')}`, {
      hint: 'Use --overwrite to replace the value.',
      details: { node, labels: current },
    });
  }
  const sets = Object.keys(patch).length > 0;
  const absent = change.remove.filter((key) => !has(key));
  const gone = change.remove.filter(has);
  for (const key of gone) patch[key] = null;
  return { patch, absent, verb: sets ? (gone.length > 0 ? 'modified' : 'labeled') : gone.length > 0 ? 'unlabeled' : 'not labeled' };
}
