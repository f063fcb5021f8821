import { engineFailure } from '../../../clients/docker-engine/failure.ts';
import type { DockerEngine, RegistryCredentials } from '../../../clients/docker-engine/port.ts';
import type { PortLayer } from '../../../clients/port-layer/port.ts';
import { messageOf } from '../../../errors/vick-error.ts';
import type { ImageFacts, ImageService, PullCredentials, PullRequest } from '../../../kubelet/capabilities.ts';
import { ProviderFailure, type ContainerRequest } from '../../../kubelet/provider.ts';
import type { Clock } from '../../../platform/clock.ts';
import { familiarRepository, parseReference } from '../../../platform/image-reference.ts';
import type { Log } from '../../../platform/log.ts';
import { findImage, parseImageCache, type ImageCache, type VchImage } from './image-cache.ts';

export interface ImageStoreOptions {
  readonly portLayer: PortLayer;
  readonly engine: DockerEngine;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * The images of a VCH: looked up in the key-value store, pulled through the Docker personality. There is no `remove`:
 * docker users of the VCH share them.
 */
export interface ImageStore extends ImageService {
  /** The image that the core chose for a container, else the one of its name. ProviderFailure when the VCH has none. */
  resolve(container: Pick<ContainerRequest, 'name' | 'image' | 'imageId'>, signal: AbortSignal): Promise<VchImage>;
  /** By id, without a failure where there is none. */
  byId(imageId: string, signal: AbortSignal): Promise<VchImage | undefined>;
  /** Forgets what was read: the VCH turned out to have changed. */
  invalidate(): void;
}

/** How old the image list may be before it is read again: docker users pull and delete behind our back. */
const MAX_AGE_MS = 30_000;

export function createImageStore(options: ImageStoreOptions): ImageStore {
  const { portLayer, engine, clock, log } = options;
  let cached: { readonly cache: ImageCache; readonly at: number } | undefined;

  const load = async (signal: AbortSignal): Promise<ImageCache> => {
    const [images, repositories] = await Promise.all([portLayer.getValue('docker.images', signal), portLayer.getValue('docker.repositories', signal)]);
    const cache = parseImageCache(images, repositories);
    cached = { cache, at: clock.monotonic() };
    return cache;
  };

  const lookUp = async (name: string, signal: AbortSignal): Promise<VchImage | undefined> => {
    const fresh = cached !== undefined && clock.monotonic() - cached.at < MAX_AGE_MS ? cached.cache : undefined;
    const known = fresh === undefined ? undefined : findImage(fresh, name);
    return known ?? findImage(await load(signal), name);
  };

  const pull = async ({ reference: name, credentials, onProgress }: PullRequest, signal: AbortSignal): Promise<ImageFacts> => {
    const reference = parseReference(name);
    if (reference === undefined) throw invalidName(name);
    const repository = familiarRepository(reference.repository);
    const started = clock.monotonic();
    try {
      await engine.pull(
        {
          repository,
          tag: reference.digest ?? reference.tag ?? 'latest',
          ...(credentials === undefined ? {} : { credentials: loginOf(credentials) }),
          ...(onProgress === undefined ? {} : { onProgress: ({ id, status, current, total }) => onProgress(progress(id, status, current, total)) }),
        },
        signal,
      );
    } catch (error) {
      signal.throwIfAborted();
      throw pullFailure(name, error);
    }
    log.info('image pulled', { image: name, ms: Math.round(clock.monotonic() - started) });
    const image = findImage(await load(signal), name);
    if (image === undefined) throw new ProviderFailure('ErrImagePull', `image "${name}" was pulled, but the VCH does not list it`);
    return factsOf(image);
  };

  return {
    inspect: async (reference, signal) => {
      if (!isReference(reference)) throw invalidName(reference);
      const image = await lookUp(reference, signal);
      return image === undefined ? undefined : factsOf(image);
    },
    pull,
    list: async (signal) => [...(await load(signal)).byId.values()].map(factsOf),
    resolve: async ({ name: container, image, imageId }, signal) => {
      if (!isReference(image)) throw invalidName(image, container);
      const chosen = imageId === undefined ? undefined : await lookUp(imageId, signal);
      const found = chosen ?? (await lookUp(image, signal));
      if (found !== undefined) return found;
      throw new ProviderFailure('ErrImagePull', `image "${image}" is not in the VCH`, { container });
    },
    byId: (imageId, signal) => lookUp(imageId, signal),
    invalidate: () => {
      cached = undefined;
    },
  };
}

function factsOf({ imageId, repoDigests, repoTags, sizeBytes, config }: VchImage): ImageFacts {
  return {
    id: imageId,
    imageID: repoDigests[0] ?? `sha256:${imageId}`,
    digests: repoDigests,
    tags: repoTags,
    ...(sizeBytes > 0 ? { sizeBytes } : {}),
    user: config.user,
  };
}

/** Also whole or partial image ids, which docker takes for names. */
function isReference(name: string): boolean {
  return /^(sha256:)?[0-9a-f]{4,64}$/.test(name) || parseReference(name) !== undefined;
}

/** The personality passes on names and passwords only (vmware/vic lib/apiservers/engine/backends/image.go). */
function loginOf({ server, username, password, identityToken }: PullCredentials): RegistryCredentials {
  if (username !== undefined && password !== undefined) return { username, password, serverAddress: server };
  const what = identityToken === undefined ? 'hold no user name and password' : 'are an identity token';
  throw new ProviderFailure('ErrImagePull', `the credentials for ${server} ${what}; a VCH pulls with user names and passwords only`);
}

function progress(id: string, status: string, currentBytes?: number, totalBytes?: number): Parameters<NonNullable<PullRequest['onProgress']>>[0] {
  const text = id === '' ? status : `${id}: ${status}`;
  return { text, ...(currentBytes === undefined ? {} : { currentBytes }), ...(totalBytes === undefined ? {} : { totalBytes }) };
}

/** What Go's network package says when a registry cannot be reached. */
const UNREACHABLE = /dial tcp|connection refused|connection reset|no such host|i\/o timeout|TLS handshake timeout|network is unreachable/i;

function pullFailure(name: string, error: unknown): ProviderFailure {
  if (error instanceof ProviderFailure) return error;
  const failure = engineFailure(error);
  if (failure?.kind === 'invalid-reference') return invalidName(name, undefined, error);
  const why = failure?.reason ?? messageOf(error);
  // The personality's own silence is no word about the registry.
  const registry = failure?.httpStatus !== undefined || failure?.kind === 'pull';
  const reason = registry && UNREACHABLE.test(why) ? 'RegistryUnavailable' : 'ErrImagePull';
  return new ProviderFailure(reason, `failed to pull image "${name}": ${why}`, { cause: error });
}

function invalidName(image: string, container?: string, cause?: unknown): ProviderFailure {
  return new ProviderFailure('InvalidImageName', `"${image}" is not a valid image name`, { cause, ...(container === undefined ? {} : { container }) });
}
