import { badRequest } from '../status-errors.ts';
import { isObject } from '../json.ts';

const VERSION = 'meta.k8s.io/v1';

/** A continue token (k8s.io/apiserver/pkg/storage/continue.go): the list's revision and the last key, after which to go on. */
export function encodeContinue(revision: number, after: string): string {
  // A token for an inconsistent continuation has its key without the leading slash.
  const start = revision < 0 ? after : `/${after}`;
  return Buffer.from(JSON.stringify({ v: VERSION, rv: revision, start })).toString('base64url');
}

/** Reads a token; revision -1 means "whatever is there now". 400 when it is none. */
export function decodeContinue(token: string): { revision: number; after: string } {
  let decoded: unknown;
  try {
    decoded = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
  } catch {
    throw invalidToken('invalid character');
  }
  if (!isObject(decoded)) throw invalidToken('not an object');
  const { v: version, rv: revision, start } = decoded;
  if (version !== VERSION) throw badRequest('continue key is not valid: server does not recognize this encoded version');
  if (typeof revision !== 'number' || !Number.isInteger(revision) || revision === 0) {
    throw invalidToken('incorrect encoded start resourceVersion (version meta.k8s.io/v1)');
  }
  if (typeof start !== 'string' || start === '') throw invalidToken('encoded start key empty (version meta.k8s.io/v1)');
  return { revision, after: start.startsWith('/') ? start.slice(1) : start };
}

function invalidToken(cause: string): Error {
  return badRequest(`continue key is not valid: ${cause}`);
}
