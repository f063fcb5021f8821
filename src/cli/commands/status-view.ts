/** A status for human eyes. */
import { EXPIRES_SOON_DAYS } from '../../operations/status/health.ts';
import { isWrong, type LinedUp } from '../../operations/status/line-up.ts';
import type { Part } from '../../operations/status/part.ts';
import type { NodeStatus, SiteStatus } from '../../operations/status/site.ts';
import type { Certificate, VchParts } from '../../operations/status/vch-parts.ts';
import { rfc3339 } from '../../platform/clock.ts';
import { age } from '../render/age.ts';
import { columns } from '../render/columns.ts';
import type { Style } from '../render/style.ts';

export interface View {
  readonly now: number;
  readonly style: Style;
  readonly wide: boolean;
}

type Row = readonly [string, string];

export function describeSite(site: SiteStatus, view: View): string {
  const head = columns([
    ['Cluster', site.cluster.state === 'ok' ? `${site.cluster.value.server} (${site.cluster.value.version})` : view.style.bad(site.cluster.why)],
    ...(site.vsphere.state === 'failed' ? [['vSphere', view.style.bad(site.vsphere.why)]] : []),
  ]);
  const without = site.withoutNode.map(({ name, id }) =>
    columns([
      ['VCH', name],
      ['  Node', view.style.warning(`none in this cluster (${id})`)],
    ]),
  );
  if (site.nodes.length === 0) return [head, "No virtual nodes. 'vick create vch NAME' makes one.\n", ...without].join('\n');
  return [head, ...site.nodes.map((node) => describeNode(node, view)), ...without].join('\n');
}

function describeNode(node: NodeStatus, view: View): string {
  const { style, now } = view;
  const unhealthy = node.conditions.filter((condition) => condition.type !== 'Ready' && condition.status !== 'False');
  const why: readonly Row[] = node.ready
    ? []
    : [['  Reason', [node.reason, node.message].filter(Boolean).join(': ') || 'the node has never reported its state']];
  const facts: readonly Row[] = [
    [node.vch === '' ? 'Node' : 'VCH', node.vch === '' ? node.name : node.vch],
    ...vsphereRows(node, view),
    ...serviceRows(node.parts, view),
    ...(node.vch === '' ? [] : [['  Node', node.name] as const]),
    ['  Status', node.ready ? style.good(node.status) : style.bad(node.status)],
    ...why,
    ...unhealthy.map((condition): Row => [
      `  ${condition.type}`,
      style.warning(`${condition.status}${condition.message === undefined ? '' : `: ${condition.message}`}`),
    ]),
    ['  Lease', node.leaseRenewedAt === undefined ? 'unknown' : `renewed ${age(node.leaseRenewedAt, now)} ago`],
    ['  Version', node.version ?? 'unknown'],
    ['  Capacity', capacityLine(node)],
    ...useRows(node),
    ['  Taints', node.taints.join(', ') || 'none'],
    ['  Age', age(node.createdAt, now)],
    ...(node.parts?.certificates ?? []).map((certificate, index): Row => [index === 0 ? '  Certificates' : '', certificateLine(certificate, view)]),
  ];
  return `${columns(facts)}${node.lineUp === undefined ? podLines(node, now) : lineUpLines(node.lineUp, view)}`;
}

function vsphereRows({ vsphere }: NodeStatus, { style, wide }: View): readonly Row[] {
  if (vsphere.state === 'not-asked') return wide ? [['  vSphere', style.dim(`not asked: ${vsphere.why}`)]] : [];
  if (vsphere.state === 'failed') return [['  vSphere', style.bad(vsphere.why)]];
  const { id, version, upgradeStatus, path } = vsphere.value;
  return [['  vSphere', `${id}, ${version.text}, ${upgradeStatus}${wide ? `, ${path}` : ''}`]];
}

function serviceRows(parts: VchParts | undefined, view: View): readonly Row[] {
  if (parts === undefined) return [];
  const { portLayer, personality, kubelet } = parts;
  return [
    [
      '  Port layer',
      line(portLayer, ({ address, containers, podVms }) => `${address}, ${count(containers.length, 'container VM')}${podVms ? '' : ', no pod VMs'}`, view),
    ],
    ['  Docker API', line(personality, ({ address, version, tls }) => `${tls ? 'https' : 'http'}://${address}, ${version}`, view)],
    ['  Kubelet', line(kubelet, ({ healthy }) => (healthy ? 'healthy' : view.style.bad('not healthy')), view)],
  ];
}

function line<T>(part: Part<T>, text: (value: T) => string, { style }: View): string {
  if (part.state === 'ok') return text(part.value);
  return part.state === 'failed' ? style.bad(part.why) : style.dim(`not asked: ${part.why}`);
}

function capacityLine(node: NodeStatus): string {
  const { cpu, memory, pods } = node.allocatable['cpu'] === undefined ? node.capacity : node.allocatable;
  if (cpu === undefined) return 'unknown';
  return `${cpu} CPU, ${memory ?? '?'} memory, ${pods ?? '?'} pods`;
}

/** What pods ask for, and what the VCH says that it uses, where that is known. */
function useRows({ requested, parts }: NodeStatus): readonly Row[] {
  const info = parts?.portLayer.state === 'ok' ? parts.portLayer.value.info : undefined;
  return [
    ...(requested === undefined || parts === undefined
      ? []
      : [['  Requested', `${requested['cpu'] ?? '0'} CPU, ${requested['memory'] ?? '0'} memory, ${requested['pods'] ?? '0'} pods`] as const]),
    ...(info === undefined
      ? []
      : [
          [
            '  Used',
            `${share(info.cpuUsageMhz, info.cpuMhz)} of ${info.cpuMhz} MHz, ${share(info.memoryUsageBytes / 1024 ** 2, info.memoryMiB)} of ${info.memoryMiB} MiB`,
          ] as const,
        ]),
  ];
}

function share(used: number, limit: number): string {
  return limit <= 0 ? `${Math.round(used)}` : `${Math.round((used / limit) * 100)}%`;
}

function certificateLine({ of, notAfter, daysLeft, subject }: Certificate, { style, wide }: View): string {
  const left = daysLeft < 0 ? style.bad('EXPIRED') : daysLeft < EXPIRES_SOON_DAYS ? style.warning(`${daysLeft} days left`) : `${daysLeft} days left`;
  return `${of} until ${rfc3339(notAfter)} (${left})${wide ? ` ${subject}` : ''}`;
}

function podLines(node: NodeStatus, now: number): string {
  if (node.pods === undefined) return '  Pods: not shown, the credentials may not list pods in all namespaces\n';
  if (node.pods.length === 0) return '  No pods.\n';
  const rows = node.pods.map((pod) => [`  ${pod.namespace}/${pod.name}`, pod.ready, pod.status, String(pod.restarts), age(pod.startedAt, now)]);
  return `\n${columns([['  POD', 'READY', 'STATUS', 'RESTARTS', 'AGE'], ...rows])}`;
}

function lineUpLines(rows: readonly LinedUp[], { style, wide }: View): string {
  if (rows.length === 0) return '  No pods.\n';
  const shown = rows.map((row) => [
    `  ${row.mark === 'foreign' ? row.name : `${row.namespace}/${row.name}${row.container === undefined ? '' : ` (${row.container})`}`}`,
    row.kubernetes ?? '-',
    row.kubelet ?? '-',
    row.vm?.state ?? '-',
    ...(wide ? [row.uid || '-', row.vm?.id ?? '-'] : [row.vm?.id.slice(0, 12) ?? '-']),
    isWrong(row) ? style.bad(row.mark) : row.mark === 'foreign' ? style.dim(row.mark) : row.mark,
  ]);
  return `\n${columns([['  POD', 'KUBERNETES', 'KUBELET', 'PORT LAYER', ...(wide ? ['UID', 'VM'] : ['VM']), 'MARK'], ...shown])}`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
