/** Labels as they are typed: `key=value`, and `key-` to remove (kubernetes/kubectl pkg/cmd/label/label.go). */
import { VickError } from '../../errors/vick-error.ts';
import { keyProblem, valueProblem } from './metadata-rules.ts';

export interface LabelChange {
  readonly set: Readonly<Record<string, string>>;
  readonly remove: readonly string[];
}

/** Whether a word of the command line is a label rather than the name of a node. */
export function looksLikeLabel(word: string): boolean {
  return word.includes('=') || word.endsWith('-');
}

/** USAGE for anything that is no valid change. */
export function parseLabelChange(specs: readonly string[]): LabelChange {
  // A map, because `constructor` is a label key like any other.
  const set = new Map<string, string>();
  const remove: string[] = [];
  for (const spec of specs) {
    const [key = '', value, ...more] = spec.split('=');
    if (value === undefined) {
      if (!spec.endsWith('-')) throw usage(`unknown label spec: ${spec}`);
      const name = spec.slice(0, -1);
      const problem = keyProblem(name);
      if (problem !== undefined) throw usage(`invalid label spec: ${spec}: ${problem}`);
      remove.push(name);
      continue;
    }
    if (more.length > 0) throw usage(`invalid label spec: ${spec}`);
    const keyIssue = keyProblem(key);
    if (keyIssue !== undefined) throw usage(`invalid label spec: ${spec}: ${keyIssue}`);
    const valueIssue = valueProblem(value);
    if (valueIssue !== undefined) throw usage(`invalid label value: "${spec}": ${valueIssue}`);
    const before = set.get(key);
    if (before !== undefined && before !== value) throw usage(`label ${key} is given twice, as "${before}" and as "${value}"`);
    set.set(key, value);
  }
  if (remove.some((key) => set.has(key))) throw usage('can not both modify and remove a label in the same command');
  if (remove.length + set.size === 0) throw usage('at least one label update is required');
  return { set: Object.fromEntries(set), remove };
}

function usage(message: string): VickError {
  return new VickError('USAGE', message, { hint: "Write key=value to set a label and key- to remove it; values are letters, digits, '-', '_' and '.'." });
}
