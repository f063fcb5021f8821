import { compareQuantities, parseQuantity } from '../../../../platform/quantity.ts';
import type { FieldProblem } from '../../api-error.ts';
import type { JsonMap } from '../fields.ts';
import { invalidValue } from '../problems.ts';
import { qualifiedName } from './names.ts';

/** Resources that need no domain in their name. */
const STANDARD: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage', 'storage', 'pods']);
const WHOLE: ReadonlySet<string> = new Set(['pods', 'storage', 'services', 'secrets', 'configmaps']);

/** A resource list: names qualified, amounts not negative, countable ones whole. Quantities are canonical already. */
export function validateQuantities(list: JsonMap, field: string): FieldProblem[] {
  return Object.entries(list).flatMap(([name, quantity]) => [
    ...validateResourceName(name, `${field}.${name}`),
    ...validateAmount(name, String(quantity), `${field}[${name}]`),
  ]);
}

export function validateResourceName(name: string, field: string): FieldProblem[] {
  const problems = qualifiedName(name).map((why) => invalidValue(field, name, why));
  if (problems.length > 0 || name.includes('/') || STANDARD.has(name) || name.startsWith('hugepages-') || name.startsWith('attachable-volumes-')) {
    return problems;
  }
  return [invalidValue(field, name, 'must be a standard resource type or fully qualified')];
}

export function validateAmount(name: string, quantity: string, field: string): FieldProblem[] {
  const { nano } = parseQuantity(quantity);
  if (nano < 0n) return [invalidValue(field, quantity, 'must be greater than or equal to 0')];
  return (WHOLE.has(name) || (name.includes('/') && !name.includes('kubernetes.io/'))) && nano % 1_000_000_000n !== 0n
    ? [invalidValue(field, quantity, 'must be an integer')]
    : [];
}

/** Negative, zero or positive as quantity `a` is less than, equal to or greater than `b`. */
export function compareAmounts(a: unknown, b: unknown): number {
  return compareQuantities(parseQuantity(String(a)), parseQuantity(String(b)));
}
