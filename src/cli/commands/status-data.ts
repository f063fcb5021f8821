/** A status in `-o json|yaml`: stable names, times as RFC 3339. */
import type { Part } from '../../operations/status/part.ts';
import type { NodeStatus, SiteStatus } from '../../operations/status/site.ts';
import type { VchParts } from '../../operations/status/vch-parts.ts';
import { rfc3339 } from '../../platform/clock.ts';
import { nodeData } from './node-list.ts';

type Data = Readonly<Record<string, unknown>>;

export function statusData(site: SiteStatus): Data {
  return {
    apiVersion: 'vick.dev/v1alpha1',
    kind: 'Status',
    health: site.health,
    cluster: site.cluster.state === 'ok' ? site.cluster.value : { server: null, version: null, reason: site.cluster.why },
    vsphere: part(site.vsphere, () => ({})),
    nodes: site.nodes.map(nodeStatusData),
    vchsWithoutNode: site.withoutNode.map(({ name, id, path }) => ({ name, id, path })),
  };
}

function nodeStatusData({ conditions, capacity, allocatable, requested, pods, parts, vsphere, lineUp, problems, ...facts }: NodeStatus): Data {
  return {
    ...nodeData(facts),
    problems,
    conditions: conditions.map(({ type, status, reason, message }) => ({ type, status, reason, message })),
    capacity,
    allocatable,
    requested: requested ?? null,
    vsphere: part(vsphere, ({ id, path, version, upgradeStatus }) => ({ id, path, version: version.text, upgradeStatus })),
    ...partsData(parts),
    pods: pods?.map(({ startedAt, ...pod }) => ({ ...pod, createdAt: startedAt === undefined ? null : rfc3339(startedAt) })) ?? null,
    ...(lineUp === undefined
      ? {}
      : { lineUp: lineUp.map((row) => ({ ...row, kubernetes: row.kubernetes ?? null, kubelet: row.kubelet ?? null, vm: row.vm ?? null })) }),
  };
}

function partsData(parts: VchParts | undefined): Data {
  if (parts === undefined) return {};
  return {
    portLayer: part(parts.portLayer, ({ containers, info, ...facts }) => ({ ...facts, containers: containers.length, ...info })),
    personality: part(parts.personality, (facts) => ({ ...facts })),
    kubelet: part(parts.kubelet, (facts) => ({ ...facts })),
    certificates: parts.certificates.map(({ notAfter, ...each }) => ({ ...each, notAfter: rfc3339(notAfter) })),
  };
}

function part<T>(from: Part<T>, data: (value: T) => Data): Data {
  return from.state === 'ok' ? { state: 'ok', ...data(from.value) } : { state: from.state === 'failed' ? 'failed' : 'notAsked', reason: from.why };
}
