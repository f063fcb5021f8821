import type { ContainerEngine, EngineEndpoint } from '../../clients/docker-engine/containers-port.ts';
import type { DockerEngine, EngineAddress } from '../../clients/docker-engine/port.ts';
import type { Kubeconfig } from '../../clients/kubernetes/kubeconfig.ts';
import type { KubernetesApi } from '../../clients/kubernetes/port.ts';
import type { PortLayer } from '../../clients/port-layer/port.ts';
import type { Cluster } from '../../kubelet/cluster.ts';
import type { KubeletTrust } from '../../kubelet/trust.ts';
import type { Clock } from '../../platform/clock.ts';
import type { FileSystem } from '../../platform/fs.ts';
import type { Log } from '../../platform/log.ts';
import type { Random } from '../../platform/random.ts';
import type { Output } from '../../platform/streams.ts';

/** What running a kubelet takes from the program around it; `cli/deps.ts`'s Host has all of it. */
export interface KubeletTools {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly random: Random;
  readonly fs: FileSystem;
  readonly streams: { readonly stderr: Pick<Output, 'write'> };
  readonly kubernetes: {
    readKubeconfig(choice: { readonly path?: string | undefined; readonly context?: string | undefined }): Promise<Kubeconfig>;
    connect(kubeconfig: Kubeconfig): Promise<KubernetesApi>;
  };
  readonly kubelet: KubeletAccess;
  readonly self: { readonly version: string };
}

/** Adapters that only a kubelet needs; their code is loaded at the first call. */
export interface KubeletAccess {
  cluster(api: KubernetesApi, log: Log): Promise<Cluster>;
  trust(api: KubernetesApi): Promise<KubeletTrust>;
  portLayer(address: { readonly host: string; readonly port: number }): Promise<PortLayer>;
  dockerEngine(address: EngineAddress): Promise<DockerEngine>;
  containerEngine(endpoint: EngineEndpoint): Promise<ContainerEngine>;
  /** All addresses of a host name; an address stands for itself. */
  resolveHost(host: string): Promise<readonly string[]>;
  /** Makes this process take little memory, at the cost of some processor time; absent: it is left as it is. */
  keepHeapSmall?(): Promise<void>;
}
