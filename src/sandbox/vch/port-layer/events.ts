import type { Clock } from '../../../platform/clock.ts';

export type ContainerEvent = 'Created' | 'Started' | 'Stopped' | 'Failed' | 'PoweredOn' | 'PoweredOff' | 'Removed';

/** The event stream: nothing is replayed, every subscriber gets everything from then on. */
export class Events {
  private readonly clock: Clock;
  private readonly listeners = new Set<(line: string, event: ContainerEvent, id: string) => void>();
  private counter = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  publish(event: ContainerEvent, id: string): void {
    this.counter += 1;
    const line = `${JSON.stringify({
      Type: 'events.ContainerEvent',
      Event: event,
      ID: `1.${String(this.counter)}`,
      Detail: `Container ${id} ${event}`,
      Ref: id,
      CreatedTime: new Date(this.clock.now()).toISOString().replace('Z', '000000Z'),
    })}\n`;
    for (const listener of [...this.listeners]) listener(line, event, id);
  }

  /** The returned function unsubscribes. */
  subscribe(listener: (line: string, event: ContainerEvent, id: string) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Lines as they are published, until the signal aborts. */
  async *lines(signal: AbortSignal): AsyncGenerator<string> {
    const waiting: string[] = [];
    let wake: () => void = () => undefined;
    const unsubscribe = this.subscribe((line) => {
      waiting.push(line);
      wake();
    });
    const onAbort = (): void => {
      wake();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      while (!signal.aborted) {
        const line = waiting.shift();
        if (line !== undefined) yield line;
        else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    } finally {
      unsubscribe();
      signal.removeEventListener('abort', onAbort);
    }
  }
}
