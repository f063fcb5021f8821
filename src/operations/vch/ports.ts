/** What the VCH operations ask for; structurally parts of the CLI's Deps. */
import type { Kubeconfig } from '../../clients/kubernetes/kubeconfig.ts';
import type { EntryFinding } from '../../clients/kubernetes/kubeconfig-entries.ts';
import type { ProbeTarget, ServerProbe } from '../../clients/kubernetes/probe.ts';
import type { KubernetesApi } from '../../clients/kubernetes/port.ts';
import type { Clock } from '../../platform/clock.ts';
import type { FileSystem } from '../../platform/fs.ts';
import type { Random } from '../../platform/random.ts';
import type { ProcessTable, Runner } from '../../platform/runner.ts';
import type { Reporter } from '../../platform/talk.ts';

export interface ClusterChoice {
  readonly path?: string | undefined;
  readonly context?: string | undefined;
}

interface ClusterAccess {
  readKubeconfig(choice: ClusterChoice): Promise<Kubeconfig>;
  connect(kubeconfig: Kubeconfig): Promise<KubernetesApi>;
  /** Absent: what is not the chosen context is not looked at. */
  examine?(choice: ClusterChoice): Promise<readonly EntryFinding[]>;
  /** Absent: the server is judged by its answers alone. */
  probe?(target: ProbeTarget, signal: AbortSignal): Promise<ServerProbe>;
}

/**
 * Gives the kubelet of a VCH an identity of its own. `create` calls it as its step `identity`, before vic-machine runs,
 * and `delete` and the clean-up of a failed create take it back.
 */
export interface IdentityKeeper {
  /**
   * A self-contained kubeconfig for the kubelet of `nodeName`. Asked again for the same node it may give the same or a
   * new one; what an earlier call left in the cluster must not make it fail.
   */
  mint(request: IdentityRequest, signal: AbortSignal): Promise<MintedIdentity>;
  /** Takes back what `mint` left in the cluster and on this machine; `absent` when there was nothing. */
  revoke(request: IdentityRequest, signal?: AbortSignal): Promise<'revoked' | 'absent'>;
}

export interface IdentityRequest {
  readonly vch: string;
  readonly nodeName: string;
  /** The operator's. */
  readonly kubeconfig: Kubeconfig;
  /** `https://host:port` of the API server as the VCH reaches it, where it is not the kubeconfig's. */
  readonly server?: string | undefined;
}

export interface MintedIdentity {
  /** For the VCH alone; holds a key or a token. */
  readonly kubeconfigText: string;
  /** Who the kubelet is in the cluster: `system:node:kubelet-web`. */
  readonly user: string;
  /** What was found on the way, for who wants to know. */
  readonly notes?: readonly string[];
}

export interface VchDeps {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly homeDirectory: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly fs: FileSystem;
  readonly runner: Runner;
  readonly kubernetes: ClusterAccess;
  readonly reporter: Reporter;
  /** Absent: the given kubeconfig is handed to the VCH as it is. */
  readonly identity?: IdentityKeeper | undefined;
  /** This process. */
  readonly self?: { readonly pid: number } | undefined;
  /** Absent: whether another process still works on a VCH cannot be told. */
  readonly processes?: ProcessTable | undefined;
}
