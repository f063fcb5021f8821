import type { KubernetesApi } from '../clients/kubernetes/port.ts';
import type { Deps } from './deps.ts';
import type { CommandInput } from './spec.ts';

/** Runs `work` with a client for the cluster that `--kubeconfig` and `--context` choose, and closes it afterwards. */
export async function withKubernetes<T>(deps: Pick<Deps, 'kubernetes'>, input: CommandInput, work: (api: KubernetesApi) => Promise<T>): Promise<T> {
  const { kubeconfig: path, context } = input.flags as { readonly kubeconfig?: string; readonly context?: string };
  const api = await deps.kubernetes.connect(await deps.kubernetes.readKubeconfig({ path, context }));
  try {
    return await work(api);
  } finally {
    await api.close();
  }
}
