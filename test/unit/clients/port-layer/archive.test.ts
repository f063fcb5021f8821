import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { createPortLayer } from '../../../../src/clients/port-layer/client.ts';
import { portLayerFailure } from '../../../../src/clients/port-layer/failure.ts';
import type { PortLayer } from '../../../../src/clients/port-layer/port.ts';
import type { Clock } from '../../../../src/platform/clock.ts';
import { systemClock } from '../../../../src/platform/node/clock.ts';
import { packArchive } from '../../../../src/platform/tar.ts';
import { FakeClock, settle } from '../../../support/fake-clock.ts';

const never = new AbortController().signal;
const cleanups: (() => unknown)[] = [];
const archive = packArchive([{ path: 'etc/one', kind: 'file', mode: 0o644, content: Buffer.alloc(3_000_000, 'x') }], 0);

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function serve(listener: RequestListener, clock: Clock = systemClock): Promise<PortLayer> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = createPortLayer({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, clock, pid: 1 });
  cleanups.push(() => {
    client.close();
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return client;
}

const failureOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'resolved',
    (error: unknown) => portLayerFailure(error) ?? error,
  );

describe('import of archives', () => {
  it('sends the archive as it is, to the disk that is named, with a filter that leaves nothing out', async () => {
    let seen: IncomingMessage | undefined;
    let body: Buffer | undefined;
    const client = await serve((request, response) => {
      seen = request;
      void buffer(request).then((bytes) => {
        body = bytes;
        response.end();
      });
    });
    await client.importArchive({ deviceId: 'f00-1', archive }, never);
    const url = new URL(seen?.url ?? '', 'http://x');
    expect([seen?.method, url.pathname, seen?.headers['content-type'], seen?.headers['content-length']]).toEqual([
      ...['POST', '/archive', 'application/x-tar'],
      String(archive.length),
    ]);
    const { filterSpec, ...query } = Object.fromEntries(url.searchParams);
    expect(query).toEqual({ store: 'container', deviceID: 'f00-1' });
    expect(JSON.parse(Buffer.from(filterSpec ?? '', 'base64').toString())).toEqual({ RebasePath: '', StripPath: '', Inclusions: {}, Exclusions: {} });
    expect(body?.equals(archive)).toBe(true);
  });

  it.each([
    [404, 'absent'],
    [409, 'conflict'],
    [415, 'refused'],
    [422, 'refused'],
    [500, 'refused'],
    [501, 'refused'],
  ] as const)('tells what HTTP %d means', async (status, kind) => {
    const client = await serve((request, response) => {
      request.resume().on('end', () => response.writeHead(status).end());
    });
    expect(await failureOf(client.importArchive({ deviceId: 'f00-1', archive }, never))).toMatchObject({
      kind,
      httpStatus: status,
      operation: 'POST /archive',
    });
  });

  it('never sends an archive twice when the connection is dropped in the middle', async () => {
    let imports = 0;
    const client = await serve((request, response) => {
      if (request.url === '/_ping') return void response.end('"OK"');
      imports += 1;
      request.once('data', () => request.socket.destroy());
    });
    await client.ping(never);
    expect(await failureOf(client.importArchive({ deviceId: 'f00-1', archive }, never))).toMatchObject({ kind: 'dropped' });
    expect(imports).toBe(1);
  });

  it('can be called off, and has a time limit of minutes', async () => {
    let arrived: () => void = () => undefined;
    const arrival = (): Promise<void> => new Promise((resolve) => (arrived = resolve));
    const clock = new FakeClock();
    const client = await serve((request) => {
      request.resume().on('end', () => arrived());
    }, clock);
    const stop = new AbortController();
    let there = arrival();
    const called = failureOf(client.importArchive({ deviceId: 'f00-1', archive }, stop.signal));
    await there;
    stop.abort(new Error('called off'));
    expect(await called).toEqual(new Error('called off'));

    there = arrival();
    let ended: unknown;
    const slow = failureOf(client.importArchive({ deviceId: 'f00-1', archive }, never)).then((failure) => (ended = failure));
    await there;
    await clock.advance(4 * 60_000);
    await settle();
    expect(ended).toBeUndefined();
    await clock.advance(60_000);
    await slow;
    expect(ended).toMatchObject({ kind: 'timeout' });
  });
});
