import { readStatus, type NodeStatus, type SiteStatus } from '../../operations/status/site.ts';
import { rfc3339 } from '../../platform/clock.ts';
import { age } from '../render/age.ts';
import { columns } from '../render/columns.ts';
import { createStyle, type Style } from '../render/style.ts';
import type { CommandHandler } from '../spec.ts';
import { withKubernetes } from '../with-kubernetes.ts';
import { nodeData } from './node-list.ts';

export const runStatus: CommandHandler = async (input, deps, signal) => {
  const name = input.args['VCH'] as string | undefined;
  const site = await withKubernetes(deps, input, (api) => readStatus(api, name, signal));
  const style = createStyle(deps.streams.stdout.colour);
  return {
    data: { apiVersion: 'vick.dev/v1alpha1', kind: 'Status', cluster: site.cluster, nodes: site.nodes.map(statusData) },
    text: describe(site, deps.clock.now(), style),
    names: site.nodes.map((node) => `node/${node.name}`),
    exit: site.nodes.every((node) => node.ready) ? 'ok' : 'failure',
  };
};

function statusData({ conditions, capacity, allocatable, pods, ...facts }: NodeStatus): Record<string, unknown> {
  return {
    ...nodeData(facts),
    conditions: conditions.map(({ type, status, reason, message }) => ({ type, status, reason, message })),
    capacity,
    allocatable,
    pods: pods?.map(({ startedAt, ...pod }) => ({ ...pod, createdAt: startedAt === undefined ? null : rfc3339(startedAt) })) ?? null,
  };
}

function describe(site: SiteStatus, now: number, style: Style): string {
  const head = columns([['Cluster', `${site.cluster.server} (${site.cluster.version})`]]);
  if (site.nodes.length === 0) return `${head}\nNo virtual nodes. 'vick create vch NAME' makes one.\n`;
  return [head, ...site.nodes.map((node) => describeNode(node, now, style))].join('\n');
}

function describeNode(node: NodeStatus, now: number, style: Style): string {
  const unhealthy = node.conditions.filter((condition) => condition.type !== 'Ready' && condition.status !== 'False');
  const why = node.ready ? [] : [['  Reason', [node.reason, node.message].filter(Boolean).join(': ') || 'the node has never reported its state']];
  const facts = [
    [node.vch === '' ? 'Node' : 'VCH', node.vch === '' ? node.name : node.vch],
    ...(node.vch === '' ? [] : [['  Node', node.name]]),
    ['  Status', node.ready ? style.good(node.status) : style.bad(node.status)],
    ...why,
    ...unhealthy.map((condition) => [
      `  ${condition.type}`,
      style.warning(`${condition.status}${condition.message === undefined ? '' : `: ${condition.message}`}`),
    ]),
    ['  Lease', node.leaseRenewedAt === undefined ? 'unknown' : `renewed ${age(node.leaseRenewedAt, now)} ago`],
    ['  Version', node.version ?? 'unknown'],
    ['  Capacity', capacityLine(node)],
    ['  Taints', node.taints.join(', ') || 'none'],
    ['  Age', age(node.createdAt, now)],
  ];
  return `${columns(facts)}${podLines(node, now)}`;
}

function capacityLine(node: NodeStatus): string {
  const { cpu, memory, pods } = node.allocatable['cpu'] === undefined ? node.capacity : node.allocatable;
  if (cpu === undefined) return 'unknown';
  return `${cpu} CPU, ${memory ?? '?'} memory, ${pods ?? '?'} pods`;
}

function podLines(node: NodeStatus, now: number): string {
  if (node.pods === undefined) return '  Pods: not shown, the credentials may not list pods in all namespaces\n';
  if (node.pods.length === 0) return '  No pods.\n';
  const rows = node.pods.map((pod) => [`  ${pod.namespace}/${pod.name}`, pod.ready, pod.status, String(pod.restarts), age(pod.startedAt, now)]);
  return `\n${columns([['  POD', 'READY', 'STATUS', 'RESTARTS', 'AGE'], ...rows])}`;
}
