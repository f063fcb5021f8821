/** The pods of this node: what the API says comes in, the queue hands each pod to the worker, orphans are collected. */
import type { Clock } from '../../platform/clock.ts';
import type { Node, NodeAddress, Pod, Secret } from '../../platform/kubernetes-objects.ts';
import type { Log } from '../../platform/log.ts';
import type { Random } from '../../platform/random.ts';
import type { Cluster, PodUpdate } from '../cluster.ts';
import type { EventRecorder } from '../events.ts';
import { createLimiter } from '../../platform/limiter.ts';
import { KeyedQueue } from '../keyed-queue.ts';
import { imagesOf, type PodProvider, type RecoveredPod } from '../provider.ts';
import { retryForever } from '../retry.ts';
import { Gate } from './gate.ts';
import { LifecycleHooks } from './hooks/lifecycle-hooks.ts';
import { ImageManager } from './images/image-manager.ts';
import { PodImages } from './images/pod-images.ts';
import { Operations } from './operations.ts';
import { PodWorker } from './pod-worker.ts';
import type { ProbeCount } from './probes/probe-counts.ts';
import { Prober } from './probes/prober.ts';
import { PodInputs } from './references/pod-inputs.ts';
import type { ApiServerAddress } from './env-services.ts';
import type { EnvNameRule } from './env-names.ts';
import { withoutWant } from './want.ts';
import { newRuntime, orphanRuntime, takeOver, type PodRuntime } from './runtime.ts';
import { SpecUpdates } from './spec-updates.ts';
import { StatusWriter } from './status-writer.ts';

export interface PodControllerOptions {
  readonly nodeName: string;
  readonly cluster: Cluster;
  readonly provider: PodProvider;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly events: EventRecorder;
  /** As the Node reports it; probes and hooks name it to those they ask. */
  readonly kubeletVersion: string;
  /** Where pods reach the API server, and which variable names are taken from whole objects; see PodInputsOptions. */
  readonly apiServer?: ApiServerAddress;
  readonly envNames?: EnvNameRule;
  readonly node: () => Node;
  readonly allocatable: () => Readonly<Record<string, string>> | undefined;
  readonly addresses: () => readonly NodeAddress[];
  /** Called once, after the first complete list of pods was taken in. */
  readonly onSynced: () => void;
}

/** How often every pod is compared with the back end although nothing was heard of it. */
const RESYNC_MS = 60_000;
const WRITES_AT_ONCE = 16;
/** How long a clean shutdown may take for each of its two halves. */
const CLOSE_MS = 900;

export class PodController {
  private readonly options: PodControllerOptions;
  private readonly runtimes = new Map<string, PodRuntime>();
  private readonly queue: KeyedQueue;
  private readonly writer: StatusWriter;
  private readonly inputs: PodInputs;
  private readonly prober: Prober;
  private readonly hooks: LifecycleHooks;
  private readonly images: PodImages;
  private readonly operations: Operations;
  private readonly abort = new AbortController();
  private readonly worker: PodWorker;
  /** What the back end had when this process started; taken once the API has told all its pods. */
  private found: readonly RecoveredPod[] = [];
  private synced = false;
  private readonly gate: Gate;
  private readonly updates: SpecUpdates;

  constructor(options: PodControllerOptions) {
    this.options = options;
    const { clock, log, provider, events, cluster } = options;
    const retry = { firstMs: 1_000, maximumMs: 10_000 };
    const onError = (uid: string, error: unknown): void => log.debug('pod state is unknown, nothing is changed', { pod: uid, error });
    this.queue = new KeyedQueue({ clock, retry, onError, work: (uid) => this.work(uid) });
    // The API server is not asked more at once than it can do at once; what waits meanwhile is written in its newest form.
    // Deletions that a busy server refuses for a while do not keep statuses waiting.
    const limit = createLimiter(WRITES_AT_ONCE);
    this.writer = new StatusWriter({ cluster, clock, log, limit: createLimiter(WRITES_AT_ONCE), onWritten: this.written, onGone: this.vanished });
    const { nodeName, random, addresses, allocatable, apiServer, envNames } = options;
    this.inputs = new PodInputs({
      ...{ nodeName, cluster, provider, clock, random, log, events, addresses, allocatable, signal: this.abort.signal },
      ...(apiServer === undefined ? {} : { apiServer }),
      ...(envNames === undefined ? {} : { envNames }),
      onChange: (uid) => this.supplied(uid),
    });
    const { kubeletVersion } = options;
    const changed = (uid: string): void => this.queue.add(uid);
    const readSecret = (namespace: string, name: string): Promise<Secret | undefined> => this.inputs.secret(namespace, name);
    const manager = provider.images === undefined ? undefined : new ImageManager({ images: provider.images, clock, random, events, readSecret });
    this.images = new PodImages(imagesOf(provider), manager);
    this.hooks = new LifecycleHooks({ provider, clock, log, events, kubeletVersion });
    this.prober = new Prober({ provider, clock, random, events, kubeletVersion, changed });
    this.operations = new Operations({ provider, clock, log, events, inputs: this.inputs, images: this.images, hooks: this.hooks, changed });
    this.gate = new Gate({ provider, events, allocatable, node: options.node });
    this.updates = new SpecUpdates({ provider, events, operations: this.operations });
    this.worker = new PodWorker({
      ...{ cluster, provider, clock, log, events, limit, operations: this.operations, writer: this.writer, addresses: options.addresses },
      signal: this.abort.signal,
      admit: (pod) => this.gate.admit(pod),
      lookAgainAt: (uid, at) => this.queue.addAt(uid, at),
      forget: (uid) => this.forget(uid),
      keep: (pod) => this.inputs.keep(pod),
      probe: (runtime, observed) => this.prober.sync(runtime, observed),
    });
  }

  /** Runs until the signal aborts; then finishes what it writes and leaves the pods running. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, cluster, provider, nodeName, log } = this.options;
    const onFailure = (error: unknown): void => log.warn('the back end cannot list its pods yet', { error });
    try {
      this.found = await retryForever(() => provider.list(signal), { clock, signal, firstMs: 500, maximumMs: 10_000, onFailure });
      log.info('pods found in the back end', { count: this.found.length });
      const watches = [
        cluster.watchPods(nodeName, (update) => this.take(update), signal),
        provider.watch((uid) => (uid === undefined ? this.addAll() : this.addKnown(uid)), signal),
        this.resync(signal),
        this.inputs.run(signal),
      ];
      await Promise.all(watches);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      await this.close();
    }
  }

  /** The pods this node knows of, newest state, for servers and tests. */
  pods(): readonly Pod[] {
    return [...this.runtimes.values()].map(({ pod, status }) => (status === undefined ? pod : { ...pod, status: { ...pod.status, ...status } }));
  }

  /** How often which probe of the pods that are here had which result. */
  probeCounts(): readonly ProbeCount[] {
    return this.prober.counts();
  }

  private async work(uid: string): Promise<void> {
    const runtime = this.runtimes.get(uid);
    if (runtime === undefined) return;
    try {
      await this.worker.look(uid, runtime);
    } finally {
      if (this.runtimes.get(uid) === runtime) this.gate.room.note(uid, runtime);
    }
  }

  private take(update: PodUpdate): void {
    if (update.kind === 'listed') {
      this.listed(update.pods);
      return;
    }
    const uid = update.pod.metadata?.uid ?? '';
    if (update.kind === 'deleted') this.vanished(uid);
    else this.changed(update.pod);
  }

  private listed(pods: readonly Pod[]): void {
    const present = new Set(pods.map((pod) => pod.metadata?.uid ?? ''));
    for (const [uid] of this.runtimes) if (!present.has(uid)) this.vanished(uid);
    // Older pods are judged first, as they were accepted first.
    const age = (pod: Pod): string => pod.metadata?.creationTimestamp ?? '';
    for (const pod of [...pods].sort((a, b) => (age(a) < age(b) ? -1 : age(a) > age(b) ? 1 : 0))) this.changed(pod);
    if (this.synced) return;
    this.synced = true;
    this.options.onSynced();
    this.collectOrphans(this.found);
    this.found = [];
  }

  private changed(told: Pod): void {
    const uid = told.metadata?.uid ?? '';
    const pod = this.updates.ownView(told);
    const known = this.runtimes.get(uid);
    const runtime = known ?? this.adopt(pod);
    if (known === undefined) this.runtimes.set(uid, runtime);
    else if (!this.updates.take(known, pod)) return;
    this.gate.room.note(uid, runtime);
    this.queue.add(uid);
    this.updates.refuseEphemeral(runtime, told);
  }

  private adopt(pod: Pod): PodRuntime {
    const runtime = newRuntime(pod);
    runtime.present ||= this.found.some(({ uid }) => uid === pod.metadata?.uid);
    return runtime;
  }

  private readonly vanished = (uid: string): void => {
    const runtime = this.runtimes.get(uid);
    if (runtime === undefined || runtime.gone) return;
    runtime.gone = true;
    this.gate.room.leave(uid);
    this.writer.forget(uid);
    this.operations.callOff(runtime);
    this.queue.add(uid);
  };

  private readonly written = (uid: string, pod: Pod): void => {
    const runtime = this.runtimes.get(uid);
    if (runtime === undefined) return;
    const before = runtime.reportedPhase;
    takeOver(runtime, this.updates.ownView(pod));
    if (before === runtime.reportedPhase) return;
    if (runtime.reportedPhase !== undefined) this.inputs.release(uid);
    // A terminating pod waits for the API to hold its end.
    this.queue.add(uid);
  };

  /** What this pod could not be made or started without may be there now: it does not wait for its back-off. */
  private supplied(uid: string): void {
    const runtime = this.runtimes.get(uid);
    if (runtime === undefined) return;
    runtime.history = withoutWant(runtime.history);
    this.queue.add(uid);
  }

  private addAll(): void {
    for (const uid of this.runtimes.keys()) this.queue.add(uid);
  }

  private addKnown(uid: string): void {
    if (this.runtimes.has(uid)) this.queue.add(uid);
  }

  private async resync(signal: AbortSignal): Promise<void> {
    const { clock, provider, log } = this.options;
    for (;;) {
      await clock.sleep(RESYNC_MS, signal);
      if (!this.synced) continue;
      try {
        this.collectOrphans(await provider.list(signal));
      } catch (error) {
        log.warn('the back end cannot list its pods', { error });
      }
      this.addAll();
    }
  }

  /** Pods of the back end that the API does not have. Called only after a complete list from the API. */
  private collectOrphans(recovered: readonly RecoveredPod[]): void {
    for (const orphan of recovered) {
      if (this.runtimes.has(orphan.uid)) continue;
      this.options.log.warn('a pod in the back end is not in the API and is removed', { pod: orphan.uid, name: `${orphan.namespace}/${orphan.name}` });
      this.runtimes.set(orphan.uid, orphanRuntime(orphan));
      this.queue.add(orphan.uid);
    }
  }

  private forget(uid: string): void {
    this.runtimes.get(uid)?.cancelTelling();
    this.runtimes.delete(uid);
    this.gate.room.leave(uid);
    this.writer.forget(uid);
    this.queue.forget(uid);
    this.inputs.release(uid);
    this.prober.forget(uid);
    this.hooks.forget(uid);
    this.images.forget(uid);
  }

  private async close(): Promise<void> {
    this.queue.stop();
    this.prober.close();
    this.hooks.close();
    await this.operations.close(CLOSE_MS);
    this.abort.abort(new Error('the kubelet is stopping'));
    await this.queue.idle();
    await this.writer.close(CLOSE_MS);
  }
}
