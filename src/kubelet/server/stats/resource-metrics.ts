/**
 * `/metrics/resource`, what metrics-server and `kubectl top` read (pkg/kubelet/metrics/collectors/resource_metrics.go).
 * metrics-server leaves a whole pod out when one of its containers has no CPU time or no memory: a container that has
 * measurably run for no time is said to have run for the least there is.
 */
import type { Pod } from '../../../platform/kubernetes-objects.ts';
import type { ContainerUsage, NodeUsage, PodUsage } from '../../capabilities.ts';
import { MetricsText } from './metrics-text.ts';
import { addUp } from './totals.ts';

export interface ResourceMetricsInput {
  readonly node: NodeUsage | undefined;
  readonly usages: readonly PodUsage[];
  readonly pods: readonly Pod[];
  /** The back end could not be asked. */
  readonly failed: boolean;
}

const NANO = 1e9;
const LEAST_CPU_SECONDS = 1 / NANO;

export function resourceMetrics({ node, usages, pods, failed }: ResourceMetricsInput): string {
  const text = new MetricsText();
  const byUid = new Map(pods.map((pod) => [pod.metadata?.uid, pod]));
  for (const usage of usages) {
    const pod = byUid.get(usage.uid);
    if (pod === undefined) continue;
    const labels = { namespace: pod.metadata?.namespace ?? '', pod: pod.metadata?.name ?? '' };
    // The pod second in both kinds of series: virtual-kubelet's suite goes by the place of a label.
    const { namespace, pod: name } = labels;
    for (const container of usage.containers) containerSamples(text, { container: container.name, pod: name, namespace }, container);
    const whole = addUp(usage);
    text.counter(
      'pod_cpu_usage_seconds_total',
      'Cumulative cpu time consumed by the pod in core-seconds',
      labels,
      seconds(whole.cpu?.usageCoreNanoSeconds),
      whole.cpu?.time,
    );
    text.gauge('pod_memory_working_set_bytes', 'Current working set of the pod in bytes', labels, whole.memory?.workingSetBytes, whole.memory?.time);
  }
  text.counter(
    'node_cpu_usage_seconds_total',
    'Cumulative cpu time consumed by the node in core-seconds',
    {},
    seconds(node?.cpu?.usageCoreNanoSeconds),
    node?.cpu?.time,
  );
  text.gauge('node_memory_working_set_bytes', 'Current working set of the node in bytes', {}, node?.memory?.workingSetBytes, node?.memory?.time);
  const error = failed ? 1 : 0;
  text.gauge('resource_scrape_error', '1 if there was an error while getting container metrics, 0 otherwise', {}, error);
  text.gauge('scrape_error', '1 if there was an error while getting container metrics, 0 otherwise', {}, error);
  return text.toString();
}

function containerSamples(text: MetricsText, labels: Readonly<Record<string, string>>, { cpu, memory, startedAt }: ContainerUsage): void {
  text.counter(
    'container_cpu_usage_seconds_total',
    'Cumulative cpu time consumed by the container in core-seconds',
    labels,
    seconds(cpu?.usageCoreNanoSeconds),
    cpu?.time,
  );
  const workingSet = memory?.workingSetBytes;
  const atLeast = workingSet === undefined ? undefined : Math.max(workingSet, 1);
  text.gauge('container_memory_working_set_bytes', 'Current working set of the container in bytes', labels, atLeast, memory?.time);
  const startedSeconds = startedAt === undefined ? undefined : startedAt / 1000;
  text.gauge('container_start_time_seconds', 'Start time of the container since unix epoch in seconds', labels, startedSeconds);
}

function seconds(coreNanoSeconds: number | undefined): number | undefined {
  return coreNanoSeconds === undefined ? undefined : Math.max(coreNanoSeconds / NANO, LEAST_CPU_SECONDS);
}
