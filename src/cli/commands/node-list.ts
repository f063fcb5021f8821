import { listVirtualNodes } from '../../operations/node/list.ts';
import type { NodeFacts } from '../../operations/node/node-facts.ts';
import { rfc3339 } from '../../platform/clock.ts';
import { age } from '../render/age.ts';
import type { CommandHandler, TableView } from '../spec.ts';
import { withKubernetes } from '../with-kubernetes.ts';

export const runNodeList: CommandHandler = async (input, deps, signal) => {
  const { selector, all } = input.flags as { selector?: string; all?: boolean };
  const nodes = await withKubernetes(deps, input, (api) => listVirtualNodes(api, { selector, all }, signal));
  return {
    data: { apiVersion: 'vick.dev/v1alpha1', kind: 'NodeList', items: nodes.map(nodeData) },
    table: nodeTable(nodes, deps.clock.now()),
    names: nodes.map((node) => `node/${node.name}`),
  };
};

/** A node in `-o json`: stable names, times as RFC 3339. */
export function nodeData(node: NodeFacts): Record<string, unknown> {
  const time = (ms: number | undefined): string | null => (ms === undefined ? null : rfc3339(ms));
  const { createdAt, leaseRenewedAt, vch, ...rest } = node;
  return { ...rest, vch: vch === '' ? null : vch, createdAt: time(createdAt), leaseRenewedAt: time(leaseRenewedAt) };
}

function nodeTable(nodes: readonly NodeFacts[], now: number): TableView {
  return {
    columns: [
      { title: 'name' },
      { title: 'vch' },
      { title: 'status' },
      { title: 'taints' },
      { title: 'age' },
      { title: 'lease' },
      ...['version', 'internal-ip', 'labels'].map((title) => ({ title, wide: true })),
    ],
    rows: nodes.map((node) => [
      node.name,
      node.vch,
      node.status,
      node.taints.join(','),
      age(node.createdAt, now),
      node.leaseRenewedAt === undefined ? '<unknown>' : `${age(node.leaseRenewedAt, now)} ago`,
      node.version ?? '',
      node.internalIp ?? '',
      Object.entries(node.labels)
        .map(([key, value]) => `${key}=${value}`)
        .join(','),
    ]),
    empty: 'No virtual nodes found.',
  };
}
