import { isObject } from '../json.ts';
import type { PatchSchema } from '../resource.ts';
import { badRequest } from '../status-errors.ts';

type Field = PatchSchema[string];
type Item = Record<string, unknown>;

/** Directives are members of a patch that say how to merge; they never reach the object. */
const DIRECTIVE = '$patch';
const RETAIN_KEYS = '$retainKeys';
const DELETE_FROM_LIST = '$deleteFromPrimitiveList/';
const ELEMENT_ORDER = '$setElementOrder/';

/** Deeper patches are refused: no kind nests like that, and recursion has its limits. */
const MAX_DEPTH = 200;

/**
 * Kubernetes' strategic merge patch (k8s.io/apimachinery/pkg/util/strategicpatch): maps merge, lists merge by key or are replaced as
 * `schema` says, and `$patch`, `$retainKeys`, `$deleteFromPrimitiveList/x`, `$setElementOrder/x` direct it. Neither argument is changed.
 */
export function strategicMergePatch(target: unknown, patch: unknown, schema: PatchSchema): unknown {
  if (!isObject(patch)) {
    throw badRequest(`json: cannot unmarshal ${Array.isArray(patch) ? 'array' : typeof patch} into Go value of type map[string]interface {}`);
  }
  return mergeMap(isObject(target) ? target : {}, patch, schema, 0) ?? {};
}

/** The merged map, or undefined when the patch deletes it. */
function mergeMap(
  target: Readonly<Record<string, unknown>>,
  patch: Readonly<Record<string, unknown>>,
  schema: PatchSchema,
  depth: number,
): Record<string, unknown> | undefined {
  if (depth > MAX_DEPTH) throw badRequest('the patch is nested too deeply');
  const directive = patch[DIRECTIVE];
  if (directive === 'replace') return stripped(patch);
  if (directive === 'delete') return undefined;
  if (directive !== undefined && directive !== 'merge') throw badRequest(`unknown patch type found in $patch: ${JSON.stringify(directive)}`);
  const result = retained(target, patch);
  for (const [name, value] of Object.entries(patch)) {
    if (name.startsWith('$')) continue;
    const merged = mergeField(result[name], value, schema[name], orderOf(patch, name), depth);
    if (merged === undefined) Reflect.deleteProperty(result, name);
    else result[name] = merged;
  }
  applyListDirectives(result, patch, schema);
  return result;
}

function mergeField(present: unknown, wanted: unknown, field: Field | undefined, order: readonly unknown[] | undefined, depth: number): unknown {
  if (wanted === null) return undefined;
  if (Array.isArray(wanted)) return mergeList(Array.isArray(present) ? present : [], wanted, field, order, depth + 1);
  if (!isObject(wanted)) return wanted;
  if (field?.strategy === 'replace') return stripped(wanted);
  return mergeMap(isObject(present) ? present : {}, wanted, field?.fields ?? {}, depth + 1);
}

/** Directives that stand alone, for lists that the patch itself does not mention. */
function applyListDirectives(result: Record<string, unknown>, patch: Readonly<Record<string, unknown>>, schema: PatchSchema): void {
  for (const [name, value] of Object.entries(patch)) {
    if (name.startsWith(DELETE_FROM_LIST) && Array.isArray(value)) {
      const field = name.slice(DELETE_FROM_LIST.length);
      const present = result[field];
      if (Array.isArray(present)) result[field] = present.filter((item: unknown) => !value.includes(item));
    } else if (name.startsWith(ELEMENT_ORDER) && Array.isArray(value)) {
      const field = name.slice(ELEMENT_ORDER.length);
      const present = result[field];
      if (Array.isArray(present) && !(field in patch)) result[field] = mergeList(present, [], schema[field] ?? {}, value, 0);
    }
  }
}

function orderOf(patch: Readonly<Record<string, unknown>>, name: string): readonly unknown[] | undefined {
  const order = patch[ELEMENT_ORDER + name];
  return Array.isArray(order) ? order : undefined;
}

/** `target` without what `$retainKeys` does not list. */
function retained(target: Readonly<Record<string, unknown>>, patch: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const keys = patch[RETAIN_KEYS];
  if (keys === undefined) return { ...target };
  if (!Array.isArray(keys)) throw badRequest('invalid patch format of $retainKeys: not a list');
  return Object.fromEntries(Object.entries(target).filter(([name]) => keys.includes(name)));
}

/** Merges a list of a patch into the present one as `field` says; `order` is the patch's `$setElementOrder`. */
function mergeList(
  present: readonly unknown[],
  wanted: readonly unknown[],
  field: Field | undefined,
  order: readonly unknown[] | undefined,
  depth: number,
): unknown[] {
  if (field?.strategy?.startsWith('merge') !== true && field?.mergeKey === undefined) return wanted.map((item) => strippedValue(item));
  const replaces = wanted.some((item) => isObject(item) && item['$patch'] === 'replace');
  if (replaces) return wanted.filter((item) => !(isObject(item) && item['$patch'] !== undefined)).map((item) => strippedValue(item));
  if (field.mergeKey === undefined) return inOrder(union(present, wanted), order ?? wanted, present, (item) => item);
  const key = field.mergeKey;
  const merged = mergeByKey(present, wanted, key, field.fields ?? {}, depth);
  const idOf = (item: unknown): unknown => (isObject(item) ? item[key] : item);
  return inOrder(merged, (order ?? wanted).map(idOf), present, idOf);
}

function mergeByKey(present: readonly unknown[], wanted: readonly unknown[], key: string, schema: PatchSchema, depth: number): unknown[] {
  const result = [...present];
  for (const item of wanted) {
    if (!isObject(item)) throw badRequest('merging lists cannot change the type of their elements');
    const id = item[key];
    if (item['$patch'] === 'delete') {
      if (id === undefined) throw badRequest(`delete patch type with no merge key defined`);
      result.splice(0, result.length, ...result.filter((other) => !(isObject(other) && other[key] === id)));
      continue;
    }
    if (id === undefined) throw badRequest(`map: map[${Object.keys(item).join(' ')}] does not contain declared merge key: ${key}`);
    const at = result.findIndex((other) => isObject(other) && other[key] === id);
    const merged = mergeMap(at < 0 ? {} : (result[at] as Item), item, schema, depth);
    if (at < 0) {
      if (merged !== undefined) result.push(merged);
    } else if (merged === undefined) {
      result.splice(at, 1);
    } else {
      result[at] = merged;
    }
  }
  return result;
}

/** Scalars: what is there, then what is new. */
function union(present: readonly unknown[], wanted: readonly unknown[]): unknown[] {
  return [...present, ...wanted.filter((item) => !present.includes(item))];
}

/**
 * The order that k8s.io/apimachinery/pkg/util/strategicpatch gives a merged list: items named by `order` (the patch) as they stand
 * there, the others as they stood, and one of the others before a named one only where both were there and in that order.
 */
function inOrder(items: readonly unknown[], order: readonly unknown[], present: readonly unknown[], idOf: (item: unknown) => unknown): unknown[] {
  const before = present.map(idOf);
  const named = items.filter((item) => order.includes(idOf(item))).sort((one, other) => order.indexOf(idOf(one)) - order.indexOf(idOf(other)));
  const others = items.filter((item) => !order.includes(idOf(item)));
  const result: unknown[] = [];
  while (named.length > 0 && others.length > 0) {
    const [left, right] = [before.indexOf(idOf(others[0])), before.indexOf(idOf(named[0]))];
    result.push(left >= 0 && right >= 0 && left < right ? others.shift() : named.shift());
  }
  return [...result, ...others, ...named];
}

/** A value of a patch taken as it is: its directives dropped, nulls as well. */
function stripped(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const entries = Object.entries(value).filter(([name, member]) => !name.startsWith('$') && member !== null);
  return Object.fromEntries(entries.map(([name, member]) => [name, strippedValue(member)]));
}

function strippedValue(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.filter((item) => !(isObject(item) && DIRECTIVE in item && item[DIRECTIVE] !== 'merge')).map((item) => strippedValue(item));
  }
  return isObject(value) ? stripped(value) : value;
}
