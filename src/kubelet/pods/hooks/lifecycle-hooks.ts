/** postStart and preStop of containers: when they run, what is told of them, and that none runs twice for one run. */
import { redact } from '../../../errors/redact.ts';
import { messageOf } from '../../../errors/vick-error.ts';
import type { Clock } from '../../../platform/clock.ts';
import type { Container, Pod } from '../../../platform/kubernetes-objects.ts';
import type { Log } from '../../../platform/log.ts';
import type { EventRecorder } from '../../events.ts';
import type { ObservedPod, PodProvider } from '../../provider.ts';
import { podContainers } from '../pod-containers.ts';
import { userAgent, type HandlerTarget } from '../probes/handler.ts';
import { runHook, type Hook } from './run-hook.ts';

export interface LifecycleHooksOptions {
  readonly provider: Pick<PodProvider, 'exec' | 'network' | 'status'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly events: EventRecorder;
  readonly kubeletVersion: string;
}

interface PreStop {
  readonly run: string;
  readonly abort: AbortController;
  /** Resolves whatever became of it. */
  readonly done: Promise<void>;
}

export class LifecycleHooks {
  private readonly options: LifecycleHooksOptions;
  /** By pod UID, then by container: the latest preStop of each. */
  private readonly preStops = new Map<string, Map<string, PreStop>>();

  constructor(options: LifecycleHooksOptions) {
    this.options = options;
  }

  /** Runs the hook of a container that was just started, if it has one; false when it failed, which was told. Rejects when the signal aborts. */
  async postStart(pod: Pod, name: string, signal: AbortSignal): Promise<boolean> {
    const container = containerOf(pod, name);
    const hook = container?.lifecycle?.postStart;
    if (container === undefined || hook === undefined) return true;
    const observed = await this.options.provider.status(pod.metadata?.uid ?? '', signal).catch(() => undefined);
    return this.run('PostStart', pod, container, observed?.ips[0], hook, signal);
  }

  /**
   * Runs the hooks of those of these containers that run, and resolves when all have ended, failed, or `by` (milliseconds
   * since the epoch) has come. A hook that runs already, for another stop of the same run, is waited for instead; one
   * that is over is over. Rejects when the signal aborts, which leaves the hooks running, and when the back end cannot
   * tell what runs.
   */
  async preStop(pod: Pod, names: readonly string[], by: number, signal: AbortSignal): Promise<void> {
    const hooked = names.flatMap((name) => {
      const container = containerOf(pod, name);
      const hook = container?.lifecycle?.preStop;
      return container === undefined || hook === undefined ? [] : [{ container, hook }];
    });
    if (hooked.length === 0) return;
    const observed = await this.options.provider.status(pod.metadata?.uid ?? '', signal);
    const hooks = hooked.flatMap(({ container, hook }) => this.begun(pod, container, hook, observed) ?? []);
    await this.within(hooks, by, signal);
  }

  forget(uid: string): void {
    for (const { abort } of this.preStops.get(uid)?.values() ?? []) abort.abort(new Error('the pod has gone'));
    this.preStops.delete(uid);
  }

  close(): void {
    for (const uid of [...this.preStops.keys()]) this.forget(uid);
  }

  private begun(pod: Pod, container: Container, hook: Hook, observed: ObservedPod | undefined): PreStop | undefined {
    const uid = pod.metadata?.uid ?? '';
    const seen = observed?.containers.find(({ name }) => name === container.name);
    if (seen?.state.kind !== 'running') return undefined;
    const run = `${seen.id} ${String(seen.state.startedAt)}`;
    const ofPod = this.preStops.get(uid) ?? new Map<string, PreStop>();
    this.preStops.set(uid, ofPod);
    const before = ofPod.get(container.name);
    if (before?.run === run) return before;
    const abort = new AbortController();
    const done = this.run('PreStop', pod, container, observed?.ips[0], hook, abort.signal).then(
      () => undefined,
      () => undefined,
    );
    const begun = { run, abort, done };
    ofPod.set(container.name, begun);
    return begun;
  }

  private async within(hooks: readonly PreStop[], by: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.options;
    const waiting = new AbortController();
    const limited = async (): Promise<void> => {
      await clock.sleep(Math.max(0, by - clock.now()), AbortSignal.any([signal, waiting.signal]));
      for (const { abort } of hooks) abort.abort(new Error('the hook has taken all of the grace period'));
    };
    const limit = limited();
    limit.catch(() => undefined);
    try {
      await Promise.race([Promise.all(hooks.map(({ done }) => done)), limit]);
    } finally {
      waiting.abort();
    }
  }

  private async run(kind: 'PostStart' | 'PreStop', pod: Pod, container: Container, podIP: string | undefined, hook: Hook, signal: AbortSignal) {
    const { provider, clock, log, events, kubeletVersion } = this.options;
    const target: HandlerTarget = {
      ...{ pod, container, podIP, exec: provider.exec, network: provider.network },
      userAgent: userAgent('kube-lifecycle', kubeletVersion),
    };
    const onFallback = (): void => {
      const message = `request to HTTPS lifecycle hook got HTTP response, successfully used HTTP fallback for ${kind} hook`;
      events.pod(pod, { type: 'Warning', reason: 'LifecycleHTTPFallback', message }, container.name);
    };
    try {
      await runHook(target, hook, { clock, onFallback }, signal);
      return true;
    } catch (error) {
      // A start that was called off is no failure of its hook; a preStop that took too long is one.
      if (kind === 'PostStart') signal.throwIfAborted();
      // What a hook printed may hold secrets: the event only says that it failed.
      log.debug(`${kind} hook failed`, { pod: pod.metadata?.uid ?? '', container: container.name, error: redact(messageOf(error)) });
      events.pod(pod, { type: 'Warning', reason: `Failed${kind}Hook`, message: `${kind}Hook failed` }, container.name);
      return false;
    }
  }
}

function containerOf(pod: Pod, name: string): Container | undefined {
  return podContainers(pod).find((container) => container.name === name)?.spec;
}
