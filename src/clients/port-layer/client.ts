import type { Readable } from 'node:stream';
import type { Clock } from '../../platform/clock.ts';
import { readLines } from '../../platform/http-exchange.ts';
import { array, decodeContainerInfo, decodeEndpoints, decodeEvent, decodeScope, decodeTask, decodeVchInfo, object, string } from './decode.ts';
import { archiveCalls } from './archive-calls.ts';
import { portLayerFailure } from './failure.ts';
import { COMMIT_TIMEOUT_MS, handleCalls } from './handle-calls.ts';
import { sessionCalls } from './session-calls.ts';
import type { LogOptions, PortLayer, PortLayerFeatures } from './port.ts';
import { createTransport, segment, type Call, type Transport } from './transport.ts';

export interface PortLayerOptions {
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
  /** First half of the operation ids, so that the VCH's logs can be joined with ours. */
  readonly pid: number;
}

/** The head comes at once or, behind some proxies, with the first event. */
const EVENTS_HEAD_TIMEOUT_MS = 10 * 60_000;
const KV_KEY = /^[A-Za-z0-9._-]+$/;

/** A client of the port layer at `host:port`. Opens no connection before the first call. */
export function createPortLayer(options: PortLayerOptions): PortLayer {
  let operations = 0;
  const transport = createTransport({
    host: options.host,
    port: options.port,
    clock: options.clock,
    nextOpId: () => `${String(options.pid)}.${String((operations += 1))}`,
  });
  return {
    address: transport.address,
    close: () => {
      transport.close();
    },
    ...inspection(transport),
    ...handleCalls(transport),
    ...containers(transport),
    ...sessionCalls(transport),
    ...storage(transport),
    ...archiveCalls(transport),
    ...networks(transport),
  };
}

type Part<K extends keyof PortLayer> = Pick<PortLayer, K>;

function inspection(transport: Transport): Part<'ping' | 'vchInfo' | 'features' | 'inspectTask' | 'waitTask' | 'handleState'> {
  let features: PortLayerFeatures | undefined;
  return {
    ping: async (signal) => {
      await transport.call({ method: 'GET', path: '/_ping', timeoutMs: 5_000 }, signal);
    },
    vchInfo: async (signal) => decodeVchInfo((await transport.call({ method: 'GET', path: '/vch/info' }, signal)).body),
    features: async (signal) => {
      features ??= readFeatures((await transport.call({ method: 'GET', path: '/swagger.json' }, signal)).body);
      return features;
    },
    inspectTask: async (handle, id, signal) => {
      const answer = await transport.call({ method: 'GET', path: '/tasks', body: { handle, id } }, signal, [404]);
      return answer.status === 404 ? undefined : decodeTask(answer.body);
    },
    waitTask: async (handle, id, signal) => {
      await transport.call({ method: 'GET', path: '/tasks/wait', body: { handle, id }, timeoutMs: COMMIT_TIMEOUT_MS }, signal);
    },
    handleState: async (handle, signal) => {
      const answer = await transport.call({ method: 'GET', path: `/containers/${segment(handle)}/state` }, signal, [404]);
      return answer.status === 404 ? undefined : string(object(answer.body)['state']);
    },
  };
}

type Containers = 'containerInfo' | 'listContainers' | 'signalContainer' | 'waitContainer' | 'removeContainer' | 'logs' | 'events';

function containers(transport: Transport): Part<Containers> {
  return {
    containerInfo: async (id, signal) => {
      const answer = await transport.call({ method: 'GET', path: `/containers/info/${segment(id)}` }, signal, [404]);
      return answer.status === 404 ? undefined : decodeContainerInfo(answer.body);
    },
    listContainers: async (signal) => {
      const answer = await transport.call({ method: 'GET', path: '/containers/list', query: { all: true } }, signal);
      return array(answer.body).map(decodeContainerInfo);
    },
    signalContainer: async (id, signalNumber, signal) => {
      const call: Call = { method: 'POST', path: `/containers/${segment(id)}/signal`, query: { signal: signalNumber } };
      return (await transport.call(call, signal, [404])).status !== 404;
    },
    waitContainer: async (id, timeoutSeconds, signal) => {
      const call: Call = {
        method: 'GET',
        path: `/containers/${segment(id)}/wait`,
        query: { timeout: timeoutSeconds },
        timeoutMs: (timeoutSeconds + 60) * 1000,
      };
      try {
        return (await transport.call(call, signal, [404])).status === 404 ? 'absent' : 'stopped';
      } catch (error) {
        // The end of the wait is announced as an internal error with Go's own words for it.
        if (portLayerFailure(error)?.reason.includes('context deadline exceeded') === true) return 'running';
        throw error;
      }
    },
    removeContainer: async (id, signal) =>
      (await transport.call({ method: 'DELETE', path: `/containers/${segment(id)}`, timeoutMs: 2 * 60_000 }, signal, [404])).status !== 404,
    logs: async (id, options: LogOptions, signal): Promise<Readable | undefined> => {
      const query = {
        // Without `since` the server drops the connection.
        since: options.since ?? 0,
        follow: options.follow,
        taillines: options.tailLines,
        timestamp: options.timestamps,
      };
      const message = await transport.stream({ method: 'GET', path: `/containers/${segment(id)}/logs`, query }, signal, [404]);
      if (message.statusCode !== 404) return message;
      message.resume();
      return undefined;
    },
    events: async function* (signal, onOpen) {
      const message = await transport.stream({ method: 'GET', path: '/events', timeoutMs: EVENTS_HEAD_TIMEOUT_MS }, signal);
      onOpen?.();
      for await (const line of readLines(message)) {
        const event = decodeEvent(line);
        if (event !== undefined) yield event;
      }
    },
  };
}

function storage(transport: Transport): Part<'getValue' | 'putValue' | 'deleteValue'> {
  const path = (key: string): string => {
    if (!KV_KEY.test(key)) throw new TypeError(`not a key that the port layer can read back: ${key}`);
    return `/kv/${key}`;
  };
  return {
    getValue: async (key, signal) => {
      const answer = await transport.call({ method: 'GET', path: path(key) }, signal, [404]);
      return answer.status === 404 ? undefined : string(object(answer.body)['Value']);
    },
    putValue: async (key, value, signal) => {
      await transport.call({ method: 'PUT', path: path(key), body: { Key: key, Value: value } }, signal);
    },
    deleteValue: async (key, signal) => (await transport.call({ method: 'DELETE', path: path(key) }, signal, [404])).status !== 404,
  };
}

function networks(transport: Transport): Part<'listScopes' | 'findScope' | 'boundEndpoints'> {
  return {
    listScopes: async (signal) => array((await transport.call({ method: 'GET', path: '/scopes' }, signal)).body).map(decodeScope),
    findScope: async (idOrName, signal) => {
      const answer = await transport.call({ method: 'GET', path: `/scopes/${segment(idOrName)}` }, signal, [404]);
      const found = array(answer.body);
      return answer.status === 404 || found.length === 0 ? undefined : decodeScope(found[0]);
    },
    boundEndpoints: async (handleOrId, signal) => {
      const answer = await transport.call({ method: 'GET', path: `/scopes/containers/${segment(handleOrId)}` }, signal, [404]);
      return answer.status === 404 ? undefined : decodeEndpoints(answer.body);
    },
  };
}

function readFeatures(swagger: unknown): PortLayerFeatures {
  const description = object(swagger);
  const task = object(object(description['definitions'])['TaskJoinConfig']);
  const hasNamespace = 'namespace' in object(task['properties']);
  const hasImageJoin = Object.entries(object(description['paths'])).some(
    ([path, operations]) => /^\/storage\/\{[^}]+\}\/info\/\{[^}]+\}$/.test(path) && 'post' in object(operations),
  );
  const podsAt = string(object(description['info'])['x-pods-at']);
  return { podVms: hasNamespace && hasImageJoin, ...(podsAt === '' ? {} : { podsAt }) };
}
