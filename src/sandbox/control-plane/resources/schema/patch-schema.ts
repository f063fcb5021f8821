import type { PatchSchema } from '../../resource.ts';
import type { Field, StructType } from './notation.ts';
import { structIn } from './registry.ts';

/** How objects of `type` merge. Types that contain themselves are followed lazily. */
export function patchSchemaOf(type: StructType): PatchSchema {
  const known = cache.get(type.id);
  if (known !== undefined) return known;
  const schema: Record<string, PatchSchema[string]> = {};
  cache.set(type.id, schema);
  for (const field of type.fields.values()) {
    const entry = entryOf(field);
    if (entry !== undefined) schema[field.name] = entry;
  }
  return schema;
}

const cache = new Map<string, PatchSchema>();

function entryOf(field: Field): PatchSchema[string] | undefined {
  const struct = structIn(field);
  if (field.strategy === undefined && field.mergeKey === undefined && struct === undefined) return undefined;
  return {
    ...(field.mergeKey === undefined ? {} : { mergeKey: field.mergeKey }),
    ...(field.strategy === undefined ? {} : { strategy: field.strategy }),
    ...(struct === undefined ? {} : { fields: patchSchemaOf(struct) }),
  };
}
