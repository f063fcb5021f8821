/**
 * Carries out what `decide` asked for. Whatever may take long runs beside the pod's worker: while it does, the pod can
 * still be looked at, a create can be called off and a stop be shortened.
 */
import { messageOf } from '../../errors/vick-error.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Pod } from '../../platform/kubernetes-objects.ts';
import type { Log } from '../../platform/log.ts';
import type { EventRecorder } from '../events.ts';
import { isProviderFailure, type PodProvider, type VolumeRequest } from '../provider.ts';
import { retryForever } from '../retry.ts';
import type { Action } from './decide.ts';
import type { LifecycleHooks } from './hooks/lifecycle-hooks.ts';
import type { PodImages } from './images/pod-images.ts';
import { eventsOf, mountEvents, troubleEvents } from './pod-events.ts';
import type { PodInputs } from './references/pod-inputs.ts';
import { rememberFailedStart, rememberStart } from './remember.ts';
import { isDoomed, type Operation, type PodRuntime } from './runtime.ts';
import { rememberSuccess, rememberTrouble } from './trouble.ts';
import { isVolumeFailure } from './volumes/failure.ts';

export interface OperationsOptions {
  readonly provider: PodProvider;
  readonly clock: Clock;
  readonly log: Log;
  readonly events: EventRecorder;
  readonly inputs: Pick<PodInputs, 'define' | 'prepareVolumes'>;
  readonly images: Pick<PodImages, 'forCreate' | 'forStart'>;
  readonly hooks: Pick<LifecycleHooks, 'postStart' | 'preStop'>;
  /** Something about this pod has changed. */
  readonly changed: (uid: string) => void;
}

/** A runtime never gets less than this, whatever is left of the grace (pkg/kubelet/kuberuntime, minimumGracePeriodInSeconds). */
const MINIMUM_GRACE_SECONDS = 2;
const DEFAULT_GRACE_SECONDS = 30;

type ActionOf<K extends Action['kind']> = Extract<Action, { kind: K }>;

export class Operations {
  private readonly options: OperationsOptions;
  private readonly running = new Map<AbortController, Promise<void>>();
  private closing = false;

  constructor(options: OperationsOptions) {
    this.options = options;
  }

  /** Calls off what would start something of a pod that must not start any more. */
  callOff(runtime: PodRuntime): void {
    const { operation } = runtime;
    if (operation === undefined || operation.kind === 'stop' || operation.kind === 'remove') return;
    if (isDoomed(runtime, this.options.clock.now())) operation.abort.abort(new Error('the pod must not start any more'));
  }

  create(runtime: PodRuntime): void {
    const { provider, inputs, images } = this.options;
    this.begin(runtime, { kind: 'create' }, async (signal) => {
      const { pod } = runtime;
      const volumes = await inputs.prepareVolumes(pod);
      signal.throwIfAborted();
      const define = await images.forCreate(pod, inputs.define(pod), signal);
      await provider.create({ pod, volumes, define, warn: this.warn(pod) }, signal);
      // A back end that does not show at once what it has made is not asked for it again and again.
      Object.assign(runtime, { present: true, absentSince: undefined });
      runtime.history = rememberSuccess(runtime.history, { stopConfirmed: false });
    });
  }

  start(runtime: PodRuntime, action: ActionOf<'start'>): void {
    this.begin(runtime, { kind: 'start', containers: action.containers }, async (signal) => {
      for (const name of action.containers) {
        await this.startContainer(runtime, name, signal);
        const { operation } = runtime;
        if (operation?.containers !== undefined) operation.containers = operation.containers.filter((other) => other !== name);
      }
    });
  }

  private async startContainer(runtime: PodRuntime, name: string, signal: AbortSignal): Promise<void> {
    const { provider, clock, events, inputs, images } = this.options;
    const uid = runtime.pod.metadata?.uid ?? '';
    try {
      const before = runtime.history;
      const define = await images.forStart(runtime.pod, name, inputs.define(runtime.pod, [name]), signal);
      const volumes = (): Promise<readonly VolumeRequest[]> => inputs.prepareVolumes(runtime.pod);
      await provider.start({ uid, containers: [name], define, volumes, warn: this.warn(runtime.pod) }, signal);
      runtime.history = rememberSuccess(rememberStart(runtime.history, [name], clock.now(), before));
      events.pod(runtime.pod, { type: 'Normal', reason: 'Created', message: `Created container: ${name}` }, name);
      events.pod(runtime.pod, { type: 'Normal', reason: 'Started', message: `Started container ${name}` }, name);
      await this.afterStart(runtime, name, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      if (isProviderFailure(error) && error.reason === 'RunContainerError') {
        runtime.history = rememberFailedStart(runtime.history, [name], error.message, clock.now());
        events.pod(runtime.pod, { type: 'Warning', reason: 'Failed', message: `Error: ${error.message}` }, name);
        return;
      }
      const trouble = { operation: 'start', message: messageOf(error), container: name, failedAt: clock.now() } as const;
      runtime.history = rememberTrouble(runtime.history, { ...trouble, ...(isProviderFailure(error) ? { reason: error.reason } : {}) });
      const told = runtime.history.containers[name]?.trouble;
      if (told === undefined) return;
      for (const { event, container } of eventsOf(runtime.pod, told)) events.pod(runtime.pod, event, container);
    }
  }

  private warn(pod: Pod): (message: string) => void {
    return (message) => this.options.events.pod(pod, { type: 'Warning', reason: 'PodFieldDegraded', message });
  }

  /** A container whose postStart hook fails is stopped, and goes by its restart policy. */
  private async afterStart(runtime: PodRuntime, name: string, signal: AbortSignal): Promise<void> {
    const { clock, events, hooks } = this.options;
    if (await hooks.postStart(runtime.pod, name, signal)) return;
    events.pod(runtime.pod, { type: 'Normal', reason: 'Killing', message: 'FailedPostStartHook' }, name);
    const by = clock.now() + (runtime.pod.spec?.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS) * 1_000;
    await retryForever(() => this.end(runtime, [name], () => by, signal), { clock, signal, firstMs: 1_000, maximumMs: 10_000 });
  }

  /** Ends these containers at the same time: each one's preStop hook, then its stop with what is left of the grace. */
  private async end(runtime: PodRuntime, names: readonly string[], by: () => number, signal: AbortSignal): Promise<void> {
    const { provider, clock, hooks } = this.options;
    const uid = runtime.pod.metadata?.uid ?? '';
    await Promise.all(
      names.map(async (container) => {
        await hooks.preStop(runtime.pod, [container], by(), signal);
        const graceSeconds = Math.max(MINIMUM_GRACE_SECONDS, Math.ceil((by() - clock.now()) / 1_000));
        await provider.stop({ uid, container, graceSeconds }, signal);
      }),
    );
  }

  kill(runtime: PodRuntime, action: ActionOf<'kill'>): void {
    const { clock, events } = this.options;
    const by = clock.now() + action.graceSeconds * 1_000;
    for (const name of action.containers) events.pod(runtime.pod, { type: 'Normal', reason: 'Killing', message: action.message }, name);
    this.begin(runtime, { kind: 'kill' }, async (signal) => {
      await this.end(runtime, action.containers, () => by, signal);
      runtime.history = rememberSuccess(runtime.history);
    });
  }

  /** Does nothing when a stop with the same or a nearer end is under way. */
  stop(runtime: PodRuntime, action: ActionOf<'stop'>): void {
    const { events, hooks } = this.options;
    const first = runtime.history.stopBy === undefined;
    if (runtime.operation !== undefined && (runtime.operation.by ?? 0) <= action.by) return;
    runtime.history = { ...runtime.history, stopBy: action.by };
    const { stages } = action;
    // A stop that was shortened ends when the shorter one does.
    const by = (): number => Math.min(action.by, runtime.history.stopBy ?? action.by);
    if (first) {
      if (action.cause === 'deadline') {
        events.pod(runtime.pod, { type: 'Normal', reason: 'DeadlineExceeded', message: 'Pod was active on the node longer than the specified deadline' });
      }
      for (const name of action.containers) events.pod(runtime.pod, { type: 'Normal', reason: 'Killing', message: `Stopping container ${name}` }, name);
    }
    this.begin(runtime, { kind: 'stop', by: action.by }, async (signal) => {
      // Hooks do not wait for their container's turn.
      if (stages.length > 1) hooks.preStop(runtime.pod, action.containers, by(), signal).catch(() => undefined);
      for (const stage of stages) await this.end(runtime, stage, by, signal);
      runtime.history = rememberSuccess(runtime.history, { stopConfirmed: true });
    });
  }

  remove(runtime: PodRuntime): void {
    this.begin(runtime, { kind: 'remove' }, async (signal) => {
      await this.options.provider.remove(runtime.pod.metadata?.uid ?? '', signal);
      runtime.history = rememberSuccess(runtime.history);
    });
  }

  /** Calls off what is under way; the back end keeps what it has, and the next kubelet adopts it. Waits at most `limitMs`. */
  async close(limitMs: number): Promise<void> {
    this.closing = true;
    for (const abort of this.running.keys()) abort.abort(new Error('the kubelet is stopping'));
    let cancel: () => void = () => undefined;
    const limit = new Promise<void>((resolve) => {
      cancel = this.options.clock.schedule(limitMs, resolve);
    });
    await Promise.race([Promise.all(this.running.values()), limit]);
    cancel();
  }

  private begin(runtime: PodRuntime, facts: Omit<Operation, 'abort'>, work: (signal: AbortSignal) => Promise<void>): void {
    if (this.closing) return;
    const replaced = runtime.operation;
    const operation: Operation = { ...facts, abort: new AbortController() };
    runtime.operation = operation;
    const promise = this.carryOut(runtime, operation, work).finally(() => {
      this.running.delete(operation.abort);
      replaced?.abort.abort(new Error('a shorter stop has ended'));
    });
    this.running.set(operation.abort, promise);
  }

  private async carryOut(runtime: PodRuntime, operation: Operation, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { clock, log, events } = this.options;
    const uid = runtime.pod.metadata?.uid ?? '';
    let failure: unknown;
    try {
      await work(operation.abort.signal);
    } catch (error) {
      failure = error;
    }
    const superseded = runtime.operation !== operation;
    // A stop that was shortened has failed or ended for the one that replaced it.
    if (superseded && failure !== undefined) return;
    runtime.operation = undefined;
    if (failure !== undefined && !operation.abort.signal.aborted) {
      const message = messageOf(failure);
      log.warn(`pod ${operation.kind} failed`, { pod: uid, error: message });
      const known = isProviderFailure(failure) ? { reason: failure.reason, ...(failure.container === undefined ? {} : { container: failure.container }) } : {};
      runtime.history = rememberTrouble(runtime.history, { operation: operation.kind, message, failedAt: clock.now(), ...known });
      const told = isVolumeFailure(failure) ? mountEvents(failure) : troubleEvents(runtime.pod, runtime.history);
      for (const { event, container } of told) events.pod(runtime.pod, event, container);
    }
    this.options.changed(uid);
  }
}
