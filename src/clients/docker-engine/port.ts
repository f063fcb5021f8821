/**
 * The Docker Engine API of a VCH (its *personality*), as far as a kubelet needs it: the port layer cannot pull images.
 * Failures are VickErrors PERSONALITY; `engineFailure` tells of which kind.
 */
export interface DockerEngine {
  /** `https://host:port`, for messages. */
  readonly address: string;
  /** Throws when the engine does not answer. */
  ping(signal: AbortSignal): Promise<void>;
  info(signal: AbortSignal): Promise<EngineInfo>;
  version(signal: AbortSignal): Promise<EngineVersion>;
  /**
   * Pulls one image and resolves when it is complete. There is no limit on the whole, which may take very long; silence
   * beyond `idleTimeoutMs` is a failure.
   */
  pull(request: PullRequest, signal: AbortSignal): Promise<PullResult>;
  /** Undefined: no such image. */
  inspectImage(reference: string, signal: AbortSignal): Promise<EngineImage | undefined>;
  /** Closes pooled connections. */
  close(): void;
}

export interface EngineInfo {
  readonly name: string;
  /** Product version as reported, may be empty: `v1.4.3-21053-abcdef`. */
  readonly serverVersion: string;
  readonly driver: string;
  readonly operatingSystem: string;
  readonly architecture: string;
  /** CPU limit of the VCH in MHz (not a number of cores). */
  readonly ncpu: number;
  readonly memoryBytes: number;
  readonly containers: number;
  readonly images: number;
  readonly networks: readonly string[];
  /** The engine's clock, RFC 3339; empty when it did not say. */
  readonly systemTime: string;
  /** Labels and values of `SystemStatus`, trimmed. */
  readonly systemStatus: Readonly<Record<string, string>>;
}

export interface EngineVersion {
  readonly version: string;
  readonly apiVersion: string;
  readonly os: string;
  readonly arch: string;
  readonly kernelVersion: string;
}

interface PullRequest {
  /** Repository with host, without tag: `registry.example:5000/team/app`. */
  readonly repository: string;
  /** Tag or digest. Always explicit: an untagged pull is filed under a name that nobody asks for. */
  readonly tag: string;
  readonly credentials?: RegistryCredentials;
  readonly onProgress?: (progress: PullProgress) => void;
}

/** Secret: never logged, never part of an error. */
export interface RegistryCredentials {
  readonly username: string;
  readonly password: string;
  readonly serverAddress: string;
}

export interface PullProgress {
  /** Layer, where the line is about one. */
  readonly id: string;
  readonly status: string;
  readonly current?: number;
  readonly total?: number;
}

export interface PullResult {
  /** The closing line: `Downloaded newer image for library/alpine:3.8`. */
  readonly status: string;
  /** `sha256:…` of the manifest, where the engine said it. */
  readonly digest: string | undefined;
}

export interface EngineImage {
  /** With `sha256:`. */
  readonly id: string;
  readonly repoTags: readonly string[];
  readonly repoDigests: readonly string[];
  readonly sizeBytes: number;
  readonly config: {
    readonly command: readonly string[];
    readonly entrypoint: readonly string[];
    readonly env: readonly string[];
    readonly user: string;
    readonly workingDir: string;
    readonly stopSignal: string;
  };
}

/** How the engine is reached. Plain http is spoken only where `tls` is undefined. */
export interface EngineAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: EngineTls | undefined;
}

/** PEM texts. */
export interface EngineTls {
  readonly ca?: string;
  readonly certificate?: string;
  readonly key?: string;
  /** The name to expect in the server's certificate, where it is not the host. */
  readonly serverName?: string;
  /** Accept any certificate. Only when the operator asked for it by name. */
  readonly insecure?: boolean;
}
