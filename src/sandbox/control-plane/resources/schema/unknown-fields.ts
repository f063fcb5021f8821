import type { Shape, StructType } from './notation.ts';
import { structById } from './registry.ts';

/** Paths of fields that `type` does not have, in the order of the document: `spec.containers[0].imag`. */
export function unknownFields(type: StructType, body: unknown): string[] {
  return inStruct(type, body, '');
}

function inStruct(type: StructType, value: unknown, path: string): string[] {
  if (!isMap(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const at = path === '' ? name : `${path}.${name}`;
    const field = type.fields.get(name);
    return field === undefined ? [at] : inShape(field.shape, inner, at);
  });
}

function inShape(shape: Shape, value: unknown, path: string): string[] {
  if (shape.shape === 'struct') return inStruct(structById(shape.struct), value, path);
  if (shape.shape === 'list' && Array.isArray(value)) return value.flatMap((item, index) => inShape(shape.items, item, `${path}[${index}]`));
  if (shape.shape === 'map' && isMap(value)) return Object.entries(value).flatMap(([key, inner]) => inShape(shape.values, inner, `${path}.${key}`));
  return [];
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
