/** One look at one pod: observe, decide, act, tell. Called by the queue, never twice at a time for one pod. */
import { isVickError } from '../../errors/vick-error.ts';
import type { Clock } from '../../platform/clock.ts';
import type { NodeAddress, Pod } from '../../platform/kubernetes-objects.ts';
import type { Log } from '../../platform/log.ts';
import type { Cluster } from '../cluster.ts';
import type { EventRecorder } from '../events.ts';
import { imagesOf, type ObservedPod, type PodProvider } from '../provider.ts';
import type { Rejection } from './admission.ts';
import { decide, type Decision } from './decide.ts';
import type { Limiter } from '../../platform/limiter.ts';
import type { Operations } from './operations.ts';
import { backOffEvents } from './pod-events.ts';
import { remember, rememberImages, rememberKill } from './remember.ts';
import { isDoomed, refOf, type PodRuntime } from './runtime.ts';
import { computeStatus, statusChangesAt } from './status.ts';
import type { StatusWriter } from './status-writer.ts';
import { isTerminal } from './view.ts';

export interface PodWorkerOptions {
  readonly cluster: Pick<Cluster, 'deletePod'>;
  readonly provider: PodProvider;
  readonly clock: Clock;
  readonly log: Log;
  readonly events: EventRecorder;
  readonly operations: Operations;
  readonly writer: StatusWriter;
  /** How many requests may be under way. */
  readonly limit: Limiter;
  readonly addresses: () => readonly NodeAddress[];
  /** Judges a pod that is about to run for the first time. */
  readonly admit: (pod: Pod) => Rejection | undefined;
  readonly lookAgainAt: (uid: string, at: number) => void;
  readonly forget: (uid: string) => void;
  /** The back end has this pod and it goes on: what it is made of is kept as it should be. */
  readonly keep: (pod: Pod) => void;
  /** Brings the probes of the pod in line with what runs, and its verdicts up to date. */
  readonly probe: (runtime: PodRuntime, observed: ObservedPod | undefined) => void;
  readonly signal: AbortSignal;
}

/** How long a pod must be missing before it counts as gone. */
const CONFIRM_ABSENCE_MS = 2_000;

export class PodWorker {
  private readonly options: PodWorkerOptions;

  constructor(options: PodWorkerOptions) {
    this.options = options;
  }

  /** Throws when the back end or the API cannot be asked; nothing was decided then. */
  async look(uid: string, runtime: PodRuntime): Promise<void> {
    const { provider, clock, operations } = this.options;
    if (runtime.deleted) {
      if (runtime.gone) this.options.forget(uid);
      return;
    }
    operations.callOff(runtime);
    // A pod that is being made or removed shows parts of itself.
    if (runtime.operation?.kind === 'create' || runtime.operation?.kind === 'remove') return;
    const { history: asked } = runtime;
    const observed = await provider.status(uid, this.options.signal);
    const now = clock.now();
    // An operation has ended meanwhile: the answer may be older than what it did.
    if (runtime.history !== asked) return this.look(uid, runtime);
    if (this.doubtful(uid, runtime, observed, now)) return;
    runtime.history = remember({ pod: runtime.pod, imagesOf: imagesOf(provider), provider: provider.name, now }, runtime.history, observed);
    if (observed !== undefined && !isDoomed(runtime, now)) this.options.keep(runtime.pod);
    if (!this.accepted(runtime, observed)) this.admit(runtime, now);
    this.options.probe(runtime, observed);
    const input = { pod: runtime.pod, imagesOf: imagesOf(provider), observed, history: runtime.history, now, verdicts: runtime.verdicts };
    const decision = decide({ ...input, gone: runtime.gone, reportedPhase: runtime.reportedPhase });
    const before = runtime.operation;
    const shortens = before?.kind === 'stop' && decision.action?.kind === 'stop';
    if (before === undefined || shortens) await this.act(uid, runtime, decision);
    if (runtime.operation === before) this.tell(runtime, observed, now);
    else this.tellSoon(runtime, observed);
    const wakeAt = Math.min(decision.wakeAt ?? Number.POSITIVE_INFINITY, statusChangesAt(runtime.history, now) ?? Number.POSITIVE_INFINITY);
    if (Number.isFinite(wakeAt)) this.options.lookAgainAt(uid, wakeAt);
  }

  /**
   * Whether an absence is to be confirmed first. Some back ends miss a pod for a moment, while an index is rebuilt or
   * an object moves; taking that for the truth would fail the pod, or start it a second time.
   */
  private doubtful(uid: string, runtime: PodRuntime, observed: ObservedPod | undefined, now: number): boolean {
    if (observed !== undefined) {
      runtime.present = true;
      runtime.absentSince = undefined;
      return false;
    }
    if (!runtime.present) return false;
    runtime.absentSince ??= now;
    const until = runtime.absentSince + CONFIRM_ABSENCE_MS;
    if (now >= until) return false;
    this.options.lookAgainAt(uid, until);
    return true;
  }

  private accepted(runtime: PodRuntime, observed: ObservedPod | undefined): boolean {
    const { pod, history, gone } = runtime;
    const ending = gone || pod.metadata?.deletionTimestamp !== undefined || isTerminal(pod.status?.phase);
    return history.admitted || history.rejection !== undefined || ending || observed !== undefined;
  }

  private admit(runtime: PodRuntime, now: number): void {
    const rejection = this.options.admit(runtime.pod);
    if (rejection === undefined) {
      runtime.history = { ...runtime.history, admitted: true, startTime: runtime.history.startTime ?? now };
      return;
    }
    runtime.history = { ...runtime.history, rejection };
    this.options.events.pod(runtime.pod, { type: 'Warning', reason: rejection.reason, message: rejection.message });
  }

  private async act(uid: string, runtime: PodRuntime, { action }: Decision): Promise<void> {
    const { operations } = this.options;
    switch (action?.kind) {
      case undefined:
        return;
      case 'create':
        operations.create(runtime);
        return;
      case 'start':
        runtime.history = rememberImages(runtime.history, runtime.pod, action.containers);
        operations.start(runtime, action);
        return;
      case 'kill':
        runtime.history = rememberKill(runtime.history, action.containers, action.cause);
        operations.kill(runtime, action);
        return;
      case 'stop':
        operations.stop(runtime, action);
        return;
      case 'remove':
        // What is missing afterwards was removed.
        runtime.present = false;
        operations.remove(runtime);
        return;
      case 'deleteObject':
        await this.deleteObject(runtime);
        return;
      case 'forget':
        this.options.forget(uid);
        return;
    }
  }

  private async deleteObject(runtime: PodRuntime): Promise<void> {
    try {
      await this.options.limit(() => this.options.cluster.deletePod(refOf(runtime.pod), this.options.signal));
    } catch (error) {
      const gone = isVickError(error) && (error.code === 'KUBE_NOT_FOUND' || error.code === 'KUBE_CONFLICT');
      if (!gone) throw error;
      runtime.gone = true;
    }
    runtime.deleted = true;
    if (runtime.gone) this.options.forget(runtime.pod.metadata?.uid ?? '');
  }

  /**
   * An operation has just begun. Quick ones are over in this turn of the event loop, and their pod is looked at again: what
   * could be told now would be old before it is written.
   */
  private tellSoon(runtime: PodRuntime, observed: ObservedPod | undefined): void {
    const { clock } = this.options;
    runtime.cancelTelling();
    runtime.cancelTelling = clock.schedule(0, () => this.tell(runtime, observed, clock.now()));
  }

  private tell(runtime: PodRuntime, observed: ObservedPod | undefined, now: number): void {
    runtime.cancelTelling();
    if (runtime.gone || runtime.deleted) return;
    const { provider, writer, events } = this.options;
    const busy = runtime.operation?.kind === 'create' || runtime.operation?.kind === 'start';
    const previous = runtime.status ?? runtime.pod.status ?? {};
    const input = { pod: runtime.pod, imagesOf: imagesOf(provider), observed, history: runtime.history, now, verdicts: runtime.verdicts };
    const starting = runtime.operation?.containers ?? [];
    const status = computeStatus({ ...input, previous, addresses: this.options.addresses(), busy, starting });
    for (const { event, container } of backOffEvents(runtime.pod, previous, status)) events.pod(runtime.pod, event, container);
    runtime.status = status;
    writer.submit(runtime.pod, status);
  }
}
