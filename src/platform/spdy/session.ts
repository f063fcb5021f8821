/**
 * One SPDY/3.1 connection over any byte stream, as Kubernetes speaks it after an upgrade: no flow control (its peers send
 * no WINDOW_UPDATE and wait for none), back-pressure is that of the connection below (moby/spdystream).
 */
import type { Duplex } from 'node:stream';
import type { Clock } from '../clock.ts';
import { FrameParser } from './frame-parser.ts';
import { dataFrame, GOAWAY, goAwayFrame, pingFrame, RESET, rstStreamFrame, SpdyProtocolError, synReplyFrame, synStreamFrame, type Frame } from './frames.ts';
import { HeaderDecoder, HeaderEncoder, type SpdyHeaders } from './header-block.ts';
import { Pings } from './pings.ts';
import { ReadGate } from './read-gate.ts';
import { SendQueue } from './send-queue.ts';
import { SpdyStream, SpdyStreamReset, type StreamLink } from './stream.ts';

export interface SpdySessionOptions {
  readonly transport: Duplex;
  readonly role: 'server' | 'client';
  readonly clock: Clock;
  /** Judges a stream the peer opens: `accept` answers it, a RESET status refuses it. Absent: all are refused. */
  readonly onStream?: (stream: SpdyStream) => 'accept' | number;
  /** Called for whatever is sent or received but pings; for idle timeouts. */
  readonly onActivity?: () => void;
  /** Streams the peer may have open at once; default 1000. */
  readonly maximumStreams?: number;
}

const MAXIMUM_STREAMS = 1000;
/** How long a peer may take to hang up after our farewell. */
const FAREWELL_MS = 5_000;
const NO_HEADERS: SpdyHeaders = new Map();

export class SpdySession {
  /** Resolves when the connection is over, with the error that ended it. Never rejects. */
  readonly closed: Promise<Error | undefined>;
  private readonly options: SpdySessionOptions;
  private readonly transport: Duplex;
  private readonly encoder = new HeaderEncoder();
  private readonly decoder = new HeaderDecoder();
  private readonly streams = new Map<number, SpdyStream>();
  private readonly replies = new Map<number, (error?: Error) => void>();
  private readonly pings: Pings;
  private readonly queue: SendQueue;
  private readonly gate: ReadGate;
  private readonly link: StreamLink;
  private lastPeerStream = 0;
  private nextStream = 1;
  private goingAway = false;
  private over = false;
  private failure: Error | undefined;

  constructor(options: SpdySessionOptions) {
    this.options = options;
    this.transport = options.transport;
    this.pings = new Pings(options.role);
    this.queue = new SendQueue(options.transport);
    this.gate = new ReadGate({
      clock: options.clock,
      unsent: () => this.transport.writableLength,
      held: () => [...this.streams.values()].reduce((sum, stream) => sum + stream.readableLength, 0),
      probe: () => void this.ping().catch(() => undefined),
    });
    this.link = {
      send: ({ id }, payload, fin, done) => {
        this.options.onActivity?.();
        this.queue.add({ id, payload, done, frame: (part, last) => dataFrame(id, part, fin && last) });
      },
      wanted: () => this.gate.wake(),
      gone: (stream, status) => this.gone(stream, status),
    };
    this.transport.on('drain', () => this.gate.wake());
    this.transport.on('error', (error) => {
      this.failure ??= error;
    });
    this.transport.on('close', () => this.finish());
    this.closed = this.read();
  }

  /** Opens a stream and waits for the peer's answer. Rejects when it is refused or the connection ends. */
  async open(headers: Readonly<Record<string, string>>): Promise<SpdyStream> {
    if (this.over || this.goingAway) throw new SpdyStreamReset('the connection is closed');
    const id = this.nextStream;
    this.nextStream += 2;
    const stream = new SpdyStream(this.link, id, new Map(Object.entries(headers)));
    this.streams.set(id, stream);
    const answered = new Promise<void>((resolve, reject) => {
      this.replies.set(id, (error) => (error === undefined ? resolve() : reject(error)));
    });
    this.transport.write(synStreamFrame(id, this.encoder.encode(stream.headers)));
    await answered;
    return stream;
  }

  /** Resolves with the peer's answer to a ping. */
  ping(): Promise<void> {
    if (this.over) return Promise.reject(new SpdyStreamReset('the connection is closed'));
    return this.pings.send((id) => this.control(pingFrame(id)));
  }

  /** Takes leave: what was written is sent, then GOAWAY; the connection ends when the peer hangs up, or soon after. */
  close(): void {
    if (this.over || this.transport.writableEnded) return;
    this.goingAway = true;
    this.queue.close(new SpdyStreamReset('the connection is closing'));
    this.transport.end(goAwayFrame(this.lastPeerStream, GOAWAY.ok));
    this.hangUpLater();
  }

  /** Ends the connection at once. */
  destroy(error?: Error): void {
    this.failure ??= error;
    this.transport.destroy();
    this.finish();
  }

  private async read(): Promise<Error | undefined> {
    const parser = new FrameParser();
    try {
      for await (const chunk of this.transport.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        for (const frame of parser.push(chunk)) {
          const pending = this.handle(frame);
          if (pending !== undefined) await pending;
          // One peer's chunk may hold thousands of small frames.
          if (this.gate.isShut()) await this.gate.room();
        }
      }
      this.transport.destroy();
    } catch (error) {
      if (!this.over) this.failure ??= error instanceof Error ? error : new Error(String(error));
      this.hangUp(error instanceof SpdyProtocolError ? GOAWAY.protocolError : GOAWAY.internal);
    }
    this.finish();
    return this.failure;
  }

  private hangUp(status: number): void {
    if (!this.transport.writable) {
      this.transport.destroy();
      return;
    }
    this.transport.end(goAwayFrame(this.lastPeerStream, status), () => this.transport.destroy());
    this.hangUpLater();
  }

  private hangUpLater(): void {
    const cancel = this.options.clock.schedule(FAREWELL_MS, () => this.transport.destroy());
    if (this.transport.closed) cancel();
    else this.transport.once('close', cancel);
  }

  private handle(frame: Frame): Promise<void> | undefined {
    if (frame.kind !== 'ping') this.options.onActivity?.();
    switch (frame.kind) {
      case 'data':
        this.gate.took(frame.payload.length);
        this.streams.get(frame.stream)?.receive(frame.payload, frame.fin);
        return undefined;
      case 'syn-stream':
        return this.decoder.decode(frame.block).then((headers) => this.opened(frame, headers));
      case 'syn-reply':
      case 'headers':
        return this.decoder.decode(frame.block).then(() => this.answered(frame));
      case 'rst-stream':
        this.cutOff(frame.stream, new SpdyStreamReset(`the peer has reset the stream (status ${frame.status})`, frame.status));
        return undefined;
      case 'ping':
        if (!this.pings.received(frame.id)) this.control(pingFrame(frame.id));
        return undefined;
      case 'go-away':
        this.goingAway = true;
        if (this.streams.size === 0) this.close();
        return undefined;
    }
  }

  private opened(frame: Extract<Frame, { readonly kind: 'syn-stream' }>, headers: SpdyHeaders): void {
    const { stream: id } = frame;
    if (this.options.role === 'client' || id % 2 === 0 || id <= this.lastPeerStream) throw new SpdyProtocolError(`stream ${id} cannot be opened`);
    if (this.over) return;
    this.lastPeerStream = id;
    if (this.goingAway || this.streams.size >= (this.options.maximumStreams ?? MAXIMUM_STREAMS)) {
      this.control(rstStreamFrame(id, RESET.refused));
      return;
    }
    const stream = new SpdyStream(this.link, id, headers);
    this.streams.set(id, stream);
    const verdict = this.options.onStream?.(stream) ?? RESET.refused;
    if (verdict !== 'accept') {
      stream.reset(verdict);
      return;
    }
    if (stream.destroyed) return;
    this.control(synReplyFrame(id, this.encoder.encode(NO_HEADERS)));
    if (frame.fin || frame.unidirectional) stream.receive(Buffer.alloc(0), true);
  }

  private answered(frame: Extract<Frame, { readonly kind: 'syn-reply' | 'headers' }>): void {
    if (frame.kind === 'syn-reply') this.reply(frame.stream);
    if (frame.fin) this.streams.get(frame.stream)?.receive(Buffer.alloc(0), true);
  }

  private reply(id: number, error?: Error): void {
    this.replies.get(id)?.(error);
    this.replies.delete(id);
  }

  private cutOff(id: number, error: SpdyStreamReset): void {
    this.streams.get(id)?.cutOff(error);
    this.reply(id, error);
  }

  private gone(stream: SpdyStream, status: number | undefined): void {
    this.streams.delete(stream.id);
    this.queue.forget(stream.id);
    if (status !== undefined) this.control(rstStreamFrame(stream.id, status));
    this.gate.wake();
    if (this.goingAway && this.streams.size === 0) this.close();
  }

  private control(frame: Buffer): void {
    if (!this.over && this.transport.writable) this.transport.write(frame);
  }

  private finish(): void {
    if (this.over) return;
    this.over = true;
    const error = new SpdyStreamReset(this.failure === undefined ? 'the connection has ended' : `the connection has ended: ${this.failure.message}`);
    for (const id of [...this.replies.keys()]) this.reply(id, error);
    this.pings.close(error);
    for (const stream of [...this.streams.values()]) stream.cutOff(error);
    this.queue.close(error);
    this.decoder.close();
    this.gate.open();
  }
}
