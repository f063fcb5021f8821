/** The Docker API calls that the sandbox serves. Knows no sockets: a call is a method, a path without version, a query and a body. */
import type { Registry } from '../catalogue.ts';
import type { PortLayerState } from '../port-layer/state.ts';
import { containerHandlers } from './container-calls.ts';
import { containerList, readFilters } from './containers.ts';
import type { CreatedContainer } from './create-container.ts';
import { DockerError, notYet } from './errors.ts';
import { dockerEvents } from './events.ts';
import type { CachedImage, ImageCache } from './images.ts';
import { info, version } from './info.ts';
import { pull } from './pull.ts';
import { pullFromEngine } from './engine-pull.ts';
import { isTag, parseReference } from './reference.ts';
import { UNSERVED } from './routes.ts';

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
  | { readonly kind: 'bytes'; readonly chunks: AsyncIterable<Uint8Array> }
  /** JSON objects, one per line, with Docker's CRLF. */
  | { readonly kind: 'objects'; readonly objects: AsyncIterable<object>; readonly lineEnd: string };

export interface PersonalityParts {
  readonly state: PortLayerState;
  readonly cache: ImageCache;
  readonly registry: Registry;
  /** `host:port` of the port layer, for error texts. */
  readonly portLayer: string;
  /** What was asked for when a container was made, by id. */
  readonly created: Map<string, CreatedContainer>;
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
  { method: 'GET', path: /^\/events$/, handle: ({ state }, call) => ({ kind: 'objects', objects: dockerEvents(state, call.signal), lineEnd: '\n' }) },
  { method: 'POST', path: /^\/auth$/, handle: auth },
  { method: 'POST', path: /^\/images\/create$/, handle: createImage },
  { method: 'POST', path: /^\/images\/load$/, handle: loadImage },
  { method: 'GET', path: /^\/images\/json$/, handle: listImages },
  { method: 'GET', path: /^\/images\/(.+)\/json$/, handle: ({ cache }, _call, match) => json(inspectImage(cache, match[1] ?? '')) },
  { method: 'POST', path: /^\/images\/(.+)\/tag$/, handle: tagImage },
  { method: 'DELETE', path: /^\/images\/(.+)$/, handle: removeImage },
  { method: 'GET', path: /^\/containers\/json$/, handle: ({ state, cache, portLayer }, call) => json(containerList(state, cache, call.query, portLayer)) },
  ...containerHandlers,
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

async function auth({ state, registry }: PersonalityParts, call: DockerCall): Promise<DockerReply> {
  if (state.engineImages !== undefined) throw notYet('Auth');
  const { username = '', password = '', serveraddress = '' } = ((await call.body()) ?? {}) as Record<string, string>;
  const host = serveraddress.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  const accepted = registry.login(host, username, password);
  if (accepted === undefined) throw new DockerError(500, `Get "https://${host}/v2/": dial tcp ${host}: connect: connection refused`);
  if (!accepted) throw new DockerError(500, `Failed to fetch auth token from ${host}`);
  return json({ IdentityToken: '', Status: 'Login Succeeded' });
}

async function createImage({ state, cache, registry }: PersonalityParts, call: DockerCall): Promise<DockerReply> {
  const fromImage = call.query.get('fromImage') ?? '';
  if (fromImage === '') throw notYet('ImportImage');
  const request = { fromImage, tag: call.query.get('tag') ?? '', auth: call.header('x-registry-auth') };
  const storeName = state.facts.biosUuid;
  const { engineImages: images } = state;
  const progress = images === undefined ? pull({ registry, cache, storeName }, request) : pullFromEngine({ images, cache, storeName }, request, call.signal);
  // The first line decides between an error status and a stream.
  const first = await progress.next();
  async function* all(): AsyncGenerator<object> {
    if (first.done !== true) yield first.value;
    yield* progress;
  }
  return { kind: 'objects', objects: all(), lineEnd: '\r\n' };
}

function loadImage(): DockerReply {
  const { message } = notYet('LoadImage');
  return json({ errorDetail: { message }, error: message });
}

function listImages({ cache }: PersonalityParts, call: DockerCall): DockerReply {
  const filters = readFilters(call.query.get('filters'), new Set(['dangling', 'label', 'before', 'since', 'reference']));
  const wanted = filters.get('reference') ?? [];
  const shown = cache.all().filter((image) => wanted.length === 0 || wanted.some((one) => cache.find(one)?.image_id === image.image_id || image.name === one));
  return json(
    shown.map((image) => {
      const { tags, digests } = cache.referencesOf(image.image_id);
      return {
        Containers: 0,
        Created: Math.floor(Date.parse(image.created) / 1000),
        Id: image.image_id,
        Labels: image.config['Labels'] ?? null,
        ParentId: '',
        RepoDigests: digests.length === 0 ? null : digests,
        RepoTags: tags.map(withLatest),
        SharedSize: 0,
        Size: image.Size,
        VirtualSize: image.Size,
      };
    }),
  );
}

function needImage(cache: ImageCache, name: string): CachedImage {
  const image = cache.find(name);
  if (image === undefined) throw new DockerError(404, `No such image: ${withLatest(name)}`);
  return image;
}

function inspectImage(cache: ImageCache, name: string): unknown {
  const image = needImage(cache, name);
  const { tags, digests } = cache.referencesOf(image.image_id);
  return {
    Id: `sha256:${image.image_id}`,
    RepoTags: tags.map(withLatest),
    RepoDigests: digests.length === 0 ? null : digests,
    Parent: '',
    Comment: '',
    Created: image.created,
    Container: '',
    ContainerConfig: image.container_config,
    DockerVersion: image.docker_version,
    Author: '',
    Config: image.config,
    Architecture: image.architecture,
    Os: image.os,
    Size: image.Size,
    VirtualSize: image.Size,
    GraphDriver: { Name: 'vSphere Integrated Containers Backend Engine', Data: null },
    RootFS: { Type: 'layers' },
  };
}

async function tagImage({ cache }: PersonalityParts, call: DockerCall, match: RegExpExecArray): Promise<DockerReply> {
  const image = needImage(cache, match[1] ?? '');
  const repo = call.query.get('repo') ?? '';
  const tag = call.query.get('tag') ?? '';
  const parsed = parseReference(repo);
  if (!parsed.ok) throw new DockerError(500, parsed.why);
  if (tag !== '' && !isTag(tag)) throw new DockerError(500, 'invalid tag format');
  await cache.tag(image, parsed.reference.name, `${parsed.reference.name}:${tag === '' ? 'latest' : tag}`);
  return { kind: 'empty', status: 201 };
}

async function removeImage({ cache }: PersonalityParts, _call: DockerCall, match: RegExpExecArray): Promise<DockerReply> {
  const name = match[1] ?? '';
  const image = needImage(cache, name);
  const { tags } = cache.referencesOf(image.image_id);
  const reference = [name, withLatest(name), name.replace(/:latest$/, '')].find((one) => tags.includes(one)) ?? image.registry;
  return json(await cache.remove(image, reference));
}

function withLatest(name: string): string {
  return name.includes('@') || name.lastIndexOf(':') > name.lastIndexOf('/') ? name : `${name}:latest`;
}
