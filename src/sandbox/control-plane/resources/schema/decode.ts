/**
 * What decoding into Go types and encoding again does to an object: unknown fields and nulls go, empty optional values
 * go, structs appear, quantities and times take their canonical form, fields and map keys their order.
 */
import { DecodeError } from '../../api-error.ts';
import { formatQuantity, parseQuantity } from '../../../../platform/quantity.ts';
import type { Field, Scalar, Shape, StructType } from './notation.ts';
import { structById } from './registry.ts';
import { normalizeTime } from './time.ts';

type JsonMap = Record<string, unknown>;

/** `value` as the API server would store and return it. Throws DecodeError. */
export function decode(type: StructType, value: unknown): JsonMap {
  return decodeStruct(type, value, { struct: type.name, path: [], type: goName(type) }) ?? emptyStruct(type);
}

interface Place {
  /** The Go struct that holds the field. */
  readonly struct: string;
  readonly path: readonly string[];
  /** The Go type of the field. */
  readonly type: string;
}

function decodeStruct(type: StructType, value: unknown, place: Place): JsonMap | undefined {
  if (value === null || value === undefined) return undefined;
  if (!isMap(value)) throw mismatch(value, place);
  const out: JsonMap = {};
  for (const field of type.fields.values()) {
    const at = { struct: type.name, path: [...place.path, field.name], type: goType(field.shape) };
    const decoded = decodeShape(field.shape, value[field.name], at);
    const kept = decoded === undefined || (!field.pointer && !field.always && isEmpty(decoded)) ? emptyField(field) : decoded;
    if (kept !== undefined) out[field.name] = kept;
  }
  return out;
}

function decodeShape(shape: Shape, value: unknown, place: Place): unknown {
  if (value === null || value === undefined) return undefined;
  switch (shape.shape) {
    case 'scalar':
      return decodeScalar(shape.scalar, value, place);
    case 'struct':
      return decodeStruct(structById(shape.struct), value, place);
    case 'list': {
      if (!Array.isArray(value)) throw mismatch(value, place);
      const items = { ...place, type: goType(shape.items) };
      return value.map((item: unknown) => decodeShape(shape.items, item, items) ?? emptyShape(shape.items));
    }
    case 'map': {
      if (!isMap(value)) throw mismatch(value, place);
      const values = { ...place, type: goType(shape.values) };
      const keys = Object.keys(value).sort(byBytes);
      return Object.fromEntries(keys.map((key) => [key, decodeShape(shape.values, value[key], values) ?? emptyShape(shape.values)]));
    }
  }
}

function decodeScalar(scalar: Scalar, value: unknown, place: Place): unknown {
  switch (scalar) {
    case 'string':
      if (typeof value !== 'string') throw mismatch(value, place);
      return value;
    case 'bool':
      if (typeof value !== 'boolean') throw mismatch(value, place);
      return value;
    case 'number':
      if (typeof value !== 'number') throw mismatch(value, place);
      return value;
    case 'int32':
    case 'int64':
      if (typeof value !== 'number' || !Number.isInteger(value) || (scalar === 'int32' && Math.abs(value) > 2 ** 31)) throw mismatch(value, place);
      return value;
    case 'IntOrString':
      if (typeof value !== 'string' && typeof value !== 'number') throw mismatch(value, place);
      return value;
    case 'bytes':
      return decodeBytes(value, place);
    case 'Quantity':
      if (typeof value !== 'string' && typeof value !== 'number') {
        throw new DecodeError("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
      }
      return guard(() => formatQuantity(parseQuantity(value)));
    case 'Time':
    case 'MicroTime':
      if (typeof value !== 'string') throw mismatch(value, { ...place, type: 'string' });
      return guard(() => normalizeTime(value, scalar === 'Time' ? 'seconds' : 'micro'));
    case 'any':
      return value;
  }
}

function decodeBytes(value: unknown, place: Place): string {
  if (typeof value !== 'string') throw mismatch(value, place);
  const text = value.replace(/[\r\n]/g, '');
  const bad = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?/.exec(text)?.[0].length ?? 0;
  if (bad !== text.length) throw new DecodeError(`illegal base64 data at input byte ${illegalByte(text)}`);
  return text;
}

/** Where Go's encoding/base64 stops: the first foreign character, or the end of an incomplete group. */
function illegalByte(text: string): number {
  const foreign = text.search(/[^A-Za-z0-9+/]/);
  if (foreign >= 0 && (text[foreign] !== '=' || foreign % 4 < 2)) return foreign;
  return foreign < 0 ? Math.floor(text.length / 4) * 4 + (text.length % 4 === 0 ? 0 : text.length % 4) : foreign + 1;
}

function guard(read: () => string): string {
  try {
    return read();
  } catch (error) {
    throw new DecodeError(error instanceof Error ? error.message : String(error));
  }
}

/** What stands for an absent field: nothing, or its Go zero value. */
function emptyField(field: Field): unknown {
  if (field.pointer) return field.always ? null : undefined;
  if (field.omitZero) return undefined;
  const { shape } = field;
  if (shape.shape === 'struct') return emptyStruct(structById(shape.struct));
  if (shape.shape === 'scalar' && (shape.scalar === 'Time' || shape.scalar === 'MicroTime')) return null;
  if (shape.shape === 'scalar' && (shape.scalar === 'Quantity' || shape.scalar === 'IntOrString')) return emptyShape(shape);
  return field.always ? emptyShape(shape) : undefined;
}

function emptyShape(shape: Shape): unknown {
  if (shape.shape === 'struct') return emptyStruct(structById(shape.struct));
  if (shape.shape !== 'scalar') return null;
  switch (shape.scalar) {
    case 'string':
    case 'bytes':
      return '';
    case 'bool':
      return false;
    case 'Quantity':
      return '0';
    case 'int32':
    case 'int64':
    case 'number':
    case 'IntOrString':
      return 0;
    case 'Time':
    case 'MicroTime':
    case 'any':
      return null;
  }
}

function emptyStruct(type: StructType): JsonMap {
  return decodeStruct(type, {}, { struct: type.name, path: [], type: goName(type) }) ?? {};
}

function isEmpty(value: unknown): boolean {
  if (value === '' || value === 0 || value === false) return true;
  return Array.isArray(value) ? value.length === 0 : isMap(value) && Object.keys(value).length === 0;
}

function mismatch(value: unknown, place: Place): DecodeError {
  const field = place.path.length === 0 ? 'value' : `struct field ${place.struct}.${place.path.join('.')}`;
  return new DecodeError(`json: cannot unmarshal ${jsonKind(value, place.type)} into Go ${field} of type ${place.type}`);
}

function jsonKind(value: unknown, wanted: string): string {
  if (typeof value === 'number') return wanted.startsWith('int') ? `number ${value}` : 'number';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'string' ? 'string' : Array.isArray(value) ? 'array' : 'object';
}

function goType(shape: Shape): string {
  switch (shape.shape) {
    case 'list':
      return `[]${goType(shape.items)}`;
    case 'map':
      return `map[string]${goType(shape.values)}`;
    case 'struct':
      return goName(structById(shape.struct));
    case 'scalar':
      return { bytes: '[]uint8', number: 'float64', IntOrString: 'intstr.IntOrString', any: 'interface {}' }[shape.scalar as string] ?? shape.scalar;
  }
}

function goName(type: StructType): string {
  return `v1.${type.name}`;
}

function isMap(value: unknown): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Go sorts map keys by bytes. */
function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
