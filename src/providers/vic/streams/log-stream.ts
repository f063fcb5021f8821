import { Readable } from 'node:stream';

/** The bytes as a stream that is destroyed when the signal aborts. `ending` is aborted when nobody reads it any more. */
export function logStream(bytes: AsyncIterable<Buffer>, ending: AbortController, signal: AbortSignal): Readable {
  const log = Readable.from(bytes, { objectMode: false, highWaterMark: 64 * 1024 });
  const stop = (): void => void log.destroy(signal.reason as Error);
  signal.addEventListener('abort', stop, { once: true });
  return log.once('close', () => {
    signal.removeEventListener('abort', stop);
    ending.abort(new Error('the log is no longer read'));
  });
}
