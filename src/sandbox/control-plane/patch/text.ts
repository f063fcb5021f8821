import { isObject } from '../json.ts';

/** JSON as Go prints it when formatting a map with %v: `map[a:map[b:1] c:[x y]]`, keys sorted. */
export function goMap(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => goMap(item)).join(' ')}]`;
  if (isObject(value)) {
    return `map[${sortedEntries(value)
      .map(([key, member]) => `${key}:${goMap(member)}`)
      .join(' ')}]`;
  }
  if (value === null) return '<nil>';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A patched object as JSON: maps that the patch touched have sorted keys, the others keep their order. */
export function mergedText(patched: unknown, patch: unknown): string {
  return JSON.stringify(sortTouched(patched, patch));
}

function sortTouched(patched: unknown, patch: unknown): unknown {
  if (!isObject(patched) || !isObject(patch)) return patched;
  return Object.fromEntries(sortedEntries(patched).map(([key, member]) => [key, sortTouched(member, patch[key])]));
}

function sortedEntries(value: Record<string, unknown>): [string, unknown][] {
  return Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
}
