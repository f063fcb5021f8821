/** `vick gc`: finds what is left behind and can say why; removing is up to the caller. */
import type { KubernetesApi } from '../../clients/kubernetes/port.ts';
import type { PortLayer } from '../../clients/port-layer/port.ts';
import { isVickError, messageOf } from '../../errors/vick-error.ts';
import type { Node } from '../../platform/kubernetes-objects.ts';
import { getNode, listNodes, nameOf, VIRTUAL_NODE_SELECTOR, vchOf } from '../node/find-nodes.ts';
import { isVchNode } from '../node/vch-node.ts';
import { valueOf, type Part } from '../status/part.ts';
import { findServices, formatPlace, type ServiceHints } from '../status/services.ts';
import type { VSphereView } from '../status/vsphere.ts';
import { everyJournal, journalPlace } from '../vch/journal.ts';
import type { VchDeps } from '../vch/ports.ts';
import { findIdentities, findLeases, findNodes } from './cluster-leftovers.ts';
import { findJournals } from './journals.ts';
import type { Found, Leftover, Unseen } from './leftover.ts';
import { findPodVms, type VmTools } from './pod-vms.ts';

export interface GcQuestion {
  /** One VCH or node; every one when absent. */
  readonly name: string | undefined;
  readonly hints: ServiceHints;
  readonly vsphere: Part<VSphereView>;
  /** Where `vsphere` was asked. */
  readonly target: string | undefined;
}

export type GcTools = VmTools &
  Pick<VchDeps, 'env' | 'homeDirectory' | 'fs'> & { readonly vch: { portLayer(address: { host: string; port: number }): Promise<PortLayer> } };

/** KUBE_* when the cluster or the named node cannot be seen. `close` must be called when nothing of `leftovers` will be removed any more. */
export async function findLeftovers(api: KubernetesApi, question: GcQuestion, tools: GcTools, signal: AbortSignal): Promise<Found & { close(): void }> {
  const { name, vsphere, target } = question;
  const nodes = await listNodes(api, undefined, signal);
  const chosen = name === undefined ? await listNodes(api, VIRTUAL_NODE_SELECTOR, signal) : [await getNode(api, name, signal)];
  const open: PortLayer[] = [];
  const close = (): void => {
    for (const client of open) client.close();
  };
  try {
    const looked: readonly Found[] = await Promise.all(
      chosen.filter(isVchNode).map((node) => ofVch(api, node, question, tools, (client) => open.push(client), signal)),
    );
    const now = tools.clock.now();
    const journals = await everyJournal(tools);
    const listings = valueOf(vsphere)?.listings;
    const madeHere = (vch: string): boolean =>
      target !== undefined && journals.some((journal) => journal.name === vch && journalPlace(journal.target) === journalPlace(target));
    const isAsked = ({ vch }: Leftover): boolean => name === undefined || chosen.some((node) => vchOf(node) === vch);
    const leftovers = [
      ...(listings === undefined ? [] : findNodes(api, chosen, listings, madeHere)),
      ...(await findLeases(api, nodes, now, signal)),
      ...(await findIdentities(api, nodes, now, signal)),
      ...(listings === undefined || target === undefined ? [] : findJournals(journals, target, listings, tools)),
    ].filter(isAsked);
    return {
      leftovers: [...looked.flatMap((found) => found.leftovers), ...leftovers],
      unseen: [...(vsphere.state === 'failed' ? [{ what: 'vSphere', why: vsphere.why, expected: true }] : []), ...looked.flatMap((found) => found.unseen)],
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** The pod VMs of a VCH that is a node of this very cluster: those of another cluster's would all look left behind. */
async function ofVch(
  api: KubernetesApi,
  node: Node,
  { hints }: GcQuestion,
  tools: GcTools,
  opened: (client: PortLayer) => void,
  signal: AbortSignal,
): Promise<Found> {
  const vch = vchOf(node) || nameOf(node);
  const { portLayer: place } = await findServices(vch, hints, tools);
  const unseen = (why: string, expected: boolean): Found => ({ leftovers: [], unseen: [{ what: `the port layer of ${vch}`, why, expected } satisfies Unseen] });
  if (place === undefined) return unseen('its address is not known (--portlayer-addr)', false);
  const client = await tools.vch.portLayer(place);
  opened(client);
  try {
    return { leftovers: await findPodVms(api, client, vch, tools, signal), unseen: [] };
  } catch (error) {
    signal.throwIfAborted();
    if (!isVickError(error) || error.code !== 'PORT_LAYER') throw error;
    return unseen(`${formatPlace(place)}: ${messageOf(error)}`, true);
  }
}
