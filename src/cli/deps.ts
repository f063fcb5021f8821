import type { Kubeconfig } from '../clients/kubernetes/kubeconfig.ts';
import type { KubernetesApi } from '../clients/kubernetes/port.ts';
import type { Clock } from '../platform/clock.ts';
import type { FileSystem } from '../platform/fs.ts';
import type { Log } from '../platform/log.ts';
import type { Random } from '../platform/random.ts';
import type { ProcessTable, Runner, Spawner } from '../platform/runner.ts';
import type { Streams } from '../platform/streams.ts';

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
  /** False with --no-input: nothing is asked. */
  readonly input: boolean;
  /** False with --no-color; otherwise the streams decide. */
  readonly colour: boolean;
}

export interface KubernetesAccess {
  /** Reads and resolves the chosen kubeconfig and context; KUBECONFIG_* where that fails. */
  readKubeconfig(choice: KubeconfigChoice): Promise<Kubeconfig>;
  /** A client for it; opens no connection by itself. The caller closes it. */
  connect(kubeconfig: Kubeconfig): Promise<KubernetesApi>;
}

/** `--kubeconfig` and `--context`; where absent, the rules of kubectl apply ($KUBECONFIG, ~/.kube/config, current-context). */
export interface KubeconfigChoice {
  readonly path?: string | undefined;
  readonly context?: string | undefined;
}

export interface SelfCommand {
  /** argv of `bin/<name>.js`, for example ['/usr/bin/node', '/…/bin/vick.js']. */
  argv(bin: 'vick' | 'virtual-kubelet'): readonly string[];
  readonly pid: number;
  readonly version: string;
}

/** Progress on stderr: a spinner on a terminal, plain `• step` lines in a pipe. */
export interface Reporter {
  /** Begins a named step; exactly one of the step's ends is called. Steps may be nested one level by `detail`. */
  step(title: string): Step;
  info(message: string): void;
  warn(message: string): void;
  /** Only with --verbose. */
  verbose(message: string): void;
}

export interface Step {
  /** A line below the step, for example what vic-machine just said. */
  detail(message: string): void;
  done(message?: string): void;
  fail(message?: string): void;
  skip(reason: string): void;
}

/** Questions to a person. On anything but a terminal, or with --no-input, each throws USAGE naming `flag`. */
export interface Prompter {
  readonly interactive: boolean;
  text(question: PromptQuestion): Promise<string>;
  secret(question: PromptQuestion): Promise<string>;
  confirm(question: PromptQuestion & { readonly default?: boolean }): Promise<boolean>;
  choose(question: PromptQuestion & { readonly choices: readonly string[] }): Promise<string>;
}

export interface PromptQuestion {
  readonly message: string;
  /** The flag (or variable) that answers the question without a prompt: `--target`. */
  readonly flag: string;
}
