/** The TokenRequest API (kubernetes pkg/registry/core/serviceaccount/storage/token.go). */
import { rfc3339 } from '../../../../platform/clock.ts';
import { ApiError } from '../../api-error.ts';
import type { Draft, ObjectKey, RequestContext, TokenGrant } from '../../resource.ts';
import { notFound } from '../../status-errors.ts';
import { decodeBody } from '../codec.ts';
import type { JsonMap } from '../fields.ts';
import { at, mapOf, numberOf, textOf, textsOf } from '../fields.ts';
import { invalidValue, throwIfInvalid } from '../problems.ts';

const ACCOUNTS = { group: '', resource: 'serviceaccounts' };
const REQUEST = { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' } as const;
const DEFAULT_AUDIENCE = 'https://kubernetes.default.svc';
const BINDABLE: Readonly<Record<string, string>> = { Pod: 'pods', Secret: 'secrets', Node: 'nodes' };

/** Answers POST serviceaccounts/<name>/token: 201 and the TokenRequest with its token. */
export function requestToken(body: Draft, name: string, namespace: string, context: RequestContext): { code: number; body: object } {
  const account = context.store.get({ ...ACCOUNTS, namespace, name });
  if (account === undefined) throw notFound(ACCOUNTS, name);
  const request = decodeBody(REQUEST, body);
  const spec = mapOf(request['spec']);
  const audiences = textsOf(spec['audiences']).length === 0 ? [DEFAULT_AUDIENCE] : textsOf(spec['audiences']);
  const seconds = numberOf(spec['expirationSeconds']) ?? 3600;
  checkDuration(request, seconds);
  const reference = spec['boundObjectRef'] === null ? undefined : mapOf(spec['boundObjectRef']);
  const bound = reference === undefined ? undefined : findBound(reference, namespace, context);

  const now = context.clock.now();
  const expiresAt = now + seconds * 1000;
  const token = context.mintToken({
    user: {
      username: `system:serviceaccount:${namespace}:${name}`,
      uid: account.metadata.uid ?? '',
      groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
      extra: bound?.extra ?? {},
    },
    audiences,
    expiresAt,
    account: { namespace, name, uid: account.metadata.uid ?? '' },
    claims: { namespace, ...bound?.claims, serviceaccount: { name, uid: account.metadata.uid } },
    ...(bound === undefined ? {} : { boundTo: bound.boundTo }),
  });
  const answer: JsonMap = {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name, namespace, uid: account.metadata.uid, creationTimestamp: rfc3339(now) },
    spec: { audiences, expirationSeconds: seconds, boundObjectRef: reference ?? null },
    status: { token, expirationTimestamp: rfc3339(expiresAt) },
  };
  return { code: 201, body: decodeBody(REQUEST, answer) };
}

function checkDuration(request: Draft, seconds: number): void {
  const field = 'spec.expirationSeconds';
  if (seconds < 600) throwIfInvalid(REQUEST, { ...request, metadata: {} }, [invalidValue(field, seconds, 'may not specify a duration less than 10 minutes')]);
  if (seconds > 2 ** 32) {
    throwIfInvalid(REQUEST, { ...request, metadata: {} }, [invalidValue(field, seconds, 'may not specify a duration larger than 2^32 seconds')]);
  }
}

function findBound(
  reference: JsonMap,
  namespace: string,
  context: RequestContext,
): { boundTo: NonNullable<TokenGrant['boundTo']>; extra: Record<string, string[]>; claims: object } {
  const kind = textOf(reference['kind']);
  const name = textOf(reference['name']);
  const resource = BINDABLE[kind];
  if (resource === undefined) {
    throw new ApiError(400, 'BadRequest', `cannot bind token for serviceaccount to object of type ${textOf(reference['apiVersion'])}, Kind=${kind}`);
  }
  const key: ObjectKey = resource === 'nodes' ? { group: '', resource, name } : { group: '', resource, namespace, name };
  const object = context.store.get(key);
  if (object === undefined) throw notFound(key, name);
  const uid = object.metadata.uid ?? '';
  const wanted = textOf(reference['uid']);
  if (wanted !== '' && wanted !== uid) {
    const cause = `the UID in the bound object reference (${wanted}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw new ApiError(409, 'Conflict', `Operation cannot be fulfilled on ${kind} "${name}": ${cause}`, { name, kind });
  }
  return {
    boundTo: { resource: { group: '', resource }, namespace, name, uid },
    extra: extraOf(kind, object, context),
    claims: claimsOf(kind, object, context),
  };
}

/** What the token says of the object it is bound to, and of the node that a pod is on (pkg/serviceaccount/claims.go). */
function claimsOf(kind: string, object: Draft, context: RequestContext): object {
  const reference = ({ metadata }: Draft): object => ({ name: metadata.name, uid: metadata.uid });
  const name = kind === 'Pod' ? textOf(at(object, 'spec', 'nodeName')) : '';
  const node = name === '' ? undefined : context.store.get({ group: '', resource: 'nodes', name });
  return { ...(name === '' ? {} : { node: node === undefined ? { name } : reference(node) }), [kind.toLowerCase()]: reference(object) };
}

/** What TokenReview says beyond the user: the pod, and the node that it is bound to. */
function extraOf(kind: string, object: Draft, context: RequestContext): Record<string, string[]> {
  const prefix = `authentication.kubernetes.io/${kind.toLowerCase()}`;
  const extra: Record<string, string[]> =
    kind === 'Secret' ? {} : { [`${prefix}-name`]: [object.metadata.name ?? ''], [`${prefix}-uid`]: [object.metadata.uid ?? ''] };
  const node = kind === 'Pod' ? textOf(at(object, 'spec', 'nodeName')) : '';
  if (node === '') return extra;
  const uid = context.store.get({ group: '', resource: 'nodes', name: node })?.metadata.uid;
  return { 'authentication.kubernetes.io/node-name': [node], ...(uid === undefined ? {} : { 'authentication.kubernetes.io/node-uid': [uid] }), ...extra };
}
