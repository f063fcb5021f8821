import { createHash, generateKeyPairSync, sign as signData, verify as verifyData, type KeyObject } from 'node:crypto';
import type { Clock } from '../../../platform/clock.ts';
import type { Random } from '../../../platform/random.ts';
import { isObject } from '../json.ts';
import type { TokenGrant, UserInfo } from '../resource.ts';
import type { ObjectStore } from '../store/object-store.ts';

/** What tokens of this control plane are for, unless they are made for someone else. */
const API_AUDIENCE = 'https://kubernetes.default.svc';

type TokenVerdict =
  { readonly authenticated: true; readonly user: UserInfo; readonly audiences: readonly string[] } | { readonly authenticated: false; readonly error: string };

/** Bearer tokens: fixed ones given by the operator, and signed ones for service accounts. */
export interface TokenRegistry {
  /** Makes `token` stand for `user` until `revoke`. */
  add(token: string, user: UserInfo): void;
  revoke(token: string): void;
  mint(grant: TokenGrant): string;
  /** Judges a token for `audiences` (default: the API's own). */
  verify(token: string, audiences?: readonly string[]): TokenVerdict;
}

export function createTokenRegistry(clock: Clock, random: Random, store: ObjectStore): TokenRegistry {
  const fixed = new Map<string, UserInfo>();
  const grants = new Map<string, TokenGrant>();
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const header = encode({ alg: 'ES256', kid: keyId(publicKey) });
  return {
    add: (token, user) => {
      fixed.set(token, user);
    },
    revoke: (token) => {
      fixed.delete(token);
    },
    mint: (grant) => {
      const id = random.uuid();
      grants.set(id, { ...grant, user: { ...grant.user, extra: { 'authentication.kubernetes.io/credential-id': [`JTI=${id}`], ...grant.user.extra } } });
      const text = `${header}.${encode(claims(grant, id, clock.now()))}`;
      return `${text}.${signData('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
    },
    verify: (token, audiences = [API_AUDIENCE]) => {
      const user = fixed.get(token);
      if (user !== undefined) return { authenticated: true, user, audiences: [API_AUDIENCE] };
      const grant = signedGrant(token, publicKey, grants);
      return grant === undefined ? { authenticated: false, error: 'invalid bearer token' } : judge(grant, audiences, clock, store);
    },
  };
}

function judge(grant: TokenGrant, audiences: readonly string[], clock: Clock, store: ObjectStore): TokenVerdict {
  const shared = grant.audiences.filter((audience) => audiences.includes(audience));
  if (shared.length === 0) {
    return refuse(`token audiences ${JSON.stringify(grant.audiences)} is invalid for the target audiences ${JSON.stringify(audiences)}`);
  }
  if (clock.now() >= grant.expiresAt) return refuse('service account token has expired');
  const { account, boundTo } = grant;
  const accounts = { group: '', resource: 'serviceaccounts' };
  if (store.get({ ...accounts, namespace: account.namespace, name: account.name })?.metadata.uid !== account.uid) {
    return refuse('service account token has been invalidated');
  }
  if (boundTo !== undefined && store.get({ ...boundTo.resource, namespace: boundTo.namespace, name: boundTo.name })?.metadata.uid !== boundTo.uid) {
    return refuse('service account token has been invalidated');
  }
  return { authenticated: true, user: grant.user, audiences: shared };
}

function refuse(cause: string): TokenVerdict {
  return { authenticated: false, error: `[invalid bearer token, ${cause}]` };
}

function signedGrant(token: string, publicKey: KeyObject, grants: ReadonlyMap<string, TokenGrant>): TokenGrant | undefined {
  const [header = '', payload = '', signature = '', ...rest] = token.split('.');
  if (rest.length > 0 || !/^[\w-]+$/.test(signature)) return undefined;
  const genuine = verifyData('sha256', Buffer.from(`${header}.${payload}`), { key: publicKey, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'));
  if (!genuine) return undefined;
  const decoded: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
  return isObject(decoded) && typeof decoded['jti'] === 'string' ? grants.get(decoded['jti']) : undefined;
}

/** How kube-apiserver names a signing key (pkg/serviceaccount/jwt.go, keyIDFromPublicKey). */
function keyId(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url');
}

function claims(grant: TokenGrant, id: string, now: number): object {
  const seconds = Math.floor(now / 1_000);
  return {
    ...{ aud: grant.audiences, exp: Math.floor(grant.expiresAt / 1_000), iat: seconds, iss: API_AUDIENCE, jti: id },
    'kubernetes.io': grant.claims,
    ...{ nbf: seconds, sub: grant.user.username },
  };
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
