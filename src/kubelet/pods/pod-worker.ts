/** One look at one pod: observe, decide, act, tell. Called by the queue, never twice at a time for one pod. */
import { isVickError } from '../../errors/vick-error.ts';
import type { Clock } from '../../platform/clock.ts';
import type { NodeAddress, Pod } from '../../platform/kubernetes-objects.ts';
import type { Log } from '../../platform/log.ts';
import type { Cluster } from '../cluster.ts';
import type { EventRecorder } from '../events.ts';
import type { ObservedPod, PodProvider } from '../provider.ts';
import type { Rejection } from './admission.ts';
import { decide, type Decision } from './decide.ts';
import { remember } from './history.ts';
import type { Operations } from './operations.ts';
import { backOffEvents } from './pod-events.ts';
import { refOf, type PodRuntime } from './runtime.ts';
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
  readonly addresses: () => readonly NodeAddress[];
  /** Judges a pod that is about to run for the first time. */
  readonly admit: (pod: Pod) => Rejection | undefined;
  readonly lookAgainAt: (uid: string, at: number) => void;
  readonly forget: (uid: string) => void;
  readonly signal: AbortSignal;
}

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
    if (runtime.operation !== undefined && runtime.operation.kind !== 'stop') return;
    const observed = await provider.status(uid, this.options.signal);
    const now = clock.now();
    runtime.history = remember({ pod: runtime.pod, unit: provider.unit, provider: provider.name, now }, runtime.history, observed);
    if (!this.accepted(runtime, observed)) this.admit(runtime, now);
    const input = { pod: runtime.pod, unit: provider.unit, observed, history: runtime.history, now };
    const decision = decide({ ...input, gone: runtime.gone, reportedPhase: runtime.reportedPhase });
    if (runtime.operation === undefined || decision.action?.kind === 'stop') await this.act(uid, runtime, decision);
    this.tell(runtime, observed, now);
    const wakeAt = Math.min(decision.wakeAt ?? Number.POSITIVE_INFINITY, statusChangesAt(runtime.history, now) ?? Number.POSITIVE_INFINITY);
    if (Number.isFinite(wakeAt)) this.options.lookAgainAt(uid, wakeAt);
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
        operations.start(runtime, action);
        return;
      case 'stop':
        operations.stop(runtime, action);
        return;
      case 'remove':
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
      await this.options.cluster.deletePod(refOf(runtime.pod), this.options.signal);
    } catch (error) {
      const gone = isVickError(error) && (error.code === 'KUBE_NOT_FOUND' || error.code === 'KUBE_CONFLICT');
      if (!gone) throw error;
      runtime.gone = true;
    }
    runtime.deleted = true;
    if (runtime.gone) this.options.forget(runtime.pod.metadata?.uid ?? '');
  }

  private tell(runtime: PodRuntime, observed: ObservedPod | undefined, now: number): void {
    if (runtime.gone || runtime.deleted) return;
    const { provider, writer, events } = this.options;
    const busy = runtime.operation?.kind === 'create' || runtime.operation?.kind === 'start';
    const previous = runtime.status ?? runtime.pod.status ?? {};
    const input = { pod: runtime.pod, unit: provider.unit, observed, history: runtime.history, now };
    const status = computeStatus({ ...input, previous, addresses: this.options.addresses(), busy });
    for (const { event, container } of backOffEvents(runtime.pod, previous, status)) events.pod(runtime.pod, event, container);
    runtime.status = status;
    writer.submit(runtime.pod, status);
  }
}
