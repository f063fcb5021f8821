import { createKubelet } from '../../kubelet/kubelet.ts';
import { shareCluster } from '../../kubelet/shared-cluster.ts';
import type { KubeletEndpointSettings } from '../../kubelet/server/endpoint.ts';
import type { KubernetesApi } from '../../clients/kubernetes/port.ts';
import type { Log } from '../../platform/log.ts';
import { endpointSettings } from './endpoint-settings.ts';
import type { KubeletTools } from './port.ts';
import { openBackEnd } from './providers.ts';
import type { KubeletSettings, ServerSettings } from './settings.ts';
import { kubeletVersionFor } from './version.ts';

/**
 * Runs a kubelet, or several of one process, until the signal aborts; the pods go on running. `onReady` is called once
 * the nodes are registered. Rejects with KUBELET_CONFIG, KUBECONFIG_* or KUBELET_BACKEND for what cannot be waited for.
 */
export async function runKubelet(
  settings: KubeletSettings,
  tools: KubeletTools,
  log: Log,
  signal: AbortSignal,
  onReady: () => void = () => undefined,
): Promise<void> {
  // Mistakes in files first: waiting for the back end may take long.
  const kubeconfig = await tools.kubernetes.readKubeconfig({ path: settings.kubeconfig, context: settings.context });
  await tools.kubelet.keepHeapSmall?.();
  const { clock, random } = tools;
  const api = await tools.kubernetes.connect(kubeconfig);
  // One of several nodes that fails ends them all.
  const failed = new AbortController();
  const until = AbortSignal.any([signal, failed.signal]);
  let close = (): void => undefined;
  try {
    const cluster = await tools.kubelet.cluster(api, log);
    const backEnd = await openBackEnd(settings, { tools, log, cluster }, signal);
    close = () => backEnd.close();
    const { nodes } = backEnd;
    const facts = { version: tools.self.version, provider: settings.provider, ...backEnd.facts, server: api.server };
    log.info('starting', { node: nodes.map(({ nodeName }) => nodeName).join(','), ...facts });
    await backEnd.ready(signal);
    const kubeletVersion = await kubeletVersionFor(api, tools.self.version, { clock, log }, signal);
    const several = nodes.length > 1;
    const shared = several ? shareCluster(cluster, { clock, log, signal: until }) : cluster;
    const kubelets = await Promise.all(
      nodes.map(async ({ nodeName, provider }, index) => {
        const server = await serverOf(settings.server, index, api, tools);
        return createKubelet({
          ...{ nodeName, provider, clock, random, cluster: shared, kubeletVersion },
          ...{ labels: settings.labels, taints: settings.taints, log: several ? log.with({ node: nodeName }) : log },
          ...(server === undefined ? {} : { server }),
          ...(settings.provider === 'docker' && settings.imageLimitBytes !== undefined ? { imageLimitBytes: settings.imageLimitBytes } : {}),
        });
      }),
    );
    Promise.all(kubelets.map(({ ready }) => ready)).then(
      () => {
        for (const { nodeName } of nodes) log.info('node is registered', { node: nodeName });
        onReady();
      },
      () => undefined,
    );
    await Promise.all(
      kubelets.map(async (kubelet) => {
        try {
          await kubelet.run(until);
        } catch (error) {
          failed.abort(error);
          throw error;
        }
      }),
    );
  } catch (error) {
    // Being asked to end while still waiting is an ordinary end.
    if (!signal.aborted) throw error;
  } finally {
    close();
    await api.close();
  }
}

/** Of one node: the first has the port that was asked for, and each further one the next. */
async function serverOf(
  settings: ServerSettings | undefined,
  index: number,
  api: KubernetesApi,
  tools: KubeletTools,
): Promise<KubeletEndpointSettings | undefined> {
  if (settings === undefined) return undefined;
  const port = settings.port === 0 || settings.orAnyPort ? settings.port : settings.port + index;
  return endpointSettings({ ...settings, port }, await tools.kubelet.trust(api), tools.fs);
}
