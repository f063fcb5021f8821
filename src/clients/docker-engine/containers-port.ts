/**
 * The Docker Engine API as far as running containers needs it, the same for Docker, Podman and a VCH's personality.
 * Failures are VickErrors ENGINE; `containerFailure` tells of which kind. "No such thing" is `undefined` or `false`.
 */
import type { Duplex, Readable } from 'node:stream';
import type { EngineTls, PullProgress } from './port.ts';

export interface ContainerEngine {
  /** `unix:///run/docker.sock`, `tcp://host:port`: for messages. */
  readonly address: string;
  /** Reached through a socket file of this machine. */
  readonly local: boolean;
  /** Closes pooled connections. */
  close(): void;

  ping(signal: AbortSignal): Promise<void>;
  version(signal: AbortSignal): Promise<WireVersion>;
  info(signal: AbortSignal): Promise<WireInfo>;
  /** Ends when the engine ends it; throws when it breaks. `opened` is called once the engine has answered. */
  events(filters: Filters, signal: AbortSignal, opened?: () => void): AsyncIterable<WireEvent>;

  /** Also those that do not run. */
  listContainers(filters: Filters, signal: AbortSignal): Promise<readonly WireListed[]>;
  inspectContainer(id: string, signal: AbortSignal): Promise<WireContainer | undefined>;
  createContainer(name: string, spec: ContainerSpec, signal: AbortSignal): Promise<string>;
  /** Starting what runs succeeds. */
  startContainer(id: string, signal: AbortSignal): Promise<void>;
  /** `SIGTERM` or `15`; false when there is no such container or it does not run. */
  killContainer(id: string, name: string, signal: AbortSignal): Promise<boolean>;
  /** True when it does not run (any more) or is not there; false when it still runs after `timeoutMs`. */
  waitContainer(id: string, timeoutMs: number, signal: AbortSignal): Promise<boolean>;
  /** By force; false when there is no such container. */
  removeContainer(id: string, signal: AbortSignal): Promise<boolean>;
  stats(id: string, signal: AbortSignal): Promise<WireStats | undefined>;
  /** In frames unless the container has a tty (see demultiplex.ts). */
  logs(id: string, options: WireLogOptions, signal: AbortSignal): Promise<Readable>;
  /** Joins the main process; in frames unless it has a tty. */
  attach(id: string, streams: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean }, signal: AbortSignal): Promise<Duplex>;
  resizeContainer(id: string, size: { readonly width: number; readonly height: number }, signal: AbortSignal): Promise<void>;

  createExec(id: string, spec: ExecSpec, signal: AbortSignal): Promise<string>;
  /** In frames unless `tty`. */
  startExec(exec: string, options: { readonly tty: boolean }, signal: AbortSignal): Promise<Duplex>;
  inspectExec(exec: string, signal: AbortSignal): Promise<WireExec>;
  resizeExec(exec: string, size: { readonly width: number; readonly height: number }, signal: AbortSignal): Promise<void>;

  /** Unpacks a tar archive into a folder of the container. */
  putArchive(id: string, path: string, tar: Buffer, signal: AbortSignal): Promise<void>;
  /** A file or folder as a tar archive, its first `limitBytes`; undefined when it is not there. */
  getArchive(id: string, path: string, limitBytes: number, signal: AbortSignal): Promise<Buffer | undefined>;

  listVolumes(filters: Filters, signal: AbortSignal): Promise<readonly WireVolume[]>;
  createVolume(spec: VolumeSpec, signal: AbortSignal): Promise<WireVolume>;
  removeVolume(name: string, signal: AbortSignal): Promise<boolean>;

  listImages(signal: AbortSignal): Promise<readonly WireImage[]>;
  inspectImage(reference: string, signal: AbortSignal): Promise<WireImage | undefined>;
  /** No limit on the whole; silence beyond five minutes is a failure. */
  pullImage(request: ImagePull, signal: AbortSignal): Promise<void>;
  /** Makes an image of a root file system. */
  importImage(
    tar: Buffer,
    target: { readonly repository: string; readonly tag: string; readonly changes: readonly string[] },
    signal: AbortSignal,
  ): Promise<void>;
  removeImage(reference: string, signal: AbortSignal): Promise<boolean>;
}

/** Exactly one of a socket file, or host and port. */
export type EngineEndpoint = { readonly socketPath: string } | { readonly host: string; readonly port: number; readonly tls: EngineTls | undefined };

/** `{ label: ['a=b'], type: ['container'] }` */
export type Filters = Readonly<Record<string, readonly string[]>>;

interface ImagePull {
  /** With tag or digest. */
  readonly repository: string;
  readonly tag: string;
  /** Secret: never logged. */
  readonly auth?: { readonly serveraddress: string; readonly username?: string; readonly password?: string; readonly identitytoken?: string };
  readonly onProgress?: (progress: PullProgress) => void;
}

interface WireLogOptions {
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly follow: boolean;
  readonly timestamps: boolean;
  /** `all`, or a number of lines. */
  readonly tail: string;
  /** Seconds since the epoch, with a fraction. */
  readonly since?: string;
}

export interface WireVersion {
  readonly Version?: string;
  readonly ApiVersion?: string;
  readonly Os?: string;
  readonly Arch?: string;
  readonly KernelVersion?: string;
  readonly Components?: readonly { readonly Name?: string; readonly Version?: string }[];
}

export interface WireInfo {
  readonly ID?: string;
  readonly Name?: string;
  readonly Driver?: string;
  readonly DockerRootDir?: string;
  readonly ServerVersion?: string;
  readonly OperatingSystem?: string;
  readonly OSType?: string;
  readonly Architecture?: string;
  readonly KernelVersion?: string;
  readonly NCPU?: number;
  readonly MemTotal?: number;
  readonly CgroupVersion?: string;
  readonly Rootless?: boolean;
  readonly SecurityOptions?: readonly string[];
  readonly LoggingDriver?: string;
}

export interface WireEvent {
  readonly Type?: string;
  readonly Action?: string;
  readonly Actor?: { readonly ID?: string; readonly Attributes?: Readonly<Record<string, string>> };
}

export interface WireListed {
  readonly Id: string;
  readonly Names?: readonly string[];
  readonly Image?: string;
  readonly State?: string;
  readonly Status?: string;
  readonly Created?: number;
  readonly Labels?: Readonly<Record<string, string>> | null;
}

export interface WireContainer {
  readonly Id: string;
  readonly Name?: string;
  readonly Created?: string;
  readonly Image?: string;
  readonly State?: {
    readonly Status?: string;
    readonly Running?: boolean;
    readonly OOMKilled?: boolean;
    readonly Dead?: boolean;
    readonly Pid?: number;
    readonly ExitCode?: number;
    readonly Error?: string;
    readonly StartedAt?: string;
    readonly FinishedAt?: string;
  };
  readonly Config?: {
    readonly Labels?: Readonly<Record<string, string>> | null;
    readonly Tty?: boolean;
    readonly OpenStdin?: boolean;
    readonly StopSignal?: string;
    readonly Image?: string;
  };
  readonly HostConfig?: { readonly NetworkMode?: string };
  readonly NetworkSettings?: {
    readonly IPAddress?: string;
    readonly GlobalIPv6Address?: string;
    readonly Networks?: Readonly<Record<string, { readonly IPAddress?: string; readonly GlobalIPv6Address?: string }>> | null;
  };
}

export interface WireExec {
  readonly Running?: boolean;
  readonly ExitCode?: number | null;
  readonly Pid?: number;
}

export interface WireVolume {
  readonly Name: string;
  /** On the engine's machine. */
  readonly Mountpoint: string;
  readonly Labels?: Readonly<Record<string, string>> | null;
}

export interface WireImage {
  readonly Id: string;
  readonly RepoTags?: readonly string[] | null;
  readonly RepoDigests?: readonly string[] | null;
  readonly Size?: number;
  readonly Labels?: Readonly<Record<string, string>> | null;
  readonly Config?: { readonly User?: string } | null;
}

export interface WireStats {
  readonly read?: string;
  readonly cpu_stats?: { readonly cpu_usage?: { readonly total_usage?: number }; readonly system_cpu_usage?: number };
  readonly precpu_stats?: { readonly cpu_usage?: { readonly total_usage?: number } };
  readonly preread?: string;
  readonly memory_stats?: { readonly usage?: number; readonly limit?: number; readonly stats?: Readonly<Record<string, number>> };
  readonly networks?: Readonly<
    Record<string, { readonly rx_bytes?: number; readonly rx_errors?: number; readonly tx_bytes?: number; readonly tx_errors?: number }>
  >;
}

interface ExecSpec {
  readonly Cmd: readonly string[];
  readonly AttachStdin: boolean;
  readonly AttachStdout: boolean;
  readonly AttachStderr: boolean;
  readonly Tty: boolean;
  readonly User?: string;
  readonly Env?: readonly string[];
}

export interface VolumeSpec {
  readonly Name: string;
  readonly Driver: string;
  readonly DriverOpts: Readonly<Record<string, string>>;
  readonly Labels: Readonly<Record<string, string>>;
}

/** Body of `POST /containers/create` (moby api/swagger.yaml), what is used of it. */
export interface ContainerSpec {
  readonly Image: string;
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly WorkingDir?: string;
  readonly User?: string;
  readonly Hostname?: string;
  readonly Domainname?: string;
  readonly Tty?: boolean;
  readonly OpenStdin?: boolean;
  readonly StdinOnce?: boolean;
  readonly AttachStdin?: boolean;
  readonly StopSignal?: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly ExposedPorts?: Readonly<Record<string, Readonly<Record<string, never>>>>;
  readonly HostConfig: HostConfig;
}

export interface HostConfig {
  readonly NetworkMode?: string;
  readonly IpcMode?: string;
  readonly PidMode?: string;
  readonly UTSMode?: string;
  readonly Mounts?: readonly MountSpec[];
  readonly Binds?: readonly string[];
  readonly PortBindings?: Readonly<Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[]>>;
  readonly Dns?: readonly string[];
  readonly DnsSearch?: readonly string[];
  readonly DnsOptions?: readonly string[];
  readonly CpuShares?: number;
  readonly CpuPeriod?: number;
  readonly CpuQuota?: number;
  readonly Memory?: number;
  readonly MemorySwap?: number;
  readonly OomScoreAdj?: number;
  readonly Privileged?: boolean;
  readonly CapAdd?: readonly string[];
  readonly CapDrop?: readonly string[];
  readonly ReadonlyRootfs?: boolean;
  readonly GroupAdd?: readonly string[];
  readonly SecurityOpt?: readonly string[];
  readonly LogConfig?: { readonly Type: string; readonly Config: Readonly<Record<string, string>> };
  readonly RestartPolicy?: { readonly Name: string };
}

export interface MountSpec {
  readonly Type: 'bind' | 'volume';
  readonly Source: string;
  readonly Target: string;
  readonly ReadOnly: boolean;
  readonly VolumeOptions?: { readonly NoCopy: boolean };
}
