import type { Taint } from '../../platform/kubernetes-objects.ts';
import type { LogLevel } from '../../platform/log.ts';
import type { Isolation } from '../../providers/vic/support/isolation.ts';
import type { MockSettings } from '../../providers/mock/settings.ts';

/** Everything a kubelet is started with, decided. */
export type KubeletSettings = VicKubeletSettings | DockerKubeletSettings | MockKubeletSettings;

/** Settings of the node and of the kubelet itself, whatever runs the pods. */
export interface NodeSettings {
  readonly nodeName: string;
  /** Undefined: the rules of kubectl. */
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  /** Undefined: the address of the back end. */
  readonly nodeIps: readonly string[] | undefined;
  readonly clusterDomain: string;
  readonly taints: readonly Taint[];
  readonly labels: Readonly<Record<string, string>>;
  readonly capacity: Readonly<Record<string, string>>;
  readonly readyTimeoutMs: number;
  /** Undefined: the kubelet API is not served. */
  readonly server: ServerSettings | undefined;
  readonly logFile: string | undefined;
  readonly logLevel: LogLevel;
}

/** Pod VMs of a VCH. */
export interface VicKubeletSettings extends NodeSettings {
  readonly provider: 'vic';
  readonly portLayer: HostPort;
  readonly persona: PersonaSettings;
  /** Undefined: to be read from the machine's serial number. */
  readonly hostUuid: string | undefined;
  readonly scope: string;
  /** What shares a VM. */
  readonly isolation: Isolation;
}

/** Containers of an engine. */
export interface DockerKubeletSettings extends NodeSettings {
  readonly provider: 'docker';
  readonly engine: EngineSettings;
  /** Addresses of the cluster's DNS. */
  readonly clusterDns: readonly string[];
  /** Undefined: images are never removed. */
  readonly imageLimitBytes: number | undefined;
}

/** Pods that only say that they run, on as many nodes as there are names. */
export interface MockKubeletSettings extends NodeSettings {
  readonly provider: 'mock';
  /** The first of them is `nodeName`. */
  readonly nodeNames: readonly string[];
  /** Network that pods get their addresses from. */
  readonly podCidr: string;
  /** Settings of every pod that its annotations do not overrule. */
  readonly defaults: MockSettings;
}

/** A socket file of this machine, or a port; TLS settings are paths of PEM files. */
export type EngineSettings = { readonly socketPath: string } | PersonaSettings;

/** The kubelet API. Paths of PEM files. */
export interface ServerSettings {
  /** Undefined: every address of the machine. */
  readonly address: string | undefined;
  /** 0: any free one. */
  readonly port: number;
  /** Nobody has asked for that very port. */
  readonly orAnyPort: boolean;
  /** Undefined: a certificate that the cluster issues. */
  readonly certificate: { readonly certificate: string; readonly key: string } | undefined;
  /** Undefined: the CA that the cluster publishes. */
  readonly clientCa: string | undefined;
}

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

export interface PersonaSettings extends HostPort {
  /** Undefined: plain http. Paths of PEM files. */
  readonly tls: PersonaTls | undefined;
}

export interface PersonaTls {
  readonly ca: string | undefined;
  readonly certificate: string | undefined;
  readonly key: string | undefined;
  readonly serverName: string | undefined;
  readonly insecure: boolean;
}

/** Flags as typed: the names of the drop-in's command line, without dashes. */
export type KubeletFlags = Readonly<Partial<Record<KubeletFlag, string | boolean | readonly string[]>>>;

export const KUBELET_FLAGS = [
  'provider',
  'kubeconfig',
  'context',
  'nodename',
  'provider-config',
  'os',
  'taint',
  'disable-taint',
  'label',
  'namespace',
  'persona-addr',
  'persona-tls-ca',
  'persona-tls-cert',
  'persona-tls-key',
  'persona-tls-server-name',
  'persona-tls-insecure',
  'portlayer-addr',
  'engine',
  'engine-tls-ca',
  'engine-tls-cert',
  'engine-tls-key',
  'engine-tls-server-name',
  'engine-tls-insecure',
  'cluster-dns',
  'image-limit',
  'pod-cidr',
  'mock',
  'host-uuid',
  'node-ip',
  'scope',
  'isolation',
  'cluster-domain',
  'capacity',
  'ready-timeout',
  'address',
  'port',
  'tls-cert-file',
  'tls-private-key-file',
  'client-ca-file',
  'log-file',
  'log-level',
] as const;

export type KubeletFlag = (typeof KUBELET_FLAGS)[number];
