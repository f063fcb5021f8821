/** `/metrics/cadvisor`: the part of cAdvisor's series that dashboards are built on (google/cadvisor: metrics/prometheus.go). */
import type { Pod } from '../../../platform/kubernetes-objects.ts';
import type { PodUsage } from '../../capabilities.ts';
import { MetricsText } from './metrics-text.ts';

const NANO = 1e9;

export function cadvisorMetrics(usages: readonly PodUsage[], pods: readonly Pod[]): string {
  const text = new MetricsText();
  const byUid = new Map(pods.map((pod) => [pod.metadata?.uid, pod]));
  for (const usage of usages) {
    const pod = byUid.get(usage.uid);
    if (pod === undefined) continue;
    const base = { namespace: pod.metadata?.namespace ?? '', pod: pod.metadata?.name ?? '' };
    for (const { name, cpu, memory, startedAt } of usage.containers) {
      const status = pod.status?.containerStatuses?.find((candidate) => candidate.name === name);
      const labels = { container: name, id: `/pod${usage.uid}/${name}`, image: status?.image ?? '', name: status?.containerID ?? '', ...base };
      const cpuSeconds = cpu?.usageCoreNanoSeconds === undefined ? undefined : cpu.usageCoreNanoSeconds / NANO;
      text.counter('container_cpu_usage_seconds_total', 'Cumulative cpu time consumed in seconds.', { ...labels, cpu: 'total' }, cpuSeconds, cpu?.time);
      text.gauge('container_memory_usage_bytes', 'Current memory usage in bytes, including all memory.', labels, memory?.usageBytes, memory?.time);
      text.gauge('container_memory_working_set_bytes', 'Current working set in bytes.', labels, memory?.workingSetBytes, memory?.time);
      text.gauge('container_memory_rss', 'Size of RSS in bytes.', labels, memory?.rssBytes, memory?.time);
      text.gauge(
        'container_start_time_seconds',
        'Start time of the container since unix epoch in seconds.',
        labels,
        startedAt === undefined ? undefined : startedAt / 1000,
      );
    }
    for (const port of usage.network?.interfaces ?? []) {
      const labels = { id: `/pod${usage.uid}`, interface: port.name, ...base };
      text.counter('container_network_receive_bytes_total', 'Cumulative count of bytes received', labels, port.rxBytes, usage.network?.time);
      text.counter('container_network_transmit_bytes_total', 'Cumulative count of bytes transmitted', labels, port.txBytes, usage.network?.time);
    }
  }
  return text.toString();
}
