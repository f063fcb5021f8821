import { DecodeError } from '../api-error.ts';
import { bodyFormat, parseBody } from '../http/decode.ts';
import { duplicateKeys } from '../http/duplicate-keys.ts';
import { isObject, jsonKind } from '../json.ts';
import type { Registry } from '../registry.ts';
import { apiVersionOf } from '../registry.ts';
import type { Draft, ResourceDefinition } from '../resource.ts';
import { badRequest } from '../status-errors.ts';
import { checkMetadataTypes } from './metadata-types.ts';
import type { FieldValidation } from './options.ts';
import type { ResourceRequest } from './request.ts';

/** What a kind is called and where it belongs, for decoding a body. */
export interface ExpectedKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** Longest part of a body that an error repeats. */
const SUMMARY = 30;

/** The body of a POST or PUT as a draft of `expected`. 400 or 415 as kube-apiserver words them; unknown fields warn or are refused. */
export function incomingObject(request: ResourceRequest, expected: ResourceDefinition, registry: Registry, validation: FieldValidation): Draft {
  const draft = bodyOfKind(request, expected, registry);
  const repeated = bodyFormat(request.headers['content-type']) === 'json' ? duplicateKeys(request.body.toString('utf8')) : [];
  request.warnings.push(...decodeDraft(draft, expected, repeated, validation, (cause) => badRequest(cannotBeHandled(expected, cause))));
  return draft;
}

/** The body as an object of the expected kind; kind and apiVersion may be left out. */
export function bodyOfKind(request: Pick<ResourceRequest, 'body' | 'headers'>, expected: ExpectedKind, registry: Registry): Draft {
  const body = parsed(request, expected);
  const apiVersion = body['apiVersion'] ?? apiVersionOf(expected);
  const kind = body['kind'] ?? expected.kind;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') {
    const cause = `json: cannot unmarshal ${jsonKind(typeof kind === 'string' ? apiVersion : kind)} into Go struct field .${typeof kind === 'string' ? 'apiVersion' : 'kind'} of type string`;
    throw unrecognized(expected, `couldn't get version/kind; json parse error: ${cause}`, request.body);
  }
  const wantedVersion = apiVersion === '' ? apiVersionOf(expected) : apiVersion;
  const wantedKind = kind === '' ? expected.kind : kind;
  if (wantedVersion !== apiVersionOf(expected) || wantedKind !== expected.kind) throw wrongKind(wantedVersion, wantedKind, expected, registry);
  const metadata = body['metadata'] ?? {};
  if (!isObject(metadata)) {
    throw badRequest(
      cannotBeHandled(expected, `json: cannot unmarshal ${jsonKind(metadata)} into Go struct field ${expected.kind}.metadata of type v1.ObjectMeta`),
    );
  }
  return { ...body, apiVersion: wantedVersion, kind: wantedKind, metadata };
}

/** Runs the definition's decoding over a whole object; says which unknown and `repeated` fields to warn of. `refuse` words a failure. */
export function decodeDraft(
  draft: Draft,
  definition: ResourceDefinition,
  repeated: readonly string[],
  validation: FieldValidation,
  refuse: (cause: string) => Error,
): readonly string[] {
  let unknown: readonly string[];
  try {
    checkMetadataTypes(draft.metadata);
    unknown = definition.decode?.(draft) ?? [];
  } catch (error) {
    if (error instanceof DecodeError) throw refuse(error.message);
    throw error;
  }
  const texts = [...unknown.map((path) => `unknown field ${JSON.stringify(path)}`), ...repeated.map((path) => `duplicate field ${JSON.stringify(path)}`)];
  if (texts.length > 0 && validation === 'Strict') throw refuse(`strict decoding error: ${texts.join(', ')}`);
  return validation === 'Warn' ? texts : [];
}

function parsed(request: Pick<ResourceRequest, 'body' | 'headers'>, expected: ExpectedKind): Record<string, unknown> {
  const format = bodyFormat(request.headers['content-type']);
  let body: unknown;
  try {
    body = parseBody(request.body, format);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw unrecognized(expected, format === 'json' ? `couldn't get version/kind; json parse error: ${error.message}` : error.message, request.body);
  }
  if (isObject(body)) return body;
  const into = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';
  throw unrecognized(
    expected,
    `couldn't get version/kind; json parse error: json: cannot unmarshal ${jsonKind(body)} into Go value of type ${into}`,
    request.body,
  );
}

function wrongKind(apiVersion: string, kind: string, expected: ExpectedKind, registry: Registry): Error {
  const version = apiVersion.split('/').at(-1) ?? '';
  const cause =
    registry.ofKind(apiVersion, kind) === undefined
      ? `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "pkg/api/legacyscheme/scheme.go:30"`
      : `converting (${version}.${kind}) to (${expected.group === '' ? 'core' : (expected.group.split('.')[0] ?? '')}.${expected.kind}): unknown conversion`;
  return badRequest(`${kind} in version ${JSON.stringify(version)} cannot be handled as a ${expected.kind}: ${cause}`);
}

function cannotBeHandled(expected: ExpectedKind, cause: string): string {
  return `${expected.kind} in version ${JSON.stringify(expected.version)} cannot be handled as a ${expected.kind}: ${cause}`;
}

function unrecognized(expected: ExpectedKind, cause: string, body: Buffer): Error {
  return badRequest(`the object provided is unrecognized (must be of type ${expected.kind}): ${cause} (${summary(body)})`);
}

function summary(body: Buffer): string {
  if (body.length === 0) return '<empty>';
  const text = (part: Buffer): string => (body[0] === 0x7b ? part.toString('utf8') : part.toString('hex'));
  return body.length > SUMMARY ? `${text(body.subarray(0, SUMMARY))} ...` : text(body);
}
