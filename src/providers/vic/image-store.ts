import { engineFailure } from '../../clients/docker-engine/failure.ts';
import type { DockerEngine, RegistryCredentials } from '../../clients/docker-engine/port.ts';
import type { PortLayer } from '../../clients/port-layer/port.ts';
import { messageOf } from '../../errors/vick-error.ts';
import { ProviderFailure, type ContainerRequest } from '../../kubelet/provider.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import { findImage, parseImageCache, type ImageCache, type VchImage } from './image-cache.ts';
import { familiarRepository, parseReference } from '../../platform/image-reference.ts';

export interface ImageStoreOptions {
  readonly portLayer: PortLayer;
  readonly engine: DockerEngine;
  readonly clock: Clock;
  readonly log: Log;
  /** Credentials for a repository; undefined: pull without. */
  readonly credentials?: (repository: string) => Promise<RegistryCredentials | undefined>;
}

export interface ImageStore {
  /** The image for a container by its pull policy; ProviderFailure with the reason a pod's user knows. */
  resolve(container: Pick<ContainerRequest, 'name' | 'image' | 'imagePullPolicy'>, signal: AbortSignal): Promise<VchImage>;
  /** Forgets what was read: the VCH turned out to have changed. */
  invalidate(): void;
}

/** How old the image list may be before it is read again: docker users pull and delete behind our back. */
const MAX_AGE_MS = 30_000;

/** The images of a VCH: looked up in the key-value store, pulled through the Docker personality. */
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

  const pull = async (container: string, name: string, signal: AbortSignal): Promise<VchImage> => {
    const reference = parseReference(name);
    if (reference === undefined) throw invalidName(container, name);
    const repository = familiarRepository(reference.repository);
    const credentials = await options.credentials?.(repository);
    const started = clock.monotonic();
    try {
      await engine.pull({ repository, tag: reference.digest ?? reference.tag ?? 'latest', ...(credentials === undefined ? {} : { credentials }) }, signal);
    } catch (error) {
      signal.throwIfAborted();
      const kind = engineFailure(error)?.kind;
      if (kind === 'invalid-reference') throw invalidName(container, name, error);
      const why = engineFailure(error)?.reason ?? messageOf(error);
      throw new ProviderFailure('ErrImagePull', `failed to pull image "${name}": ${why}`, { container, cause: error });
    }
    log.info('image pulled', { image: name, ms: Math.round(clock.monotonic() - started) });
    const image = findImage(await load(signal), name);
    if (image !== undefined) return image;
    throw new ProviderFailure('ImageInspectError', `image "${name}" was pulled, but the VCH does not list it`, { container });
  };

  return {
    invalidate: () => {
      cached = undefined;
    },
    resolve: async ({ name: container, image, imagePullPolicy }, signal) => {
      if (image.trim() === '') throw invalidName(container, image);
      if (imagePullPolicy !== 'Always') {
        const known = await lookUp(image, signal);
        if (known !== undefined) return known;
      }
      if (imagePullPolicy === 'Never') {
        throw new ProviderFailure('ErrImageNeverPull', `image "${image}" is not in the VCH and its pull policy is Never`, { container });
      }
      return await pull(container, image, signal);
    },
  };
}

function invalidName(container: string, image: string, cause?: unknown): ProviderFailure {
  return new ProviderFailure('InvalidImageName', `"${image}" is not a valid image name`, { container, cause });
}
