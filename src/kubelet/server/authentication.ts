/** Who calls: by client certificate, else by bearer token. There is no anonymous caller. */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { Clock } from '../../platform/clock.ts';
import type { AccessReviews, UserInfo } from '../trust.ts';
import { ExpiringCache } from './expiring-cache.ts';

const TOKEN_MS = 120_000;
const AUTHENTICATED = 'system:authenticated';

export interface AuthenticatorOptions {
  readonly reviews: Pick<AccessReviews, 'reviewToken'>;
  readonly clock: Clock;
  /** Whether certificates are judged by a CA of the cluster; without one none is believed. */
  readonly hasClientCa: () => boolean;
}

/** Resolves with undefined for nobody; rejects when the API server could not be asked. */
export type Authenticator = (request: IncomingMessage, signal: AbortSignal) => Promise<UserInfo | undefined>;

export function createAuthenticator({ reviews, clock, hasClientCa }: AuthenticatorOptions): Authenticator {
  const tokens = new ExpiringCache<UserInfo | undefined>(clock, () => TOKEN_MS);
  return async (request, signal) => {
    const byCertificate = hasClientCa() ? certificateUser(request.socket) : undefined;
    if (byCertificate !== undefined) return byCertificate;
    const token = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined) return undefined;
    // Tokens are secrets: not even a cache keeps them.
    const key = createHash('sha256').update(token).digest('base64');
    const user = await tokens.get(key, () => reviews.reviewToken(token, signal));
    return user === undefined ? undefined : { ...user, groups: [...new Set([...(user.groups ?? []), AUTHENTICATED])] };
  };
}

/** CN is the user, each O a group (k8s.io/apiserver/pkg/authentication/request/x509). */
function certificateUser(socket: unknown): UserInfo | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const subject = socket.getPeerCertificate(false).subject as Readonly<Record<string, unknown>> | undefined;
  const name = subject?.['CN'];
  if (typeof name !== 'string' || name === '') return undefined;
  const groups = [subject?.['O'] ?? []].flat().filter((group): group is string => typeof group === 'string');
  return { username: name, groups: [...groups, AUTHENTICATED] };
}
