/** What a caller may: SubjectAccessReviews for the subresources of this node. */
import type { Clock } from '../../platform/clock.ts';
import type { AccessReviews, UserInfo } from '../trust.ts';
import { ExpiringCache } from './expiring-cache.ts';

const ALLOWED_MS = 300_000;
const DENIED_MS = 30_000;

const VERBS: Readonly<Record<string, string>> = { GET: 'get', HEAD: 'get', POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };

/** The verb of a request method; a method nobody knows asks for nothing anybody has. */
export function verbOf(method: string): string {
  return VERBS[method] ?? method.toLowerCase();
}

/** Rejects when the API server could not be asked. */
export type Authorizer = (user: UserInfo, verb: string, subresources: readonly string[], signal: AbortSignal) => Promise<boolean>;

export function createAuthorizer(reviews: Pick<AccessReviews, 'reviewAccess'>, nodeName: string, clock: Clock): Authorizer {
  const answers = new ExpiringCache<boolean>(clock, (allowed) => (allowed ? ALLOWED_MS : DENIED_MS));
  return async (user, verb, subresources, signal) => {
    for (const subresource of subresources) {
      const key = JSON.stringify([user, verb, subresource]);
      if (await answers.get(key, () => reviews.reviewAccess({ user, verb, resource: 'nodes', subresource, name: nodeName }, signal))) return true;
    }
    return false;
  };
}
