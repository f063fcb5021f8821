import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { isWebSocketUpgrade, offeredSubprotocols } from '../../../platform/websocket/accept.ts';
import { ApiError } from '../api-error.ts';
import { forbidden } from '../authz/authorizer.ts';
import type { Authorizer } from '../authz/attributes.ts';
import type { UserInfo } from '../resource.ts';
import type { TokenRegistry } from './tokens.ts';

const ANONYMOUS: UserInfo = { username: 'system:anonymous', groups: ['system:unauthenticated'] };
const AUTHENTICATED = 'system:authenticated';
/** The beginning of a subprotocol that carries a token: browsers can send it nowhere else (k8s.io/apiserver/pkg/authentication/request/websocket). */
export const BEARER_PROTOCOL = 'base64url.bearer.authorization.k8s.io.';
const EXTRA_HEADER = 'impersonate-extra-';

/** Who sends the request: by client certificate, else by bearer token, else anonymous. 401 for credentials that are not good. */
export function authenticate(request: IncomingMessage, tokens: TokenRegistry): UserInfo {
  const certified = certificateUser(request);
  if (certified !== undefined) return certified;
  const token = bearerToken(request);
  if (token === undefined) return ANONYMOUS;
  const verdict = tokens.verify(token);
  if (!verdict.authenticated) throw unauthorized();
  return authenticated(verdict.user);
}

function bearerToken(request: IncomingMessage): string | undefined {
  const header = request.headers.authorization;
  if (header === undefined) return isWebSocketUpgrade(request) ? subprotocolToken(request) : undefined;
  const [scheme, token = ''] = header.split(/\s+/, 2);
  return scheme?.toLowerCase() === 'bearer' && token !== '' ? token : undefined;
}

/** One token, beside at least one protocol that is none. */
function subprotocolToken(request: IncomingMessage): string | undefined {
  const offered = offeredSubprotocols(request);
  const tokens = offered.filter((protocol) => protocol.startsWith(BEARER_PROTOCOL));
  const [only] = tokens;
  if (only === undefined) return undefined;
  if (tokens.length > 1 || tokens.length === offered.length) throw unauthorized();
  return Buffer.from(only.slice(BEARER_PROTOCOL.length), 'base64url').toString();
}

/** Applies the Impersonate-* headers, each of which the real user must be allowed to use. */
export function impersonate(request: IncomingMessage, user: UserInfo, authorizer: Authorizer): UserInfo {
  const name = header(request, 'impersonate-user');
  const groups = request.headersDistinct['impersonate-group'] ?? [];
  const uid = header(request, 'impersonate-uid');
  const extra = extraOf(request);
  if (name === undefined) {
    if (groups.length === 0 && uid === undefined && Object.keys(extra).length === 0) return user;
    throw new ApiError(500, 'InternalError', 'Internal error occurred: requested impersonation without a user name', {
      causes: [{ message: 'requested impersonation without a user name' }],
    });
  }
  const subjects = [subjectOf(name), ...groups.map((group) => ({ group: '', resource: 'groups', name: group }))];
  for (const subject of subjects) {
    const attributes = { user, verb: 'impersonate', request: subject };
    const decision = authorizer.authorize(attributes);
    if (!decision.allowed) throw forbidden(attributes, decision.reason);
  }
  const isAnonymous = name === ANONYMOUS.username;
  const all = [...groups];
  const own = isAnonymous ? 'system:unauthenticated' : AUTHENTICATED;
  for (const group of [...(groups.length === 0 ? serviceAccountGroups(name) : []), own]) if (!all.includes(group)) all.push(group);
  return { username: name, groups: all, ...(uid === undefined ? {} : { uid }), ...(Object.keys(extra).length === 0 ? {} : { extra }) };
}

function certificateUser(request: IncomingMessage): UserInfo | undefined {
  const { socket } = request;
  if (!(socket instanceof TLSSocket)) return undefined;
  const certificate = socket.getPeerCertificate();
  // An empty object when the client sent none.
  if (!('raw' in certificate)) return undefined;
  if (!socket.authorized) throw unauthorized();
  const { CN: commonName, O: organisations } = certificate.subject as { CN?: string | string[]; O?: string | string[] };
  const username = [commonName ?? ''].flat()[0] ?? '';
  if (username === '') throw unauthorized();
  return authenticated({
    username,
    groups: organisations === undefined ? [] : [organisations].flat(),
    extra: { 'authentication.kubernetes.io/credential-id': [credentialId(certificate.raw)] },
  });
}

/** How kube-apiserver names the credential of a certificate user. */
function credentialId(certificateDer: Buffer): string {
  return `X509SHA256=${createHash('sha256').update(certificateDer).digest('hex')}`;
}

function authenticated(user: UserInfo): UserInfo {
  return user.groups.includes(AUTHENTICATED) ? user : { ...user, groups: [...user.groups, AUTHENTICATED] };
}

function subjectOf(name: string): { group: string; resource: string; name: string; namespace?: string } {
  const [system, kind, namespace, account] = name.split(':');
  if (system === 'system' && kind === 'serviceaccount' && namespace !== undefined && account !== undefined) {
    return { group: '', resource: 'serviceaccounts', name: account, namespace };
  }
  return { group: '', resource: 'users', name };
}

function serviceAccountGroups(name: string): string[] {
  const subject = subjectOf(name);
  return subject.namespace === undefined ? [] : ['system:serviceaccounts', `system:serviceaccounts:${subject.namespace}`];
}

function extraOf(request: IncomingMessage): Record<string, readonly string[]> {
  const entries = Object.entries(request.headersDistinct).filter(([name]) => name.startsWith(EXTRA_HEADER));
  return Object.fromEntries(entries.map(([name, values]) => [decodeURIComponent(name.slice(EXTRA_HEADER.length)), values ?? []]));
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function unauthorized(): ApiError {
  return new ApiError(401, 'Unauthorized', 'Unauthorized');
}
