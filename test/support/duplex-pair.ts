import { Duplex } from 'node:stream';

class Half extends Duplex {
  peer: Half | undefined;
  private release: (() => void) | undefined;

  constructor() {
    super({ allowHalfOpen: true, highWaterMark: 16 * 1024 });
  }

  override _read(): void {
    const release = this.release;
    this.release = undefined;
    release?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    const peer = this.peer!;
    if (peer.destroyed || peer.push(chunk)) callback();
    else peer.release = callback;
  }

  override _final(callback: () => void): void {
    this.peer!.push(null);
    callback();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    const peer = this.peer!;
    if (!peer.destroyed) setImmediate(() => peer.destroy());
    callback(error);
  }
}

/** Two ends of a connection in memory, with back-pressure; destroying one destroys the other. */
export function duplexPair(): readonly [Duplex, Duplex] {
  const [left, right] = [new Half(), new Half()];
  left.peer = right;
  right.peer = left;
  return [left, right];
}
