/** `POST /images/create` where an engine has the images: what it pulls is recorded as the real personality records it. */
import { isPullError, type EngineImage, type EngineImages } from '../../engines/port.ts';
import { DockerError } from './errors.ts';
import { fullConfig, type CachedImage, type ImageCache } from './images.ts';
import { layerRecord, readAuth, targetOf, type PullRequest } from './pull.ts';

type Progress = Parameters<Parameters<EngineImages['pull']>[0]['onProgress']>[0];

/** As `pull`: what fails before the first progress throws, unless the registry has no such image. */
export async function* pullFromEngine(
  parts: { readonly images: EngineImages; readonly cache: ImageCache; readonly storeName: string },
  request: PullRequest,
  signal: AbortSignal,
): AsyncGenerator<object> {
  const { images, cache, storeName } = parts;
  const { reference, wanted, recorded } = targetOf(request);
  const lines = new Lines();
  const pulling = images.pull(
    { repository: reference.name, tag: wanted, login: readAuth(request.auth), onProgress: (progress) => lines.push(progress) },
    signal,
  );
  const settled = pulling.then(
    () => lines.end(),
    () => lines.end(),
  );
  let begun = false;
  const header = { status: `${wanted}: Pulling from ${reference.repository}` };
  for await (const line of lines.all()) {
    if (!begun) yield header;
    begun = true;
    yield line;
  }
  await settled;
  let image: EngineImage;
  try {
    image = await pulling;
  } catch (error) {
    signal.throwIfAborted();
    const message = error instanceof Error ? error.message : String(error);
    if (!begun && !(isPullError(error) && error.missing)) throw new DockerError(500, message);
    if (!begun) yield header;
    yield { errorDetail: { message }, error: message };
    return;
  }
  if (!begun) yield header;
  const known = cache.find(recorded)?.image_id === image.id;
  await cache.add(cachedOf(image, recorded, reference.repository, wanted), layerOf(image, storeName), image.digest);
  if (image.digest !== undefined) yield { status: `Digest: ${image.digest}` };
  const shown = `${reference.repository}:${wanted}`;
  yield { status: known ? `Status: Image is up to date for ${shown}` : `Status: Downloaded newer image for ${shown}` };
}

/** Progress as it comes, without what is said for the whole pull. */
class Lines {
  private readonly waiting: object[] = [];
  private over = false;
  private wake: () => void = () => undefined;

  push({ id, status, current, total }: Progress): void {
    if (/^(Pulling from |Digest: |Status: )/.test(status)) return;
    const progressDetail = { ...(current === undefined ? {} : { current }), ...(total === undefined ? {} : { total }) };
    this.waiting.push({ status, progressDetail, ...(id === '' ? {} : { id }) });
    this.wake();
  }

  end(): void {
    this.over = true;
    this.wake();
  }

  async *all(): AsyncGenerator<object> {
    for (;;) {
      yield* this.waiting.splice(0);
      if (this.waiting.length > 0) continue;
      if (this.over) return;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }
}

const EMPTY = '/bin/sh -c #(nop) CMD';

/** An image is one layer here, which bears the image's id: by it the engine finds the file system of a task. */
function cachedOf(image: EngineImage, recorded: string, repository: string, wanted: string): CachedImage {
  return {
    id: image.id,
    created: image.created,
    container_config: { ...fullConfig({}), Cmd: ['/bin/sh', '-c', '#(nop) CMD'] },
    docker_version: '17.06.2-ce',
    config: { ...fullConfig({}), ...image.config },
    architecture: image.architecture,
    os: image.os,
    Size: image.sizeBytes,
    image_id: image.id,
    ...(wanted.startsWith('sha256:') ? {} : { tags: [wanted] }),
    name: repository,
    history: [{ created: image.created, created_by: EMPTY }],
    registry: recorded,
  };
}

function layerOf(image: EngineImage, storeName: string): ReturnType<typeof layerRecord> {
  const top = image.layers.at(-1) ?? `sha256:${image.id}`;
  const { id, created, sizeBytes, architecture, os, config } = image;
  return layerRecord(
    { layerId: id, diffId: top, blobSum: top, created, architecture, os, config: { ...fullConfig({}), ...config }, unpacked: sizeBytes },
    storeName,
  );
}
