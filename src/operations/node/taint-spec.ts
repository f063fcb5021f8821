/**
 * Taints as they are typed: `key=value:Effect`, `key:Effect`, and with a trailing `-` to remove. Syntax, checks and
 * phrases are kubectl's (kubernetes/kubectl pkg/cmd/taint/utils.go).
 */
import { VickError } from '../../errors/vick-error.ts';
import type { Taint } from '../../platform/kubernetes-objects.ts';
import { keyProblem, valueProblem } from './metadata-rules.ts';

export const TAINT_EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'] as const;

export interface TaintChange {
  readonly add: readonly Taint[];
  /** Without effect: every taint of that key. */
  readonly remove: readonly TaintRemoval[];
}

export interface TaintRemoval {
  readonly key: string;
  readonly effect?: string;
}

/** Whether a word of the command line is a taint rather than the name of a node. */
export function looksLikeTaint(word: string): boolean {
  return word.includes('=') || word.includes(':') || word.endsWith('-');
}

/** USAGE for anything that is no valid change. */
export function parseTaintChange(specs: readonly string[]): TaintChange {
  const add: Taint[] = [];
  const remove: TaintRemoval[] = [];
  for (const spec of specs) {
    if (spec.endsWith('-')) {
      const { key, effect } = parseTaint(spec.slice(0, -1), spec);
      remove.push({ key, ...(effect === undefined ? {} : { effect }) });
      continue;
    }
    const { key, value, effect } = parseTaint(spec, spec);
    if (effect === undefined) throw invalid(spec, 'an effect is missing');
    if (add.some((other) => other.key === key && other.effect === effect)) {
      throw new VickError('USAGE', `duplicated taints with the same key and effect: ${key}:${effect}`, { hint: 'Give each key and effect once.' });
    }
    add.push({ key, effect, ...(value === '' ? {} : { value }) });
  }
  const both = add.filter((taint) => remove.some((gone) => matches(taint, gone)));
  if (both.length > 0) {
    throw new VickError('USAGE', `can not both modify and remove the following taint(s) in the same command: ${both.map(formatTaint).join(', ')}`, {
      hint: 'To replace a value, give the new one with --overwrite.',
    });
  }
  if (add.length + remove.length === 0) throw new VickError('USAGE', 'at least one taint update is required', { hint: HINT });
  return { add, remove };
}

export function matches(taint: Taint, removal: TaintRemoval): boolean {
  return taint.key === removal.key && (removal.effect === undefined || removal.effect === taint.effect);
}

/** `key=value:Effect`, or `key:Effect` where there is no value. */
export function formatTaint(taint: Taint): string {
  return `${taint.key}${taint.value === undefined || taint.value === '' ? '' : `=${taint.value}`}:${taint.effect}`;
}

const HINT = `Write key=value:Effect or key:Effect with one of ${TAINT_EFFECTS.join(', ')}; add '-' to remove.`;

function parseTaint(text: string, spec: string): { key: string; value: string; effect: string | undefined } {
  const parts = text.split(':');
  if (parts.length > 2) throw invalid(spec);
  const [pair = '', effect] = parts;
  if (effect !== undefined && !TAINT_EFFECTS.some((known) => known === effect)) {
    throw new VickError('USAGE', `invalid taint effect: ${effect}, unsupported taint effect`, {
      hint: `Effects, in this spelling: ${TAINT_EFFECTS.join(', ')}.`,
    });
  }
  const [key = '', value = '', ...more] = effect === undefined ? [pair] : pair.split('=');
  if (more.length > 0) throw invalid(spec);
  const problem = keyProblem(key) ?? valueProblem(value);
  if (problem !== undefined) throw invalid(spec, problem);
  return { key, value, effect };
}

function invalid(spec: string, why?: string): VickError {
  return new VickError('USAGE', `invalid taint spec: ${spec}${why === undefined ? '' : `, ${why}`}`, { hint: HINT });
}
