/**
 * Output of a container without a tty comes in frames: a byte for the stream (1 stdout, 2 stderr), three zero bytes, the
 * length as four bytes big-endian, and as many bytes (moby api/swagger.yaml, ContainerAttach).
 */
import { once } from 'node:events';
import { Readable, type Writable } from 'node:stream';

export interface Frame {
  readonly stream: 'stdout' | 'stderr';
  readonly data: Buffer;
}

const HEADER = 8;

/** Bytes become frames as they arrive; a long frame is given in pieces. A stream that ends inside a frame ends there. */
export async function* frames(source: AsyncIterable<unknown>): AsyncGenerator<Frame> {
  let header = Buffer.alloc(0);
  let stream: Frame['stream'] = 'stdout';
  let left = 0;
  for await (const chunk of source) {
    let rest = asBuffer(chunk);
    while (rest.length > 0) {
      if (left === 0) {
        const wanted = HEADER - header.length;
        header = Buffer.concat([header, rest.subarray(0, wanted)]);
        rest = rest.subarray(wanted);
        if (header.length < HEADER) continue;
        if ((header[0] ?? 0) > 2 || header.readUInt16BE(1) !== 0) throw new Error('the engine sent output in frames that are none');
        stream = header[0] === 2 ? 'stderr' : 'stdout';
        left = header.readUInt32BE(4);
        header = Buffer.alloc(0);
        continue;
      }
      const data = rest.subarray(0, left);
      rest = rest.subarray(data.length);
      left -= data.length;
      yield { stream, data };
    }
  }
}

/** Without frames, everything is stdout. */
export async function* unframed(source: AsyncIterable<unknown>): AsyncGenerator<Frame> {
  for await (const chunk of source) yield { stream: 'stdout', data: asBuffer(chunk) };
}

/** The bytes of frames, in the order in which they came. A slow reader holds the source back. */
export function bytesOf(source: Readable, framed: boolean): Readable {
  if (!framed) return source;
  const bytes = async function* (): AsyncGenerator<Buffer> {
    for await (const { data } of frames(source)) yield data;
  };
  const out = Readable.from(bytes(), { objectMode: false });
  out.once('close', () => source.destroy());
  return out;
}

/** Writes and waits while the sink is full; what is written to a closed sink is dropped. */
export async function writeTo(sink: Writable | undefined, data: Buffer, signal: AbortSignal): Promise<void> {
  if (sink === undefined || sink.destroyed || sink.writableEnded) return;
  if (sink.write(data)) return;
  const settled = new AbortController();
  const stop = (): void => settled.abort();
  signal.addEventListener('abort', stop, { once: true });
  try {
    await Promise.race([once(sink, 'drain', { signal: settled.signal }), once(sink, 'close', { signal: settled.signal })]);
  } catch {
    signal.throwIfAborted();
  } finally {
    signal.removeEventListener('abort', stop);
    settled.abort();
  }
}

function asBuffer(chunk: unknown): Buffer {
  return Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk as Uint8Array | string);
}
