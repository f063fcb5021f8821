/**
 * The port layer of a VCH: the API that makes and runs container VMs (vmware/vic lib/apiservers/portlayer/swagger.json).
 *
 * Nothing is changed directly. A client takes a *handle*, stacks changes on it and commits it once; a handle is stale
 * as soon as anything else changes the VM, and its commit is then a conflict. Every changing call returns the handle to
 * use next. Failures are VickErrors PORT_LAYER; `portLayerFailure` tells of which kind.
 */
import type { Readable } from 'node:stream';
import type { ArchiveMember } from '../../platform/tar.ts';

export type Handle = string;

export interface PortLayer {
  /** `host:port`, for messages. */
  readonly address: string;
  /** GET /_ping; throws when the port layer does not answer. Says nothing about vSphere. */
  ping(signal: AbortSignal): Promise<void>;
  vchInfo(signal: AbortSignal): Promise<VchInfo>;
  /** Reads /swagger.json once. The API has no version number. */
  features(signal: AbortSignal): Promise<PortLayerFeatures>;

  /** A handle for a container that does not exist before it is committed; the id is final. */
  createHandle(config: ContainerCreateConfig, signal: AbortSignal): Promise<{ readonly handle: Handle; readonly id: string }>;
  /** A handle for an existing container; undefined on 404, which also covers a failed refresh: confirm with `containerInfo`. */
  handleOf(id: string, signal: AbortSignal): Promise<Handle | undefined>;
  /** Adds an image's disk; only on a handle from `createHandle`. */
  joinImage(join: ImageJoin, signal: AbortSignal): Promise<Handle>;
  joinTask(task: TaskConfig, signal: AbortSignal): Promise<{ readonly handle: Handle; readonly id: string }>;
  bindTask(handle: Handle, id: string, signal: AbortSignal): Promise<Handle>;
  /** Deactivates a task: the commit kills its process where one runs. */
  unbindTask(handle: Handle, id: string, signal: AbortSignal): Promise<Handle>;
  /** Takes a task out of the configuration. Persistent ones only while the VM is off. */
  removeTask(handle: Handle, id: string, signal: AbortSignal): Promise<Handle>;
  joinInteraction(handle: Handle, signal: AbortSignal): Promise<Handle>;
  /**
   * Connects the streams of a task. One that is launched by the same commit or later is held until a stream of it is
   * opened. Drops the connection on a handle never committed.
   */
  bindInteraction(handle: Handle, taskId: string, signal: AbortSignal): Promise<Handle>;
  joinLogging(handle: Handle, signal: AbortSignal): Promise<Handle>;
  addToScope(handle: Handle, network: NetworkConfig, signal: AbortSignal): Promise<Handle>;
  /** Reserves the addresses; must be on the handle that starts the VM. Idempotent. */
  bindScopes(handle: Handle, signal: AbortSignal): Promise<{ readonly handle: Handle; readonly endpoints: readonly Endpoint[] }>;
  unbindScopes(handle: Handle, signal: AbortSignal): Promise<Handle>;
  setState(handle: Handle, state: 'RUNNING' | 'STOPPED', signal: AbortSignal): Promise<Handle>;
  /** The state as the handle's snapshot has it. Undefined: unknown handle. Drops the connection on a handle never committed. */
  handleState(handle: Handle, signal: AbortSignal): Promise<string | undefined>;
  /**
   * Applies the handle and uses it up. Starting waits for the launch of the primary process (up to 3 minutes on the
   * server), stopping for up to twice `waitSeconds`. A failed commit leaves the handle alive, and as stale as it was.
   */
  commit(handle: Handle, options: CommitOptions, signal: AbortSignal): Promise<void>;

  /** Undefined: no such container. */
  containerInfo(id: string, signal: AbortSignal): Promise<ContainerInfo | undefined>;
  /** Every container of the VCH, docker users' included; newest first. */
  listContainers(signal: AbortSignal): Promise<readonly ContainerInfo[]>;
  /** Sends a signal to the primary process. False: no such container. */
  signalContainer(id: string, signalNumber: number, signal: AbortSignal): Promise<boolean>;
  /** Waits for power-off. `running` when the time is up first. What ended must be read by `containerInfo` afterwards. */
  waitContainer(id: string, timeoutSeconds: number, signal: AbortSignal): Promise<'stopped' | 'running' | 'absent'>;
  /** Removes a container that is powered off. False: it was absent. A running one is a conflict. */
  removeContainer(id: string, signal: AbortSignal): Promise<boolean>;

  /** The merged output of the container; undefined: no such container. The caller must read or destroy the stream. */
  logs(id: string, options: LogOptions, signal: AbortSignal): Promise<Readable | undefined>;
  /**
   * What a task writes, from now on, until it ends. The server waits until `until` (milliseconds since the epoch) for
   * the task's connection, by default 50 s; undefined: there was none.
   */
  output(taskId: string, stream: 'stdout' | 'stderr', until: number | undefined, signal: AbortSignal): Promise<Readable | undefined>;
  /** Sends input to a task until the stream ends, which does not end the task's input. False: the task has no connection. */
  input(taskId: string, stream: Readable, signal: AbortSignal): Promise<boolean>;
  /** End of file on the task's standard input. False: it has no connection (any more); that takes 50 s to tell. */
  closeInput(taskId: string, signal: AbortSignal): Promise<boolean>;
  resizeTerminal(taskId: string, size: { readonly width: number; readonly height: number }, signal: AbortSignal): Promise<void>;
  /** Samples of a container, 20 s apart and in pairs, endless; undefined: no such container. */
  stats(id: string, signal: AbortSignal): Promise<AsyncIterable<StatsSample> | undefined>;
  /**
   * Events from now on, hints rather than a history. Ends when the server or the signal ends it. `onOpen` is called once the
   * stream is connected: everything that happens afterwards is reported.
   */
  events(signal: AbortSignal, onOpen?: () => void): AsyncIterable<PortLayerEvent>;

  /** Undefined: no such task. Drops the connection for a persistent task. */
  inspectTask(handle: Handle, id: string, signal: AbortSignal): Promise<TaskInfo | undefined>;
  /** Waits for some change of the task, three minutes at most; inspect again with a new handle. */
  waitTask(handle: Handle, id: string, signal: AbortSignal): Promise<void>;

  /**
   * Unpacks a tar archive onto the disk of a container VM that is off, as root and below the disk's root (vmware/vic
   * lib/archive/unpack_unix.go): folders with all their parents, regular files over what is there, symbolic links where there
   * is nothing. Owners are left out, modes are subject to the server's umask, and a file that exists keeps its own. The server
   * attaches the disk to itself, which takes seconds; it may have unpacked a part before it fails, which it tells with a 500
   * without a body.
   */
  importArchive(archive: ArchiveImport, signal: AbortSignal): Promise<void>;
  /**
   * What the disk of a container VM that is off has at a path and, of a folder, below it, in the order of the paths; empty:
   * nothing. No link on the way to it is followed. The server attaches the disk to itself and looks at all that is on it
   * (vmware/vic lib/archive/diff.go), which takes seconds; it tells by a 500 without a body that the VM is on, or that there is
   * no such disk. It may give the disk back a moment after the answer: who starts the VM then gets a conflict. An archive that
   * ends before its end, or has more than `limitBytes`, is a failure of kind `malformed`.
   */
  exportArchive(archive: ArchiveExport, signal: AbortSignal): Promise<readonly ArchiveMember[]>;

  /** Keys must match [A-Za-z0-9._-]+: the server does not decode them. Undefined: no such key. */
  getValue(key: string, signal: AbortSignal): Promise<string | undefined>;
  putValue(key: string, value: string, signal: AbortSignal): Promise<void>;
  /** False: there was no such key. */
  deleteValue(key: string, signal: AbortSignal): Promise<boolean>;

  listScopes(signal: AbortSignal): Promise<readonly Scope[]>;
  /** By name, id, id prefix or `default`; undefined when there is none. */
  findScope(idOrName: string, signal: AbortSignal): Promise<Scope | undefined>;
  /** Endpoints while addresses are bound; undefined otherwise. */
  boundEndpoints(handleOrId: string, signal: AbortSignal): Promise<readonly Endpoint[] | undefined>;

  /** Closes pooled connections. */
  close(): void;
}

/** Zero where the server left the value out. */
export interface VchInfo {
  /** Limit of the resource pool in MHz. */
  readonly cpuMhz: number;
  /** Limit of the resource pool in MiB. */
  readonly memoryMiB: number;
  readonly cpuUsageMhz: number;
  readonly memoryUsageBytes: number;
  readonly hostProductName: string;
  readonly hostOs: string;
  readonly hostOsVersion: string;
}

export interface PortLayerFeatures {
  /** Several images in one VM: image join and a task's `namespace`. */
  readonly podVms: boolean;
  /** A stand-in without a network of its own says where the ports of its container VMs are; a real VCH does not. */
  readonly podsAt?: string;
}

interface ContainerCreateConfig {
  readonly name: string;
  readonly numCpus: number;
  readonly memoryMiB: number;
  readonly hostname: string;
  readonly domainname?: string;
  /** Kept with the VM and returned verbatim; keys without `|`. Cannot be changed later. */
  readonly annotations: Readonly<Record<string, string>>;
}

export interface ImageJoin {
  readonly handle: Handle;
  /** The VCH's BIOS UUID, lower case with dashes. */
  readonly store: string;
  readonly layerId: string;
  /** File name of the read-write disk: unique inside the VM, and in the whole VCH where files are to be imported. */
  readonly deltaId: string;
  readonly imageId: string;
  readonly repoName: string;
}

export interface ArchiveImport {
  /** `deltaId` of the disk. The server takes the first disk of any VM whose file name ends so. */
  readonly deviceId: string;
  /** Tar; paths relative to the disk's root. */
  readonly archive: Uint8Array;
}

export interface ArchiveExport {
  /** As of `ArchiveImport`. */
  readonly deviceId: string;
  /** From the disk's root, without a slash in front. */
  readonly path: string;
  readonly limitBytes: number;
}

export interface TaskConfig {
  readonly handle: Handle;
  /** Exactly one persistent task must have the container's id. */
  readonly id: string;
  /** Layer id of the joined image whose file system the process gets. */
  readonly namespace: string;
  readonly path: string;
  /** Without argv[0]. The VCH cuts values at `|`: callers must refuse them. */
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly workingDir: string;
  readonly user: string;
  readonly attach: boolean;
  readonly openStdin: boolean;
  readonly tty: boolean;
  readonly stopSignal: string;
}

export interface NetworkConfig {
  readonly networkName: string;
  readonly address?: string;
  readonly aliases?: readonly string[];
  readonly ports?: readonly string[];
}

export interface CommitOptions {
  /** Seconds after TERM and again after KILL when the handle stops the VM; 1 at least. */
  readonly waitSeconds?: number;
  /** Client-side limit in milliseconds; default 5 minutes, more than the server ever takes to start a VM. */
  readonly timeoutMs?: number;
}

/** Power state of a container VM; see vmware/vic lib/portlayer/exec. The empty text is a suspended VM. */
export type ContainerState = 'Created' | 'Starting' | 'Running' | 'Stopping' | 'Stopped' | 'Suspended' | 'Removing' | 'Removed' | 'Unknown' | 'error' | '';

export interface ContainerInfo {
  readonly id: string;
  readonly name: string;
  readonly state: ContainerState;
  /** Milliseconds since the epoch; 0 when the server did not say. */
  readonly createdAt: number;
  readonly annotations: Readonly<Record<string, string>>;
  /** Of the image that was joined last. */
  readonly layerId: string;
  readonly imageId: string;
  readonly repoName: string;
  readonly tty: boolean;
  readonly openStdin: boolean;
  /** The primary process: the task with the container's id. */
  readonly process: ProcessInfo;
  readonly endpoints: readonly Endpoint[];
}

interface ProcessInfo {
  readonly path: string;
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly workingDir: string;
  readonly user: string;
  /** '' not launched, 'true' launched, anything else why it could not be launched. */
  readonly status: string;
  /** -1 when it was stopped by force. */
  readonly exitCode: number;
  /** Milliseconds since the epoch in whole seconds; 0 for never. */
  readonly startedAt: number;
  readonly stoppedAt: number;
  readonly errorMessage: string;
}

export interface Endpoint {
  readonly scope: string;
  /** With or without prefix length; '' while unknown. */
  readonly address: string;
  readonly gateway: string;
  readonly ports: readonly string[];
}

export interface Scope {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly subnet: string;
  readonly gateway: string;
  readonly endpoints: readonly Endpoint[];
}

export interface LogOptions {
  readonly follow?: boolean;
  /** Unix seconds; entries of that second and before are left out. Default 0: everything. */
  readonly since?: number;
  readonly tailLines?: number;
  readonly timestamps?: boolean;
}

/** Of one interval; nothing here is cumulative. */
export interface StatsSample {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly intervalSeconds: number;
  /** Sum over the virtual CPUs. */
  readonly cpuMhz: number;
  readonly activeMemoryBytes: number;
  readonly networks: readonly {
    readonly name: string;
    readonly rxBytes: number;
    readonly rxErrors: number;
    readonly txBytes: number;
    readonly txErrors: number;
  }[];
}

export interface PortLayerEvent {
  /** Created, Started, Stopped, Failed, PoweredOn, PoweredOff, Removed, Reconfigured … */
  readonly event: string;
  /** Id of the container. */
  readonly ref: string;
}

export interface TaskInfo {
  readonly id: string;
  readonly state: string;
  readonly exitCode: number;
  readonly errorMessage: string;
}
