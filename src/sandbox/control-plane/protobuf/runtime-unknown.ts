import { DecodeError } from '../api-error.ts';
import { schemas } from './schemas.ts';
import { decodeMessage, rawFields } from './wire.ts';

/** `k8s\0`, then a runtime.Unknown message (k8s.io/apimachinery/pkg/runtime/serializer/protobuf). */
const MAGIC = Buffer.from([0x6b, 0x38, 0x73, 0x00]);

export function isProtobuf(body: Buffer): boolean {
  return body.subarray(0, MAGIC.length).equals(MAGIC);
}

/** The object in a protobuf body, as JSON data. DecodeError for malformed bodies and for kinds that are taken as JSON only. */
export function decodeUnknown(body: Buffer): Record<string, unknown> {
  const outer = new Map(rawFields(body.subarray(MAGIC.length)).map((field) => [field.number, field.value]));
  const typeMeta = decodeMessage(bytesOf(outer.get(1)), { 1: { name: 'apiVersion', type: 'string' }, 2: { name: 'kind', type: 'string' } });
  const apiVersion = typeof typeMeta['apiVersion'] === 'string' ? typeMeta['apiVersion'] : '';
  const kind = typeof typeMeta['kind'] === 'string' ? typeMeta['kind'] : '';
  const schema = schemas[`${apiVersion} ${kind}`];
  if (schema === undefined) throw new DecodeError(`no protobuf decoder for kind "${kind}" in version "${apiVersion}"; send application/json`);
  return { apiVersion, kind, ...decodeMessage(bytesOf(outer.get(2)), schema) };
}

function bytesOf(value: bigint | Buffer | undefined): Buffer {
  if (typeof value === 'bigint') throw new DecodeError('proto: wrong wireType in the envelope');
  return value ?? Buffer.alloc(0);
}
