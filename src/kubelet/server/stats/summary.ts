/** `/stats/summary` (k8s.io/kubelet/pkg/apis/stats/v1alpha1). What is not known is left out, never zero. Pure. */
import { rfc3339 } from '../../../platform/clock.ts';
import type { Pod } from '../../../platform/kubernetes-objects.ts';
import type { ContainerUsage, CpuUsage, FsUsage, MemoryUsage, NetworkUsage, NodeUsage, PodUsage } from '../../capabilities.ts';
import { addUp } from './totals.ts';

export interface SummaryInput {
  readonly nodeName: string;
  readonly node: NodeUsage | undefined;
  readonly usages: readonly PodUsage[];
  readonly pods: readonly Pod[];
  /** Only CPU and memory, as metrics pipelines ask for. */
  readonly onlyCpuAndMemory: boolean;
}

export function statsSummary({ nodeName, node, usages, pods, onlyCpuAndMemory }: SummaryInput): object {
  const byUid = new Map(pods.map((pod) => [pod.metadata?.uid, pod]));
  return {
    node: {
      nodeName,
      ...started(node?.startedAt),
      ...cpu(node?.cpu),
      ...memory(node?.memory),
      ...(onlyCpuAndMemory ? {} : { ...network(node?.network), ...fs('fs', node?.fs) }),
    },
    pods: usages.flatMap((usage) => {
      const pod = byUid.get(usage.uid);
      return pod === undefined ? [] : [podStats(pod, usage, onlyCpuAndMemory)];
    }),
  };
}

function podStats(pod: Pod, usage: PodUsage, onlyCpuAndMemory: boolean): object {
  const { name, namespace, uid } = pod.metadata ?? {};
  const startTime = pod.status?.startTime;
  const whole = addUp(usage);
  return {
    podRef: { name, namespace, uid },
    ...(startTime === undefined ? {} : { startTime }),
    containers: usage.containers.map((container) => containerStats(container, onlyCpuAndMemory)),
    ...cpu(whole.cpu),
    ...memory(whole.memory),
    ...(onlyCpuAndMemory ? {} : network(usage.network)),
  };
}

function containerStats(container: ContainerUsage, onlyCpuAndMemory: boolean): object {
  return {
    name: container.name,
    ...started(container.startedAt),
    ...cpu(container.cpu),
    ...memory(container.memory),
    ...(onlyCpuAndMemory ? {} : { ...fs('rootfs', container.rootfs), ...fs('logs', container.logs) }),
  };
}

function started(at: number | undefined): object {
  return at === undefined ? {} : { startTime: rfc3339(at) };
}

function cpu(usage: CpuUsage | undefined): object {
  return usage === undefined ? {} : { cpu: timed(usage) };
}

function memory(usage: MemoryUsage | undefined): object {
  return usage === undefined ? {} : { memory: timed(usage) };
}

function fs(key: 'fs' | 'rootfs' | 'logs', usage: FsUsage | undefined): object {
  return usage === undefined ? {} : { [key]: timed(usage) };
}

/** The first interface also stands for the whole, as cAdvisor's default interface does. */
function network(usage: NetworkUsage | undefined): object {
  return usage === undefined ? {} : { network: { time: rfc3339(usage.time), ...usage.interfaces[0], interfaces: usage.interfaces } };
}

function timed(usage: { readonly time: number }): object {
  return { ...usage, time: rfc3339(usage.time) };
}
