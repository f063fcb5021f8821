import type Dockerode from 'dockerode';
import { readLines } from '../../platform/http-exchange.ts';
import { createCalls, type ContainerEngineOptions, type EngineCalls } from './calls.ts';
import { containerFailure } from './container-failure.ts';
import type { ContainerEngine, Filters, WireContainer, WireEvent, WireInfo, WireListed, WireStats, WireVersion } from './containers-port.ts';
import { execCalls } from './execs-client.ts';
import { imageCalls } from './images-client.ts';
import { get, streamed } from './modem.ts';
import { volumeCalls } from './volumes-client.ts';

const PING_TIMEOUT_MS = 5_000;
const IDLE_TIMEOUT_MS = 5 * 60_000;

/** Over dockerode; only connections that change hands are made here. Opens none before the first call. */
export function createContainerEngine(options: ContainerEngineOptions): ContainerEngine {
  const calls = createCalls(options);
  return {
    address: calls.address,
    local: 'socketPath' in options.endpoint,
    close: () => calls.close(),
    ...systemCalls(calls),
    ...containerCalls(calls),
    ...execCalls(calls),
    ...volumeCalls(calls),
    ...imageCalls(calls, options.idleTimeoutMs ?? IDLE_TIMEOUT_MS),
  };
}

type SystemCalls = Pick<ContainerEngine, 'ping' | 'version' | 'info' | 'events'>;

function systemCalls({ docker, call, open }: EngineCalls): SystemCalls {
  return {
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
  };
}

type ContainerCalls = Omit<
  ContainerEngine,
  | 'address'
  | 'local'
  | 'close'
  | keyof SystemCalls
  | keyof ReturnType<typeof execCalls>
  | keyof ReturnType<typeof volumeCalls>
  | keyof ReturnType<typeof imageCalls>
>;

function containerCalls({ docker, call, unless, open, takeOver }: EngineCalls): ContainerCalls {
  return {
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
  };
}

/** Filters as the engine takes them: the library turns objects into JSON itself, but only with this type. */
function asStrings(filters: Filters): Record<string, string[]> {
  return Object.fromEntries(Object.entries(filters).map(([key, values]) => [key, [...values]]));
}
