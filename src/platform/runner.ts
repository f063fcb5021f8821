import type { Readable, Writable } from 'node:stream';

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** The whole environment of the child: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
}

export interface RunOptions {
  /** Called with the id of the process as soon as it runs. */
  readonly onStart?: (pid: number) => void;
  /** Called for every line as it arrives, without its line end. */
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void;
  /** Aborting sends SIGINT, and SIGKILL after `killAfterMs` (default 10 000). */
  readonly signal?: AbortSignal;
  readonly killAfterMs?: number;
  /** An outer limit in milliseconds; past it the child is ended as by `signal`. */
  readonly timeoutMs?: number;
  readonly input?: string;
}

/** How a process ended: with an exit code, or by a signal. Never both. */
export interface RunResult {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
  readonly cancelled: boolean;
}

/** Runs short-lived programs to their end. A failing program is a result, not an exception; one that cannot be started throws. */
export interface Runner {
  run(command: Command, options?: RunOptions): Promise<RunResult>;
}

export interface SpawnOptions extends Command {
  /** What the child's stdin is: a pipe, or nothing. */
  readonly stdin?: 'pipe' | 'ignore';
  /** A file that gets stdout and stderr instead of pipes. */
  readonly outputFile?: string;
  /** True: the child outlives this process. In any case it leads a process group of its own. */
  readonly detached?: boolean;
}

export interface ProcessExit {
  readonly exitCode: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
}

/** A started long-lived process, leader of its own process group. */
export interface ChildProcess {
  readonly pid: number;
  readonly stdin: Writable | undefined;
  readonly stdout: Readable | undefined;
  readonly stderr: Readable | undefined;
  /** Resolves when the process has ended and its pipes are drained. */
  readonly exited: Promise<ProcessExit>;
  /** Resolves when the process itself has ended, whoever still holds its pipes. */
  readonly ended?: Promise<ProcessExit>;
  /** Signals the process, or with `group` everything in its process group. False when it is gone already. */
  kill(signal: NodeJS.Signals | number, options?: { readonly group?: boolean }): boolean;
}

export interface Spawner {
  /** Resolves when the program runs; rejects (ENOENT, EACCES …) when it cannot be started. */
  spawn(options: SpawnOptions): Promise<ChildProcess>;
}

/** Facts about processes that this one did not start. */
export interface ProcessTable {
  /** True while it runs; a dead process that nobody has collected does not. A negative pid is a process group. */
  isAlive(pid: number): boolean;
  /** False when there is no such process. */
  signal(pid: number, signal: NodeJS.Signals): boolean;
}
