import Dockerode from 'dockerode';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { isIP } from 'node:net';
import { addAbortSignal, type Readable } from 'node:stream';
import { isVickError } from '../../errors/vick-error.ts';
import type { Clock } from '../../platform/clock.ts';
import { deadline, readLines } from '../../platform/http-exchange.ts';
import { containerEngineError, containerFailure, type ContainerFailure } from './container-failure.ts';
import type {
  ContainerEngine,
  EngineEndpoint,
  Filters,
  WireContainer,
  WireEvent,
  WireExec,
  WireImage,
  WireInfo,
  WireListed,
  WireStats,
  WireVersion,
  WireVolume,
} from './containers-port.ts';
import { readPullStream } from './pull-stream.ts';
import { NotUpgraded, upgrade } from './upgrade.ts';
import { isTlsError, orAbort, reasonOf, statusOf } from './call-failure.ts';
import { dial, get, modemOptions, streamed, tlsOptions } from './modem.ts';

export interface ContainerEngineOptions {
  readonly endpoint: EngineEndpoint;
  readonly clock: Clock;
  /** Longest wait for an ordinary answer in milliseconds; default 2 minutes (an engine under load takes its time). */
  readonly timeoutMs?: number;
  /** Longest silence of a pull in milliseconds; default 5 minutes. */
  readonly idleTimeoutMs?: number;
}

/** Podman 4 and Docker 20.10 both have it; a VCH's personality takes any newer version for its own. */
const API = 'v1.41';
const TIMEOUT_MS = 120_000;
const PING_TIMEOUT_MS = 5_000;
const IDLE_TIMEOUT_MS = 5 * 60_000;

/** Over dockerode; only connections that change hands are made here. Opens none before the first call. */
export function createContainerEngine(options: ContainerEngineOptions): ContainerEngine {
  const { endpoint, clock } = options;
  const tls = 'socketPath' in endpoint ? undefined : endpoint.tls;
  const secure = tls !== undefined;
  const agent = tls === undefined ? new HttpAgent({ keepAlive: true }) : new HttpsAgent({ keepAlive: true, ...tlsOptions(endpoint, tls) });
  const docker = new Dockerode({ ...modemOptions(endpoint), version: API, agent } as Dockerode.DockerOptions);
  const address =
    'socketPath' in endpoint ? `unix://${endpoint.socketPath}` : `tcp://${isIP(endpoint.host) === 6 ? `[${endpoint.host}]` : endpoint.host}:${endpoint.port}`;

  const fail = (operation: string, error: unknown, expired: boolean, kind?: ContainerFailure['kind']): never => {
    if (isVickError(error)) throw error;
    const status = error instanceof NotUpgraded ? error.status : statusOf(error);
    const found = kind ?? (expired ? 'timeout' : status !== undefined ? 'refused' : isTlsError(error) ? 'tls' : 'unreachable');
    const reason = expired ? 'no answer in time' : reasonOf(error);
    throw containerEngineError(address, { kind: found, operation, reason, ...(status === undefined ? {} : { httpStatus: status }) }, error);
  };

  /** One call with a deadline. Aborting rejects at once, whatever the library makes of it. */
  const call = async <T>(
    operation: string,
    signal: AbortSignal,
    work: (abortSignal: AbortSignal) => Promise<T>,
    timeoutMs = options.timeoutMs ?? TIMEOUT_MS,
  ): Promise<T> => {
    const limit = deadline(clock, timeoutMs, signal);
    try {
      return await orAbort(work(limit.signal), limit.signal);
    } catch (error) {
      signal.throwIfAborted();
      return fail(operation, error, limit.expired());
    } finally {
      limit.dispose();
    }
  };

  /** As `call`, where some statuses are answers. */
  const unless = async <T, U>(statuses: readonly number[], otherwise: U, pending: Promise<T>): Promise<T | U> => {
    try {
      return await pending;
    } catch (error) {
      const status = containerFailure(error)?.httpStatus;
      if (status !== undefined && statuses.includes(status)) return otherwise;
      throw error;
    }
  };

  /** A stream that outlives the call: the deadline is for its beginning only. */
  const open = async (
    operation: string,
    signal: AbortSignal,
    work: (abortSignal: AbortSignal) => Promise<NodeJS.ReadableStream | Buffer>,
  ): Promise<Readable> => {
    const stream = (await call(operation, signal, () => work(signal))) as Readable;
    stream.on('error', () => undefined);
    return addAbortSignal(signal, stream);
  };

  const takeOver = async (operation: string, path: string, body: unknown, signal: AbortSignal) => {
    const target =
      'socketPath' in endpoint
        ? { socketPath: endpoint.socketPath }
        : { host: endpoint.host, port: endpoint.port, ...(tls === undefined ? {} : tlsOptions(endpoint, tls)) };
    const text = body === undefined ? undefined : JSON.stringify(body);
    return await call(operation, signal, (abortSignal) => upgrade({ ...target, path: `/${API}${path}` }, secure, text, abortSignal));
  };

  return {
    address,
    local: 'socketPath' in endpoint,
    close: () => {
      agent.destroy();
    },

    ping: async (signal) => {
      // GET: a VCH answers HEAD with 404.
      await call('ping', signal, (abortSignal) => get(docker, '/_ping', abortSignal), PING_TIMEOUT_MS);
    },
    version: (signal) => call('version', signal, (abortSignal) => get(docker, '/version', abortSignal) as Promise<WireVersion>),
    info: (signal) => call('info', signal, (abortSignal) => get(docker, '/info', abortSignal) as Promise<WireInfo>),

    async *events(filters, signal, opened) {
      const stream = await open('events', signal, (abortSignal) =>
        docker.getEvents({ filters: JSON.stringify(filters), abortSignal } as Dockerode.GetEventsOptions),
      );
      opened?.();
      try {
        for await (const line of readLines(stream)) if (line.trim() !== '') yield JSON.parse(line) as WireEvent;
      } finally {
        stream.destroy();
      }
    },

    listContainers: (filters, signal) =>
      call(
        'list of containers',
        signal,
        (abortSignal) => docker.listContainers({ all: true, filters: asStrings(filters), abortSignal }) as unknown as Promise<WireListed[]>,
      ),
    inspectContainer: (id, signal) =>
      unless(
        [404],
        undefined,
        call(
          `inspect of ${id}`,
          signal,
          (abortSignal) => docker.getContainer(id).inspect({ abortSignal } as Dockerode.ContainerInspectOptions) as unknown as Promise<WireContainer>,
        ),
      ),
    createContainer: async (name, spec, signal) => {
      // Split by hand: the library would repeat the body, environment included, in the address.
      const body = { _query: { name }, _body: spec } as unknown as Dockerode.ContainerCreateOptions;
      return (await call(`create of ${name}`, signal, (abortSignal) => docker.createContainer({ ...body, abortSignal }))).id;
    },
    startContainer: async (id, signal) => {
      await unless(
        [304],
        undefined,
        call(`start of ${id}`, signal, (abortSignal) => docker.getContainer(id).start({ abortSignal })),
      );
    },
    killContainer: async (id, name, signal) => {
      const killing = call(`signal to ${id}`, signal, (abortSignal) => docker.getContainer(id).kill({ signal: name, abortSignal }));
      // 409, and 500 of older engines: it does not run, which is what was wanted.
      return await unless(
        [404, 409],
        false,
        killing.then(() => true),
      );
    },
    waitContainer: async (id, timeoutMs, signal) => {
      const waiting = call(`wait for ${id}`, signal, (abortSignal) => docker.getContainer(id).wait({ abortSignal }) as Promise<unknown>, timeoutMs);
      try {
        await unless([404], undefined, waiting);
        return true;
      } catch (error) {
        if (containerFailure(error)?.kind === 'timeout') return false;
        throw error;
      }
    },
    removeContainer: async (id, signal) => {
      const removing = call(`removal of ${id}`, signal, (abortSignal) => docker.getContainer(id).remove({ force: true, v: true, abortSignal }));
      return (await unless([404], 'absent', removing)) !== 'absent';
    },
    stats: (id, signal) =>
      unless(
        [404, 409],
        undefined,
        call(
          `stats of ${id}`,
          signal,
          (abortSignal) =>
            docker.getContainer(id).stats({ stream: false, 'one-shot': true, abortSignal } as { stream: false }) as unknown as Promise<WireStats>,
        ),
      ),
    logs: (id, log, signal) => {
      // Read as a stream in any case: a log may be larger than memory.
      return open(`log of ${id}`, signal, (abortSignal) => streamed(docker, `/containers/${id}/logs?`, { ...log }, abortSignal));
    },
    attach: (id, { stdin, stdout, stderr }, signal) =>
      takeOver(
        `attach to ${id}`,
        `/containers/${id}/attach?stream=1&stdin=${stdin ? 1 : 0}&stdout=${stdout ? 1 : 0}&stderr=${stderr ? 1 : 0}`,
        undefined,
        signal,
      ),
    resizeContainer: async (id, { width, height }, signal) => {
      await call(`resize of ${id}`, signal, (abortSignal) => docker.getContainer(id).resize({ w: width, h: height, abortSignal }));
    },

    createExec: async (id, spec, signal) => {
      const exec = await call(`exec in ${id}`, signal, (abortSignal) =>
        docker.getContainer(id).exec({ ...(spec as Dockerode.ExecCreateOptions), abortSignal }),
      );
      return exec.id;
    },
    startExec: (exec, { tty }, signal) => takeOver('start of exec', `/exec/${exec}/start`, { Detach: false, Tty: tty }, signal),
    inspectExec: (exec, signal) => call('inspect of exec', signal, (abortSignal) => docker.getExec(exec).inspect({ abortSignal }) as Promise<WireExec>),
    resizeExec: async (exec, { width, height }, signal) => {
      // Docker answers 200, Podman 201.
      await unless(
        [201],
        undefined,
        call('resize of exec', signal, (abortSignal) => docker.getExec(exec).resize({ w: width, h: height, abortSignal })),
      );
    },

    putArchive: async (id, path, tar, signal) => {
      await call(`upload to ${id}`, signal, (abortSignal) => docker.getContainer(id).putArchive(tar, { path, abortSignal }));
    },
    getArchive: async (id, path, limitBytes, signal) => {
      const reading = async (abortSignal: AbortSignal): Promise<Buffer> => {
        const chunks: Buffer[] = [];
        let size = 0;
        // Leaving the loop closes the connection: what is beyond the limit is not read.
        for await (const chunk of await docker.getContainer(id).getArchive({ path, abortSignal })) {
          chunks.push(chunk as Buffer);
          size += (chunk as Buffer).length;
          if (size >= limitBytes) break;
        }
        return Buffer.concat(chunks).subarray(0, limitBytes);
      };
      return await unless([404], undefined, call(`download from ${id}`, signal, reading));
    },

    listVolumes: async (filters, signal) => {
      const query = { filters: JSON.stringify(filters), abortSignal: signal } as unknown as Dockerode.VolumeListOptions;
      const { Volumes } = await call('list of volumes', signal, () => docker.listVolumes(query) as unknown as Promise<VolumeList>);
      return Volumes ?? [];
    },
    createVolume: (spec, signal) =>
      call(
        `creation of volume ${spec.Name}`,
        signal,
        (abortSignal) =>
          dial(docker, {
            path: '/volumes/create',
            method: 'POST',
            options: { ...spec },
            abortSignal,
            isStream: false,
            statusCodes: { 200: true, 201: true },
          }) as Promise<WireVolume>,
      ),
    removeVolume: async (name, signal) => {
      const removing = call(
        `removal of volume ${name}`,
        signal,
        (abortSignal) => docker.getVolume(name).remove({ abortSignal } as Dockerode.VolumeRemoveOptions) as Promise<unknown>,
      );
      return (await unless([404], 'absent', removing)) !== 'absent';
    },

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
      const limit = deadline(clock, options.idleTimeoutMs ?? IDLE_TIMEOUT_MS, signal);
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

interface VolumeList {
  readonly Volumes?: readonly WireVolume[] | null;
}

/** Podman closes a good pull without a `Status:` line; the image is looked up afterwards in any case. */
const PODMAN_DONE = 'the progress stream ended before the image was complete';

/** Filters as the engine takes them: the library turns objects into JSON itself, but only with this type. */
function asStrings(filters: Filters): Record<string, string[]> {
  return Object.fromEntries(Object.entries(filters).map(([key, values]) => [key, [...values]]));
}

async function* watched(lines: AsyncIterable<string>, onLine: () => void): AsyncGenerator<string> {
  for await (const line of lines) {
    onLine();
    yield line;
  }
}
