/** What a process writes, kept in memory as far as there is room for it: lines with the time at which they came. */
import { EventEmitter, once } from 'node:events';
import { PassThrough, type Readable } from 'node:stream';
import { writeTo } from '../../../clients/docker-engine/demultiplex.ts';
import type { LogOptions } from '../../../kubelet/capabilities.ts';
import type { Clock } from '../../../platform/clock.ts';
import { stampOf } from './log-entries.ts';
import { logStream } from './log-stream.ts';

type Stream = (typeof STREAMS)[number];

/** One log, of one run. */
export interface KeptLog {
  /** Appends what the process wrote. Resolves when everybody who is tapped in has taken it. */
  write(stream: Stream, chunk: Buffer, signal: AbortSignal): Promise<void>;
  /** What is written from now until the next `write` may be lost: the log says so there. */
  cut(): void;
  /** Nothing comes any more. */
  end(): void;
  /** Bytes that it holds. */
  readonly size: number;
  /** The lines as bytes; with `follow` until `end`. Reading does not hold the process back: who is too slow misses lines, and is told. */
  open(options: LogOptions, signal: AbortSignal): Readable;
  /** The bytes of a stream as they come from now on, until `end` or the abort. A reader that does not read holds the process back. */
  tap(stream: Stream, signal: AbortSignal): Readable;
}

export interface KeptLogOptions {
  readonly clock: Clock;
  /** Bytes that it may hold now. */
  readonly limit: () => number;
  /** Milliseconds since the epoch: what was written before is not here. Undefined: nothing was. */
  readonly begunAt?: number;
}

interface Entry {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly stream: Stream | undefined;
  readonly payload: Buffer;
  /** The line goes on in the next entry of its stream. */
  readonly open: boolean;
}

/** A longer line is kept in pieces. */
const PIECE_BYTES = 16 * 1024;
/** What an entry takes beside its bytes. */
const ENTRY_BYTES = 128;
const LINE_BREAK = 0x0a;
const STREAMS = ['stdout', 'stderr'] as const;

export function createKeptLog({ clock, limit, begunAt }: KeptLogOptions): KeptLog {
  const changes = new EventEmitter().setMaxListeners(0);
  const pending: Record<Stream, Buffer> = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
  const taps: Record<Stream, Set<PassThrough>> = { stdout: new Set(), stderr: new Set() };
  const entries: Entry[] = [];
  /** How many entries are gone from the front, and when the last of them was written. */
  let [dropped, missingUntil] = [0, begunAt];
  let size = 0;
  let ended = false;

  const append = (stream: Entry['stream'], payload: Buffer): void => {
    entries.push({ time: clock.now(), stream, payload, open: payload.at(-1) !== LINE_BREAK });
    size += payload.length + ENTRY_BYTES;
    const most = limit();
    if (size <= most) return;
    // Some more than has to go, so that not every line moves all the others.
    let over = size - most * 0.9;
    const gone = entries.findIndex(({ payload: old }) => {
      const stays = over <= 0;
      over -= old.length + ENTRY_BYTES;
      return stays;
    });
    for (const old of entries.splice(0, gone === -1 ? entries.length - 1 : gone)) {
      size -= old.payload.length + ENTRY_BYTES;
      missingUntil = old.time;
      dropped += 1;
    }
  };
  const addLines = (stream: Stream, chunk: Buffer): void => {
    let rest = Buffer.concat([pending[stream], chunk]);
    for (;;) {
      const lineEnd = rest.indexOf(LINE_BREAK) + 1;
      const length = lineEnd === 0 || lineEnd > PIECE_BYTES ? PIECE_BYTES : lineEnd;
      if (rest.length < length || (lineEnd === 0 && rest.length === length)) break;
      append(stream, Buffer.from(rest.subarray(0, length)));
      rest = rest.subarray(length);
    }
    pending[stream] = Buffer.from(rest);
  };
  const note = (text: string, timestamps: boolean, time: number): Buffer => Buffer.from(`${timestamps ? `${stampOf(time)} ` : ''}(vick: ${text})\n`);

  async function* read({ follow, since, tailLines, timestamps, stream }: LogOptions, signal: AbortSignal): AsyncGenerator<Buffer> {
    const wanted = (entry: Entry): boolean => (stream === undefined || entry.stream === undefined || entry.stream === stream) && entry.time >= (since ?? 0);
    const start = firstOfTail(entries.map(wanted), entries, tailLines);
    if (missingUntil !== undefined && missingUntil >= (since ?? 0) && start.all && tailLines !== 0) {
      yield note(`what was written before ${new Date(missingUntil).toISOString()} is not kept`, timestamps, missingUntil);
    }
    const midLine = { stdout: false, stderr: false };
    for (let next = dropped + start.index; ;) {
      if (next < dropped) {
        yield note(`${String(dropped - next)} lines came faster than they were read, and are not kept`, timestamps, missingUntil ?? 0);
        next = dropped;
      }
      const entry = entries[next - dropped];
      if (entry !== undefined) {
        next += 1;
        if (!wanted(entry)) continue;
        const goesOn = entry.stream !== undefined && midLine[entry.stream];
        if (entry.stream !== undefined) midLine[entry.stream] = entry.open;
        yield timestamps && !goesOn ? Buffer.concat([Buffer.from(`${stampOf(entry.time)} `), entry.payload]) : entry.payload;
      } else if (ended || !follow) return;
      else await once(changes, 'change', { signal });
    }
  }

  return {
    get size() {
      return size;
    },
    write: async (stream, chunk, signal) => {
      if (ended || chunk.length === 0) return;
      addLines(stream, chunk);
      changes.emit('change');
      await Promise.all([...taps[stream]].map((tap) => writeTo(tap, chunk, signal)));
    },
    cut: () => {
      // Nothing has come since it was said.
      if (entries.length > 0 && entries.at(-1)?.stream === undefined) return;
      for (const stream of STREAMS) flush(stream, '\n');
      append(
        undefined,
        Buffer.from(`(vick: the connection to the process was lost at ${new Date(clock.now()).toISOString()}; what it wrote then may be missing)\n`),
      );
      changes.emit('change');
    },
    end: () => {
      if (ended) return;
      ended = true;
      for (const stream of STREAMS) {
        flush(stream, '');
        for (const tap of taps[stream]) tap.end();
      }
      changes.emit('change');
    },
    open: (options, signal) => {
      const ending = new AbortController();
      return logStream(read(options, AbortSignal.any([signal, ending.signal])), ending, signal);
    },
    tap: (stream, signal) => {
      const tap = new PassThrough();
      if (ended) return tap.end();
      const stop = (): void => void tap.destroy();
      signal.addEventListener('abort', stop, { once: true });
      taps[stream].add(tap);
      return tap.once('close', () => {
        signal.removeEventListener('abort', stop);
        taps[stream].delete(tap);
      });
    },
  };

  /** A last line without an end. */
  function flush(stream: Stream, end: string): void {
    const rest = pending[stream];
    pending[stream] = Buffer.alloc(0);
    if (rest.length > 0) append(stream, Buffer.concat([rest, Buffer.from(end)]));
  }
}

/** Where the last lines begin, of the entries that are wanted; `all`: there are no more than were asked for. */
function firstOfTail(wanted: readonly boolean[], entries: readonly Entry[], tailLines: number | undefined): { readonly index: number; readonly all: boolean } {
  if (tailLines === undefined) return { index: 0, all: true };
  if (tailLines === 0) return { index: entries.length, all: true };
  const chosen = entries.map((entry, index) => ({ open: entry.open, index })).filter(({ index }) => wanted[index] === true);
  // A line begins where one has ended before it.
  const begins = chosen.filter((_, at) => chosen[at - 1]?.open !== true).map(({ index }) => index);
  const first = begins.at(-tailLines);
  return first === undefined ? { index: 0, all: true } : { index: first, all: false };
}
