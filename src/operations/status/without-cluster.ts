/** What can be said of VCHs while their cluster cannot be asked. */
import { everyJournal } from '../vch/journal.ts';
import { nodeNameOf } from '../vch/name.ts';
import { problemsOf } from './health.ts';
import { valueOf } from './part.ts';
import { findServices } from './services.ts';
import { listingOf } from './vsphere.ts';
import type { NodeStatus, SiteStatus, StatusQuestion } from './site.ts';
import { askVch, type StatusTools } from './vch-parts.ts';

/** Undefined: nothing is known here of any VCH that was asked for, so the cluster's own failure is all there is to tell. */
export async function statusWithoutCluster(question: StatusQuestion, why: string, tools: StatusTools, signal: AbortSignal): Promise<SiteStatus | undefined> {
  const { name, vsphere } = question;
  const listed = (valueOf(vsphere)?.listings ?? []).map((vch) => vch.name);
  const created = (await everyJournal(tools)).filter(({ addresses }) => addresses !== undefined).map((journal) => journal.name);
  const known = [...new Set([...listed, ...created])].toSorted();
  const asked = name?.replace(/^(?:vch|node)\//, '').replace(/^kubelet-/, '');
  const names = asked === undefined ? known : [asked];
  const nodes = await Promise.all(names.map((vch) => withoutNode(vch, question, tools, signal)));
  const told = nodes.filter(({ vch, parts, vsphere: listing }) => known.includes(vch) || listing.state === 'ok' || parts?.portLayer.state !== 'not-asked');
  if (told.length === 0) return undefined;
  return { cluster: { state: 'failed', why }, health: 'failed', nodes: told, withoutNode: [], vsphere };
}

async function withoutNode(vch: string, { hints, vsphere }: StatusQuestion, tools: StatusTools, signal: AbortSignal): Promise<NodeStatus> {
  const inspected = valueOf(vsphere)?.inspected;
  const seen = inspected?.name === vch ? { dockerHost: inspected.dockerHost, adminPortal: inspected.adminPortal } : {};
  const services = await findServices(vch, { ...seen, ...hints }, tools);
  const nodeName = nodeNameOf(vch);
  const parts = await askVch({ vch, name: nodeName, internalIp: undefined, kubeletPort: undefined }, services, undefined, tools, signal);
  const listing = listingOf(vch, vsphere);
  return {
    ...{ name: nodeName, vch, status: 'Unknown', ready: false, reason: undefined, message: 'the cluster is not reached', taints: [], labels: {} },
    ...{ version: undefined, internalIp: undefined, createdAt: undefined, leaseRenewedAt: undefined },
    ...{ conditions: [], capacity: {}, allocatable: {}, requested: undefined, pods: undefined, lineUp: undefined },
    parts,
    vsphere: listing,
    problems: problemsOf({ ready: false, parts, vsphere: listing, lineUp: undefined }),
  };
}
