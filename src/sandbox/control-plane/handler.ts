import type { IncomingMessage, ServerResponse } from 'node:http';
import { messageOf } from '../../errors/vick-error.ts';
import { ApiError } from './api-error.ts';
import { authenticate, impersonate } from './authn/authenticate.ts';
import type { TokenRegistry } from './authn/tokens.ts';
import { forbidden } from './authz/authorizer.ts';
import type { Attributes, Authorizer } from './authz/attributes.ts';
import type { Grant } from './authz/rules.ts';
import { serveConnect } from './connect/connect.ts';
import type { ConnectParts, Upgrade } from './connect/parts.ts';
import type { DiscoverySource } from './discovery-source.ts';
import { attributesOf, checkServed, dispatch } from './dispatch.ts';
import type { Engine } from './engine.ts';
import { readBody } from './http/body.ts';
import { negotiate } from './http/negotiate.ts';
import { requestInfo, type ResourceTarget } from './http/request-info.ts';
import { respond, respondError, respondForbidden, send } from './http/respond.ts';
import { isKubernetesGroup, unservedPath, unservedResource } from './not-served.ts';
import type { UserInfo } from './resource.ts';
import type { Answer } from './rest/request.ts';
import { REVIEW_KINDS } from './reviews/kinds.ts';
import { handleReview } from './reviews/reviews.ts';
import { startWatch } from './watch/watch.ts';
import { VERSION_INFO } from './version.ts';

export interface HandlerParts {
  readonly engine: Engine;
  readonly tokens: TokenRegistry;
  readonly authorizer: Authorizer;
  readonly grants: readonly Grant[];
  readonly discovery: DiscoverySource | undefined;
  /** How kubelets and pods are reached. */
  readonly connect: ConnectParts;
  /** Ends every watch. */
  readonly signal: AbortSignal;
}

class Refused extends Error {
  readonly status: ApiError;

  constructor(status: ApiError) {
    super(status.message);
    this.status = status;
  }
}

/** The API's request handler: whatever arrives is answered, and nothing that a client sends can make it throw. */
export function createHandler(parts: HandlerParts): (request: IncomingMessage, response: ServerResponse, upgrade?: Upgrade) => void {
  return (request, response, upgrade) => {
    response.on('error', () => undefined);
    const warnings: string[] = [];
    serve(parts, { request, response, upgrade }, warnings).catch((error: unknown) => {
      // An upgraded connection has no response any more.
      if (response.socket === null || response.destroyed) return;
      if (response.headersSent) {
        response.destroy();
        return;
      }
      if (error instanceof Refused) respondForbidden(response, error.status);
      else respondError(response, error instanceof ApiError ? error : internalError(parts, request, error), warnings);
    });
  };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly upgrade: Upgrade | undefined;
}

async function serve(parts: HandlerParts, { request, response, upgrade }: Exchange, warnings: string[]): Promise<void> {
  const { engine, authorizer } = parts;
  const url = parseUrl(request.url ?? '/');
  const query = url.searchParams;
  const user = impersonate(request, authenticate(request, parts.tokens), authorizer);
  const info = requestInfo(request.method ?? 'GET', url.pathname, query);
  if (info.target === undefined) {
    allow(authorizer, { user, verb: info.verb, request: { path: info.path } });
    if (upgrade === undefined) await readBody(request);
    answerPath(parts, request, response, url, info.verb);
    return;
  }
  allow(authorizer, attributesOf(user, info.target, query));
  if (isConnect(engine, info.target)) {
    await serveConnect({ request, response, upgrade, target: info.target, url, user }, authorizer, parts.connect);
    return;
  }
  // What is no upgrade of ours is answered as if it were none; a body could not be told from the other protocol.
  const body = upgrade === undefined ? await readBody(request) : Buffer.alloc(0);
  await Promise.resolve();
  answerResource(parts, request, response, { target: info.target, query, body, user, warnings }, engine);
}

/** Whether the target leads out of the API server. Throws for what is not served there. */
function isConnect({ registry }: Engine, target: ResourceTarget): boolean {
  const definition = target.subresource === undefined ? undefined : registry.find(target.group, target.version, target.resource);
  if (definition === undefined || target.subresource === undefined) return false;
  if (!Object.hasOwn(definition.subresources, target.subresource) || definition.subresources[target.subresource]?.style !== 'connect') return false;
  checkServed(definition, target);
  return true;
}

function answerResource(
  parts: HandlerParts,
  request: IncomingMessage,
  response: ServerResponse,
  asked: { target: ResourceTarget; query: URLSearchParams; body: Buffer; user: UserInfo; warnings: string[] },
  engine: Engine,
): void {
  const { target, query } = asked;
  const review = REVIEW_KINDS.find((kind) => kind.group === target.group && kind.version === target.version && kind.resource === target.resource);
  const facts = { query, now: engine.clock.now(), warnings: asked.warnings };
  if (review !== undefined) {
    const representation = negotiate(request.headers.accept);
    respond(response, handleReview({ ...parts, engine }, review, { ...asked, headers: request.headers }), representation, facts);
    return;
  }
  const definition = engine.registry.find(target.group, target.version, target.resource);
  if (definition === undefined) {
    if (target.group !== '' && !isKubernetesGroup(target.group)) throw pageNotFound(response);
    throw unservedResource(target);
  }
  checkServed(definition, target);
  const representation = negotiate(request.headers.accept);
  const full = { ...asked, definition, headers: request.headers };
  if (target.verb === 'watch') startWatch(engine, full, response, representation, parts.signal);
  else respond(response, dispatch(engine, full), representation, facts);
}

/** Paths that are no resource: health, version, discovery, OpenAPI. */
function answerPath(parts: HandlerParts, request: IncomingMessage, response: ServerResponse, url: URL, verb: string): void {
  const { pathname, searchParams: query } = url;
  const facts = { query, now: parts.engine.clock.now() };
  const path = pathname.length > 1 && pathname.endsWith('/') ? pathname.slice(0, -1) : pathname;
  if (verb === 'get' || verb === 'head') {
    const health = healthText(path, query);
    if (health !== undefined) {
      send(response, 200, health, { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' });
      return;
    }
    if (path === '/version') {
      respond(response, { kind: 'plain', code: 200, body: VERSION_INFO }, { format: 'json', shape: 'object' }, facts);
      return;
    }
    const answer = discovered(parts, request, path, query);
    if (answer !== undefined) {
      respond(response, answer, { format: 'json', shape: 'object' }, facts);
      return;
    }
  }
  throw unservedPath(path) ?? pageNotFound(response);
}

function discovered(parts: HandlerParts, request: IncomingMessage, path: string, query: URLSearchParams): Answer | undefined {
  return parts.discovery?.({
    path,
    query,
    accept: request.headers.accept,
    ifNoneMatch: request.headers['if-none-match'],
    ifModifiedSince: request.headers['if-modified-since'],
    serverAddress: request.headers.host ?? '',
  });
}

/** `ok`, or every check with `?verbose`: this server is healthy as soon as it answers. */
function healthText(path: string, query: URLSearchParams): string | undefined {
  const name = ['livez', 'readyz', 'healthz'].find((candidate) => path === `/${candidate}` || path.startsWith(`/${candidate}/`));
  if (name === undefined) return undefined;
  return query.has('verbose') ? `[+]ping ok\n[+]log ok\n${name} check passed\n` : 'ok';
}

/** What Go's mux says to paths that nobody has. Sent here, because it is no Status. */
function pageNotFound(response: ServerResponse): Error {
  send(response, 404, '404 page not found\n', { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' });
  return new ApiError(404, 'NotFound', '404 page not found');
}

function allow(authorizer: Authorizer, attributes: Attributes): void {
  const decision = authorizer.authorize(attributes);
  if (!decision.allowed) throw new Refused(forbidden(attributes, decision.reason));
}

function parseUrl(target: string): URL {
  try {
    return new URL(target.startsWith('/') ? `https://server${target}` : target);
  } catch {
    throw new ApiError(400, 'BadRequest', 'the request target is not a valid URL');
  }
}

function internalError(parts: HandlerParts, request: IncomingMessage, error: unknown): ApiError {
  const cause = messageOf(error);
  parts.engine.log.error('a request failed inside the control plane', {
    method: request.method,
    path: request.url,
    error: cause,
    stack: error instanceof Error ? error.stack : undefined,
  });
  return new ApiError(500, 'InternalError', `Internal error occurred: ${cause}`, { causes: [{ message: cause }] });
}
