/** SPDY/3.1 frames (SPDY protocol draft 3.1, section 2.2). All integers are big-endian. */

export const FRAME_TYPE = { synStream: 1, synReply: 2, rstStream: 3, settings: 4, ping: 6, goAway: 7, headers: 8, windowUpdate: 9 } as const;
export const FLAG_FIN = 1;
export const FLAG_UNIDIRECTIONAL = 2;
/** Why a stream is reset. */
export const RESET = { protocolError: 1, invalidStream: 2, refused: 3, cancel: 5, internal: 6 } as const;
/** Why a session goes away. */
export const GOAWAY = { ok: 0, protocolError: 1, internal: 2 } as const;

/** A frame, or a part of a long data frame: data is handed on as it arrives, and `fin` comes with the last part. */
export type Frame =
  | { readonly kind: 'data'; readonly stream: number; readonly payload: Buffer; readonly fin: boolean }
  | { readonly kind: 'syn-stream'; readonly stream: number; readonly fin: boolean; readonly unidirectional: boolean; readonly block: Buffer }
  | { readonly kind: 'syn-reply'; readonly stream: number; readonly fin: boolean; readonly block: Buffer }
  | { readonly kind: 'headers'; readonly stream: number; readonly fin: boolean; readonly block: Buffer }
  | { readonly kind: 'rst-stream'; readonly stream: number; readonly status: number }
  | { readonly kind: 'ping'; readonly id: number }
  | { readonly kind: 'go-away'; readonly lastGoodStream: number; readonly status: number };

/** The peer broke the protocol; the session cannot go on. */
export class SpdyProtocolError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SpdyProtocolError';
  }
}

export function dataFrame(stream: number, payload: Buffer, fin: boolean): Buffer {
  const frame = Buffer.allocUnsafe(8 + payload.length);
  frame.writeUInt32BE(stream & 0x7fffffff, 0);
  frame.writeUInt32BE(((fin ? FLAG_FIN : 0) << 24) | payload.length, 4);
  payload.copy(frame, 8);
  return frame;
}

export function synStreamFrame(stream: number, block: Buffer, fin = false): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt32BE(stream, 0);
  return controlFrame(FRAME_TYPE.synStream, fin ? FLAG_FIN : 0, fixed, block);
}

export function synReplyFrame(stream: number, block: Buffer, fin = false): Buffer {
  return controlFrame(FRAME_TYPE.synReply, fin ? FLAG_FIN : 0, words(stream), block);
}

export function headersFrame(stream: number, block: Buffer, fin = false): Buffer {
  return controlFrame(FRAME_TYPE.headers, fin ? FLAG_FIN : 0, words(stream), block);
}

export function rstStreamFrame(stream: number, status: number): Buffer {
  return controlFrame(FRAME_TYPE.rstStream, 0, words(stream, status));
}

export function pingFrame(id: number): Buffer {
  return controlFrame(FRAME_TYPE.ping, 0, words(id));
}

export function goAwayFrame(lastGoodStream: number, status: number): Buffer {
  return controlFrame(FRAME_TYPE.goAway, 0, words(lastGoodStream, status));
}

function controlFrame(type: number, flags: number, ...parts: readonly Buffer[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([words(0x80030000 + type, flags * 0x1000000 + length), ...parts]);
}

function words(...values: readonly number[]): Buffer {
  const buffer = Buffer.allocUnsafe(4 * values.length);
  values.forEach((value, index) => buffer.writeUInt32BE(value, 4 * index));
  return buffer;
}
