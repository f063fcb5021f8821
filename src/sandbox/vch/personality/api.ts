/** The Docker API calls that the sandbox serves. Knows no sockets: a call is a method, a path without version, a query and a body. */
import type { Registry } from '../catalogue.ts';
import type { PortLayerState } from '../port-layer/state.ts';
import type { Vm } from '../port-layer/vm.ts';
import { attachHandlers } from './attach.ts';
import { containerHandlers } from './container-calls.ts';
import { chosenContainers } from './container-filter.ts';
import { containerList } from './containers.ts';
import type { CreatedContainer } from './create-container.ts';
import { DockerError, notYet } from './errors.ts';
import type { EventLog } from './event-log.ts';
import { eventLines } from './event-stream.ts';
import { execHandlers } from './exec-calls.ts';
import { imageHandlers } from './image-calls.ts';
import { formBoolean } from './form-values.ts';
import type { ImageCache } from './images.ts';
import { info, version } from './info.ts';
import { networkHandlers } from './network-calls.ts';
import type { RawConnection } from './raw-connection.ts';
import { UNSERVED } from './routes.ts';
import { statsHandlers } from './stats.ts';
import { volumeHandlers } from './volume-calls.ts';

export interface DockerCall {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly header: (name: string) => string | undefined;
  readonly body: () => Promise<unknown>;
  readonly signal: AbortSignal;
}

export type DockerReply =
  | { readonly kind: 'json'; readonly status: number; readonly value: unknown }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'empty'; readonly status: number }
  /** Bytes as they come, without a content type. */
  | { readonly kind: 'bytes'; readonly chunks: AsyncIterable<Uint8Array | string> }
  /** The same, of JSON. */
  | { readonly kind: 'lines'; readonly chunks: AsyncIterable<string> }
  /** JSON objects, one per line, with Docker's CRLF. */
  | { readonly kind: 'objects'; readonly objects: AsyncIterable<object> }
  /** The connection is taken over, and closed when `serve` resolves. */
  | { readonly kind: 'hijack'; readonly apiHeaders: boolean; readonly serve: (connection: RawConnection) => Promise<void> }
  /** The same as a WebSocket. */
  | { readonly kind: 'websocket'; readonly serve: (connection: RawConnection) => Promise<void> }
  /** What a call that would have taken it over is refused with. */
  | { readonly kind: 'raw-error'; readonly status: number; readonly message: string };

export interface PersonalityParts {
  readonly state: PortLayerState;
  readonly cache: ImageCache;
  readonly registry: Registry;
  /** `host:port` of the port layer, for error texts. */
  readonly portLayer: string;
  /** What was asked for when a container was made, by id. */
  readonly created: Map<string, CreatedContainer>;
  /** By the id of a command: the container it was made in. Known for as long as the personality runs. */
  readonly execs: Map<string, Vm>;
  readonly events: EventLog;
}

type Handler = (parts: PersonalityParts, call: DockerCall, match: RegExpExecArray) => Promise<DockerReply> | DockerReply;

const json = (value: unknown, status = 200): DockerReply => ({ kind: 'json', status, value });

export interface Route {
  readonly method: string;
  readonly path: RegExp;
  readonly handle: Handler;
}

const HANDLERS: readonly Route[] = [
  { method: 'GET', path: /^\/_ping$/, handle: () => ({ kind: 'text', text: 'OK' }) },
  { method: 'GET', path: /^\/version$/, handle: ({ state }) => json(version(state)) },
  { method: 'GET', path: /^\/info$/, handle: async ({ state, cache }) => json(await info(state, cache.size)) },
  {
    method: 'GET',
    path: /^\/events$/,
    handle: ({ state, events }, call) => ({ kind: 'lines', chunks: eventLines(events, state.clock, call.query, call.signal) }),
  },
  { method: 'POST', path: /^\/auth$/, handle: auth },
  { method: 'GET', path: /^\/containers\/json$/, handle: listContainers },
  ...imageHandlers,
  ...containerHandlers,
  ...attachHandlers,
  ...execHandlers,
  ...statsHandlers,
  ...volumeHandlers,
  ...networkHandlers,
];

/** Answers a call or throws a DockerError. Wrong methods are unknown paths here: 404. */
export async function answerDocker(parts: PersonalityParts, call: DockerCall): Promise<DockerReply> {
  for (const { method, path, handle } of HANDLERS) {
    const match = method === call.method ? path.exec(call.path) : null;
    // `/images/search` and the like are not names of images.
    if (match !== null && !UNSERVED.some((route) => route.method === call.method && route.path.test(call.path))) return handle(parts, call, match);
  }
  throw UNSERVED.find((route) => route.method === call.method && route.path.test(call.path))?.error ?? new DockerError(404, 'page not found');
}

function listContainers({ state, cache, portLayer }: PersonalityParts, { query }: DockerCall): DockerReply {
  return json(containerList(state, cache, chosenContainers(state, query), portLayer, formBoolean(query, 'all')));
}

async function auth({ state, registry }: PersonalityParts, call: DockerCall): Promise<DockerReply> {
  if (state.engineImages !== undefined) throw notYet('Auth');
  const { username = '', password = '', serveraddress = '' } = ((await call.body()) ?? {}) as Record<string, string>;
  const host = serveraddress.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  const accepted = registry.login(host, username, password);
  if (accepted === undefined) throw new DockerError(500, `Get "https://${host}/v2/": dial tcp ${host}: connect: connection refused`);
  if (!accepted) throw new DockerError(500, `Failed to fetch auth token from ${host}`);
  return json({ IdentityToken: '', Status: 'Login Succeeded' });
}
