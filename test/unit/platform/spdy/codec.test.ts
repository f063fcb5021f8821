import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { constants, createDeflate } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DICTIONARY_ID, spdyDictionary } from '../../../../src/platform/spdy/dictionary.ts';
import { FrameParser, MAXIMUM_CONTROL_BYTES } from '../../../../src/platform/spdy/frame-parser.ts';
import {
  dataFrame,
  goAwayFrame,
  headersFrame,
  pingFrame,
  rstStreamFrame,
  SpdyProtocolError,
  synReplyFrame,
  synStreamFrame,
  type Frame,
} from '../../../../src/platform/spdy/frames.ts';
import { HeaderDecoder, HeaderEncoder, MAXIMUM_BLOCK_BYTES } from '../../../../src/platform/spdy/header-block.ts';

const streamId = fc.integer({ min: 1, max: 0x7fffffff });
const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const headerMap = fc
  .array(fc.tuple(fc.stringMatching(/^[a-z][a-z-]{0,20}$/), fc.string({ unit: 'grapheme-ascii', maxLength: 60 })), { maxLength: 8 })
  .map((entries) => new Map(entries));

const frame: fc.Arbitrary<{ readonly encoded: Buffer; readonly expected: Frame }> = fc.oneof(
  fc.record({ stream: streamId, payload: bytes, fin: fc.boolean() }).map(({ stream, payload, fin }) => ({
    encoded: dataFrame(stream, payload, fin),
    expected: { kind: 'data' as const, stream, payload, fin },
  })),
  fc.record({ stream: streamId, block: bytes, fin: fc.boolean() }).map(({ stream, block, fin }) => ({
    encoded: synStreamFrame(stream, block, fin),
    expected: { kind: 'syn-stream' as const, stream, fin, unidirectional: false, block },
  })),
  fc.record({ stream: streamId, block: bytes, fin: fc.boolean() }).map(({ stream, block, fin }) => ({
    encoded: synReplyFrame(stream, block, fin),
    expected: { kind: 'syn-reply' as const, stream, fin, block },
  })),
  fc.record({ stream: streamId, block: bytes, fin: fc.boolean() }).map(({ stream, block, fin }) => ({
    encoded: headersFrame(stream, block, fin),
    expected: { kind: 'headers' as const, stream, fin, block },
  })),
  fc.record({ stream: streamId, status: fc.nat() }).map(({ stream, status }) => ({
    encoded: rstStreamFrame(stream, status),
    expected: { kind: 'rst-stream' as const, stream, status },
  })),
  fc.nat().map((id) => ({ encoded: pingFrame(id), expected: { kind: 'ping' as const, id } })),
  fc.record({ lastGoodStream: fc.nat(), status: fc.nat() }).map(({ lastGoodStream, status }) => ({
    encoded: goAwayFrame(lastGoodStream, status),
    expected: { kind: 'go-away' as const, lastGoodStream, status },
  })),
);

/** What arrives, with the parts of data frames put together again. */
function parse(chunks: readonly Buffer[]): readonly Frame[] {
  const parser = new FrameParser();
  const frames: Frame[] = [];
  let open: Extract<Frame, { kind: 'data' }> | undefined;
  for (const chunk of chunks) {
    for (const part of parser.push(chunk)) {
      if (part.kind === 'data' && open?.stream === part.stream && !open.fin) {
        open = { ...part, payload: Buffer.concat([open.payload, part.payload]) };
        frames[frames.length - 1] = open;
      } else {
        frames.push(part);
        open = part.kind === 'data' ? part : undefined;
      }
    }
  }
  return frames;
}

function cut(buffer: Buffer, sizes: readonly number[]): readonly Buffer[] {
  const chunks: Buffer[] = [];
  let at = 0;
  for (const size of sizes) {
    chunks.push(buffer.subarray(at, at + size));
    at += size;
  }
  return [...chunks, buffer.subarray(at)];
}

describe('dictionary', () => {
  test('is the one of SPDY/3', () => {
    expect(spdyDictionary().length).toBe(1423);
    expect(createHash('sha256').update(spdyDictionary()).digest('hex')).toBe('51d27341373f923f3cd88e1eb7162aeaa3723d7585ff2399201dc06498407f02');
    let [a, b] = [1, 0];
    for (const byte of spdyDictionary()) {
      a = (a + byte) % 65_521;
      b = (b + a) % 65_521;
    }
    expect(b * 65_536 + a).toBe(DICTIONARY_ID);
  });
});

describe('frames', () => {
  test('survive any chunking', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 12 }), fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 60 }), (frames, sizes) => {
        // Neighbouring data frames of one stream are one piece of data to the reader, so each frame is read alone here.
        const stream = Buffer.concat(frames.flatMap(({ encoded }) => [encoded, pingFrame(7)]));
        const expected = frames.flatMap(({ expected }): readonly Frame[] => [expected, { kind: 'ping', id: 7 }]);
        const silent = (one: Frame): boolean => one.kind === 'data' && one.payload.length === 0 && !one.fin;
        expect(parse(cut(stream, sizes))).toEqual(expected.filter((one) => !silent(one)));
      }),
    );
  });

  test('of any bytes end in frames or in a protocol error, and hold no more than one control frame', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 }), (chunks) => {
        try {
          const total = parse(chunks.map((chunk) => Buffer.from(chunk))).reduce((sum, one) => sum + (one.kind === 'data' ? one.payload.length : 0), 0);
          expect(total).toBeLessThanOrEqual(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
        } catch (error) {
          expect(error).toBeInstanceOf(SpdyProtocolError);
        }
      }),
    );
  });

  test('hand data on as it comes, and FIN with the last of it', () => {
    const parser = new FrameParser();
    const whole = dataFrame(5, Buffer.from('abcdef'), true);
    expect([...parser.push(whole.subarray(0, 11))]).toEqual([{ kind: 'data', stream: 5, payload: Buffer.from('abc'), fin: false }]);
    expect([...parser.push(whole.subarray(11))]).toEqual([{ kind: 'data', stream: 5, payload: Buffer.from('def'), fin: true }]);
  });

  test('that nobody knows are skipped, however long', () => {
    const settings = Buffer.concat([Buffer.from([0x80, 3, 0, 4, 0, 0x10, 0, 0]), Buffer.alloc(0x100000, 1)]);
    const windowUpdate = Buffer.from([0x80, 3, 0, 9, 0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 1]);
    expect(parse([settings, windowUpdate, pingFrame(1)])).toEqual([{ kind: 'ping', id: 1 }]);
  });

  test.each([
    ['of another version', Buffer.from([0x80, 2, 0, 6, 0, 0, 0, 4, 0, 0, 0, 1])],
    ['that are too short', Buffer.from([0x80, 3, 0, 3, 0, 0, 0, 4, 0, 0, 0, 1])],
    ['that are too long', Buffer.from([0x80, 3, 0, 1, 0, 0x10, 0, 0])],
  ])('%s are an error', (_what, encoded) => {
    expect(MAXIMUM_CONTROL_BYTES).toBeLessThan(0x100000);
    expect(() => parse([encoded])).toThrow(SpdyProtocolError);
  });
});

describe('header blocks', () => {
  test('round trip, block after block', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(headerMap, { minLength: 1, maxLength: 5 }), async (blocks) => {
        const encoder = new HeaderEncoder();
        const decoder = new HeaderDecoder();
        for (const headers of blocks) expect(await decoder.decode(encoder.encode(headers))).toEqual(headers);
        decoder.close();
      }),
      { numRuns: 50 },
    );
  });

  test('of any bytes are refused or read, and never hang', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 100 }), { minLength: 1, maxLength: 4 }), fc.boolean(), async (blocks, begun) => {
        const decoder = new HeaderDecoder();
        if (begun) await decoder.decode(new HeaderEncoder().encode(new Map([['a', 'b']])));
        for (const block of blocks) {
          try {
            expect(await decoder.decode(Buffer.from(block))).toBeInstanceOf(Map);
          } catch (error) {
            expect(error).toBeInstanceOf(SpdyProtocolError);
          }
        }
        decoder.close();
      }),
      { numRuns: 100 },
    );
  });

  test('that inflate to far too much are refused', async () => {
    const bomb = await deflated(Buffer.alloc(8 * MAXIMUM_BLOCK_BYTES));
    const decoder = new HeaderDecoder();
    await expect(decoder.decode(bomb)).rejects.toThrow(/more than/);
    await expect(decoder.decode(bomb)).rejects.toThrow(SpdyProtocolError);
  });

  test('that are deflated with the dictionary are read, several values as one', async () => {
    const plain = Buffer.from('\0\0\0\x02\0\0\0\x04Port\0\0\0\x0280\0\0\0\x04port\0\0\0\x0281', 'latin1');
    const decoder = new HeaderDecoder();
    expect(await decoder.decode(await deflated(plain))).toEqual(new Map([['port', '80\x0081']]));
    decoder.close();
  });

  test('are refused once the decoder is closed, and by a closing decoder', async () => {
    const block = new HeaderEncoder().encode(new Map());
    const decoder = new HeaderDecoder();
    const pending = decoder.decode(block);
    decoder.close();
    await Promise.allSettled([pending]);
    await expect(decoder.decode(block)).rejects.toThrow(SpdyProtocolError);
  });
});

interface RecordedFrame {
  readonly from: 'client' | 'server';
  readonly type: string;
  readonly stream?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly text?: string;
  readonly flags?: number;
  readonly hex: string;
}

const recorded = ['exec-spdy', 'attach-spdy', 'exec-tty-websocket', 'exec-websocket', 'port-forward-spdy', 'port-forward-websocket'].flatMap((file) => {
  const { steps } = JSON.parse(readFileSync(new URL(`../../../fixtures/kubelet-server/${file}.json`, import.meta.url), 'utf8')) as {
    steps: readonly { readonly command?: string; readonly kubeletSees?: readonly { readonly frames?: readonly RecordedFrame[] }[] }[];
  };
  return steps.flatMap(({ command, kubeletSees }) => (kubeletSees ?? []).map(({ frames }) => ({ name: `${file}: ${command ?? ''}`, frames: frames ?? [] })));
});

describe('what kubectl and an API server sent', () => {
  test.each(recorded.filter(({ frames }) => frames.some(({ type }) => type === 'SYN_STREAM')))('$name', async ({ frames }) => {
    const mine = frames.filter(({ from }) => from === 'client');
    const decoder = new HeaderDecoder();
    const parser = new FrameParser();
    const seen: string[] = [];
    for (const part of parser.push(Buffer.concat(mine.map(({ hex }) => Buffer.from(hex, 'hex'))))) {
      if (part.kind === 'syn-stream') seen.push(`SYN_STREAM ${String(part.stream)} ${JSON.stringify(Object.fromEntries(await decoder.decode(part.block)))}`);
      else if (part.kind === 'data') seen.push(`DATA ${String(part.stream)} ${part.fin ? 1 : 0} ${part.payload.toString()}`);
      else if (part.kind === 'rst-stream') seen.push(`RST_STREAM ${String(part.stream)}`);
      else seen.push(part.kind);
    }
    decoder.close();
    const expected = mine.map(({ type, stream, headers, text, flags }) => {
      if (type === 'SYN_STREAM') return `SYN_STREAM ${String(stream)} ${JSON.stringify(headers)}`;
      if (type === 'DATA') return `DATA ${String(stream)} ${String(flags)} ${text ?? ''}`;
      return type === 'RST_STREAM' ? `RST_STREAM ${String(stream)}` : type === 'GOAWAY' ? 'go-away' : type.toLowerCase();
    });
    expect(seen).toEqual(expected);
  });
});

async function deflated(plain: Buffer): Promise<Buffer> {
  const deflate = createDeflate({ dictionary: spdyDictionary() });
  const parts: Buffer[] = [];
  deflate.on('data', (part: Buffer) => parts.push(part));
  deflate.write(plain);
  await new Promise<void>((resolve) => {
    deflate.flush(constants.Z_SYNC_FLUSH, resolve);
  });
  deflate.destroy();
  return Buffer.concat(parts);
}
