/** Decoding and validating a request body with the errors of Go's encoding/json and go-openapi's validation. */
import { frameworkError } from './replies.ts';
import type { BodyType, Field, FieldType, Model } from './schema.ts';

/** A decoded body: known fields only. Absent fields are undefined. */
export type Body = Readonly<Record<string, unknown>>;

/**
 * Reads `text` as `type`. Throws the 400 of a body that cannot be parsed and the 422 of one that lacks a required
 * field; a required field holding its zero value counts as missing.
 */
export function decodeBody(param: string, type: Exclude<BodyType, 'stream'>, text: string): unknown {
  const value = parseJson(param, text);
  if (type === 'string') {
    if (typeof value === 'string') return value;
    if (value === null) throw missing(param);
    throw unparsable(param, `json: cannot unmarshal ${goKind(value)} into Go value of type string`);
  }
  if (value === null) throw missing(param);
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw unparsable(param, `json: cannot unmarshal ${goKind(value)} into Go value of type models.${type.name}`);
  }
  const body = readModel(param, type, value as Record<string, unknown>, type.name, '');
  checkRequired(type, body);
  return body;
}

export function missing(name: string, place = 'body'): Error {
  return frameworkError(422, `${name} in ${place} is required`, 602);
}

function parseJson(param: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw unparsable(param, goSyntaxError(text, error instanceof Error ? error.message : String(error)));
  }
}

function readModel(param: string, model: Model, value: Record<string, unknown>, root: string, prefix: string): Body {
  const body: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(model.fields)) {
    // Go matches keys exactly first, then without regard to case.
    const key = name in value ? name : Object.keys(value).find((other) => other.toLowerCase() === name.toLowerCase());
    const found = key === undefined ? undefined : value[key];
    if (found === undefined || found === null) continue;
    body[name] = readField(param, field.type, found, root, `${prefix}${name}`);
  }
  return body;
}

function readField(param: string, type: FieldType, value: unknown, root: string, path: string): unknown {
  const refuse = (wanted: string, got = value): Error =>
    unparsable(param, `json: cannot unmarshal ${goKind(got)} into Go struct field ${root}.${path} of type ${wanted}`);
  switch (type.kind) {
    case 'any':
      return value;
    case 'string':
      if (typeof value !== 'string') throw refuse('string');
      return value;
    case 'bool':
      if (typeof value !== 'boolean') throw refuse('bool');
      return value;
    case 'int':
      if (typeof value !== 'number') throw refuse('int64');
      if (!Number.isInteger(value)) {
        throw unparsable(param, `json: cannot unmarshal number ${String(value)} into Go struct field ${root}.${path} of type int64`);
      }
      return value;
    case 'strings': {
      if (!Array.isArray(value)) throw refuse('[]string');
      const items: readonly unknown[] = value;
      const wrong = items.find((item) => typeof item !== 'string' && item !== null);
      if (wrong !== undefined) throw refuse('string', wrong);
      return items.map((item) => item ?? '');
    }
    case 'map': {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse('map[string]string');
      const entries: readonly (readonly [string, unknown])[] = Object.entries<unknown>(value as Record<string, unknown>);
      const wrong = entries.find(([, item]) => typeof item !== 'string' && item !== null);
      if (wrong !== undefined) throw refuse('string', wrong[1]);
      return Object.fromEntries(entries.map(([key, item]) => [key, item ?? '']));
    }
    case 'model':
      if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse(`models.${type.model.name}`);
      return readModel(param, type.model, value as Record<string, unknown>, root, `${path}.`);
  }
}

function checkRequired(model: Model, body: Body): void {
  for (const [name, field] of Object.entries<Field>(model.fields)) {
    const value = body[name];
    if (field.required === true && (value === undefined || value === '' || value === 0)) throw missing(name);
    if (field.type.kind === 'model' && value !== undefined) checkRequired(field.type.model, value as Body);
  }
}

function unparsable(param: string, why: string): Error {
  return frameworkError(400, `parsing ${param} body from "" failed, because ${why}`);
}

/** The message for a body that came without a Content-Type and was therefore taken for bytes. */
export function bytesRefusal(param: string, type: BodyType): Error {
  const model = typeof type === 'string' ? undefined : type;
  const shown = model === undefined ? '' : `&{${Object.values(model.fields).map(goZero).join(' ')}} (*models.${model.name})`;
  return unparsable(param, `${shown} is not supported by the ByteStreamConsumer, can be resolved by supporting Writer/BinaryUnmarshaler interface`);
}

/** How Go prints the zero value of a field; a required one is a pointer. */
function goZero(field: Field): string {
  if (field.required === true || field.type.kind === 'model' || field.type.kind === 'any') return '<nil>';
  const zeros = { string: '', int: '0', bool: 'false', strings: '[]', map: 'map[]' } as const;
  return zeros[field.type.kind];
}

function goKind(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  return typeof value;
}

function goSyntaxError(text: string, message: string): string {
  if (/end of JSON|Unterminated|Expected .* at position \d+$/i.test(message) && isPrefix(text, message)) return 'unexpected EOF';
  const at = /position (\d+)/.exec(message)?.[1];
  const character = at === undefined ? (/token '?(.)/.exec(message)?.[1] ?? '') : (text[Number(at)] ?? '');
  return character === '' ? 'unexpected EOF' : `invalid character '${character}' looking for beginning of value`;
}

function isPrefix(text: string, message: string): boolean {
  const at = /position (\d+)/.exec(message)?.[1];
  return at === undefined || Number(at) >= text.length;
}
