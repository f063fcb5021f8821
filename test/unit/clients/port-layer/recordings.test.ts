import { readdirSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { createPortLayer } from '../../../../src/clients/port-layer/client.ts';
import { portLayerFailure, type PortLayerFailure } from '../../../../src/clients/port-layer/failure.ts';
import type { PortLayer } from '../../../../src/clients/port-layer/port.ts';
import { systemClock } from '../../../../src/platform/node/clock.ts';
import { recording, replay, type RecordedExchange } from '../../../support/replay-server.ts';

const never = new AbortController().signal;

/** The client's call for a recorded request, where the client has that operation. */
function callFor(client: PortLayer, { request }: RecordedExchange): (() => Promise<unknown>) | undefined {
  const { method, path, query = {} } = request;
  const body = (request.body ?? {}) as Record<string, never>;
  const route = `${method} ${path}`;
  const part = (pattern: RegExp): string | undefined => pattern.exec(route)?.[1];
  const joined = /^POST \/storage\/([^/]+)\/info\/([^/]+)$/.exec(route);
  if (request.bodyText !== undefined) return undefined;
  let id: string | undefined;
  switch (true) {
    case route === 'GET /_ping':
      return () => client.ping(never);
    case route === 'GET /vch/info':
      return () => client.vchInfo(never);
    case route === 'GET /containers/list' && (query['all'] === undefined || query['all'] === 'true'):
      return () => client.listContainers(never);
    case (id = part(/^GET \/containers\/info\/([^/]+)$/)) !== undefined:
      return () => client.containerInfo(id!, never);
    case (id = part(/^GET \/containers\/(?!list$)([^/]+)$/)) !== undefined:
      return () => client.handleOf(id!, never);
    case route === 'POST /containers' && request.body !== undefined:
      return () => client.createHandle({ name: '', numCpus: 1, memoryMiB: 512, hostname: '', annotations: {} }, never);
    case joined !== null && request.body !== undefined:
      return () => client.joinImage({ handle: body['handle']!, store: joined[1]!, layerId: joined[2]!, deltaId: 'c0', imageId: '', repoName: '' }, never);
    case route === 'POST /tasks' && request.body !== undefined:
      return () => client.joinTask(body as never, never);
    case route === 'POST /tasks/binding' && request.body !== undefined:
      return () => client.bindTask(body['handle']!, body['id']!, never);
    case route === 'POST /interaction' && request.body !== undefined:
      return () => client.joinInteraction(body['handle']!, never);
    case route === 'POST /logging' && request.body !== undefined:
      return () => client.joinLogging(body['handle']!, never);
    case /^POST \/scopes\/[^/]+\/containers$/.test(route) && request.body !== undefined:
      return () => client.addToScope(body['handle']!, body['networkConfig']!, never);
    case (id = part(/^POST \/scopes\/containers\/([^/]+)\/binding$/)) !== undefined:
      return () => client.bindScopes(id!, never);
    case (id = part(/^DELETE \/scopes\/containers\/([^/]+)\/binding$/)) !== undefined:
      return () => client.unbindScopes(id!, never);
    case (id = part(/^PUT \/containers\/([^/]+)\/state$/)) !== undefined:
      return () => client.setState(id!, 'RUNNING', never);
    case (id = part(/^GET \/containers\/([^/]+)\/state$/)) !== undefined:
      return () => client.handleState(id!, never);
    case (id = part(/^PUT \/containers\/([^/]+)$/)) !== undefined:
      return () => client.commit(id!, {}, never);
    case (id = part(/^DELETE \/containers\/([^/]+)$/)) !== undefined:
      return () => client.removeContainer(id!, never);
    case (id = part(/^POST \/containers\/([^/]+)\/signal$/)) !== undefined:
      return () => client.signalContainer(id!, Number(query['signal']), never);
    case (id = part(/^GET \/containers\/([^/]+)\/wait$/)) !== undefined && !Number.isNaN(Number(query['timeout'] ?? 0)):
      return () => client.waitContainer(id!, Number(query['timeout'] ?? 0), never);
    case (id = part(/^GET \/containers\/([^/]+)\/logs$/)) !== undefined:
      return async () => {
        const stream = await client.logs(id!, {}, never);
        return stream === undefined ? undefined : await text(stream);
      };
    case route === 'GET /tasks' && request.body !== undefined:
      return () => client.inspectTask(body['handle']!, body['id']!, never);
    case route === 'GET /tasks/wait' && request.body !== undefined:
      return () => client.waitTask(body['handle']!, body['id']!, never);
    case (id = part(/^GET \/kv\/([A-Za-z0-9._-]+)$/)) !== undefined:
      return () => client.getValue(id!, never);
    case route === 'GET /scopes':
      return () => client.listScopes(never);
    case (id = part(/^GET \/scopes\/containers\/([^/]+)$/)) !== undefined:
      return () => client.boundEndpoints(id!, never);
    case (id = part(/^GET \/scopes\/([^/]+)$/)) !== undefined:
      return () => client.findScope(id!, never);
    default:
      return undefined;
  }
}

const ABSENT: readonly unknown[] = [undefined, false, 'absent'];

const outcomeOf = (work: Promise<unknown>): Promise<{ value?: unknown; failure?: PortLayerFailure | undefined; error?: unknown }> =>
  work.then(
    (value) => ({ value }),
    (error: unknown) => ({ failure: portLayerFailure(error), error }),
  );

const names = readdirSync(new URL('../../../fixtures/port-layer', import.meta.url))
  .filter((name) => name.endsWith('.json'))
  .map((name) => name.replace('.json', ''));

describe('every recorded answer of a port layer is understood', () => {
  it.each(names)('%s', async (name) => {
    const exchanges = recording(`port-layer/${name}`).filter((exchange) => (exchange.server ?? 'port-layer') === 'port-layer');
    const probe = createPortLayer({ host: 'localhost', port: 1, clock: systemClock, pid: 1 });
    const known = exchanges.filter((exchange) => callFor(probe, exchange) !== undefined && exchange.response.none !== true);
    const server = await replay(known);
    const client = createPortLayer({ host: server.host, port: server.port, clock: systemClock, pid: 4711 });
    try {
      for (const exchange of known) {
        const { response, purpose } = exchange;
        const { value, failure, error } = await outcomeOf(callFor(client, exchange)!());
        if (response.dropped === true) expect(failure?.kind, purpose).toBe('dropped');
        else if ((response.status ?? 0) < 400) expect(error, purpose).toBeUndefined();
        else if (response.status === 404 && failure === undefined) expect(ABSENT, purpose).toContain(value);
        else if (value === 'running') expect(JSON.stringify(response.body)).toContain('deadline exceeded');
        else {
          expect(failure?.kind, purpose).toBe(response.status === 404 ? 'absent' : response.status === 409 ? 'conflict' : 'refused');
          expect(failure?.httpStatus).toBe(response.status);
          const said = (response.body as { message?: string } | undefined)?.message;
          if (said !== undefined) expect(failure?.reason).toBe(said);
          if (response.empty === true) expect(failure?.reason).toBe('');
        }
      }
      const sent = server.received.filter(({ path }) => path !== '/_ping');
      for (const { headers } of sent) expect(headers['op-id']).toMatch(/^4711\.\d+$/);
    } finally {
      client.close();
      await server.close();
    }
  });
});
