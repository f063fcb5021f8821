import { containerFailure } from '../../clients/docker-engine/container-failure.ts';
import type { ContainerEngine, WireImage } from '../../clients/docker-engine/containers-port.ts';
import type { ImageFacts, ImageService, PullRequest } from '../../kubelet/capabilities.ts';
import { ProviderFailure, type ProviderFailureReason } from '../../kubelet/provider.ts';
import { parseReference, type ImageReference } from '../../platform/image-reference.ts';
import { messageOf } from '../../errors/vick-error.ts';
import { isSandboxImage } from './sandbox-image.ts';

/** Images of the engine, without the one that sandboxes run. */
export function imageService(engine: ContainerEngine): ImageService & Required<Pick<ImageService, 'remove'>> {
  const inspect = async (reference: string, signal: AbortSignal): Promise<ImageFacts | undefined> => {
    if (!IMAGE_ID.test(reference)) wellFormed(reference);
    const image = await engine.inspectImage(reference, signal);
    return image === undefined ? undefined : factsOf(image, reference);
  };
  return {
    inspect,
    pull: async (request, signal) => {
      const { repository, tag, digest } = wellFormed(request.reference);
      try {
        await engine.pullImage({ repository, tag: digest ?? tag ?? 'latest', ...auth(request), ...progress(request) }, signal);
      } catch (error) {
        signal.throwIfAborted();
        const failure = containerFailure(error);
        if (failure?.kind !== 'pull') throw error;
        throw new ProviderFailure(pullReason(failure.reason), failure.reason, { cause: error });
      }
      const image = await inspect(request.reference, signal);
      if (image !== undefined) return image;
      throw new ProviderFailure('ErrImagePull', `the engine pulled ${request.reference}, and does not have it`);
    },
    list: async (signal) => (await engine.listImages(signal)).map((image) => factsOf(image)).filter(({ tags }) => !isSandboxImage(tags)),
    remove: async (id, signal) => {
      // An image with several names goes with the last of them.
      const image = await engine.inspectImage(id, signal);
      const names = image?.RepoTags ?? [];
      for (const name of names.length > 1 ? names : [id]) await engine.removeImage(name, signal);
    },
  };
}

const IMAGE_ID = /^(sha256:)?[0-9a-f]{64}$/;
const NO_NAME = '<none>';

function wellFormed(reference: string): ImageReference {
  const parsed = parseReference(reference);
  if (parsed !== undefined) return parsed;
  throw new ProviderFailure(
    'InvalidImageName',
    `Failed to apply default image tag "${reference}": couldn't parse image name "${reference}": invalid reference format`,
  );
}

function auth({ credentials }: PullRequest): Pick<Parameters<ContainerEngine['pullImage']>[0], 'auth'> {
  if (credentials === undefined) return {};
  const { server, username, password, identityToken } = credentials;
  return {
    auth: {
      serveraddress: server,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...(identityToken === undefined ? {} : { identitytoken: identityToken }),
    },
  };
}

function progress({ onProgress }: PullRequest): Pick<Parameters<ContainerEngine['pullImage']>[0], 'onProgress'> {
  if (onProgress === undefined) return {};
  return {
    onProgress: ({ id, status, current, total }) =>
      onProgress({
        text: id === '' ? status : `${id}: ${status}`,
        ...(current === undefined ? {} : { currentBytes: current }),
        ...(total === undefined ? {} : { totalBytes: total }),
      }),
  };
}

function pullReason(text: string): ProviderFailureReason {
  if (/invalid reference format|invalid tag format|error parsing reference/i.test(text)) return 'InvalidImageName';
  return /dial tcp|connection refused|no such host|i\/o timeout|TLS handshake|network is unreachable|no route to host|server misbehaving|http: server gave HTTP/i.test(
    text,
  )
    ? 'RegistryUnavailable'
    : 'ErrImagePull';
}

function factsOf(image: WireImage, asked?: string): ImageFacts {
  const id = image.Id.startsWith('sha256:') ? image.Id : `sha256:${image.Id}`;
  const digests = (image.RepoDigests ?? []).filter((digest) => !digest.includes(NO_NAME));
  const repository = asked === undefined ? undefined : parseReference(asked)?.repository;
  return {
    id,
    imageID: digests.find((digest) => digest.startsWith(`${repository ?? ''}@`)) ?? digests[0] ?? id,
    digests,
    tags: (image.RepoTags ?? []).filter((tag) => !tag.includes(NO_NAME)),
    ...(image.Size === undefined ? {} : { sizeBytes: image.Size }),
    ...(image.Config?.User === undefined ? {} : { user: image.Config.User }),
  };
}

/** Pulls for a container that nobody pulled for before, by its policy. */
export async function pullByPolicy(
  images: ImageService,
  request: { readonly name: string; readonly image: string; readonly imagePullPolicy: string },
  signal: AbortSignal,
): Promise<string> {
  const present = request.imagePullPolicy === 'Always' ? undefined : await images.inspect(request.image, signal);
  if (present !== undefined) return present.id;
  if (request.imagePullPolicy === 'Never') {
    throw new ProviderFailure('ErrImageNeverPull', `Container image "${request.image}" is not present with pull policy of Never`, { container: request.name });
  }
  try {
    return (await images.pull({ reference: request.image }, signal)).id;
  } catch (error) {
    signal.throwIfAborted();
    const reason = (error as Partial<ProviderFailure>).reason;
    if (reason === undefined) throw error;
    throw new ProviderFailure(reason === 'RegistryUnavailable' ? 'ErrImagePull' : reason, messageOf(error), { container: request.name, cause: error });
  }
}
