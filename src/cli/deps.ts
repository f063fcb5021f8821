import type { Kubeconfig } from '../clients/kubernetes/kubeconfig.ts';
import type { EntryFinding } from '../clients/kubernetes/kubeconfig-entries.ts';
import type { ProbeTarget, ServerProbe } from '../clients/kubernetes/probe.ts';
import type { KubernetesApi } from '../clients/kubernetes/port.ts';
import type { IdentityKeeper } from '../operations/vch/ports.ts';
import type { PortLayer } from '../clients/port-layer/port.ts';
import type { KubeletAccess } from '../operations/kubelet/port.ts';
import type { SandboxAccess } from '../operations/sandbox/port.ts';
import type { Clock } from '../platform/clock.ts';
import type { FileSystem } from '../platform/fs.ts';
import type { Log } from '../platform/log.ts';
import type { Random } from '../platform/random.ts';
import type { ProcessTable, Runner, Spawner } from '../platform/runner.ts';
import type { Streams } from '../platform/streams.ts';
import type { Prompter, Reporter } from '../platform/talk.ts';

/** Everything a command may touch, built once in main. A use case asks for a `Pick` of it. */
export interface Deps {
  readonly streams: Streams;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly homeDirectory: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly fs: FileSystem;
  readonly runner: Runner;
  readonly spawner: Spawner;
  readonly processes: ProcessTable;
  readonly reporter: Reporter;
  readonly prompter: Prompter;
  readonly log: Log;
  /** The Kubernetes client of the operator; its code is loaded at the first call. */
  readonly kubernetes: KubernetesAccess;
  /** Gives nodes their identity; its code is loaded at the first call. */
  readonly identity?: IdentityKeeper | undefined;
  /** Clients of a VCH's own services; their code is loaded at the first call. */
  readonly vch: VchAccess;
  /** Adapters of the kubelet personality; their code is loaded at the first call. */
  readonly kubelet: KubeletAccess;
  /** The sandbox, for its own process to run. */
  readonly sandbox: SandboxAccess;
  /** How to start this very program again: node and the path of bin/vick.js (or of another bin beside it). */
  readonly self: SelfCommand;
}

/**
 * What main hands to `run`: everything but the parts that depend on flags of the command line (`--verbose`,
 * `--no-input`, `--no-color`), which `talk` makes when those are known.
 */
export interface Host extends Omit<Deps, 'reporter' | 'prompter'> {
  talk(settings: TalkSettings): Pick<Deps, 'streams' | 'reporter' | 'prompter'>;
}

export interface TalkSettings {
  readonly verbose: boolean;
  /** False with --no-input or --yes: nothing is asked. */
  readonly input: boolean;
  /** True with --yes: `confirm` answers true. */
  readonly yes: boolean;
  /** With -o json: steps and remarks are events, one line of JSON each. */
  readonly json: boolean;
  /** False with --no-color; otherwise the streams decide. */
  readonly colour: boolean;
}

export interface KubernetesAccess {
  /** Reads and resolves the chosen kubeconfig and context; KUBECONFIG_* where that fails. */
  readKubeconfig(choice: KubeconfigChoice): Promise<Kubeconfig>;
  /** A client for it; opens no connection by itself. The caller closes it. */
  connect(kubeconfig: Kubeconfig): Promise<KubernetesApi>;
  /** What the files say of themselves beyond the chosen context: names twice, names that lead nowhere. */
  examine?(choice: KubeconfigChoice): Promise<readonly EntryFinding[]>;
  /** Looks at a server step by step, without credentials. */
  probe?(target: ProbeTarget, signal: AbortSignal): Promise<ServerProbe>;
}

interface VchAccess {
  portLayer(address: { readonly host: string; readonly port: number }): Promise<PortLayer>;
}

/** `--kubeconfig` and `--context`; where absent, the rules of kubectl apply ($KUBECONFIG, ~/.kube/config, current-context). */
interface KubeconfigChoice {
  readonly path?: string | undefined;
  readonly context?: string | undefined;
}

interface SelfCommand {
  /** argv of `bin/<name>.js`, for example ['/usr/bin/node', '/…/bin/vick.js']. */
  argv(bin: 'vick' | 'virtual-kubelet'): readonly string[];
  readonly pid: number;
  readonly version: string;
  /** `v20.19.0`, `linux/x64`. */
  readonly runtime: { readonly node: string; readonly platform: string };
}
