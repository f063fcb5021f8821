import type { Draft, ResourceDefinition } from '../resource.ts';
import { badRequest } from '../status-errors.ts';

/** One condition of a field selector. */
export interface FieldTerm {
  readonly field: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

/**
 * Parses `a=b,c!=d,e==f` with backslash escapes for `,`, `=` and `\`.
 * Throws a 400 worded as k8s.io/apimachinery/pkg/fields words it.
 */
export function parseFieldSelector(text: string): readonly FieldTerm[] {
  return splitTerms(text)
    .filter((part) => part !== '')
    .map((part) => parseTerm(part, text));
}

/** Refuses fields that cannot be selected by; how a resource without any of its own says it differs. */
export function checkSelectableFields(terms: readonly FieldTerm[], definition: ResourceDefinition): void {
  for (const { field } of terms) {
    if (field === 'metadata.name' || (field === 'metadata.namespace' && definition.namespaced) || Object.hasOwn(definition.selectableFields, field)) continue;
    if (Object.keys(definition.selectableFields).length > 0) throw badRequest(`field label not supported: ${field}`);
    if (field === 'metadata.namespace') continue;
    throw badRequest(`"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`);
  }
}

/** True when every term holds for `object`. */
export function matchesFields(terms: readonly FieldTerm[], object: Draft, definition: ResourceDefinition): boolean {
  return terms.every(({ field, operator, value }) => (fieldValue(field, object, definition) === value) === (operator === '='));
}

/** The value that `field` is required to have by an `=` term, or undefined. */
export function exactField(terms: readonly FieldTerm[], field: string): string | undefined {
  return terms.find((term) => term.field === field && term.operator === '=')?.value;
}

function fieldValue(field: string, object: Draft, definition: ResourceDefinition): string {
  if (field === 'metadata.name') return object.metadata.name ?? '';
  if (field === 'metadata.namespace') return object.metadata.namespace ?? '';
  return definition.selectableFields[field]?.(object) ?? '';
}

function splitTerms(text: string): readonly string[] {
  const parts: string[] = [];
  let part = '';
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '\\') {
      part += text.slice(at, at + 2);
      at += 1;
    } else if (text[at] === ',') {
      parts.push(part);
      part = '';
    } else {
      part += text.charAt(at);
    }
  }
  return [...parts, part];
}

function parseTerm(part: string, whole: string): FieldTerm {
  const found = /!=|==|=/.exec(part);
  if (found === null) throw badRequest(`invalid selector: '${whole}'; can't understand '${part}'`);
  return { field: part.slice(0, found.index), operator: found[0] === '!=' ? '!=' : '=', value: unescape(part.slice(found.index + found[0].length)) };
}

function unescape(value: string): string {
  let plain = '';
  for (let at = 0; at < value.length; at += 1) {
    const character = value.charAt(at);
    if (character === '\\') {
      at += 1;
      const escaped = value.charAt(at);
      if (escaped !== '\\' && escaped !== ',' && escaped !== '=') throw badRequest(`invalid field selector: invalid escape sequence: \\${escaped}`);
      plain += escaped;
    } else if (character === ',' || character === '=') {
      throw badRequest(`invalid field selector: unescaped character in value: ${character.charCodeAt(0)}`);
    } else {
      plain += character;
    }
  }
  return plain;
}
