/** One launched (or to be launched) task of a container VM: its process, its streams and what is known of its end. */
import { PassThrough } from 'node:stream';
import type { Clock } from '../../../platform/clock.ts';
import type { WrittenDisk } from '../../engines/disk-folder.ts';
import { isLaunchError, type EngineTask, type Machine } from '../../engines/port.ts';
import type { TaskConfig } from './vm-config.ts';
import type { TaskState } from './task-state.ts';
import { orAborted } from '../../../platform/until-aborted.ts';

export interface SessionOptions {
  readonly task: TaskConfig;
  readonly clock: Clock;
  /** Where output is logged; undefined for tasks that are not. */
  readonly log: ((text: Buffer | undefined) => void) | undefined;
  /** It is launched beside the tasks that the VM is for. */
  readonly joins: boolean;
  /** Something that a reader could see has changed. */
  readonly changed: () => void;
}

/** The streams that attach clients share: what nobody reads is dropped. */
export interface SessionStreams {
  readonly stdout: PassThrough;
  readonly stderr: PassThrough;
}

const WINDOW_BYTES = 2 * 1024 * 1024;

export class Session {
  readonly task: TaskConfig;
  /** Unix ms. */
  startTime = 0;
  stopTime = 0;
  exitCode = 0;
  /** `''` not launched, `'true'` launched, else why it could not be. */
  status = '';
  readonly streams: SessionStreams = { stdout: new PassThrough(), stderr: new PassThrough() };
  private readonly options: SessionOptions;
  private process: EngineTask | undefined;
  private release: () => void = () => undefined;
  private readonly released: Promise<void>;
  private pendingSignals: number[] = [];
  private settleLaunch: () => void = () => undefined;
  /** The program runs, or never will. */
  private readonly launched: Promise<void>;
  private readers = { stdout: 0, stderr: 0 };
  /** The connection of a held task carries both streams from the first one that is opened. */
  private connected = false;
  private over = false;

  constructor(options: SessionOptions) {
    this.options = options;
    this.task = options.task;
    this.released = new Promise((resolve) => {
      this.release = resolve;
    });
    this.launched = new Promise((resolve) => {
      this.settleLaunch = resolve;
    });
    if (!options.task.held) this.release();
  }

  get ended(): boolean {
    return this.over;
  }

  get running(): boolean {
    return this.process !== undefined && !this.over;
  }

  get state(): TaskState {
    const error = this.status === '' || this.status === 'true' ? undefined : this.status;
    const state = this.status === '' ? 'created' : error !== undefined ? 'failed' : this.over ? 'stopped' : 'running';
    return { state, exitCode: this.exitCode, error };
  }

  /** Launches and resolves when the program runs or could not be started; a held task waits for its first reader. */
  async launch(machine: Machine, signal: AbortSignal, diskOf: (layerId: string) => WrittenDisk | undefined): Promise<void> {
    await orAborted(this.released, signal);
    if (signal.aborted) return;
    const { id, path, argv, env, workingDir, user, tty, openStdin, namespace } = this.task;
    const disk = diskOf(namespace);
    const place = { image: namespace, joins: this.options.joins, ...(disk === undefined ? {} : { disk }) };
    try {
      this.process = await machine.launch({ id, path, args: argv.slice(1), env, workingDir, user, tty, openStdin, ...place });
    } catch (error) {
      if (!isLaunchError(error)) throw error;
      this.status = error.message;
      this.finish();
      return;
    }
    this.status = 'true';
    this.settleLaunch();
    this.startTime = this.options.clock.now();
    this.pump(this.process, 'stdout');
    this.pump(this.process, 'stderr');
    for (const pending of this.pendingSignals) this.process.signal(pending);
    void this.process.exited.then((exitCode) => {
      this.exitCode = exitCode;
      this.stopTime = this.options.clock.now();
      this.finish();
    });
    this.options.changed();
  }

  /** Delivered at once, or as soon as the program runs. False: it has ended. */
  signal(number: number): boolean {
    if (this.over) return false;
    if (this.process === undefined) {
      this.pendingSignals.push(number);
      return true;
    }
    return this.process.signal(number);
  }

  /** A reader of one stream. Opening it lets a held task go; the bytes go to whoever reads. */
  open(name: 'stdout' | 'stderr'): PassThrough {
    this.readers[name] += 1;
    this.connected = this.task.held;
    queueMicrotask(this.release);
    return this.streams[name];
  }

  close(name: 'stdout' | 'stderr'): void {
    this.readers[name] -= 1;
  }

  openInput(): void {
    this.release();
  }

  /** What comes before the program runs waits for it. */
  async write(chunk: Uint8Array): Promise<void> {
    await this.launched;
    const input = this.process?.stdin;
    if (input === undefined || input.destroyed || input.writableEnded) return;
    await new Promise<void>((resolve) => {
      input.write(chunk, () => {
        resolve();
      });
    });
  }

  async closeInput(): Promise<void> {
    await this.launched;
    this.process?.stdin?.end();
  }

  /** The machine is gone: whatever was not known of the end is not known. */
  abandon(): void {
    if (this.over) return;
    if (this.process !== undefined) {
      this.exitCode = -1;
      this.stopTime = this.options.clock.now();
    }
    this.finish();
  }

  /** What nobody reads yet is kept as far as the connection's window goes. */
  private waits(name: 'stdout' | 'stderr'): boolean {
    return this.connected && this.streams[name].writableLength + this.streams[name].readableLength < WINDOW_BYTES;
  }

  private finish(): void {
    if (this.over) return;
    this.over = true;
    this.settleLaunch();
    this.options.log?.(undefined);
    this.streams.stdout.end();
    this.streams.stderr.end();
    this.options.changed();
  }

  private pump(process: EngineTask, name: 'stdout' | 'stderr'): void {
    // A terminal has one output.
    const stream = this.task.tty ? 'stdout' : name;
    process[name].on('data', (chunk: Buffer) => {
      this.options.log?.(chunk);
      if (this.task.attach && (this.readers[stream] > 0 || this.waits(stream))) this.streams[stream].write(chunk);
    });
    process[name].on('error', () => undefined);
  }
}
