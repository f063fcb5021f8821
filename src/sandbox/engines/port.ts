/**
 * What a sandbox VCH needs of whatever really runs its containers. An engine knows machines (one per container VM)
 * and the tasks in them; it knows nothing of handles, images or HTTP. `process` runs plain processes of this
 * computer; an engine over Docker would run one container per task.
 */
import type { Readable, Writable } from 'node:stream';

export interface Engine {
  /** Short name for `status` and logs. */
  readonly name: string;
  /** A machine to launch tasks in. Its files live in `directory`, which need not exist yet. */
  openMachine(machine: { readonly id: string; readonly directory: string }): Machine;
}

export interface Machine {
  /** Starts a task. Rejects with a LaunchError when the program cannot be started. */
  launch(request: LaunchRequest): Promise<EngineTask>;
  /** What the machine uses now; undefined where the computer does not tell. */
  usage(): Promise<MachineUsage | undefined>;
  /** Ends every process ever started here, also those that left their group; resolves when none is left. Idempotent. */
  destroy(): Promise<void>;
}

export interface LaunchRequest {
  readonly id: string;
  /** Program: a path, or a name that is looked up along `PATH` of `env`. */
  readonly path: string;
  /** Arguments without argv[0]. */
  readonly args: readonly string[];
  /** `KEY=value` strings. */
  readonly env: readonly string[];
  readonly workingDir: string;
  readonly user: string;
  readonly tty: boolean;
  /** Whether the task reads input; without it, stdin is empty. */
  readonly openStdin: boolean;
}

export interface EngineTask {
  readonly stdin: Writable | undefined;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** How the program ended; 128 + number after a signal. Resolves when its output has been read, or given up on. */
  readonly exited: Promise<number>;
  /** Signals the task; false when it is gone or there is no such signal. */
  signal(signal: number): boolean;
}

export interface MachineUsage {
  /** Processor time used so far, seconds. */
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly processes: number;
}

const BRAND = Symbol.for('vick.dev/launch-error');

/** A program that could not be started; the message is the text that the guest agent of a container VM reports. */
export class LaunchError extends Error {
  readonly [BRAND] = true;

  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.name = 'LaunchError';
  }
}

export function isLaunchError(error: unknown): error is LaunchError {
  return typeof error === 'object' && error !== null && BRAND in error;
}
