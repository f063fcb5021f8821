/** Reading stored objects, which are plain JSON data: a missing part reads as empty. */
import { isObject } from '../json.ts';

export type JsonMap = Record<string, unknown>;

/** `value` when it is an object, else an empty one that is not part of anything. */
export function mapOf(value: unknown): JsonMap {
  return isObject(value) ? value : {};
}

/** The elements of a list of objects; anything else reads as none. */
export function mapsOf(value: unknown): readonly JsonMap[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** The elements of a list of strings. */
export function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

/** A string field; anything else reads as ''. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** A number field, or undefined. */
export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/** What is found by following `path` from `object`. */
export function at(object: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((value, name) => mapOf(value)[name], object);
}

/** The object under `name`, put there when absent, so that it can be changed. */
export function ensureMap(object: JsonMap, name: string): JsonMap {
  const present = object[name];
  if (isObject(present)) return present;
  const added: JsonMap = {};
  object[name] = added;
  return added;
}

/** Sets `object[name]` unless it has a value. */
export function setDefault(object: JsonMap, name: string, value: unknown): void {
  if (object[name] === undefined || object[name] === null || object[name] === '') object[name] = value;
}
