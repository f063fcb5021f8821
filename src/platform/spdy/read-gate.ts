import type { Clock } from '../clock.ts';

/** The connection is not read while its streams hold this much that nobody has taken. */
const MAXIMUM_UNREAD_BYTES = 1024 * 1024;
/** The connection is not read while this much waits to be sent: a peer that asks and never listens. */
const MAXIMUM_UNSENT_BYTES = 256 * 1024;
/** How often a peer that is not read is probed. */
const PROBE_MS = 10_000;

export interface ReadGateOptions {
  readonly clock: Clock;
  /** Bytes that wait to be sent. */
  readonly unsent: () => number;
  /** Bytes that all streams hold unread. */
  readonly held: () => number;
  /** Writes something small to the peer. */
  readonly probe: () => void;
}

/** Says when a connection is to be read: with no flow control in the protocol, not reading it is the only way to slow a peer down. */
export class ReadGate {
  private readonly options: ReadGateOptions;
  /** At least what the streams hold; counted anew when it seems too much. */
  private unread = 0;
  private forGood = false;
  private resume: () => void = () => undefined;

  constructor(options: ReadGateOptions) {
    this.options = options;
  }

  /** So many bytes went to a stream. */
  took(bytes: number): void {
    this.unread += bytes;
  }

  isShut(): boolean {
    if (this.forGood) return false;
    if (this.options.unsent() > MAXIMUM_UNSENT_BYTES) return true;
    if (this.unread <= MAXIMUM_UNREAD_BYTES) return false;
    this.unread = this.options.held();
    return this.unread > MAXIMUM_UNREAD_BYTES;
  }

  /** Waits until there is room. Who is not read is asked now and then whether it is there: a lost connection is noticed by writing to it. */
  async room(): Promise<void> {
    while (this.isShut()) {
      await new Promise<void>((resolve) => {
        const cancel = this.options.clock.schedule(PROBE_MS, () => {
          this.options.probe();
          resolve();
        });
        this.resume = () => {
          cancel();
          resolve();
        };
      });
    }
  }

  /** Something was taken or sent: looks again. */
  wake(): void {
    this.resume();
  }

  /** The connection is over: nothing is held up any more. */
  open(): void {
    this.forGood = true;
    this.resume();
  }
}
