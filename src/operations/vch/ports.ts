/** What the VCH operations ask for; structurally parts of the CLI's Deps. */
import type { Kubeconfig } from '../../clients/kubernetes/kubeconfig.ts';
import type { KubernetesApi } from '../../clients/kubernetes/port.ts';
import type { Clock } from '../../platform/clock.ts';
import type { FileSystem } from '../../platform/fs.ts';
import type { Random } from '../../platform/random.ts';
import type { Runner } from '../../platform/runner.ts';
import type { Reporter } from '../../platform/talk.ts';

export interface ClusterChoice {
  readonly path?: string | undefined;
  readonly context?: string | undefined;
}

interface ClusterAccess {
  readKubeconfig(choice: ClusterChoice): Promise<Kubeconfig>;
  connect(kubeconfig: Kubeconfig): Promise<KubernetesApi>;
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
}
