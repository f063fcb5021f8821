import Dockerode from 'dockerode';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { isIP } from 'node:net';
import { addAbortSignal, type Duplex, type Readable } from 'node:stream';
import { inspect } from 'node:util';
import { isVickError } from '../../errors/vick-error.ts';
import type { Clock } from '../../platform/clock.ts';
import { deadline } from '../../platform/http-exchange.ts';
import { isTlsError, orAbort, reasonOf, statusOf } from './call-failure.ts';
import { containerEngineError, containerFailure, type ContainerFailure } from './container-failure.ts';
import type { EngineEndpoint } from './containers-port.ts';
import { modemOptions, tlsOptions } from './modem.ts';
import { NotUpgraded, upgrade } from './upgrade.ts';

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

/** How every call of the client goes out, ends in time, and fails. */
export interface EngineCalls {
  readonly docker: Dockerode;
  readonly address: string;
  readonly clock: Clock;
  readonly close: () => void;
  /** One call with a deadline. Aborting rejects at once, whatever the library makes of it. */
  readonly call: <T>(operation: string, signal: AbortSignal, work: (abortSignal: AbortSignal) => Promise<T>, timeoutMs?: number) => Promise<T>;
  /** As `call`, where some statuses are answers. */
  readonly unless: <T, U>(statuses: readonly number[], otherwise: U, pending: Promise<T>) => Promise<T | U>;
  /** A stream that outlives the call: the deadline is for its beginning only. */
  readonly open: (operation: string, signal: AbortSignal, work: (abortSignal: AbortSignal) => Promise<NodeJS.ReadableStream | Buffer>) => Promise<Readable>;
  /** A connection that changes hands. */
  readonly takeOver: (operation: string, path: string, body: unknown, signal: AbortSignal) => Promise<Duplex>;
  /** Throws `error` as an engine's failure. */
  readonly fail: (operation: string, error: unknown, expired: boolean, kind?: ContainerFailure['kind']) => never;
}

/** Opens no connection before the first call. */
export function createCalls(options: ContainerEngineOptions): EngineCalls {
  const { endpoint, clock } = options;
  const tls = 'socketPath' in endpoint ? undefined : endpoint.tls;
  const secure = tls !== undefined;
  const agent = tls === undefined ? new HttpAgent({ keepAlive: true }) : new HttpsAgent({ keepAlive: true, ...tlsOptions(endpoint, tls) });
  // The library formats its options for every request, whether anybody debugs it or not, and with them all that hangs on the
  // agent: every socket in use. With some hundred calls under way that takes all of a processor.
  Object.defineProperty(agent, inspect.custom, { value: () => 'Agent' });
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

  const unless = async <T, U>(statuses: readonly number[], otherwise: U, pending: Promise<T>): Promise<T | U> => {
    try {
      return await pending;
    } catch (error) {
      const status = containerFailure(error)?.httpStatus;
      if (status !== undefined && statuses.includes(status)) return otherwise;
      throw error;
    }
  };

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

  return { docker, address, clock, close: () => agent.destroy(), call, unless, open, takeOver, fail };
}
