import { PassThrough, type Duplex, type Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { frames, unframed, writeTo } from '../../clients/docker-engine/demultiplex.ts';

export interface CarriedOutput {
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** All that came over the connection is in the streams. */
  readonly carried: Promise<void>;
  /** Both were read to their end. */
  readonly read: Promise<void>;
}

/** Parts what comes over an attached connection. A terminal has one output. What breaks the connection ends the streams. */
export function carryOutput(connection: Duplex, tty: boolean): CarriedOutput {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const never = new AbortController().signal;
  const carried = (async () => {
    try {
      for await (const { stream, data } of tty ? unframed(connection) : frames(connection)) await writeTo(stream === 'stdout' ? stdout : stderr, data, never);
    } catch {
      // It broke: there is nothing more to be had.
    }
    stdout.end();
    stderr.end();
  })();
  const read = Promise.all([stdout, stderr].map((stream) => finished(stream).catch(() => undefined))).then(() => undefined);
  return { stdout, stderr, carried, read };
}
