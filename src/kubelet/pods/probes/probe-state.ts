/** What a probe has found so far for one run of a container: pure (pkg/kubelet/prober/worker.go, doProbe). */
export type ProbeKind = 'startup' | 'liveness' | 'readiness';
export type ProbeResult = 'unknown' | 'success' | 'failure';

export interface ProbeThresholds {
  readonly success: number;
  readonly failure: number;
}

export interface ProbeState {
  /** What counts: changes only when a threshold is reached. */
  readonly result: ProbeResult;
  /** The latest single outcome, and how many times in a row it came. */
  readonly latest: ProbeResult;
  readonly streak: number;
  /** The run must end: nothing is probed until there is another one. */
  readonly held: boolean;
}

/** A container counts as alive and as not ready until its probes have said otherwise, and as not started. */
export function initialProbeState(kind: ProbeKind): ProbeState {
  const result = kind === 'liveness' ? 'success' : kind === 'readiness' ? 'failure' : 'unknown';
  return { result, latest: 'unknown', streak: 0, held: false };
}

/** The state after one more probe. A probe that could not be carried out has no outcome and changes nothing. */
export function afterProbe(kind: ProbeKind, state: ProbeState, outcome: 'success' | 'failure', thresholds: ProbeThresholds): ProbeState {
  if (state.held) return state;
  const streak = state.latest === outcome ? state.streak + 1 : 1;
  const counted = { ...state, latest: outcome, streak };
  if (streak < (outcome === 'success' ? thresholds.success : thresholds.failure)) return counted;
  return { ...counted, result: outcome, held: kind !== 'readiness' && outcome === 'failure' };
}
