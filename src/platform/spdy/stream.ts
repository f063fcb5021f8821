import { Duplex } from 'node:stream';
import { RESET } from './frames.ts';
import type { SpdyHeaders } from './header-block.ts';

/** What a stream asks of its session. */
export interface StreamLink {
  /** Sends `payload` when it is this stream's turn; `done` is called once it was handed to the connection. */
  send(stream: SpdyStream, payload: Buffer, fin: boolean, done: (error?: Error) => void): void;
  /** The reader has room again. */
  wanted(): void;
  /** The stream is destroyed; with a status the peer must be told. */
  gone(stream: SpdyStream, resetStatus: number | undefined): void;
}

const BUFFER_BYTES = 64 * 1024;

/** The peer, or the end of the connection, cut a stream off. */
export class SpdyStreamReset extends Error {
  /** RESET status; undefined when the connection ended. */
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.name = 'SpdyStreamReset';
    this.status = status;
  }
}

/**
 * One stream as a Node Duplex: `end()` is the half-close (FIN), 'end' the peer's; destroying it before both resets it.
 * Back-pressure is real both ways. An error nobody listens for is dropped: sessions tell their own end.
 */
export class SpdyStream extends Duplex {
  readonly id: number;
  readonly headers: SpdyHeaders;
  private readonly link: StreamLink;
  private peerEnded = false;
  /** Why nothing goes to the peer any more. */
  private cut: SpdyStreamReset | undefined;
  private resetStatus: number = RESET.cancel;

  constructor(link: StreamLink, id: number, headers: SpdyHeaders) {
    super({ allowHalfOpen: true, highWaterMark: BUFFER_BYTES });
    this.link = link;
    this.id = id;
    this.headers = headers;
    this.on('error', () => undefined);
  }

  /** Tells the peer that this stream is cut off, and why. */
  reset(status: number): void {
    this.resetStatus = status;
    this.destroy();
  }

  /** Called by the session with what the peer sent. */
  receive(payload: Buffer, fin: boolean): void {
    if (this.peerEnded || this.destroyed) return;
    if (payload.length > 0) this.push(payload);
    if (!fin) return;
    this.peerEnded = true;
    this.push(null);
  }

  /** Called by the session when the peer has reset the stream or the connection is gone. */
  cutOff(error: SpdyStreamReset): void {
    if (this.cut !== undefined) return;
    this.cut = error;
    this.link.gone(this, undefined);
    // What the peer has said to its end can still be read.
    if (this.peerEnded && !this.readableEnded && this.readableLength > 0) {
      this.once('end', () => this.destroy());
      return;
    }
    // A peer that has heard everything takes leave in this way.
    if (this.writableFinished && (this.peerEnded || this.readableLength === 0)) this.destroy();
    else this.destroy(error);
  }

  override _read(): void {
    this.link.wanted();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    // An error here would take away what is still to be read.
    if (this.cut !== undefined) callback();
    else this.link.send(this, chunk, false, callback);
  }

  override _final(callback: (error?: Error | null) => void): void {
    if (this.cut !== undefined) callback();
    else this.link.send(this, Buffer.alloc(0), true, callback);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    const finished = this.peerEnded && this.writableFinished;
    if (this.cut === undefined) this.link.gone(this, finished ? undefined : this.resetStatus);
    callback(error);
  }
}
