/**
 * What the machinery needs of the schema, by definition: decoding a body as the API server would, and the fields that
 * strict decoding objects to.
 */
import type { Draft } from '../resource.ts';
import { decode } from './schema/decode.ts';
import type { StructType } from './schema/notation.ts';
import { typeOf } from './schema/registry.ts';
import { unknownFields } from './schema/unknown-fields.ts';

/** A kind that the schema describes: a ResourceDefinition, or an action's group, version and kind. */
export interface DescribedKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/**
 * `body` as the API server would hold it: unknown fields and nulls gone, quantities and times canonical, absent structs
 * present, fields in wire order. Throws DecodeError, whose message is the server's
 * (`json: cannot unmarshal string into Go struct field …`).
 */
export function decodeBody(kind: DescribedKind, body: unknown): Draft {
  return decode(describe(kind), body) as Draft;
}

/** Paths that `body` has and the kind does not: `spec.containers[0].imag`, in the order of the document. */
export function unknownFieldsOf(kind: DescribedKind, body: unknown): string[] {
  return unknownFields(describe(kind), body);
}

/** Replaces the content of `draft` by its decoded form, in place. Throws DecodeError. */
export function normalize(kind: DescribedKind, draft: Draft): void {
  const decoded = decodeBody(kind, draft);
  for (const key of Object.keys(draft)) Reflect.deleteProperty(draft, key);
  Object.assign(draft, decoded);
}

function describe(kind: DescribedKind): StructType {
  const type = typeOf(kind.group, kind.version, kind.kind);
  if (type === undefined) throw new Error(`no schema describes ${kind.group}/${kind.version} ${kind.kind}`);
  return type;
}
