import { createKubelet } from '../../kubelet/kubelet.ts';
import type { Log } from '../../platform/log.ts';
import { endpointSettings } from './endpoint-settings.ts';
import type { KubeletTools } from './port.ts';
import { openBackEnd } from './providers.ts';
import type { KubeletSettings } from './settings.ts';
import { kubeletVersionFor } from './version.ts';

/**
 * Runs a kubelet until the signal aborts; the pods go on running. `onReady` is called once the node is
 * registered. Rejects with KUBELET_CONFIG, KUBECONFIG_* or KUBELET_BACKEND for what cannot be waited for.
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
  const backEnd = await openBackEnd(settings, tools, log, signal);
  const api = await tools.kubernetes.connect(kubeconfig);
  try {
    const { clock, random } = tools;
    const { provider } = backEnd;
    log.info('starting', { node: settings.nodeName, version: tools.self.version, provider: provider.name, ...backEnd.facts, server: api.server });
    await backEnd.ready(signal);
    const kubelet = createKubelet({
      ...{ provider, clock, random, log },
      nodeName: settings.nodeName,
      cluster: await tools.kubelet.cluster(api, log),
      kubeletVersion: await kubeletVersionFor(api, tools.self.version, { clock, log }, signal),
      labels: settings.labels,
      taints: settings.taints,
      ...(settings.server === undefined ? {} : { server: await endpointSettings(settings.server, await tools.kubelet.trust(api), tools.fs) }),
    });
    kubelet.ready.then(
      () => {
        log.info('node is registered', { node: settings.nodeName });
        onReady();
      },
      () => undefined,
    );
    await kubelet.run(signal);
  } catch (error) {
    // Being asked to end while still waiting is an ordinary end.
    if (!signal.aborted) throw error;
  } finally {
    backEnd.close();
    await api.close();
  }
}
