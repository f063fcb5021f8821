import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { createPortLayer } from '../../../../src/clients/port-layer/client.ts';
import { portLayerFailure } from '../../../../src/clients/port-layer/failure.ts';
import type { PortLayer } from '../../../../src/clients/port-layer/port.ts';
import type { Clock } from '../../../../src/platform/clock.ts';
import { systemClock } from '../../../../src/platform/node/clock.ts';
import { packArchive, type ArchiveEntry } from '../../../../src/platform/tar.ts';
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

describe('export of archives', () => {
  const member = (path: string, content = path, modifiedAt = 0): ArchiveEntry => ({
    path,
    kind: 'file',
    mode: 0o644,
    content: Buffer.from(content),
    modifiedAt,
  });
  const whole = packArchive(
    [member('tmp/message', 'said', 1_700_000_000_000), member('tmp/message-2'), { path: 'tmp/message/x', kind: 'folder', mode: 0o755 }],
    0,
  );
  const answering =
    (bytes: Buffer): RequestListener =>
    (_, response) =>
      void response.writeHead(200, { 'Content-Type': '' }).end(bytes);
  const wanted = { deviceId: 'f00-1', path: '/tmp/message/', limitBytes: 100_000 };

  it('asks for one path with its data, and leaves everything else out', async () => {
    let seen: IncomingMessage | undefined;
    const client = await serve((request, response) => {
      seen = request;
      response.end(whole);
    });
    // The base64 of this has every character that a query must encode.
    await client.exportArchive({ ...wanted, path: '/data/~~~???>>>ü' }, never);
    expect([seen?.method, seen?.url?.split('?')[0], /[+/]/.test(seen?.url?.split('?')[1] ?? '')]).toEqual(['GET', '/archive', false]);
    const { filterSpec = '', ...query } = Object.fromEntries(new URL(seen?.url ?? '', 'http://x').searchParams);
    expect(query).toEqual({ store: 'container', deviceID: 'f00-1', data: 'true' });
    expect(JSON.parse(Buffer.from(filterSpec, 'base64').toString())).toEqual({
      ...{ RebasePath: '', StripPath: '', Inclusions: { 'data/~~~???>>>ü': {} }, Exclusions: { '': {} } },
    });
  });

  it('gives what is at the path and below it, and not what only begins with its name', async () => {
    const client = await serve(answering(whole));
    const found = await client.exportArchive(wanted, never);
    expect(found.map(({ path, kind }) => [path, kind])).toEqual([
      ['tmp/message', 'file'],
      ['tmp/message/x', 'folder'],
    ]);
    expect([found[0]?.content.toString(), found[0]?.modifiedAt]).toEqual(['said', 1_700_000_000_000]);
  });

  it('finds nothing where there is nothing', async () => {
    const client = await serve(answering(packArchive([], 0)));
    expect(await client.exportArchive(wanted, never)).toEqual([]);
  });

  it.each([
    ['not even begun', Buffer.alloc(0)],
    ['cut between members', whole.subarray(0, 1024)],
    ['cut in the middle of a file', whole.subarray(0, 700)],
    ['cut in the middle of a header', whole.subarray(0, 300)],
    ['damaged', Buffer.concat([Buffer.alloc(512, 'x'), whole])],
    ['larger than it may be', packArchive([member('tmp/message', 'x'.repeat(200_000))], 0)],
  ])('does not take an archive that is %s', async (_, bytes) => {
    const client = await serve(answering(bytes));
    expect(await failureOf(client.exportArchive(wanted, never))).toMatchObject({ kind: 'malformed', operation: 'GET /archive' });
  });

  it('does not read on when an archive is too large', async () => {
    let left: (() => void) | undefined;
    const over = new Promise<void>((resolve) => (left = resolve));
    const client = await serve((request, response) => {
      request.socket.once('close', () => left?.());
      const write = (): void => {
        if (response.destroyed) return;
        if (response.write(Buffer.alloc(64 * 1024))) setImmediate(write);
        else response.once('drain', write);
      };
      write();
    });
    expect(await failureOf(client.exportArchive(wanted, never))).toMatchObject({ kind: 'malformed', reason: 'more than 100000 bytes' });
    await over;
  });

  it.each([
    [404, 'absent'],
    [422, 'refused'],
    [423, 'refused'],
    [500, 'refused'],
    [501, 'refused'],
  ] as const)('tells what HTTP %d means, also without a body', async (status, kind) => {
    const client = await serve((_, response) => void response.writeHead(status).end());
    expect(await failureOf(client.exportArchive(wanted, never))).toMatchObject({ kind, httpStatus: status, operation: 'GET /archive', reason: '' });
  });

  it('rejects when the connection breaks before an answer, and in the middle of one', async () => {
    let inTheMiddle = false;
    const client = await serve((request, response) => {
      if (request.url === '/_ping') return void response.end('"OK"');
      if (!inTheMiddle) return void request.socket.destroy();
      response.write(whole.subarray(0, 700), () => request.socket.destroy());
    });
    expect(await failureOf(client.exportArchive(wanted, never))).toMatchObject({ kind: 'dropped' });
    inTheMiddle = true;
    expect(await failureOf(client.exportArchive(wanted, never))).toMatchObject({ kind: 'unreachable' });
  });

  it('can be called off in the middle, and does not wait for ever for the rest', async () => {
    let arrived: () => void = () => undefined;
    const arrival = (): Promise<void> => new Promise((resolve) => (arrived = resolve));
    const clock = new FakeClock();
    const client = await serve((_, response) => void response.write(whole.subarray(0, 700), () => arrived()), clock);
    const stop = new AbortController();
    let there = arrival();
    const called = failureOf(client.exportArchive(wanted, stop.signal));
    await there;
    stop.abort(new Error('called off'));
    expect(await called).toEqual(new Error('called off'));

    there = arrival();
    const slow = failureOf(client.exportArchive(wanted, never));
    await there;
    await clock.advance(5 * 60_000);
    expect(await slow).toMatchObject({ kind: 'timeout' });
  });
});
