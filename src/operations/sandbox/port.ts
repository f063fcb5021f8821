/** What a running sandbox says of itself, in `site.json` of its folder. */
export interface SandboxFacts {
  readonly apiVersion: 'vick.dev/v1alpha1';
  readonly kind: 'Sandbox';
  /** The process that is the sandbox. */
  readonly pid: number;
  readonly startedAt: string;
  /** What runs the pod VMs' containers. */
  readonly engine?: SandboxEngineFacts;
  readonly controlPlane: { readonly kind: 'embedded' | 'real'; readonly server: string; readonly version: string };
  /** Administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** The vic-machine stand-in. */
  readonly vicMachine: string;
  readonly vsphere: { readonly target: string; readonly user: string; readonly password: string; readonly thumbprint: string };
}

export interface SandboxEngineFacts {
  readonly kind: 'process' | 'docker';
  /** Of the engine: `unix:///var/run/docker.sock`. */
  readonly address?: string;
  /** What the engine says of itself. */
  readonly version?: string;
}

/** A container engine: where it is, and the files to be trusted by it. */
export interface SandboxEngine {
  /** `unix:///run/docker.sock`, `tcp://host:port` */
  readonly address: string;
  readonly endpoint:
    | { readonly socketPath: string }
    | {
        readonly host: string;
        readonly port: number;
        readonly tls: { readonly ca?: string; readonly certificate?: string; readonly key?: string } | undefined;
      };
}

/** The sandbox itself, which main alone may import. */
export interface SandboxAccess {
  /** Runs a site in this process until the signal aborts, then ends everything it started. */
  serve(request: ServeRequest, signal: AbortSignal): Promise<void>;
  /** The version of an engine that answers; ENGINE when it does not. */
  askEngine?(engine: SandboxEngine, signal: AbortSignal): Promise<string>;
  /** Removes every container that the sandbox of this folder has left in the engine; ENGINE when that cannot be done. */
  clearEngine?(engine: SandboxEngine, directory: string, signal: AbortSignal): Promise<void>;
}

export interface ServeRequest {
  /** Its own folder, which exists. */
  readonly directory: string;
  /** Where it writes down the processes it starts. */
  readonly processesFile: string;
  /** Folder in which it writes, as `<vch>.json`, how to reach each VCH that it has booted. */
  readonly vchDirectory: string;
  /** Folder with a real etcd and kube-apiserver; undefined: the embedded control plane. */
  readonly assets: string | undefined;
  /** Program that endpoint VMs run as /sbin/virtual-kubelet; undefined: the one beside this program. */
  readonly virtualKubelet?: string;
  /** Container engine that runs the pod VMs; undefined: they are processes of this computer. */
  readonly engine?: SandboxEngine;
  /** Called once, when everything answers. */
  readonly ready: (facts: SandboxFacts) => Promise<void>;
}

export interface VchAddress {
  readonly portLayer: { readonly host: string; readonly port: number };
  readonly docker: { readonly host: string; readonly port: number };
  /** BIOS UUID of the endpoint VM. */
  readonly hostUuid?: string;
}
