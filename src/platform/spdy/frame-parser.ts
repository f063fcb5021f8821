import { FLAG_FIN, FLAG_UNIDIRECTIONAL, FRAME_TYPE, SpdyProtocolError, type Frame } from './frames.ts';

/** The longest control frame that is taken; data frames and frames that are skipped may have any length. */
export const MAXIMUM_CONTROL_BYTES = 64 * 1024;

/** Least lengths of the frames that are read; any other type is skipped. */
const LEAST: Readonly<Record<number, number>> = {
  [FRAME_TYPE.synStream]: 10,
  [FRAME_TYPE.synReply]: 4,
  [FRAME_TYPE.rstStream]: 8,
  [FRAME_TYPE.ping]: 4,
  [FRAME_TYPE.goAway]: 8,
  [FRAME_TYPE.headers]: 4,
};

type Body =
  | { readonly kind: 'data'; readonly stream: number; readonly fin: boolean }
  | { readonly kind: 'control'; readonly type: number; readonly flags: number; readonly buffer: Buffer }
  | { readonly kind: 'skip' };

/** Cuts a byte stream into frames. Holds at most one control frame; never a data frame. */
export class FrameParser {
  private readonly head = Buffer.alloc(8);
  private headLength = 0;
  private body: Body | undefined;
  private remaining = 0;

  /** The frames that `chunk` completes, in order. Must be read to its end before the next call. Throws SpdyProtocolError. */
  *push(chunk: Buffer): Generator<Frame, void> {
    for (let at = 0; at < chunk.length;) {
      if (this.body === undefined) {
        const taken = chunk.copy(this.head, this.headLength, at, at + 8 - this.headLength);
        at += taken;
        this.headLength += taken;
        if (this.headLength < 8) return;
        this.body = this.begin();
        if (this.remaining === 0) yield* this.take(this.body, NOTHING);
        continue;
      }
      const part = chunk.subarray(at, at + this.remaining);
      at += part.length;
      this.remaining -= part.length;
      yield* this.take(this.body, part);
    }
  }

  private begin(): Body {
    const first = this.head.readUInt32BE(0);
    const second = this.head.readUInt32BE(4);
    const flags = second >>> 24;
    this.remaining = second & 0xffffff;
    if (first < 0x80000000) return { kind: 'data', stream: first, fin: (flags & FLAG_FIN) !== 0 };
    const version = (first >>> 16) & 0x7fff;
    if (version !== 3) throw new SpdyProtocolError(`SPDY version ${version} is not 3`);
    const type = first & 0xffff;
    const least = LEAST[type];
    if (least === undefined) return { kind: 'skip' };
    if (this.remaining < least) throw new SpdyProtocolError(`a frame of type ${type} has only ${this.remaining} bytes`);
    if (this.remaining > MAXIMUM_CONTROL_BYTES) throw new SpdyProtocolError(`a frame of type ${type} has ${this.remaining} bytes`);
    return { kind: 'control', type, flags, buffer: Buffer.allocUnsafe(this.remaining) };
  }

  /** `part` of the body has come; `remaining` says how much has not. */
  private *take(body: Body, part: Buffer): Generator<Frame, void> {
    const last = this.remaining === 0;
    if (body.kind === 'control') part.copy(body.buffer, body.buffer.length - this.remaining - part.length);
    if (last) {
      this.body = undefined;
      this.headLength = 0;
    }
    if (body.kind === 'data') {
      const fin = last && body.fin;
      if (part.length > 0 || fin) yield { kind: 'data', stream: body.stream, payload: part, fin };
    } else if (body.kind === 'control' && last) {
      yield decode(body.type, body.flags, body.buffer);
    }
  }
}

const NOTHING = Buffer.alloc(0);

function decode(type: number, flags: number, body: Buffer): Frame {
  const first = body.readUInt32BE(0);
  const stream = first & 0x7fffffff;
  const fin = (flags & FLAG_FIN) !== 0;
  switch (type) {
    case FRAME_TYPE.synStream:
      return { kind: 'syn-stream', stream, fin, unidirectional: (flags & FLAG_UNIDIRECTIONAL) !== 0, block: body.subarray(10) };
    case FRAME_TYPE.synReply:
      return { kind: 'syn-reply', stream, fin, block: body.subarray(4) };
    case FRAME_TYPE.headers:
      return { kind: 'headers', stream, fin, block: body.subarray(4) };
    case FRAME_TYPE.rstStream:
      return { kind: 'rst-stream', stream, status: body.readUInt32BE(4) };
    case FRAME_TYPE.ping:
      return { kind: 'ping', id: first };
    default:
      return { kind: 'go-away', lastGoodStream: stream, status: body.readUInt32BE(4) };
  }
}
