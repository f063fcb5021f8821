/**
 * What a provider may be able to do beyond running pods. Each part is an interface of its own; a provider that lacks
 * one leaves it out. A pod or container that is not there rejects: callers look with `status` first.
 */
import type { Duplex, Readable, Writable } from 'node:stream';
import type { VolumeFile } from './provider.ts';

export interface ContainerTarget {
  readonly uid: string;
  readonly container: string;
}

/** Images of the back end. The core decides when to pull, with which credentials, and how long to wait after a failure. */
export interface ImageService {
  /** Undefined: not present. Throws ProviderFailure `InvalidImageName` for what is no reference. */
  inspect(reference: string, signal: AbortSignal): Promise<ImageFacts | undefined>;
  /** One attempt with one set of credentials. Throws ProviderFailure `ErrImagePull`, `RegistryUnavailable` or `InvalidImageName`. */
  pull(request: PullRequest, signal: AbortSignal): Promise<ImageFacts>;
  /** Everything present, in any order. */
  list(signal: AbortSignal): Promise<readonly ImageFacts[]>;
  /** Absent: images of this back end are not collected. Succeeds for an image that is not there. */
  remove?(id: string, signal: AbortSignal): Promise<void>;
}

export interface PullRequest {
  readonly reference: string;
  readonly credentials?: PullCredentials;
  readonly onProgress?: (progress: { readonly text: string; readonly currentBytes?: number; readonly totalBytes?: number }) => void;
}

/** Never logged; `password` and `identityToken` are secrets. */
export interface PullCredentials {
  readonly server: string;
  readonly username?: string;
  readonly password?: string;
  readonly identityToken?: string;
}

export interface ImageFacts {
  readonly id: string;
  /** For `containerStatuses[].imageID`: `<repository>@sha256:…` where known, otherwise the id. */
  readonly imageID: string;
  /** `<repository>@sha256:…` */
  readonly digests: readonly string[];
  /** `<repository>:<tag>` */
  readonly tags: readonly string[];
  readonly sizeBytes?: number;
  /** The image's user as written: `1000`, `1000:1000`, `nobody`; empty for root. */
  readonly user?: string;
}

export interface VolumeService {
  /** Replaces all files of a volume at once: a reader sees the old ones or the new ones. Mounts with a subPath keep the old. */
  update(target: { readonly uid: string; readonly volume: string }, files: readonly VolumeFile[], signal: AbortSignal): Promise<void>;
}

export interface LogOptions {
  readonly follow: boolean;
  /** The run before the current one. */
  readonly previous: boolean;
  /** Milliseconds since the epoch; lines written before are left out. */
  readonly since?: number;
  /** Counted after `since`; 0 means none. */
  readonly tailLines?: number;
  /** Puts the time as RFC 3339 with nanoseconds and a blank before every line. */
  readonly timestamps: boolean;
  /** Default: both, as they were written. */
  readonly stream?: 'stdout' | 'stderr';
}

export interface ContainerLogs {
  /**
   * The log as bytes. With `follow` it ends when this run of the container has ended and all of its log was read; it
   * is destroyed when the signal aborts. A slow reader slows the back end down and never grows memory.
   */
  open(target: ContainerTarget, options: LogOptions, signal: AbortSignal): Promise<Readable>;
}

export interface TerminalSize {
  readonly width: number;
  readonly height: number;
}

export interface SessionStreams {
  /** Undefined: the process reads end-of-file at once. Its end is the process's end-of-file. */
  readonly stdin?: Readable;
  /** Written with back-pressure and ended by the provider. With a tty everything comes on stdout. */
  readonly stdout?: Writable;
  readonly stderr?: Writable;
  readonly tty: boolean;
  /** Terminal sizes as they change; only with a tty. */
  readonly resize?: AsyncIterable<TerminalSize>;
}

export interface ContainerExec {
  /**
   * Runs a command in a running container; resolves with its exit code after all output was written. Rejects when it
   * could not be started. Aborting kills the process where the back end can, and rejects.
   */
  exec(target: ContainerTarget, command: readonly string[], streams: SessionStreams, signal: AbortSignal): Promise<number>;
}

export interface ContainerAttach {
  /** Joins the main process's streams; resolves when it ends. Aborting detaches and leaves the process alone. */
  attach(target: ContainerTarget, streams: SessionStreams, signal: AbortSignal): Promise<void>;
}

interface PortTarget {
  readonly uid: string;
  readonly port: number;
  readonly via: 'loopback' | 'address';
  readonly container?: string;
}

export interface PodNetwork {
  /**
   * A TCP connection to a port of the pod: as from within (`loopback`), so that programs bound to 127.0.0.1 are
   * reached, or to the pod's address as from its node (`address`). Rejects when nothing listens. `container`: whose port
   * it is, for a back end where containers of one pod have addresses of their own.
   */
  connect(target: PortTarget, signal: AbortSignal): Promise<Duplex>;
}

/** Numbers that are not known are left out, never zero. Times are milliseconds since the epoch, when the value was taken. */
export interface PodStats {
  pods(signal: AbortSignal): Promise<readonly PodUsage[]>;
  /** Of the whole node; absent: unknown. */
  node?(signal: AbortSignal): Promise<NodeUsage>;
}

export interface CpuUsage {
  readonly time: number;
  readonly usageNanoCores?: number;
  readonly usageCoreNanoSeconds?: number;
}

export interface MemoryUsage {
  readonly time: number;
  readonly availableBytes?: number;
  readonly usageBytes?: number;
  readonly workingSetBytes?: number;
  readonly rssBytes?: number;
  readonly pageFaults?: number;
  readonly majorPageFaults?: number;
}

export interface NetworkUsage {
  readonly time: number;
  readonly interfaces: readonly {
    readonly name: string;
    readonly rxBytes?: number;
    readonly rxErrors?: number;
    readonly txBytes?: number;
    readonly txErrors?: number;
  }[];
}

export interface FsUsage {
  readonly time: number;
  readonly availableBytes?: number;
  readonly capacityBytes?: number;
  readonly usedBytes?: number;
  readonly inodesFree?: number;
  readonly inodes?: number;
  readonly inodesUsed?: number;
}

export interface ContainerUsage {
  readonly name: string;
  readonly startedAt?: number;
  readonly cpu?: CpuUsage;
  readonly memory?: MemoryUsage;
  readonly rootfs?: FsUsage;
  readonly logs?: FsUsage;
}

export interface PodUsage {
  readonly uid: string;
  /** Of the pod as a whole, where the back end measures it; otherwise the core adds the containers up. */
  readonly cpu?: CpuUsage;
  readonly memory?: MemoryUsage;
  readonly network?: NetworkUsage;
  readonly containers: readonly ContainerUsage[];
}

export interface NodeUsage {
  readonly cpu?: CpuUsage;
  readonly memory?: MemoryUsage;
  readonly network?: NetworkUsage;
  readonly fs?: FsUsage;
  readonly startedAt?: number;
}
