/** The refusals that the machinery itself makes, worded as k8s.io/apimachinery/pkg/api/errors words them. */
import { ApiError } from './api-error.ts';
import type { ResourceKey } from './resource.ts';

/** `leases.coordination.k8s.io`, or `pods` in the core group. */
export function qualifiedResource(key: ResourceKey): string {
  return key.group === '' ? key.resource : `${key.resource}.${key.group}`;
}

export function notFound(key: ResourceKey, name: string): ApiError {
  return new ApiError(404, 'NotFound', `${qualifiedResource(key)} "${name}" not found`, detailsOf(key, name));
}

export function alreadyExists(key: ResourceKey, name: string): ApiError {
  return new ApiError(409, 'AlreadyExists', `${qualifiedResource(key)} "${name}" already exists`, detailsOf(key, name));
}

export function conflict(
  key: ResourceKey,
  name: string,
  cause = 'the object has been modified; please apply your changes to the latest version and try again',
): ApiError {
  return new ApiError(409, 'Conflict', `Operation cannot be fulfilled on ${qualifiedResource(key)} "${name}": ${cause}`, detailsOf(key, name));
}

export function badRequest(message: string): ApiError {
  return new ApiError(400, 'BadRequest', message);
}

/** An admission or rule refusal about one object. */
export function forbiddenObject(
  key: ResourceKey,
  name: string,
  cause: string,
  causes?: readonly { reason: string; message: string; field: string }[],
): ApiError {
  return new ApiError(403, 'Forbidden', `${qualifiedResource(key)} "${name}" is forbidden: ${cause}`, {
    ...detailsOf(key, name),
    ...(causes === undefined ? {} : { causes }),
  });
}

export interface Problem {
  readonly reason: string;
  readonly field: string;
  readonly message: string;
}

/** A 422 about an object of `kind`. */
export function invalid(kind: string, group: string, name: string, problems: readonly Problem[]): ApiError {
  const texts = [...new Set(problems.map((problem) => `${problem.field}: ${problem.message}`))];
  const summary = texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
  const subject = `${group === '' ? kind : `${kind}.${group}`} "${name}"`;
  return new ApiError(422, 'Invalid', `${subject} is invalid: ${summary}`, {
    ...(name === '' ? {} : { name }),
    ...(group === '' ? {} : { group }),
    ...(kind === '' ? {} : { kind }),
    causes: problems,
  });
}

export function methodNotAllowed(): ApiError {
  return new ApiError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {});
}

/** A path of a known group that names nothing. */
export function noSuchResource(): ApiError {
  return new ApiError(404, 'NotFound', 'the server could not find the requested resource', {});
}

/** Part of Kubernetes, but not of this control plane. */
export function notImplemented(what: string): ApiError {
  return new ApiError(501, 'NotImplemented', `${what} is not implemented by the embedded control plane of the sandbox`, {});
}

export function tooLarge(limitBytes: number): ApiError {
  return new ApiError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${limitBytes}`, {});
}

export function unsupportedPatchType(): ApiError {
  return new ApiError(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {});
}

export function unsupportedBodyType(): ApiError {
  return new ApiError(
    415,
    'UnsupportedMediaType',
    'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
  );
}

export function notAcceptable(): ApiError {
  return new ApiError(
    406,
    'NotAcceptable',
    '406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    {},
  );
}

/** A known format, but a shape (`as=`) or version of it that is not offered. */
export function notAcceptableShape(): ApiError {
  return new ApiError(
    406,
    'NotAcceptable',
    'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf',
  );
}

/** A list or get at a revision that does not exist yet. */
export function tooLargeResourceVersion(wanted: number, current: number): ApiError {
  return new ApiError(504, 'Timeout', `Timeout: Too large resource version: ${wanted}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
}

function detailsOf(key: ResourceKey, name: string): { name: string; group?: string; kind: string } {
  return { name, ...(key.group === '' ? {} : { group: key.group }), kind: key.resource };
}
