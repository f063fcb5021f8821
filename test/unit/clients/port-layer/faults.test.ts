import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createPortLayer } from '../../../../src/clients/port-layer/client.ts';
import { portLayerFailure } from '../../../../src/clients/port-layer/failure.ts';
import type { PortLayer } from '../../../../src/clients/port-layer/port.ts';
import type { Clock } from '../../../../src/platform/clock.ts';
import { systemClock } from '../../../../src/platform/node/clock.ts';
import { FakeClock, settle } from '../../../support/fake-clock.ts';
import { recording, replay } from '../../../support/replay-server.ts';

const never = new AbortController().signal;
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function serve(listener: RequestListener, clock: Clock = systemClock): Promise<{ client: PortLayer; server: Server }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = createPortLayer({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, clock, pid: 1 });
  cleanups.push(() => {
    client.close();
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return { client, server };
}

const kindOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'resolved',
    (error: unknown) => portLayerFailure(error)?.kind ?? error,
  );

describe('port layer client', () => {
  it('fills in what the server leaves out', async () => {
    const { client } = await serve((_request, response) => response.end('{"cpuMhz":9200,"memory":32768}'));
    expect(await client.vchInfo(never)).toEqual({
      cpuMhz: 9200,
      memoryMiB: 32_768,
      cpuUsageMhz: 0,
      memoryUsageBytes: 0,
      hostProductName: '',
      hostOs: '',
      hostOsVersion: '',
    });
  });

  it('sends a body with GET where the API wants one, and Content-Type only with a body', async () => {
    const [info] = recording('port-layer/exec').filter(({ request }) => request.path === '/tasks' && request.method === 'GET');
    const server = await replay([info!, { purpose: 'ping', request: { method: 'GET', path: '/vch/info' }, response: { status: 200, body: {} } }]);
    const client = createPortLayer({ host: server.host, port: server.port, clock: systemClock, pid: 7 });
    cleanups.push(() => {
      client.close();
      return server.close();
    });
    await client.inspectTask('h', 't', never);
    await client.vchInfo(never);
    expect(JSON.parse(server.received[0]!.body)).toEqual({ handle: 'h', id: 't' });
    expect(server.received.map(({ headers }) => [headers['content-type'], headers['op-id']])).toEqual([
      ['application/json', '7.1'],
      [undefined, '7.2'],
    ]);
  });

  it('asks for logs with since, without which the server hangs up', async () => {
    let url = '';
    const { client } = await serve((request, response) => {
      url = request.url ?? '';
      response.end();
    });
    (await client.logs('abc', { tailLines: 0, follow: true }, never))?.resume();
    expect(Object.fromEntries(new URL(url, 'http://x').searchParams)).toEqual({ since: '0', follow: 'true', taillines: '0' });
  });

  it('calls a dropped connection invalid while pings are answered, and the server lost when they are not', async () => {
    let alive = true;
    const { client } = await serve((request, response) => {
      if (request.url === '/_ping' && alive) response.end('OK');
      else response.socket?.destroy();
    });
    expect(await kindOf(client.listContainers(never))).toBe('dropped');
    alive = false;
    expect(await kindOf(client.listContainers(never))).toBe('unreachable');
    expect(await kindOf(client.ping(never))).toBe('unreachable');
  });

  it('takes a pooled connection that the server closed meanwhile for nothing but that', async () => {
    let requests = 0;
    const { client } = await serve((_request, response) => {
      requests += 1;
      if (requests === 2) response.socket?.destroy();
      else response.end(`{"cpuMhz":${String(requests)}}`);
    });
    expect((await client.vchInfo(never)).cpuMhz).toBe(1);
    expect((await client.vchInfo(never)).cpuMhz).toBe(3);
  });

  it('never sends a commit twice', async () => {
    let commits = 0;
    const { client } = await serve((request, response) => {
      if (request.method !== 'PUT') {
        response.end('"OK"');
        return;
      }
      commits += 1;
      response.socket?.destroy();
    });
    await client.ping(never);
    expect(await kindOf(client.commit('h', {}, never))).toBe('dropped');
    expect(commits).toBe(1);
  });

  it('waits for a commit longer than the three minutes that the server may take, but not for ever', async () => {
    const clock = new FakeClock();
    const { client } = await serve(() => undefined, clock);
    const commit = kindOf(client.commit('h', {}, never));
    await settle();
    await clock.advance(4 * 60_000);
    expect(await Promise.race([commit, settle().then(() => 'waiting')])).toBe('waiting');
    await clock.advance(10 * 60_000);
    expect(await commit).toBe('timeout');
  });

  it('gives up at once, with the signal’s reason, when it is cancelled', async () => {
    const { client } = await serve(() => undefined);
    const stop = new AbortController();
    const work = kindOf(client.containerInfo('x', stop.signal));
    const reason = new Error('enough');
    stop.abort(reason);
    expect(await work).toBe(reason);
    expect(await kindOf(client.ping(stop.signal))).toBe(reason);
  });

  it('reports a server that is not there as unreachable, with a hint', async () => {
    const { client, server } = await serve(() => undefined);
    await new Promise((resolve) => server.close(resolve));
    const error: unknown = await client.ping(never).catch((caught: unknown) => caught);
    expect(portLayerFailure(error)?.kind).toBe('unreachable');
    expect((error as { hint?: string }).hint).toContain('port layer');
  });

  it('understands every shape of error body', async () => {
    const bodies = ['', '"not implemented"', '{"code":605,"message":"should match"}', 'plain text', '{"other":1}'];
    const { client } = await serve((_request, response) => response.writeHead(503).end(bodies.shift()));
    const reasons: (string | undefined)[] = [];
    while (bodies.length > 0) reasons.push(portLayerFailure(await client.vchInfo(never).catch((error: unknown) => error))?.reason);
    expect(reasons).toEqual(['', 'not implemented', 'should match', 'plain text', '{"other":1}']);
  });

  it('does not take anything for an answer', async () => {
    const { client } = await serve((_request, response) => response.end('<html>'));
    expect(await kindOf(client.vchInfo(never))).toBe('malformed');
    const other = await serve((_request, response) => response.end('{}'));
    expect(await kindOf(other.client.handleOf('x', never))).toBe('malformed');
  });

  it('reads events line by line, whatever the pieces, and ends with the signal', async () => {
    const event = (ref: string): string => `{"Type":"events.ContainerEvent","Event":"Started","Ref":"${ref}"}\n`;
    const { client } = await serve((_request, response) => {
      response.write(event('a').slice(0, 20));
      response.write(`${event('a').slice(20)}not json\n${event('b')}`);
    });
    const stop = new AbortController();
    const refs: string[] = [];
    let opened = 0;
    const reading = (async () => {
      for await (const { ref } of client.events(stop.signal, () => (opened += 1))) {
        refs.push(ref);
        if (refs.length === 2) stop.abort(new Error('done'));
      }
    })();
    await expect(reading).rejects.toThrow('done');
    expect([refs, opened]).toEqual([['a', 'b'], 1]);
  });

  it('tells pod VM ports from ordinary ones by their description', async () => {
    const described = (namespace: boolean, join: boolean): string =>
      JSON.stringify({
        definitions: { TaskJoinConfig: { properties: namespace ? { namespace: {} } : {} } },
        paths: { '/storage/{store_name}/info/{id}': join ? { get: {}, post: {} } : { get: {} } },
      });
    for (const [text, podVms] of [
      [described(true, true), true],
      [described(false, true), false],
      [described(true, false), false],
    ] as const) {
      const { client } = await serve((_request, response) => response.end(text));
      expect(await client.features(never)).toEqual({ podVms });
    }
  });

  it('refuses keys that the server could not read back', async () => {
    const { client } = await serve((_request, response) => response.end('{"Key":"a"}'));
    await expect(client.getValue('a/b', never)).rejects.toThrow(TypeError);
    expect(await client.getValue('a', never)).toBe('');
  });
});
