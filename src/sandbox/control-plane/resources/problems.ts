/** Field problems as k8s.io/apimachinery/pkg/util/validation/field words them. */
import type { FieldProblem } from '../api-error.ts';
import type { Draft } from '../resource.ts';
import { invalid } from '../status-errors.ts';

export function invalidValue(field: string, value: unknown, detail: string): FieldProblem {
  return { type: 'FieldValueInvalid', field, message: `Invalid value: ${shown(value)}${detail === '' ? '' : `: ${detail}`}` };
}

export function required(field: string, detail = ''): FieldProblem {
  return { type: 'FieldValueRequired', field, message: `Required value${detail === '' ? '' : `: ${detail}`}` };
}

export function duplicate(field: string, value: unknown, detail = ''): FieldProblem {
  return { type: 'FieldValueDuplicate', field, message: `Duplicate value: ${shown(value)}${detail === '' ? '' : `: ${detail}`}` };
}

export function forbidden(field: string, detail: string): FieldProblem {
  return { type: 'FieldValueForbidden', field, message: `Forbidden: ${detail}` };
}

export function notSupported(field: string, value: unknown, supported: readonly string[]): FieldProblem {
  const values = [...supported].sort().map((item) => JSON.stringify(item));
  return { type: 'FieldValueNotSupported', field, message: `Unsupported value: ${shown(value)}: supported values: ${values.join(', ')}` };
}

export function tooLong(field: string, maximum: number): FieldProblem {
  return { type: 'FieldValueTooLong', field, message: `Too long: may not be more than ${maximum} bytes` };
}

export function notFoundValue(field: string, value: unknown): FieldProblem {
  return { type: 'FieldValueNotFound', field, message: `Not found: ${shown(value)}` };
}

/** Throws the 422 for `problems`; does nothing without any. */
export function throwIfInvalid(kind: { readonly kind: string; readonly group: string }, draft: Draft, problems: readonly FieldProblem[]): void {
  if (problems.length === 0) return;
  throw invalid(
    kind.kind,
    kind.group,
    draft.metadata.name ?? '',
    problems.map((problem) => ({ reason: problem.type, message: problem.message, field: problem.field })),
  );
}

function shown(value: unknown): string {
  return value === undefined ? '""' : JSON.stringify(value);
}
