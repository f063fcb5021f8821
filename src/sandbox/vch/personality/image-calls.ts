/** The calls of the Docker API on images. The cache itself is in images.ts. */
import type { DockerCall, DockerReply, PersonalityParts, Route } from './api.ts';
import { pullFromEngine } from './engine-pull.ts';
import { DockerError, guessedStatus, notYet } from './errors.ts';
import type { EventActor } from './event-log.ts';
import { Filters } from './filters.ts';
import { formBoolean } from './form-values.ts';
import type { CachedImage, ImageCache } from './images.ts';
import { pull } from './pull.ts';
import { isTag, parseReference } from './reference.ts';

const json = (value: unknown, status = 200): DockerReply => ({ kind: 'json', status, value });

export const imageHandlers: readonly Route[] = [
  { method: 'POST', path: /^\/images\/create$/, handle: createImage },
  { method: 'POST', path: /^\/images\/load$/, handle: loadImage },
  { method: 'GET', path: /^\/images\/json$/, handle: listImages },
  { method: 'GET', path: /^\/images\/(.+)\/json$/, handle: ({ cache }, _call, match) => json(inspectImage(cache, match[1] ?? '')) },
  { method: 'POST', path: /^\/images\/(.+)\/tag$/, handle: tagImage },
  { method: 'DELETE', path: /^\/images\/(.+)$/, handle: removeImage },
];

async function createImage({ state, cache, registry, events }: PersonalityParts, call: DockerCall): Promise<DockerReply> {
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
    let failed = false;
    for await (const line of progress) {
      failed ||= 'error' in line;
      yield line;
    }
    if (!failed && first.done !== true) events.log('image', 'pull', imageActor(cache, fromImage.replace(/:$/, '')));
  }
  return { kind: 'objects', objects: all() };
}

function loadImage(): DockerReply {
  const { message } = notYet('LoadImage');
  return json({ errorDetail: { message }, error: message });
}

function listImages({ cache }: PersonalityParts, call: DockerCall): DockerReply {
  const filters = Filters.parse(call.query.get('filters'));
  filters.allowOnly(new Set(['dangling', 'label', 'before', 'since', 'reference']));
  const wanted = filters.values('reference');
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

async function tagImage({ cache, events }: PersonalityParts, call: DockerCall, match: RegExpExecArray): Promise<DockerReply> {
  const image = needImage(cache, match[1] ?? '');
  const repo = call.query.get('repo') ?? '';
  const tag = call.query.get('tag') ?? '';
  const parsed = parseReference(repo);
  if (!parsed.ok) throw new DockerError(500, parsed.why);
  if (tag !== '' && !isTag(tag)) throw new DockerError(500, 'invalid tag format');
  await cache.tag(image, parsed.reference.name, `${parsed.reference.name}:${tag === '' ? 'latest' : tag}`);
  events.log('image', 'tag', imageActor(cache, match[1] ?? '', `${parsed.reference.name}${tag === '' ? '' : `:${tag}`}`));
  return { kind: 'empty', status: 201 };
}

async function removeImage({ cache, events }: PersonalityParts, call: DockerCall, match: RegExpExecArray): Promise<DockerReply> {
  const name = match[1] ?? '';
  const image = needImage(cache, name);
  const { tags } = cache.referencesOf(image.image_id);
  const byId = cache.isId(name);
  if (byId && tags.length > 1 && !formBoolean(call.query, 'force')) {
    throw guessedStatus(`conflict: unable to delete ${image.image_id.slice(0, 12)} (must be forced) - image is referenced in one or more repositories`);
  }
  const reference = [name, withLatest(name), name.replace(/:latest$/, '')].find((one) => tags.includes(one)) ?? image.registry;
  const actor = imageActor(cache, name, name);
  const removed = await cache.remove(image, reference, byId);
  events.log('image', removed.some((one) => 'Deleted' in one) ? 'delete' : 'untag', actor);
  return json(removed);
}

function imageActor(cache: ImageCache, id: string, name?: string): EventActor {
  const labels = cache.find(id)?.config['Labels'] as Readonly<Record<string, string>> | null | undefined;
  return { id, attributes: { ...labels, ...(name === undefined ? {} : { name }) } };
}

function withLatest(name: string): string {
  return name.includes('@') || name.lastIndexOf(':') > name.lastIndexOf('/') ? name : `${name}:latest`;
}
