/**
 * The one description of every kind that is served: fields in wire order, their types, and how they merge. Strategic
 * merge, strict decoding, defaulted empties and the OpenAPI documents are all read from it.
 *
 * A table is text. A line without indent names a type; the lines under it are its fields:
 *
 *     name [wrappers]type [flags]
 *
 * Wrappers: `*` a pointer (absent and empty are different), `[]` a list, `{}` a map from string.
 * Flags: `always` written also when empty · `required` always, and required by the API · `omitzero` left out when
 * zero although a struct · `merge:key` lists merge by that key · `merge` scalars are a union · `retainKeys` with merge:
 * fields not named in the patch go · `keys:a,b` the list's identity where it differs from the merge key · `set` ·
 * `atomic` a map replaced whole by server-side apply.
 */
import type { PatchSchema } from '../../resource.ts';

export type Scalar = 'string' | 'bool' | 'int32' | 'int64' | 'number' | 'bytes' | 'Time' | 'MicroTime' | 'Quantity' | 'IntOrString' | 'any';

export type Shape =
  | { readonly shape: 'scalar'; readonly scalar: Scalar }
  | { readonly shape: 'struct'; readonly struct: string }
  | { readonly shape: 'list'; readonly items: Shape }
  | { readonly shape: 'map'; readonly values: Shape };

export interface Field {
  readonly name: string;
  readonly pointer: boolean;
  readonly shape: Shape;
  readonly always: boolean;
  readonly required: boolean;
  readonly omitZero: boolean;
  readonly atomic: boolean;
  readonly set: boolean;
  readonly strategy?: NonNullable<PatchSchema[string]['strategy']>;
  readonly mergeKey?: string;
  readonly listKeys?: readonly string[];
}

export interface StructType {
  /** As in OpenAPI: `io.k8s.api.core.v1.Pod`. */
  readonly id: string;
  readonly name: string;
  readonly fields: ReadonlyMap<string, Field>;
}

const SCALARS: ReadonlySet<string> = new Set(['string', 'bool', 'int32', 'int64', 'number', 'bytes', 'Time', 'MicroTime', 'Quantity', 'IntOrString', 'any']);

/** Reads one table. `resolve` gives the id of a type named in it. */
export function parseTable(prefix: string, table: string, resolve: (name: string) => string): StructType[] {
  const types: { name: string; fields: Map<string, Field> }[] = [];
  for (const line of table.split('\n')) {
    if (line.trim() === '') continue;
    if (!line.startsWith(' ')) types.push({ name: line.trim(), fields: new Map() });
    else {
      const field = parseField(line.trim(), resolve);
      types.at(-1)?.fields.set(field.name, field);
    }
  }
  return types.map((type) => ({ id: `${prefix}.${type.name}`, ...type }));
}

function parseField(line: string, resolve: (name: string) => string): Field {
  const [name = '', type = '', ...flags] = line.split(' ');
  const pointer = type.startsWith('*');
  const merge = flags.find((flag) => /^(merge|replace|retainKeys)/.test(flag));
  const [strategy, mergeKey] = merge?.split(':') ?? [];
  const keys = flags.find((flag) => flag.startsWith('keys:'))?.slice('keys:'.length);
  const listKeys = keys?.split(',') ?? (mergeKey === undefined ? undefined : [mergeKey]);
  return {
    name,
    pointer,
    shape: parseShape(pointer ? type.slice(1) : type, resolve),
    always: flags.includes('always') || flags.includes('required'),
    required: flags.includes('required'),
    omitZero: flags.includes('omitzero'),
    atomic: flags.includes('atomic'),
    set: flags.includes('set'),
    ...(strategy === undefined ? {} : { strategy: strategy as NonNullable<Field['strategy']> }),
    ...(mergeKey === undefined ? {} : { mergeKey }),
    ...(listKeys === undefined ? {} : { listKeys }),
  };
}

function parseShape(type: string, resolve: (name: string) => string): Shape {
  if (type.startsWith('[]')) return { shape: 'list', items: parseShape(type.slice(2), resolve) };
  if (type.startsWith('{}')) return { shape: 'map', values: parseShape(type.slice(2), resolve) };
  if (SCALARS.has(type)) return { shape: 'scalar', scalar: type as Scalar };
  return { shape: 'struct', struct: resolve(type) };
}
