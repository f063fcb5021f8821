/** `/metrics` of the kubelet itself, in upstream's names where the meaning is the same (pkg/kubelet/metrics/metrics.go). */
import type { Counter, Histogram, Registry } from 'prom-client';
import type { Pod } from '../../../platform/kubernetes-objects.ts';

export interface KubeletMetrics {
  /** A request was answered, or a stream has ended. */
  observe(request: { readonly method: string; readonly path: string; readonly longRunning: boolean; readonly seconds: number }): void;
  text(): Promise<string>;
}

/** Loads prom-client; call it when the server starts. */
export async function createKubeletMetrics(nodeName: string, pods: () => readonly Pod[], extra: readonly Registry[] = []): Promise<KubeletMetrics> {
  // A CommonJS package: Node finds its names itself, a bundle keeps them behind `default` only.
  const { default: prometheus } = await import('prom-client');
  const registry = new prometheus.Registry();
  const registers = [registry];
  const gauge = (
    name: string,
    help: string,
    labelNames: readonly string[],
    collect: (set: (labels: Record<string, string>, value: number) => void) => void,
  ): void => {
    new prometheus.Gauge({
      ...{ name, help, registers, labelNames: [...labelNames] },
      collect() {
        this.reset();
        collect((labels, value) => this.set(labels, value));
      },
    });
  };
  gauge('kubelet_node_name', "The node's name. The count is always 1.", ['node'], (set) => set({ node: nodeName }, 1));
  gauge('kubelet_running_pods', 'Number of pods that have a running pod sandbox', [], (set) => set({}, pods().filter(runs).length));
  gauge('kubelet_running_containers', 'Number of containers currently running', ['container_state'], (set) => {
    for (const [state, count] of containerStates(pods())) set({ container_state: state }, count);
  });
  const labelNames = ['method', 'path', 'server_type', 'long_running'] as const;
  const requests: Counter<(typeof labelNames)[number]> = new prometheus.Counter({
    ...{ name: 'kubelet_http_requests_total', help: 'Number of the http requests received since the server started', registers, labelNames: [...labelNames] },
  });
  const durations: Histogram<(typeof labelNames)[number]> = new prometheus.Histogram({
    ...{ name: 'kubelet_http_requests_duration_seconds', help: 'Duration in seconds to serve http requests', registers, labelNames: [...labelNames] },
  });
  return {
    observe: ({ method, path, longRunning, seconds }) => {
      const labels = { method, path, server_type: 'readwrite', long_running: String(longRunning) };
      requests.inc(labels);
      durations.observe(labels, seconds);
    },
    text: async () => (await Promise.all([registry, ...extra].map((each) => each.metrics()))).join('\n'),
  };
}

function runs(pod: Pod): boolean {
  return (pod.status?.containerStatuses ?? []).some(({ state }) => state?.running !== undefined);
}

function containerStates(pods: readonly Pod[]): ReadonlyMap<string, number> {
  const counts = new Map([['running', 0]]);
  for (const { state } of pods.flatMap(({ status }) => status?.containerStatuses ?? [])) {
    const name = state?.running !== undefined ? 'running' : state?.terminated !== undefined ? 'exited' : 'created';
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}
