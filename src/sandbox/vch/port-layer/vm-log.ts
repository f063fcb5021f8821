/**
 * The log of a container VM: one file, appended over all its lives. Format of vmware/vic (pkg/dio log writer): repeated
 * entries of a 16-character base64 header and the payload. Header: int64 little-endian Unix nanoseconds, uint16
 * little-endian whose upper 12 bits are the payload's length; entries end at line breaks and hold 4095 bytes at most.
 */
import type { Clock } from '../../../platform/clock.ts';
import type { FileSystem } from '../../../platform/fs.ts';

export interface LogEntry {
  readonly nanoseconds: bigint;
  readonly payload: Buffer;
}

const HEADER_LENGTH = 16;
const PAYLOAD_LIMIT = 4095;

export function encodeEntry(entry: LogEntry): Buffer {
  const header = Buffer.alloc(10);
  header.writeBigInt64LE(entry.nanoseconds);
  header.writeUInt16LE(entry.payload.length << 4, 8);
  return Buffer.concat([Buffer.from(header.toString('base64').slice(0, HEADER_LENGTH)), entry.payload]);
}

/** Reads complete entries; a cut last one (written this moment) is left out. */
export function decodeEntries(data: Buffer): readonly LogEntry[] {
  const entries: LogEntry[] = [];
  for (let at = 0; at + HEADER_LENGTH <= data.length;) {
    const header = Buffer.from(data.subarray(at, at + HEADER_LENGTH).toString('latin1'), 'base64');
    if (header.length !== 10) break;
    const length = header.readUInt16LE(8) >> 4;
    const end = at + HEADER_LENGTH + length;
    if (end > data.length) break;
    entries.push({ nanoseconds: header.readBigInt64LE(), payload: data.subarray(at + HEADER_LENGTH, end) });
    at = end;
  }
  return entries;
}

/** Which entries a reader gets: those whose second is after `since`, of these the last `tail` (negative: all). */
export function selectEntries(entries: readonly LogEntry[], since: number, tail: number): readonly LogEntry[] {
  const recent = since <= 0 ? entries : entries.filter((entry) => entry.nanoseconds / 1_000_000_000n > BigInt(since));
  return tail < 0 ? recent : tail === 0 ? [] : recent.slice(-tail);
}

/** An entry as it is sent, optionally behind its time with nine decimals. */
export function renderEntry(entry: LogEntry, timestamp: boolean): Buffer {
  if (!timestamp) return entry.payload;
  const fraction = String(entry.nanoseconds % 1_000_000_000n).padStart(9, '0');
  const seconds = new Date(Number(entry.nanoseconds / 1_000_000n)).toISOString().slice(0, 19);
  return Buffer.concat([Buffer.from(`${seconds}.${fraction}Z `), entry.payload]);
}

/** Writer and reader of one VM's log file. */
export class VmLog {
  private readonly fs: FileSystem;
  private readonly clock: Clock;
  private readonly path: string;
  private queue: Promise<void> = Promise.resolve();
  private lastNanoseconds = 0n;

  constructor(fs: FileSystem, clock: Clock, path: string) {
    this.fs = fs;
    this.clock = clock;
    this.path = path;
  }

  /** A sink for one stream: whole lines are written as they come, the rest when the stream ends (undefined). */
  sink(): (chunk: Buffer | undefined) => void {
    let rest = Buffer.alloc(0);
    return (chunk) => {
      let data = chunk === undefined ? rest : Buffer.concat([rest, chunk]);
      const entries: LogEntry[] = [];
      for (;;) {
        const line = data.indexOf(10) + 1;
        const length = line > 0 && line <= PAYLOAD_LIMIT ? line : data.length >= PAYLOAD_LIMIT ? PAYLOAD_LIMIT : chunk === undefined ? data.length : 0;
        if (length === 0) break;
        entries.push({ nanoseconds: this.stamp(), payload: data.subarray(0, length) });
        data = data.subarray(length);
      }
      rest = Buffer.from(data);
      if (entries.length > 0) this.append(Buffer.concat(entries.map(encodeEntry)));
    };
  }

  /** Everything written so far. */
  async read(): Promise<readonly LogEntry[]> {
    await this.queue;
    const info = await this.fs.info(this.path);
    return info === undefined ? [] : decodeEntries(await this.fs.readBytes(this.path));
  }

  private append(data: Buffer): void {
    this.queue = this.queue.then(() => this.fs.appendFile(this.path, data)).catch(() => undefined);
  }

  /** Strictly increasing, so that the order of lines shows in their times. */
  private stamp(): bigint {
    const now = BigInt(Math.round(this.clock.now() * 1000)) * 1000n;
    this.lastNanoseconds = now > this.lastNanoseconds ? now : this.lastNanoseconds + 1n;
    return this.lastNanoseconds;
  }
}
