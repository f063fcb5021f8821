/** Channels of a WebSocket: every message is a channel number and a payload (k8s.io/apimachinery/pkg/util/httpstream/wsstream). */
import { Readable, Writable } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import type { Clock } from '../clock.ts';

/** How messages look; `closes`: `255, <channel>` half-closes a channel (v5). */
interface ChannelFormat {
  readonly base64: boolean;
  readonly closes: boolean;
}

export interface ChannelOptions {
  readonly format: ChannelFormat;
  readonly clock: Clock;
  /** Called for every message either way. */
  readonly onActivity: () => void;
}

const MESSAGE_BYTES = 32 * 1024;
const BUFFER_BYTES = 64 * 1024;
const CLOSE_CHANNEL = 255;
const PROBE_MS = 10_000;
const FAREWELL_MS = 5_000;

export class WebSocketChannels {
  /** Resolves when the connection is over. */
  readonly closed: Promise<void>;
  private readonly socket: WebSocket;
  private readonly options: ChannelOptions;
  private readonly readers = new Map<number, Readable>();
  private cancelProbe: (() => void) | undefined;

  constructor(socket: WebSocket, options: ChannelOptions) {
    this.socket = socket;
    this.options = options;
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.cancelProbe?.();
        for (const reader of this.readers.values()) reader.destroy();
        resolve();
      });
    });
    socket.on('message', (data, binary) => this.received(asBuffer(data), binary));
  }

  /** What the client sends on a channel. While it is not read, nothing of the connection is. */
  reader(channel: number): Readable {
    const reader = new Readable({ highWaterMark: BUFFER_BYTES, read: () => this.resume() });
    reader.on('error', () => undefined);
    this.readers.set(channel, reader);
    return reader;
  }

  /** What goes to the client on a channel; its end is not told, no protocol has a way to. */
  writer(channel: number): Writable {
    const writer = new Writable({
      highWaterMark: BUFFER_BYTES,
      write: (chunk: Buffer, _encoding, callback) => this.sendAll(channel, chunk, callback),
    });
    writer.on('error', () => undefined);
    return writer;
  }

  /** One message, empty ones too. */
  send(channel: number, payload: Buffer, callback: (error?: Error | null) => void = () => undefined): void {
    if (this.socket.readyState !== this.socket.OPEN) {
      callback(new Error('the client has gone'));
      return;
    }
    this.options.onActivity();
    if (this.options.format.base64) this.socket.send(`${String(channel)}${payload.toString('base64')}`, callback);
    else this.socket.send(Buffer.concat([Buffer.from([channel]), payload]), { binary: true }, callback);
  }

  /** Takes leave, and hangs up if the client does not. */
  close(): void {
    // A client that is not read could not be heard taking leave.
    for (const reader of this.readers.values()) reader.destroy();
    this.resume();
    this.socket.close(1000);
    const cancel = this.options.clock.schedule(FAREWELL_MS, () => this.socket.terminate());
    void this.closed.then(cancel);
  }

  destroy(): void {
    this.socket.terminate();
  }

  private sendAll(channel: number, chunk: Buffer, callback: (error?: Error | null) => void): void {
    const rest = chunk.subarray(MESSAGE_BYTES);
    this.send(channel, chunk.subarray(0, MESSAGE_BYTES), (error) => {
      if (error || rest.length === 0) callback(error);
      else this.sendAll(channel, rest, callback);
    });
  }

  private received(message: Buffer, binary: boolean): void {
    this.options.onActivity();
    const first = message[0];
    if (first === undefined) return;
    if (this.options.format.closes && binary && first === CLOSE_CHANNEL) {
      this.endOf(message[1]);
      return;
    }
    const [channel, payload] = this.options.format.base64 ? [first - 0x30, Buffer.from(message.toString('latin1', 1), 'base64')] : [first, message.subarray(1)];
    const reader = this.readers.get(channel);
    if (payload.length === 0 || reader === undefined || reader.destroyed || reader.readableEnded) return;
    if (!reader.push(payload)) this.pause();
  }

  private endOf(channel: number | undefined): void {
    const reader = channel === undefined ? undefined : this.readers.get(channel);
    if (channel === undefined || reader === undefined) return;
    this.readers.delete(channel);
    reader.push(null);
  }

  /** A connection that is not read is probed: that it was lost is noticed by writing to it. */
  private pause(): void {
    this.socket.pause();
    const probe = (): void => {
      if (this.socket.readyState !== this.socket.OPEN) return;
      this.socket.ping();
      this.cancelProbe = this.options.clock.schedule(PROBE_MS, probe);
    };
    this.cancelProbe ??= this.options.clock.schedule(PROBE_MS, probe);
  }

  private resume(): void {
    this.cancelProbe?.();
    this.cancelProbe = undefined;
    this.socket.resume();
  }
}

function asBuffer(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
