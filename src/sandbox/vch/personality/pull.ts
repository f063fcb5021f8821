/** `POST /images/create`: pulling from the sandbox's registries with the progress lines of the real puller. */
import type { Registry, RegistryImage } from '../catalogue.ts';
import { DockerError } from './errors.ts';
import { fullConfig, type CachedImage, type ImageCache } from './images.ts';
import { isTag, parseReference, type ImageReference } from './reference.ts';

const CREATED = '2018-08-01T00:00:00Z';
const BUILT = { created: CREATED, architecture: 'amd64', os: 'linux' };

export interface PullRequest {
  readonly fromImage: string;
  readonly tag: string;
  /** The X-Registry-Auth header. What cannot be read is ignored. */
  readonly auth: string | undefined;
}

/**
 * Yields progress objects. Everything that fails before the first of them throws a DockerError; what fails later is
 * the last object: `{errorDetail, error}`.
 */
export async function* pull(
  parts: { readonly registry: Registry; readonly cache: ImageCache; readonly storeName: string },
  request: PullRequest,
): AsyncGenerator<object> {
  const { registry, cache } = parts;
  const target = targetOf(request);
  const { reference } = target;
  const found = registry.lookup(reference.host, reference.repository, target.wanted, readAuth(request.auth));
  if (found.kind === 'unreachable') {
    const host = reference.host ?? 'registry-1.docker.io';
    throw new DockerError(500, `Head "https://${host}/v2/": dial tcp ${host}: connect: connection refused`);
  }
  if (found.kind === 'unauthorized') throw new DockerError(500, `Failed to fetch auth token from ${reference.host ?? ''}`);
  yield { status: `${target.wanted}: Pulling from ${reference.repository}` };
  if (found.kind === 'not-found') {
    const message = `Tag ${target.wanted.startsWith('sha256:') ? '' : target.wanted} not found in repository ${reference.repository}`;
    yield { errorDetail: { message }, error: message };
    return;
  }
  const { image } = found;
  const known = cache.hasLayer(image.layerId) && cache.find(target.recorded) !== undefined;
  yield* layerProgress(image, known);
  if (!known) {
    await cache.add(cached(image, target.recorded), layerRecord({ ...image, ...BUILT, config: fullConfig(image.config) }, parts.storeName), image.digest);
  }
  yield { status: `Digest: ${image.digest}` };
  const shown = `${reference.repository}:${target.wanted}`;
  yield { status: known ? `Status: Image is up to date for ${shown}` : `Status: Downloaded newer image for ${shown}` };
}

export interface Target {
  readonly reference: ImageReference;
  /** Tag or digest that is asked of the registry. */
  readonly wanted: string;
  /** The name under which the image is recorded: exactly what was given, so without a tag if there was none. */
  readonly recorded: string;
}

export function targetOf(request: PullRequest): Target {
  const parsed = parseReference(request.fromImage);
  if (!parsed.ok) throw new DockerError(500, parsed.why);
  const { reference } = parsed;
  const { tag } = request;
  const digest = tag.startsWith('sha256:');
  if (tag !== '' && !digest && !isTag(tag)) throw new DockerError(500, 'invalid tag format');
  const wanted = tag !== '' ? tag : (reference.digest ?? reference.tag ?? 'latest');
  const own = tag !== '' ? tag : (reference.digest ?? reference.tag);
  const recorded = own === undefined ? reference.name : `${reference.name}${own.startsWith('sha256:') ? '@' : ':'}${own}`;
  return { reference, wanted, recorded };
}

function* layerProgress(image: RegistryImage, known: boolean): Generator<object> {
  const id = image.blobSum.slice('sha256:'.length, 'sha256:'.length + 12);
  if (known) {
    yield { status: 'Already exists', progressDetail: {}, id };
    return;
  }
  const size = decimalSize(image.size);
  const bar = { progressDetail: { current: image.size, total: image.size }, progress: `[${'='.repeat(50)}>] ${size.padStart(8)}/${size}`, id };
  yield { status: 'Pulling fs layer', progressDetail: {}, id };
  yield { status: 'Downloading', ...bar };
  yield { status: 'Verifying Checksum', progressDetail: {}, id };
  yield { status: 'Download complete', progressDetail: {}, id };
  yield { status: 'Extracting', ...bar };
  yield { status: 'Pull complete', progressDetail: {}, id };
}

/** Four significant digits and a decimal unit, as Docker's progress bars write sizes. */
function decimalSize(bytes: number): string {
  const unit = Math.min(3, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  return `${String(Number((bytes / 1000 ** unit).toPrecision(4)))} ${['B', 'kB', 'MB', 'GB'][unit] ?? ''}`;
}

function cached(image: RegistryImage, recorded: string): CachedImage {
  return {
    id: image.layerId,
    created: CREATED,
    container_config: { ...fullConfig({}), Cmd: ['/bin/sh', '-c', '#(nop) CMD'] },
    docker_version: '17.06.2-ce',
    config: fullConfig(image.config),
    architecture: 'amd64',
    os: 'linux',
    Size: image.unpacked,
    image_id: image.imageId,
    ...(image.tag.startsWith('sha256:') ? {} : { tags: [image.tag] }),
    name: image.repository,
    history: [{ created: CREATED, created_by: '/bin/sh -c #(nop) CMD' }],
    registry: recorded,
  };
}

/** What a layer's record is made of. */
interface LayerFacts {
  readonly layerId: string;
  readonly diffId: string;
  readonly blobSum: string;
  readonly created: string;
  readonly architecture: string;
  readonly os: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly unpacked: number;
}

export function layerRecord(layer: LayerFacts, storeName: string): Parameters<ImageCache['add']>[1] {
  const { architecture, config, created, os } = layer;
  const meta = {
    architecture,
    config,
    container_config: { Cmd: ['/bin/sh', '-c', '#(nop) CMD'] },
    created,
    docker_version: '17.06.2-ce',
    id: layer.layerId,
    os,
  };
  return {
    ID: layer.layerId,
    Parent: 'scratch',
    Store: storeName,
    DiffID: layer.diffId,
    Layer: { blobSum: layer.blobSum },
    Meta: JSON.stringify(meta),
    Size: layer.unpacked,
    Downloading: false,
  };
}

export function readAuth(header: string | undefined): { readonly username: string; readonly password: string } | undefined {
  if (header === undefined) return undefined;
  try {
    const found = JSON.parse(Buffer.from(header, 'base64url').toString('utf8')) as { username?: unknown; password?: unknown };
    return typeof found.username === 'string' && typeof found.password === 'string' ? { username: found.username, password: found.password } : undefined;
  } catch {
    return undefined;
  }
}
