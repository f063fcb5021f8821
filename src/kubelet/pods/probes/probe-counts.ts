/** How often which probe had which result: the numbers behind `prober_probe_total` (pkg/kubelet/prober/prober_manager.go). */
export interface ProbeCount {
  readonly probeType: 'Startup' | 'Liveness' | 'Readiness';
  readonly result: 'successful' | 'failed' | 'unknown';
  readonly container: string;
  readonly pod: string;
  readonly namespace: string;
  readonly podUid: string;
  readonly count: number;
}

export type ProbeLabels = Omit<ProbeCount, 'count'>;

/** Counts live as long as their pod does. */
export class ProbeCounts {
  private readonly byPod = new Map<string, Map<string, ProbeCount>>();

  add(labels: ProbeLabels): void {
    const ofPod = this.byPod.get(labels.podUid) ?? new Map<string, ProbeCount>();
    const key = `${labels.container}\n${labels.probeType}\n${labels.result}`;
    ofPod.set(key, { ...labels, count: (ofPod.get(key)?.count ?? 0) + 1 });
    this.byPod.set(labels.podUid, ofPod);
  }

  forget(podUid: string): void {
    this.byPod.delete(podUid);
  }

  all(): readonly ProbeCount[] {
    return [...this.byPod.values()].flatMap((counts) => [...counts.values()]);
  }
}
