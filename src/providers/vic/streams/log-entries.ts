/**
 * A VM's log as the port layer sends it with timestamps: entries that end at a line break or hold 4095 bytes, each behind
 * its time and a blank (vmware/vic lib/iolog). Without the times, pieces of one long line simply follow each other.
 */

export interface LogEntry {
  /** RFC 3339 with nine decimals: comparing texts compares times. */
  readonly time: string;
  readonly payload: Buffer;
  /** The line goes on in the next entry. */
  readonly open: boolean;
}

const STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z $/;
const STAMP_LENGTH = 31;
const PAYLOAD_LIMIT = 4095;
const LINE_BREAK = 0x0a;

/** Throws when the stream does not begin with a time. */
export async function* readEntries(stream: AsyncIterable<unknown>): AsyncGenerator<LogEntry> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of stream) {
    rest = rest.length === 0 ? Buffer.from(chunk as Uint8Array) : Buffer.concat([rest, chunk as Uint8Array]);
    for (let entry = cut(rest, false); entry !== undefined; entry = cut(rest, false)) {
      yield entry;
      rest = rest.subarray(STAMP_LENGTH + entry.payload.length);
    }
  }
  const last = cut(rest, true);
  if (last !== undefined) yield last;
}

/** A time of the kubelet as those of entries are written. `ms` since the epoch. */
export function stampOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, -1)}000000Z`;
}

export function secondOf({ time }: Pick<LogEntry, 'time'>): number {
  return Math.floor(Date.parse(`${time.slice(0, 19)}Z`) / 1000);
}

/** The first whole entry; at the end of the stream whatever is there. */
function cut(data: Buffer, atEnd: boolean): LogEntry | undefined {
  if (data.length < STAMP_LENGTH || (data.length === STAMP_LENGTH && !atEnd)) return undefined;
  const stamp = data.toString('latin1', 0, STAMP_LENGTH);
  if (!STAMP.test(stamp)) throw new Error('the log of the pod VM cannot be read: an entry has no time');
  const found = data.indexOf(LINE_BREAK, STAMP_LENGTH);
  const lineEnd = found === -1 ? undefined : found + 1;
  const limit = STAMP_LENGTH + PAYLOAD_LIMIT;
  if ((lineEnd === undefined || lineEnd > limit) && data.length >= limit) return entryOf(stamp, data.subarray(STAMP_LENGTH, limit));
  if (lineEnd !== undefined) return entryOf(stamp, data.subarray(STAMP_LENGTH, lineEnd));
  return atEnd ? entryOf(stamp, data.subarray(STAMP_LENGTH)) : undefined;
}

function entryOf(stamp: string, payload: Buffer): LogEntry {
  return { time: stamp.trimEnd(), payload: Buffer.from(payload), open: payload.at(-1) !== LINE_BREAK };
}
