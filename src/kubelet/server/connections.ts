import type { Socket } from 'node:net';

/**
 * Connections that have not shown yet who they are. There may be so many of them; the one that has waited longest makes
 * room, so that a flood of strangers cannot keep the API server out.
 */
export class StrangeConnections {
  private readonly maximum: number;
  /** By the address of the caller: a TLS socket and the one below it are the same connection. */
  private readonly waiting = new Map<string, Socket>();

  constructor(maximum: number) {
    this.maximum = maximum;
  }

  add(socket: Socket): void {
    const key = callerOf(socket);
    this.waiting.set(key, socket);
    socket.once('close', () => {
      if (this.waiting.get(key) === socket) this.waiting.delete(key);
    });
    for (const [oldest, stranger] of this.waiting) {
      if (this.waiting.size <= this.maximum) return;
      this.waiting.delete(oldest);
      stranger.destroy();
    }
  }

  /** Its caller was recognised. */
  known(socket: Socket): void {
    this.waiting.delete(callerOf(socket));
  }
}

function callerOf(socket: Socket): string {
  return `${socket.remoteAddress ?? ''} ${socket.remotePort ?? 0}`;
}
