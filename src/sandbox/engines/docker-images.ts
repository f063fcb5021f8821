/** Images of a container engine, as the personality stand-in asks for them. */
import { containerFailure } from '../../clients/docker-engine/container-failure.ts';
import type { ContainerEngine, WireImage } from '../../clients/docker-engine/containers-port.ts';
import { PullError, type EngineImage, type EngineImages, type EnginePull } from './port.ts';

/** The rest of `GET /images/{name}/json` (moby api/swagger.yaml). */
interface InspectedImage extends WireImage {
  readonly Created?: string;
  readonly Architecture?: string;
  readonly Os?: string;
  readonly Config?: (WireImage['Config'] & Readonly<Record<string, unknown>>) | null;
  readonly RootFS?: { readonly Layers?: readonly string[] | null };
}

/** What registries and engines say of an image that is not there. */
const MISSING = /manifest unknown|manifest for .* not found|name unknown|not found|does not exist/i;

export function dockerImages(engine: ContainerEngine): EngineImages {
  const inspect = async (reference: string, signal: AbortSignal): Promise<InspectedImage | undefined> => await engine.inspectImage(reference, signal);

  return {
    pull: async (request, signal) => {
      const reference = `${request.repository}${request.tag.startsWith('sha256:') ? '@' : ':'}${request.tag}`;
      const before = await inspect(reference, signal);
      // Built or loaded here, it never was in a registry: nobody but the engine has it.
      if (before !== undefined && isLocal(before)) return imageOf(before, request.repository);
      await pull(engine, request, signal);
      const found = await inspect(reference, signal);
      if (found === undefined) throw new PullError(`the engine does not list ${reference}, which it has pulled`, { missing: false });
      return imageOf(found, request.repository);
    },
  };
}

async function pull(engine: ContainerEngine, { repository, tag, login, onProgress }: EnginePull, signal: AbortSignal): Promise<void> {
  const auth = login === undefined ? {} : { auth: { serveraddress: registryOf(repository), ...login } };
  try {
    await engine.pullImage({ repository, tag, ...auth, onProgress }, signal);
  } catch (error) {
    signal.throwIfAborted();
    const failure = containerFailure(error);
    if (failure === undefined) throw error;
    throw new PullError(failure.reason, { missing: failure.kind === 'pull' && MISSING.test(failure.reason), cause: error });
  }
}

function isLocal({ RepoDigests }: InspectedImage): boolean {
  return (RepoDigests ?? []).every((digest) => digest.startsWith('localhost/'));
}

/** Docker's rule: the first part is a host when it could be nothing else (distribution/reference). */
function registryOf(repository: string): string {
  const [first = '', ...rest] = repository.split('/');
  return rest.length > 0 && (/[.:]/.test(first) || first === 'localhost') ? first : 'https://index.docker.io/v1/';
}

function imageOf(image: InspectedImage, repository: string): EngineImage {
  const digests = (image.RepoDigests ?? []).map((text) => text.split('@') as [string, string?]);
  const own = digests.find(([name]) => name === repository || name.endsWith(`/${repository}`)) ?? digests[0];
  return {
    id: image.Id.replace(/^sha256:/, ''),
    digest: own?.[1],
    created: image.Created ?? '1970-01-01T00:00:00Z',
    architecture: image.Architecture ?? 'amd64',
    os: image.Os ?? 'linux',
    sizeBytes: image.Size ?? 0,
    config: image.Config ?? {},
    layers: image.RootFS?.Layers ?? [],
  };
}
