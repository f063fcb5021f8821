import { rfc3339 } from '../../../platform/clock.ts';
import { DecodeError } from '../api-error.ts';

/** How one protobuf field appears in JSON. */
type FieldType =
  | 'string'
  | 'bytes'
  | 'int'
  | 'bool'
  /** k8s.io/apimachinery meta/v1 Time: seconds since the epoch; none is null. */
  | 'time'
  /** k8s.io/apimachinery/pkg/util/intstr: a kind (0 number, 1 text), the number, the text. */
  | 'intOrString'
  | { readonly message: MessageSchema }
  | { readonly map: 'string' | 'bytes' | MessageSchema };

export interface FieldSchema {
  readonly name: string;
  readonly type: FieldType;
  readonly repeated?: boolean;
  /** Empty values are left out, as Go's `omitempty` does on the way to JSON. Scalars only; messages always stay. */
  readonly keepEmpty?: boolean;
}

/** Fields by number, from the generated.proto of k8s.io/api. Unknown numbers are skipped. */
export interface MessageSchema {
  readonly [number: number]: FieldSchema;
}

interface RawField {
  readonly number: number;
  readonly value: bigint | Buffer;
}

/** Decodes one message into the JSON form of its kind. Throws DecodeError on malformed input. */
export function decodeMessage(data: Buffer, schema: MessageSchema): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const { number, value } of rawFields(data)) {
    const field = schema[number];
    if (field === undefined) continue;
    if (typeof field.type === 'object' && 'map' in field.type) {
      const [key, entry] = mapEntry(value, field.type.map);
      result[field.name] = { ...(result[field.name] as object | undefined), [key]: entry };
      continue;
    }
    const decoded = decodeValue(value, field.type);
    if (field.repeated === true) result[field.name] = [...((result[field.name] as unknown[] | undefined) ?? []), decoded];
    else if (field.keepEmpty === true || (decoded !== '' && decoded !== 0 && decoded !== false)) result[field.name] = decoded;
  }
  return result;
}

/** Splits a message into its fields. */
export function rawFields(data: Buffer): readonly RawField[] {
  const fields: RawField[] = [];
  const reader = new Reader(data);
  while (!reader.done) {
    const tag = reader.varint();
    const number = Number(tag >> 3n);
    switch (Number(tag & 7n)) {
      case 0:
        fields.push({ number, value: reader.varint() });
        break;
      case 1:
        fields.push({ number, value: reader.bytes(8) });
        break;
      case 2:
        fields.push({ number, value: reader.bytes(Number(reader.varint())) });
        break;
      case 5:
        fields.push({ number, value: reader.bytes(4) });
        break;
      default:
        throw new DecodeError(`proto: illegal wireType ${tag & 7n}`);
    }
  }
  return fields;
}

function decodeValue(value: bigint | Buffer, type: Exclude<FieldType, { map: unknown }>): unknown {
  if (type === 'int' || type === 'bool') {
    if (typeof value !== 'bigint') throw new DecodeError('proto: wrong wireType for a number');
    return type === 'bool' ? value !== 0n : Number(BigInt.asIntN(64, value));
  }
  if (typeof value === 'bigint') throw new DecodeError('proto: wrong wireType for a length-delimited field');
  if (type === 'string') return value.toString('utf8');
  if (type === 'bytes') return value.toString('base64');
  if (type === 'intOrString') return intOrString(value);
  if (type === 'time') return time(value);
  return decodeMessage(value, type.message);
}

function time(value: Buffer): string | null {
  const { seconds = 0 } = decodeMessage(value, { 1: { name: 'seconds', type: 'int' } });
  // Go's zero time is the year 1.
  return typeof seconds !== 'number' || seconds <= 0 || !Number.isSafeInteger(seconds * 1000) || seconds > 253_402_300_799 ? null : rfc3339(seconds * 1000);
}

/** k8s.io/apimachinery/pkg/util/intstr: 1 says which of 2 (number) and 3 (text) is meant. */
function intOrString(value: Buffer): number | string {
  const parts = decodeMessage(value, { 1: { name: 'type', type: 'int' }, 2: { name: 'number', type: 'int' }, 3: { name: 'text', type: 'string' } });
  const { type, number, text } = parts;
  return type === 1 ? (typeof text === 'string' ? text : '') : typeof number === 'number' ? number : 0;
}

function mapEntry(value: bigint | Buffer, type: 'string' | 'bytes' | MessageSchema): [string, unknown] {
  if (typeof value === 'bigint') throw new DecodeError('proto: wrong wireType for a map');
  const parts = new Map(rawFields(value).map((field) => [field.number, field.value]));
  const key = parts.get(1) ?? Buffer.alloc(0);
  const content = parts.get(2) ?? Buffer.alloc(0);
  if (typeof key === 'bigint' || typeof content === 'bigint') throw new DecodeError('proto: wrong wireType in a map entry');
  return [key.toString('utf8'), typeof type === 'string' ? content.toString(type === 'bytes' ? 'base64' : 'utf8') : decodeMessage(content, type)];
}

class Reader {
  private at = 0;
  private readonly data: Buffer;

  constructor(data: Buffer) {
    this.data = data;
  }

  get done(): boolean {
    return this.at >= this.data.length;
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 64n; shift += 7n) {
      const byte = this.data[this.at];
      if (byte === undefined) throw new DecodeError('unexpected EOF');
      this.at += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new DecodeError('proto: integer overflow');
  }

  bytes(length: number): Buffer {
    if (this.at + length > this.data.length) throw new DecodeError('unexpected EOF');
    this.at += length;
    return this.data.subarray(this.at - length, this.at);
  }
}
