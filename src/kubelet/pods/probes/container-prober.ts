/** The probes of one run of one container: timers while they wait, nothing else (pkg/kubelet/prober/worker.go). */
import type { Clock } from '../../../platform/clock.ts';
import type { Container } from '../../../platform/kubernetes-objects.ts';
import type { ContainerVerdict } from '../view.ts';
import { afterProbe, initialProbeState, type ProbeKind, type ProbeState } from './probe-state.ts';
import type { ProbeOutcome, ProbeSpec } from './run-probe.ts';

export interface ContainerProberOptions {
  readonly clock: Clock;
  readonly container: Container;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Of a run that began before this kubelet did: what was last told of it, and the share of a period to wait at first. */
  readonly adopted?: { readonly started: boolean; readonly ready: boolean; readonly delay: () => number };
  /** Carries one probe out. Rejects only when the signal aborts. */
  readonly run: (probe: ProbeSpec, signal: AbortSignal) => Promise<ProbeOutcome>;
  readonly onOutcome: (kind: ProbeKind, outcome: ProbeOutcome) => void;
  readonly onVerdict: () => void;
}

interface Worker {
  readonly kind: ProbeKind;
  readonly probe: ProbeSpec;
  state: ProbeState;
  /** Cancels the timer, or the probe under way. */
  cancel: (() => void) | undefined;
}

const DEFAULT_PERIOD_SECONDS = 10;

export class ContainerProber {
  private readonly options: ContainerProberOptions;
  private readonly workers: readonly Worker[];
  private terminating = false;

  constructor(options: ContainerProberOptions) {
    this.options = options;
    const { startupProbe, livenessProbe, readinessProbe } = options.container;
    const probes = [
      { kind: 'startup', probe: startupProbe },
      { kind: 'liveness', probe: livenessProbe },
      { kind: 'readiness', probe: readinessProbe },
    ] as const;
    this.workers = probes.flatMap(({ kind, probe }): readonly Worker[] =>
      probe === undefined ? [] : [{ kind, probe, state: this.begunAs(kind), cancel: undefined }],
    );
    this.proceed();
  }

  /** Liveness and startup no longer matter; readiness goes on. */
  terminate(): void {
    if (this.terminating) return;
    this.terminating = true;
    for (const worker of this.workers) {
      if (worker.kind === 'readiness') continue;
      worker.cancel?.();
      worker.cancel = undefined;
      worker.state = { ...worker.state, result: 'success', held: false };
    }
    this.proceed();
  }

  stop(): void {
    for (const worker of this.workers) {
      worker.cancel?.();
      worker.cancel = undefined;
    }
  }

  verdict(): ContainerVerdict {
    const of = (kind: ProbeKind): Worker | undefined => this.workers.find((worker) => worker.kind === kind);
    const startup = of('startup');
    const readiness = of('readiness');
    const started = startup === undefined || startup.state.result === 'success';
    const failed = this.workers.find(({ kind, state }) => kind !== 'readiness' && state.held);
    return {
      ...(startup === undefined ? {} : { started }),
      ...(readiness === undefined ? {} : { ready: started && readiness.state.result === 'success' }),
      ...(failed === undefined ? {} : { failed: this.failure(failed) }),
    };
  }

  private failure({ kind, probe }: Worker): NonNullable<ContainerVerdict['failed']> {
    const grace = probe.terminationGracePeriodSeconds;
    return {
      probe: kind === 'startup' ? 'startup' : 'liveness',
      message: `Container ${this.options.container.name} failed ${kind} probe`,
      ...(grace === undefined ? {} : { graceSeconds: grace }),
    };
  }

  private begunAs(kind: ProbeKind): ProbeState {
    const state = initialProbeState(kind);
    const { adopted } = this.options;
    const known = (kind === 'startup' && adopted?.started === true) || (kind === 'readiness' && adopted?.ready === true);
    return known ? { ...state, result: 'success' } : state;
  }

  /** Sets the timers of all probes that are to run and have none: the startup probe, or once it has succeeded the others. */
  private proceed(): void {
    const { clock, startedAt, adopted } = this.options;
    const startup = this.workers.find(({ kind }) => kind === 'startup');
    const started = startup === undefined || startup.state.result === 'success';
    for (const worker of this.workers) {
      if (worker.cancel !== undefined || worker.state.held || (worker.kind === 'startup') === started) continue;
      if (this.terminating && worker.kind !== 'readiness') continue;
      const now = clock.now();
      // Another machine's clock may be ahead.
      const due = Math.min(startedAt, now) + (worker.probe.initialDelaySeconds ?? 0) * 1_000;
      this.schedule(worker, Math.max(due - now, (adopted?.delay() ?? 0) * periodOf(worker)));
    }
  }

  private schedule(worker: Worker, delayMs: number): void {
    worker.cancel = this.options.clock.schedule(delayMs, () => void this.attempt(worker));
  }

  private async attempt(worker: Worker): Promise<void> {
    const { clock } = this.options;
    const abort = new AbortController();
    const cancel = (): void => abort.abort(new Error('the container is no longer probed'));
    worker.cancel = cancel;
    const begunAt = clock.monotonic();
    let outcome: ProbeOutcome;
    try {
      outcome = await this.options.run(worker.probe, abort.signal);
    } catch (error) {
      if (abort.signal.aborted) return;
      throw error;
    }
    // Stopped, or made pointless, while it was under way.
    if (worker.cancel !== cancel) return;
    worker.cancel = undefined;
    this.options.onOutcome(worker.kind, outcome);
    const before = worker.state;
    if (outcome.result !== 'error') {
      const { successThreshold = 1, failureThreshold = 3 } = worker.probe;
      const thresholds = { success: successThreshold, failure: failureThreshold };
      worker.state = afterProbe(worker.kind, before, outcome.result === 'failure' ? 'failure' : 'success', thresholds);
    }
    const passed = worker.kind === 'startup' && worker.state.result === 'success';
    if (!worker.state.held && !passed) {
      // In step with the first one, as a ticker is: what took longer than a period leaves ticks out.
      const period = periodOf(worker);
      const took = clock.monotonic() - begunAt;
      this.schedule(worker, Math.max(1, Math.ceil(took / period)) * period - took);
    }
    if (passed) this.proceed();
    if (worker.state.result !== before.result) this.options.onVerdict();
  }
}

function periodOf({ probe }: Worker): number {
  return Math.max(1, probe.periodSeconds ?? DEFAULT_PERIOD_SECONDS) * 1_000;
}
