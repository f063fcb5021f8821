import type { Duplex } from 'node:stream';
import { once } from 'node:events';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { dataFrame, goAwayFrame, pingFrame, RESET, synStreamFrame } from '../../../../src/platform/spdy/frames.ts';
import { HeaderEncoder } from '../../../../src/platform/spdy/header-block.ts';
import { SpdySession, type SpdySessionOptions } from '../../../../src/platform/spdy/session.ts';
import type { SpdyStream } from '../../../../src/platform/spdy/stream.ts';
import { duplexPair } from '../../../support/duplex-pair.ts';
import { FakeClock, settle } from '../../../support/fake-clock.ts';

function connect(options: Partial<SpdySessionOptions> = {}): {
  readonly client: SpdySession;
  readonly server: SpdySession;
  readonly streams: SpdyStream[];
  readonly ends: readonly [Duplex, Duplex];
  readonly clock: FakeClock;
} {
  const ends = duplexPair();
  const clock = new FakeClock();
  const streams: SpdyStream[] = [];
  const onStream = (stream: SpdyStream): 'accept' => {
    streams.push(stream);
    return 'accept';
  };
  const server = new SpdySession({ transport: ends[1], role: 'server', clock, onStream, ...options });
  const client = new SpdySession({ transport: ends[0], role: 'client', clock });
  onTestFinished(() => {
    client.destroy();
    server.destroy();
  });
  return { client, server, streams, ends, clock };
}

/** A server whose peer is the test itself, byte by byte. */
function bare(options: Partial<SpdySessionOptions> = {}): { readonly peer: Duplex; readonly server: SpdySession; readonly streams: SpdyStream[] } {
  const [peer, transport] = duplexPair();
  const streams: SpdyStream[] = [];
  const onStream = (stream: SpdyStream): 'accept' => {
    streams.push(stream);
    return 'accept';
  };
  const server = new SpdySession({ transport, role: 'server', clock: new FakeClock(), onStream, ...options });
  peer.on('error', () => undefined);
  onTestFinished(() => {
    peer.destroy();
    server.destroy();
  });
  return { peer, server, streams };
}

describe('a session', () => {
  test('carries streams both ways, with half-closes', async () => {
    const { client, streams } = connect();
    const stream = await client.open({ streamtype: 'stdin' });
    const served = streams[0]!;
    expect(served.headers.get('streamtype')).toBe('stdin');
    stream.end('to the container');
    expect(await text(served)).toBe('to the container');
    served.end('and back');
    expect(await text(stream)).toBe('and back');
  });

  test('carries any data in any pieces on many streams', async () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 70_000 }), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.array(pieces, { minLength: 1, maxLength: 4 }), async (load) => {
        const { client, streams } = connect();
        const echoed = await Promise.all(
          load.map(async (pieces, index) => {
            const stream = await client.open({ n: String(index) });
            const served = streams.find(({ headers }) => headers.get('n') === String(index))!;
            served.pipe(served);
            const back = collect(stream);
            for (const piece of pieces) stream.write(piece);
            stream.end();
            return back;
          }),
        );
        expect(echoed.map((buffer) => buffer.toString('hex'))).toEqual(load.map((pieces) => Buffer.concat(pieces).toString('hex')));
        client.destroy();
      }),
      { numRuns: 25 },
    );
  });

  test.each(['ends', 'is reset'])('what a peer has said to its end is read, also when the connection %s meanwhile', async (how) => {
    const { client, server, streams } = connect();
    const stream = await client.open({ streamtype: 'stdout' });
    const said = Buffer.alloc(50_000, 'x');
    streams[0]!.end(said);
    await once(stream, 'readable');
    await vi.waitFor(() => expect(stream.readableLength).toBe(said.length));
    if (how === 'ends') {
      server.destroy();
      await client.closed;
    } else {
      streams[0]!.reset(RESET.cancel);
      await settle();
    }
    stream.end('to nobody');
    expect((await collect(stream)).equals(said)).toBe(true);
    expect(stream.destroyed).toBe(true);
  });

  test('answers pings, and is answered', async () => {
    const { client, server } = connect();
    await client.ping();
    await Promise.all([client.ping(), client.ping(), server.ping()]);
  });

  test('tells a stream that its peer has reset it', async () => {
    const { client, streams } = connect();
    const stream = await client.open({ streamtype: 'stdout' });
    const failed = once(streams[0]!, 'error');
    stream.reset(RESET.cancel);
    expect(String(await failed)).toMatch(/reset the stream \(status 5\)/);
  });

  test('refuses streams it does not want, and those above its limit', async () => {
    const picky = connect({ onStream: ({ headers }) => (headers.get('port') === '80' ? 'accept' : RESET.protocolError), maximumStreams: 1 });
    await expect(picky.client.open({ port: 'x' })).rejects.toThrow(/status 1/);
    await picky.client.open({ port: '80' });
    await expect(picky.client.open({ port: '80' })).rejects.toThrow(/status 3/);
  });

  test('says farewell, and hangs up on a peer that stays', async () => {
    const { client, server, ends, clock } = connect();
    await client.open({ a: 'b' });
    server.close();
    await settle();
    await expect(client.open({ a: 'b' })).rejects.toThrow(/closed|ended/);
    await clock.advance(6_000);
    expect(ends[1].destroyed).toBe(true);
    expect(await server.closed).toBeUndefined();
  });

  test('cuts its streams off when the connection is lost', async () => {
    const { client, streams, ends } = connect();
    await client.open({ streamtype: 'stdin' });
    const failed = once(streams[0]!, 'error');
    ends[0].destroy();
    expect(String(await failed)).toMatch(/connection has ended/);
  });

  test('is not grown by a reader that is slow', async () => {
    const { client, streams, ends } = connect();
    const stream = await client.open({ streamtype: 'stdin' });
    let accepted = 0;
    const chunk = Buffer.alloc(64 * 1024);
    while (await taken(stream, chunk)) {
      accepted += chunk.length;
    }
    // The unread limit, and what the buffers on the way hold.
    expect(accepted).toBeGreaterThan(1024 * 1024 - 1);
    expect(accepted).toBeLessThan(1.5 * 1024 * 1024);
    expect(streams[0]!.readableLength).toBeLessThan(1.2 * 1024 * 1024);
    expect(ends[1].readableLength).toBeLessThanOrEqual(256 * 1024);
    const rest = collect(streams[0]!);
    stream.end();
    expect((await rest).length).toBeGreaterThanOrEqual(accepted);
  });

  test('is not grown by a peer that pings and never listens', async () => {
    const { peer, server } = bare();
    const flood = Buffer.concat(Array.from({ length: 2000 }, (_, index) => pingFrame(2 * index + 1)));
    let sent = 0;
    while (await taken(peer, flood)) {
      sent += flood.length;
    }
    expect(sent).toBeLessThan(1024 * 1024);
    server.destroy();
  });

  test('lets streams take turns', async () => {
    const { client, streams } = connect();
    const [big, small] = [await client.open({ n: 'big' }), await client.open({ n: 'small' })];
    streams[0]!.end(Buffer.alloc(8 * 1024 * 1024));
    streams[1]!.end('short');
    let received = 0;
    big.on('data', (chunk: Buffer) => (received += chunk.length));
    expect(String((await once(small, 'data'))[0])).toBe('short');
    expect(received).toBeLessThan(1024 * 1024);
  });

  test.each([
    ['an even stream', (headers: Buffer) => synStreamFrame(2, headers)],
    ['stream 0', (headers: Buffer) => synStreamFrame(0, headers)],
    ['an empty header block', () => synStreamFrame(1, Buffer.alloc(0))],
    ['another version', () => Buffer.from([0x80, 2, 0, 6, 0, 0, 0, 4, 0, 0, 0, 1])],
  ])('ends on %s', async (_what, bytes) => {
    const { peer, server } = bare();
    peer.resume();
    peer.write(bytes(new HeaderEncoder().encode(new Map())));
    expect((await server.closed)?.name).toBe('SpdyProtocolError');
  });

  test('takes no stream after the farewell of its peer', async () => {
    const { peer, streams } = bare();
    peer.resume();
    const encoder = new HeaderEncoder();
    peer.write(synStreamFrame(1, encoder.encode(new Map([['n', '1']]))));
    peer.write(goAwayFrame(0, 0));
    peer.write(synStreamFrame(3, encoder.encode(new Map([['n', '3']]))));
    peer.write(dataFrame(1, Buffer.from('still'), true));
    await expect.poll(() => streams.length).toBe(1);
    expect(await text(streams[0]!)).toBe('still');
    expect(streams).toHaveLength(1);
  });

  test('outlives no bytes at all, whatever they are', async () => {
    const encoder = (): HeaderEncoder => new HeaderEncoder();
    const start = fc.constantFrom(0, 1, 2);
    await fc.assert(
      fc.asyncProperty(start, fc.array(fc.uint8Array({ minLength: 1, maxLength: 120 }), { maxLength: 10 }), async (opened, chunks) => {
        const { peer, server, streams } = bare();
        peer.resume();
        const headers = encoder();
        for (let index = 0; index < opened; index += 1) peer.write(synStreamFrame(2 * index + 1, headers.encode(new Map([['a', 'b']]))));
        for (const chunk of chunks) if (peer.writable) peer.write(Buffer.concat([Buffer.from([0x80, 3, 0]), chunk]));
        peer.end();
        await server.closed;
        expect(streams.every((stream) => stream.destroyed)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });
});

/** Whether what was written got through before everything came to rest. */
async function taken(stream: Duplex, chunk: Buffer): Promise<boolean> {
  const written = new Promise<boolean>((resolve) => {
    stream.write(chunk, () => resolve(true));
  });
  return Promise.race([written, settle().then(() => false)]);
}

/** Reads to the end and leaves the other direction open. */
async function collect(stream: Duplex): Promise<Buffer> {
  const parts: Buffer[] = [];
  stream.on('data', (part: Buffer) => parts.push(part));
  if (!stream.readableEnded) await once(stream, 'end');
  return Buffer.concat(parts);
}

async function text(stream: Duplex): Promise<string> {
  return String(await collect(stream));
}
