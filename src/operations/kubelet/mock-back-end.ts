import type { Cluster } from '../../kubelet/cluster.ts';
import type { Pod } from '../../platform/kubernetes-objects.ts';
import { podAddresses } from '../../providers/mock/addresses.ts';
import { MockBackEnd } from '../../providers/mock/back-end.ts';
import { mockProvider } from '../../providers/mock/provider.ts';
import type { BackEnd } from './back-end.ts';
import { ownAddresses } from './node-addresses.ts';
import type { KubeletTools } from './port.ts';
import type { MockKubeletSettings } from './settings.ts';

/** One back end per node, all of whose pods have addresses of one network. */
export function openMockBackEnd(settings: MockKubeletSettings, tools: KubeletTools, cluster: Pick<Cluster, 'watchPods'>): BackEnd {
  const { clock, random } = tools;
  const { defaults, capacity: capacityOverrides } = settings;
  const addresses = settings.nodeIps ?? ownAddresses();
  const ips = podAddresses(settings.podCidr);
  const nodes = settings.nodeNames.map((nodeName) => {
    const back = new MockBackEnd({ clock, random, podAddresses: ips, defaults, recall: (signal) => podsOf(cluster, nodeName, signal) });
    return { nodeName, provider: mockProvider(back, { nodeName, addresses, clock, capacityOverrides }) };
  });
  return { nodes, facts: { podCidr: settings.podCidr }, ready: () => Promise.resolve(), close: () => undefined };
}

/** The first complete list of the node's pods. */
async function podsOf(cluster: Pick<Cluster, 'watchPods'>, nodeName: string, signal: AbortSignal): Promise<readonly Pod[]> {
  const stop = new AbortController();
  let pods: readonly Pod[] | undefined;
  const onListed = (listed: readonly Pod[]): void => {
    pods = listed;
    stop.abort(new Error('the pods are listed'));
  };
  const watching = cluster.watchPods(
    nodeName,
    (update) => (update.kind === 'listed' ? onListed(update.pods) : undefined),
    AbortSignal.any([signal, stop.signal]),
  );
  try {
    await watching;
  } catch (error) {
    if (pods === undefined) throw error;
  }
  signal.throwIfAborted();
  return pods ?? [];
}
