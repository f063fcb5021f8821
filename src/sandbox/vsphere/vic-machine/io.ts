import type { Clock } from '../../../platform/clock.ts';
import type { FileSystem } from '../../../platform/fs.ts';
import type { Random } from '../../../platform/random.ts';
import type { Runner } from '../../../platform/runner.ts';
import type { Output, Streams } from '../../../platform/streams.ts';
import type { Build } from './build.ts';
import type { FlagValues } from './flag-values.ts';
import type { Logger } from './log.ts';

/** Everything the stand-in for vic-machine knows of the machine it runs on. */
export interface VicMachineIo {
  /** Path of the file that was started: its last part is the name in messages, its folder is the "installer directory". */
  readonly program: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly stdin: Streams['stdin'] & {
    /** Reads one line from the terminal without echo. */
    readonly readPassword?: () => Promise<string>;
  };
  readonly clock: Clock;
  readonly random: Random;
  readonly fs: FileSystem;
  readonly signal: AbortSignal;
  /** Starts `openssl` for the PFX file; without it the file is left out with the real program's warning. */
  readonly runner?: Runner;
  /** Where a connection to host and port really goes; absent: there. */
  readonly dial?: (host: string, port: number) => { readonly host: string; readonly port: number };
}

/** One command being carried out. */
export interface Invocation {
  readonly io: VicMachineIo;
  /** Name of the program in messages. */
  readonly program: string;
  readonly build: Build;
  readonly command: string;
  readonly flags: FlagValues;
  /** Words left over after the flags. */
  readonly args: readonly string[];
  readonly log: Logger;
  /** Aborts when the operator interrupts or the command's own time limit is over. */
  readonly signal: AbortSignal;
}

/** Ends a command that has failed without a word about it: exit code 0, as the clean-up of configure and upgrade makes of it. */
export class SilentFailure extends Error {
  override readonly name = 'SilentFailure';
}

/** Ends a command: printed as `NAME COMMAND failed: MESSAGE`, exit code 1. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
}
