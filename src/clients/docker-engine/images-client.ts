import type Dockerode from 'dockerode';
import type { Readable } from 'node:stream';
import { deadline, readLines } from '../../platform/http-exchange.ts';
import { orAbort, statusOf } from './call-failure.ts';
import type { EngineCalls } from './calls.ts';
import { containerEngineError } from './container-failure.ts';
import type { ContainerEngine, WireImage } from './containers-port.ts';
import { dial } from './modem.ts';
import { readPullStream } from './pull-stream.ts';

type ImageCalls = Pick<ContainerEngine, 'listImages' | 'inspectImage' | 'pullImage' | 'importImage' | 'removeImage'>;

/** `idleTimeoutMs`: longest silence of a pull. */
export function imageCalls({ docker, address, clock, call, unless, fail }: EngineCalls, idleTimeoutMs: number): ImageCalls {
  return {
    listImages: (signal) =>
      call('list of images', signal, (abortSignal) => docker.listImages({ abortSignal } as Dockerode.ListImagesOptions) as unknown as Promise<WireImage[]>),
    inspectImage: (reference, signal) =>
      unless(
        [404],
        undefined,
        call(
          `inspect of image ${reference}`,
          signal,
          (abortSignal) => docker.getImage(reference).inspect({ abortSignal } as Dockerode.ImageInspectOptions) as unknown as Promise<WireImage>,
        ),
      ),
    pullImage: async ({ repository, tag, auth, onProgress }, signal) => {
      const operation = `pull of ${repository}:${tag}`;
      const limit = deadline(clock, idleTimeoutMs, signal);
      try {
        const query = { fromImage: repository, tag, abortSignal: limit.signal };
        const stream = await orAbort(docker.createImage(auth as unknown as Dockerode.AuthConfig, query as Record<string, unknown>), limit.signal);
        const outcome = await orAbort(readPullStream(watched(readLines(stream), limit.restart), onProgress), limit.signal);
        if (!outcome.ok && outcome.reason !== PODMAN_DONE) throw containerEngineError(address, { kind: 'pull', operation, reason: outcome.reason });
      } catch (error) {
        signal.throwIfAborted();
        fail(operation, error, limit.expired(), statusOf(error) === undefined ? undefined : 'pull');
      } finally {
        limit.dispose();
      }
    },
    importImage: async (tar, { repository, tag, changes }, signal) => {
      const load = async (abortSignal: AbortSignal): Promise<string> => {
        // Podman takes a tag as part of the name only.
        const query = { fromSrc: '-', repo: `${repository}:${tag}`, changes: [...changes] };
        const stream = await dial(docker, {
          path: '/images/create?',
          method: 'POST',
          options: query,
          file: tar,
          abortSignal,
          isStream: true,
          statusCodes: { 200: true },
        });
        const lines: string[] = [];
        for await (const line of readLines(stream as Readable)) lines.push(line);
        return lines.join('\n');
      };
      const said = await call(`import of ${repository}:${tag}`, signal, load);
      const error = /"error"\s*:\s*"([^"]*)"/.exec(said)?.[1];
      if (error !== undefined) throw containerEngineError(address, { kind: 'refused', operation: `import of ${repository}:${tag}`, reason: error });
    },
    removeImage: async (reference, signal) => {
      const removing = call(`removal of image ${reference}`, signal, (abortSignal) => docker.getImage(reference).remove({ abortSignal }) as Promise<unknown>);
      return (await unless([404], 'absent', removing)) !== 'absent';
    },
  };
}

/** Podman closes a good pull without a `Status:` line; the image is looked up afterwards in any case. */
const PODMAN_DONE = 'the progress stream ended before the image was complete';

async function* watched(lines: AsyncIterable<string>, onLine: () => void): AsyncGenerator<string> {
  for await (const line of lines) {
    onLine();
    yield line;
  }
}
