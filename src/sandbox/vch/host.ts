/** The seam between the vSphere stand-in (which owns VMs and settings) and the VCH stand-in (which runs endpoint VMs). */

/** What vic-machine wrote into the endpoint VM's settings; all that a booting endpoint VM knows. */
export interface EndpointVmSettings {
  /** Managed object id: `vm-29`. */
  readonly id: string;
  readonly name: string;
  /** BIOS UUID, lower case with dashes: the name of the image store. */
  readonly biosUuid: string;
  readonly version: string;
  readonly debug: number;
  readonly tls: EndpointTls;
  readonly cpuMhz: number;
  readonly memoryMiB: number;
  readonly volumeStores: readonly string[];
  readonly insecureRegistries: readonly string[];
  /** Present when both Kubernetes flags were given. Content is the kubeconfig's text, exactly as read. */
  readonly kubelet?: { readonly serverAddress: string; readonly configFile: string; readonly configContent: string };
  /** Whether the appliance ISO carries kubelet-starter and virtual-kubelet. */
  readonly hasKubelet: boolean;
  readonly proxies: { readonly http?: string; readonly https?: string };
}

export type EndpointTls =
  | { readonly mode: 'none' }
  /** PEM texts. `clientCa` present: client certificates are required and verified against it. */
  | { readonly mode: 'tls'; readonly certificate: string; readonly key: string; readonly clientCa?: string };

/** A machine room that boots endpoint VMs. */
export interface VchHost {
  /** Boots; resolves when every component was launched or has failed to. The VM's files live in `directory`. */
  powerOn(settings: EndpointVmSettings, directory: string, signal: AbortSignal): Promise<RunningEndpointVm>;
}

export interface RunningEndpointVm {
  /** Address of the client network. */
  readonly clientIp: string;
  /** Port of the Docker API: 2376 or 2375, or an ephemeral one where only 127.0.0.1 exists. */
  readonly dockerPort: number;
  readonly portLayerPort: number;
  readonly adminPort: number;
  /** kubelet-starter, port-layer, docker-personality, vicadmin: launched, or why not. */
  readonly components: readonly { readonly name: string; readonly started: boolean; readonly error?: string }[];
  /** Container VMs in this VCH. */
  containers(): readonly { readonly id: string; readonly name: string; readonly poweredOn: boolean }[];
  /** Stops services and, with `removeContainers`, every container VM and its processes. Idempotent. */
  powerOff(options: { readonly removeContainers: boolean }): Promise<void>;
}
