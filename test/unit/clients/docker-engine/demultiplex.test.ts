import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf, frames, type Frame } from '../../../../src/clients/docker-engine/demultiplex.ts';

const frame = (stream: Frame['stream'], data: Uint8Array): Buffer => {
  const header = Buffer.alloc(8);
  header[0] = stream === 'stdout' ? 1 : 2;
  header.writeUInt32BE(data.length, 4);
  return Buffer.concat([header, data]);
};

describe('frames of an engine', () => {
  it('are the same however they are cut into pieces', async () => {
    const one = fc.record({ stream: fc.constantFrom('stdout' as const, 'stderr' as const), data: fc.uint8Array({ maxLength: 50 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(one, { maxLength: 8 }), fc.array(fc.nat(400), { maxLength: 12 }), async (sent, cuts) => {
        const bytes = Buffer.concat(sent.map(({ stream, data }) => frame(stream, data)));
        const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
        const pieces = at.slice(1).map((end, index) => bytes.subarray(at[index], end));
        const got = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
        for await (const { stream, data } of frames(Readable.from(pieces))) got[stream] = Buffer.concat([got[stream], data]);
        for (const stream of ['stdout', 'stderr'] as const) {
          expect(got[stream].equals(Buffer.concat(sent.filter((item) => item.stream === stream).map(({ data }) => data)))).toBe(true);
        }
      }),
    );
  });

  it('end where the stream ends, and are refused where they are none', async () => {
    const whole = frame('stdout', Buffer.from('hello'));
    expect(await text(bytesOf(Readable.from([whole, whole.subarray(0, 10)]), true))).toBe('hellohe');
    await expect(text(bytesOf(Readable.from([Buffer.from('plain text')]), true))).rejects.toThrow(/frames that are none/);
    expect(await text(bytesOf(Readable.from([Buffer.from('plain text')], { objectMode: false }), false))).toBe('plain text');
  });
});
