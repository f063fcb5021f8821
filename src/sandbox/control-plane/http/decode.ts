import { isAlias, parseDocument, visit } from 'yaml';
import { messageOf } from '../../../errors/vick-error.ts';
import { DecodeError } from '../api-error.ts';
import { unsupportedBodyType } from '../status-errors.ts';
import { decodeUnknown, isProtobuf } from '../protobuf/runtime-unknown.ts';
import { jsonSyntaxError } from './json-error.ts';

export type BodyFormat = 'json' | 'yaml' | 'protobuf';

/** YAML may not expand to more than this many aliases: a small text could otherwise fill the memory. */
const MAX_ALIASES = 100;

/** The format that a Content-Type names; none given means JSON. 415 for anything else. */
export function bodyFormat(contentType: string | undefined): BodyFormat {
  const type = (contentType ?? 'application/json').split(';')[0]?.trim().toLowerCase() ?? '';
  switch (type) {
    case 'application/json':
    case '':
      return 'json';
    case 'application/yaml':
      return 'yaml';
    case 'application/vnd.kubernetes.protobuf':
      return 'protobuf';
    default:
      throw unsupportedBodyType();
  }
}

/** A body as JSON data. Throws DecodeError, worded as kube-apiserver's decoders word it. */
export function parseBody(body: Buffer, format: BodyFormat): unknown {
  if (format === 'protobuf') {
    if (!isProtobuf(body)) throw new DecodeError('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]');
    return decodeUnknown(body);
  }
  return format === 'yaml' ? parseYaml(body.toString('utf8')) : parseJson(body.toString('utf8'));
}

/** JSON text as data; keys named `__proto__` are dropped, as no field of any kind is called so. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text, (key, value: unknown) => (key === '__proto__' ? undefined : value));
  } catch {
    throw new DecodeError(jsonSyntaxError(text) ?? 'invalid JSON');
  }
}

export function parseYaml(text: string): unknown {
  try {
    return fromYaml(text);
  } catch (error) {
    if (error instanceof DecodeError) throw error;
    // What the parser takes and cannot be made data of: aliases of nothing or of themselves, nesting without end.
    throw invalidYaml(messageOf(error));
  }
}

function fromYaml(text: string): unknown {
  const document = parseDocument(text, { uniqueKeys: false });
  const problem = document.errors[0];
  if (problem !== undefined) throw invalidYaml(problem.message);
  let aliases = 0;
  visit(document, {
    Alias: (_key, node) => {
      if (isAlias(node)) aliases += 1;
      return aliases > MAX_ALIASES ? visit.BREAK : undefined;
    },
  });
  if (aliases > MAX_ALIASES) throw invalidYaml('document contains excessive aliasing');
  const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
  return parseJson(JSON.stringify(value ?? null));
}

function invalidYaml(problem: string): DecodeError {
  return new DecodeError(`error converting YAML to JSON: yaml: ${problem.split('\n')[0] ?? ''}`);
}
