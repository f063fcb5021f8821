import type { Writable } from 'node:stream';

/** The longest data frame; small, so that streams of one connection take turns. */
const FRAME_BYTES = 32 * 1024;
/** As much is handed to the connection at once: one system call for several frames. */
const WINDOW_BYTES = 64 * 1024;

export interface SendJob {
  /** Who sends; see `forget`. */
  readonly id: number;
  /** May be empty: one frame. */
  readonly payload: Buffer;
  readonly frame: (part: Buffer, last: boolean) => Buffer;
  /** Called once the last frame was handed on, or with why it never will be. */
  readonly done: (error?: Error) => void;
}

/** Lets senders take turns on one connection, a frame each, and only while the connection takes more. */
export class SendQueue {
  private readonly transport: Writable;
  private jobs: { readonly job: SendJob; at: number }[] = [];
  private closed: Error | undefined;

  constructor(transport: Writable) {
    this.transport = transport;
    transport.on('drain', () => this.run());
  }

  add(job: SendJob): void {
    if (this.closed !== undefined) {
      job.done(this.closed);
      return;
    }
    this.jobs.push({ job, at: 0 });
    if (this.jobs.length === 1) this.run();
  }

  /** Drops what a sender still has waiting. */
  forget(id: number): void {
    this.jobs = this.jobs.filter(({ job }) => job.id !== id);
  }

  close(error: Error): void {
    this.closed ??= error;
    const jobs = this.jobs;
    this.jobs = [];
    for (const { job } of jobs) job.done(error);
  }

  private run(): void {
    this.transport.cork();
    this.fill();
    this.transport.uncork();
  }

  private fill(): void {
    while (this.transport.writable && this.transport.writableLength < WINDOW_BYTES) {
      const next = this.jobs.shift();
      if (next === undefined) return;
      const { job, at } = next;
      const end = Math.min(at + FRAME_BYTES, job.payload.length);
      const last = end === job.payload.length;
      this.transport.write(job.frame(job.payload.subarray(at, end), last));
      if (last) job.done();
      else this.jobs.push({ job, at: end });
    }
  }
}
