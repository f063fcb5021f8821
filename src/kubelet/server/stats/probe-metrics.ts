/** `/metrics/probes` (pkg/kubelet/prober/prober_manager.go). */
import type { ProbeCount } from '../../pods/probes/probe-counts.ts';
import { MetricsText } from './metrics-text.ts';

const HELP = 'Cumulative number of a liveness, readiness or startup probe for a container by result.';

export function probeMetrics(counts: readonly ProbeCount[]): string {
  const text = new MetricsText();
  for (const { probeType, result, container, pod, namespace, podUid, count } of counts) {
    text.counter('prober_probe_total', HELP, { probe_type: probeType, result, container, pod, namespace, pod_uid: podUid }, count);
  }
  return text.toString();
}
