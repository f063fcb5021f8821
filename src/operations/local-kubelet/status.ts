import type { Kubeconfig } from '../../clients/kubernetes/kubeconfig.ts';
import { paths } from '../../clients/kubernetes/paths.ts';
import type { KubernetesApi } from '../../clients/kubernetes/port.ts';
import { isVickError } from '../../errors/vick-error.ts';
import type { Node } from '../../platform/kubernetes-objects.ts';
import type { FileSystem } from '../../platform/fs.ts';
import type { ProcessTable } from '../../platform/runner.ts';
import { nodeFacts } from '../node/node-facts.ts';
import { ask, type Part } from '../status/part.ts';
import { readLogFacts, type LogFacts } from './log-facts.ts';
import { isAlive, type KubeletNotes, type KubeletPlace } from './notes.ts';

export interface LocalKubelet {
  readonly notes: KubeletNotes;
  readonly running: boolean;
  readonly facts: LogFacts;
  /** As the cluster has the node, read as the kubelet itself; `absent`: there is none. */
  readonly node: Part<{ readonly status: string; readonly ready: boolean; readonly port: number | undefined } | 'absent'>;
}

export interface LocalStatusDeps extends KubeletPlace {
  readonly fs: FileSystem;
  readonly processes: ProcessTable;
  readonly kubernetes: {
    readKubeconfig(choice: { readonly path?: string | undefined; readonly context?: string | undefined }): Promise<Kubeconfig>;
    connect(kubeconfig: Kubeconfig): Promise<KubernetesApi>;
  };
}

export async function localKubeletStatus(notes: KubeletNotes, deps: LocalStatusDeps, signal: AbortSignal): Promise<LocalKubelet> {
  const [running, facts, node] = await Promise.all([isAlive(notes, deps), readLogFacts(notes.logFile, deps.fs), readNode(notes, deps, signal)]);
  return { notes, running, facts, node };
}

function readNode({ cluster, nodeName }: KubeletNotes, deps: LocalStatusDeps, signal: AbortSignal): Promise<LocalKubelet['node']> {
  return ask(async () => {
    const api = await deps.kubernetes.connect(await deps.kubernetes.readKubeconfig(cluster));
    try {
      const node = await api.request<Node>({ method: 'GET', path: paths.node(nodeName), timeoutMs: 5_000 }, signal);
      const { status, ready } = nodeFacts(node, undefined);
      return { status, ready, port: node.status?.daemonEndpoints?.kubeletEndpoint?.Port };
    } catch (error) {
      if (isVickError(error) && error.code === 'KUBE_NOT_FOUND') return 'absent';
      throw error;
    } finally {
      await api.close();
    }
  }, signal);
}
