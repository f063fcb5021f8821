/**
 * What a sandbox VCH needs of whatever really runs its containers. An engine knows machines (one per container VM)
 * and the tasks in them; it knows nothing of handles, images or HTTP. `process` runs plain processes of this
 * computer, `docker` a container of an engine for each task.
 */
import type { Readable, Writable } from 'node:stream';
import type { ArchiveMember } from '../../platform/tar.ts';
import type { WrittenDisk } from './disk-folder.ts';

export interface Engine {
  /** Short name for `status` and logs. */
  readonly name: string;
  /** Its images; absent: what it runs is made of none. */
  readonly images?: EngineImages;
  /** How files that were written to a disk get to the programs; absent: they do not. */
  readonly files?: EngineFiles;
  /** A machine to launch tasks in. Its files live in `directory`, which need not exist yet. */
  openMachine(machine: { readonly id: string; readonly directory: string; readonly hostname?: string }): Machine;
}

export interface Machine {
  /**
   * Switches it on, where that is something of its own. The address at which programs on this computer reach what listens
   * in the machine; undefined: it has none. Rejects when it cannot be switched on. `disks`: those that tasks may be given.
   */
  boot?(disks: readonly WrittenDisk[]): Promise<string | undefined>;
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
  /** Id of the image whose file system the task sees; absent or empty: none was named. */
  readonly image?: string;
  /** A command beside the tasks that the machine is for: it sees the files of the running task of its image. */
  readonly joins?: boolean;
  /** The disk with the image's file system, where something was written to it: its files lie over those of the image. */
  readonly disk?: WrittenDisk;
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

/** What an engine with file systems tells of them. */
export interface EngineFiles {
  /** Why this computer does not let programs see the files of a disk; undefined: it does. Looked for once. */
  refusal(signal: AbortSignal): Promise<string | undefined>;
  /** An image to look into; rejects when the engine does not have it. */
  openImage(image: string, signal: AbortSignal): Promise<ImageFiles>;
  /**
   * What programs of these tasks left on a disk in their last life and is not in its folder, with paths from the root of the
   * disk; absent: they write to the folder itself.
   */
  left?(disk: WrittenDisk, tasks: readonly string[]): Promise<readonly ArchiveMember[]>;
}

/** Files, or archives, that are larger are not read: they are held in memory. */
export const READ_LIMIT_BYTES: number = 256 * 1024 * 1024;

/** The file system of an image as it was before anything was written to a disk of it. */
export interface ImageFiles {
  /** What is at an absolute path, whose parents are folders. A link is told of, not followed. */
  look(path: string, signal: AbortSignal): Promise<ImageEntry | undefined>;
  /** Names in the folder that is at an absolute path. */
  list(path: string, signal: AbortSignal): Promise<readonly string[]>;
  /** The content of the file that is at an absolute path; undefined where this user may not read it. Rejects for one that is too large. */
  read(path: string, signal: AbortSignal): Promise<Buffer | undefined>;
  close(): Promise<void>;
}

export interface ImageEntry {
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  /** Permission bits. */
  readonly mode: number;
  /** Of a link, as it is written there; otherwise empty. */
  readonly target: string;
  /** Milliseconds since the epoch, where that is told. */
  readonly modifiedAt?: number;
}

/** The images of an engine that has some. */
export interface EngineImages {
  /** Brings an image into the engine. Rejects with a PullError when there is none to be had. */
  pull(request: EnginePull, signal: AbortSignal): Promise<EngineImage>;
}

export interface EnginePull {
  /** With the registry's host where that is not Docker Hub. */
  readonly repository: string;
  /** Tag or digest. */
  readonly tag: string;
  /** Secret: never logged. */
  readonly login: { readonly username: string; readonly password: string } | undefined;
  readonly onProgress: (progress: { readonly id: string; readonly status: string; readonly current?: number; readonly total?: number }) => void;
}

export interface EngineImage {
  /** 64 hex digits. */
  readonly id: string;
  /** `sha256:…` of its manifest; undefined for what was never in a registry. */
  readonly digest: string | undefined;
  /** RFC 3339. */
  readonly created: string;
  readonly architecture: string;
  readonly os: string;
  readonly sizeBytes: number;
  /** Docker's container configuration, as far as the image sets it. */
  readonly config: Readonly<Record<string, unknown>>;
  /** `sha256:…` of each layer, the lowest first. */
  readonly layers: readonly string[];
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

const PULL_BRAND = Symbol.for('vick.dev/engine-pull-error');

/** An image that cannot be had; the message is the engine's own text. `missing`: the registry answered that it has no such image. */
export class PullError extends Error {
  readonly [PULL_BRAND] = true;
  readonly missing: boolean;

  constructor(message: string, options: { readonly missing: boolean; readonly cause?: unknown }) {
    super(message, options);
    this.name = 'PullError';
    this.missing = options.missing;
  }
}

export function isPullError(error: unknown): error is PullError {
  return typeof error === 'object' && error !== null && PULL_BRAND in error;
}

export function isLaunchError(error: unknown): error is LaunchError {
  return typeof error === 'object' && error !== null && BRAND in error;
}
