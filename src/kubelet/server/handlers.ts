/** From a request to its answer: who, whether, what. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { messageOf } from '../../errors/vick-error.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import type { Pod } from '../../platform/kubernetes-objects.ts';
import type { ProbeCount } from '../pods/probes/probe-counts.ts';
import type { PodProvider } from '../provider.ts';
import type { UserInfo } from '../trust.ts';
import type { Authenticator } from './authentication.ts';
import { verbOf, type Authorizer } from './authorization.ts';
import { serveAttach, serveExec, serveRun } from './commands.ts';
import { serveContainerLogs } from './container-logs.ts';
import { answerNode } from './node-answers.ts';
import { servePortForward } from './port-forwards.ts';
import { HttpError, sendText } from './responses.ts';
import { routeOf, type Route } from './routes.ts';
import type { KubeletMetrics } from './stats/kubelet-metrics.ts';

export interface HandlerContext {
  readonly nodeName: string;
  readonly provider: Pick<PodProvider, 'logs' | 'exec' | 'attach' | 'network' | 'stats' | 'list' | 'status'>;
  readonly pods: () => readonly Pod[];
  readonly authenticate: Authenticator;
  readonly authorize: Authorizer;
  readonly metrics: KubeletMetrics;
  readonly clock: Clock;
  readonly log: Log;
  readonly configuration?: () => object;
  readonly probeCounts?: () => readonly ProbeCount[];
  readonly idleMs: number;
  readonly creationMs: number;
  /** Called with the connection of a caller who was recognised. */
  readonly onKnown: (socket: Socket) => void;
  /** Aborts when the server closes. */
  readonly signal: AbortSignal;
}

/** A connection to speak another protocol on, once `take` was called; until then the response answers. */
interface Upgrade {
  readonly head: Buffer;
  readonly take: () => Duplex;
}

/** Never rejects. */
export type Handler = (request: IncomingMessage, response: ServerResponse, upgrade?: Upgrade) => Promise<void>;

const STREAMS: ReadonlySet<Route['name']> = new Set(['exec', 'attach', 'portForward', 'containerLogs']);

export function handlerOf(context: HandlerContext): Handler {
  return async (request, response, upgrade) => {
    const started = context.clock.monotonic();
    const { path, query } = targetOf(request);
    const route = routeOf(path);
    const gone = new AbortController();
    response.once('close', () => gone.abort(new Error('the client has gone')));
    response.on('error', () => undefined);
    const signal = AbortSignal.any([gone.signal, context.signal]);
    try {
      await admit(request, route, context, signal);
      await answer({ request, response, route, query, signal }, upgrade, context);
    } catch (error) {
      refuse(response, error, context.log, path);
    }
    const seconds = (context.clock.monotonic() - started) / 1000;
    context.metrics.observe({
      method: request.method ?? '',
      path: route.name === 'unknown' ? 'other' : route.name,
      longRunning: STREAMS.has(route.name),
      seconds,
    });
  };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly route: Route;
  readonly query: URLSearchParams;
  readonly signal: AbortSignal;
}

/** 401 and 403 in the words of pkg/kubelet/server/server.go: InstallAuthFilter. */
async function admit(request: IncomingMessage, route: Route, context: HandlerContext, signal: AbortSignal): Promise<void> {
  let user: UserInfo | undefined;
  try {
    user = await context.authenticate(request, signal);
  } catch (error) {
    context.log.warn('a caller could not be authenticated', { error: messageOf(error) });
  }
  if (user === undefined) throw new HttpError(401, 'Unauthorized');
  context.onKnown(request.socket);
  const verb = route.verb ?? verbOf(request.method ?? '');
  const who = `user=${user.username}, verb=${verb}, resource=nodes, subresource(s)=[${route.subresources.join(' ')}]`;
  let allowed: boolean;
  try {
    allowed = await context.authorize(user, verb, route.subresources, signal);
  } catch (error) {
    context.log.warn('a caller could not be authorised', { user: user.username, error: messageOf(error) });
    throw new HttpError(500, `Authorization error (${who})`);
  }
  if (!allowed) throw new HttpError(403, `Forbidden (${who})\n`);
}

async function answer(exchange: Exchange, upgrade: Upgrade | undefined, context: HandlerContext): Promise<void> {
  const { request, response, route, query, signal } = exchange;
  const { parameters } = route;
  if (route.name === 'unknown') throw new HttpError(404, '404 page not found\n');
  if (!route.methods.includes(request.method === 'HEAD' ? 'GET' : (request.method ?? ''))) {
    throw new HttpError(405, '405: Method Not Allowed', { Allow: route.methods.join(', ') });
  }
  if (upgrade === undefined) request.resume();
  const pods = context.pods();
  const commands = { clock: context.clock, idleMs: context.idleMs, creationMs: context.creationMs, pods, provider: context.provider };
  switch (route.name) {
    case 'exec':
    case 'attach':
    case 'portForward': {
      if (upgrade === undefined) throw new HttpError(400, 'Upgrade request required');
      const { head, take } = upgrade;
      const serve = { exec: serveExec, attach: serveAttach, portForward: servePortForward }[route.name];
      return serve({ request, head, take, query, parameters }, commands);
    }
    case 'run':
      return serveRun({ response, query, parameters }, commands, signal);
    case 'containerLogs':
      return serveContainerLogs({ request, response, query, parameters, signal }, { logs: context.provider.logs, pods, clock: context.clock });
    default:
      return answerNode(route.name, { response, query, signal, pods }, context);
  }
}

function refuse(response: ServerResponse, error: unknown, log: Log, path: string): void {
  if (error instanceof HttpError) {
    sendText(response, error.status, error.message, error.headers);
    return;
  }
  if (response.destroyed || response.socket === null) return;
  log.debug('a request has failed', { path, error: messageOf(error) });
  sendText(response, 500, messageOf(error));
}

/** The request target is never resolved like a link: what is no plain path is no path of ours. */
function targetOf(request: IncomingMessage): { readonly path: string; readonly query: URLSearchParams } {
  const target = request.url ?? '';
  const mark = target.indexOf('?');
  return mark < 0 ? { path: target, query: new URLSearchParams() } : { path: target.slice(0, mark), query: new URLSearchParams(target.slice(mark + 1)) };
}
