/** Pings of one side of a connection: a client's ids are odd, a server's even; the peer sends an id back. */
export class Pings {
  private next: number;
  private readonly parity: number;
  private readonly waiting = new Map<number, (error?: Error) => void>();

  constructor(role: 'server' | 'client') {
    this.next = role === 'client' ? 1 : 2;
    this.parity = this.next % 2;
  }

  /** Calls `send` with a new id; resolves with the peer's answer. */
  send(send: (id: number) => void): Promise<void> {
    const id = this.next;
    this.next += 2;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, (error) => (error === undefined ? resolve() : reject(error)));
      send(id);
    });
  }

  /** False: the ping is the peer's own, and wants an answer. */
  received(id: number): boolean {
    if (id % 2 !== this.parity) return false;
    this.waiting.get(id)?.();
    this.waiting.delete(id);
    return true;
  }

  close(error: Error): void {
    for (const answer of this.waiting.values()) answer(error);
    this.waiting.clear();
  }
}
