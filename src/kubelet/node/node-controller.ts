/** The Node object of this kubelet: registration, status, lease, and coming back when somebody deletes it. */
import { isVickError, messageOf } from '../../errors/vick-error.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Node, NodeAddress } from '../../platform/kubernetes-objects.ts';
import type { Log } from '../../platform/log.ts';
import { jitter, type Random } from '../../platform/random.ts';
import type { Cluster } from '../cluster.ts';
import type { EventRecorder } from '../events.ts';
import type { NodeCapacity, NodeFacts, PodProvider } from '../provider.ts';
import { deferred } from '../deferred.ts';
import { nodeImages, type NodeImage } from '../pods/images/node-images.ts';
import { retryForever } from '../retry.ts';
import { conditionEvents } from './condition-events.ts';
import { desiredNode, nodeStatus, type BackEnd, type NodeIdentity } from './desired-node.ts';
import { keepsLease, recordHealth, UNKNOWN_HEALTH, type HealthRecord } from './health.ts';
import { keepLease } from './lease.ts';
import { probeBackEnd } from './probe-back-end.ts';
import { registerNode } from './registration.ts';
import { nodeStatusPatch } from './status-patch.ts';

export interface NodeControllerOptions {
  readonly identity: NodeIdentity;
  readonly cluster: Cluster;
  readonly provider: Pick<PodProvider, 'describe' | 'capacity' | 'health' | 'images'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly events: EventRecorder;
  /** Called whenever the Node was registered. */
  readonly onRegistered: () => void;
  /** Called whenever a status was posted. */
  readonly onPosted: () => void;
}

const COMPUTE_MS = 10_000;
const POST_MS = 300_000;
const POST_ATTEMPTS = 5;
/** How often images are listed, and how long that may take. */
const IMAGES_MS = 60_000;
const LIST_IMAGES_MS = 10_000;
const REGISTER = { firstMs: 100, maximumMs: 7_000 } as const;

export class NodeController {
  private readonly options: NodeControllerOptions;
  private facts: NodeFacts | undefined;
  private capacity: NodeCapacity | undefined;
  private health: HealthRecord = UNKNOWN_HEALTH;
  /** The Node as the API is known to hold it; undefined before registration and after somebody deleted it. */
  private held: Node | undefined;
  private registered = false;
  private registering: Promise<void> | undefined;
  private nextPostAt = 0;
  /** The Node with what this kubelet last posted, as events have told it. */
  private told: Node | undefined;
  private images: readonly NodeImage[] | undefined;
  private imagesAskedAt = Number.NEGATIVE_INFINITY;
  /** Resolved, and made anew, with every registration. */
  private reregistered = deferred<undefined>();

  constructor(options: NodeControllerOptions) {
    this.options = options;
  }

  /** Runs until the signal aborts. The Node is left as it is then: a restart continues. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, cluster, identity, random, log } = this.options;
    try {
      await this.firstProbe(signal);
      await this.register(signal);
      const owner = (): Node | undefined => this.held;
      const alive = (): boolean => keepsLease(this.health, clock.now());
      const wake = (): Promise<void> => this.reregistered.promise;
      await Promise.all([
        keepLease({ cluster, clock, random, log, nodeName: identity.name, owner, alive, wake }, signal),
        cluster.watchNode(identity.name, (node) => this.observed(node, signal), signal),
        this.postStatus(signal),
      ]);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** The Node with its labels and taints, as newly as known. */
  node(): Node {
    if (this.held !== undefined) return this.held;
    return this.facts === undefined ? { metadata: { name: this.options.identity.name } } : this.desired();
  }

  allocatable(): Readonly<Record<string, string>> | undefined {
    return this.capacity?.allocatable;
  }

  addresses(): readonly NodeAddress[] {
    return this.facts?.addresses ?? [];
  }

  /** There is no Node without facts about the machine. */
  private async firstProbe(signal: AbortSignal): Promise<void> {
    const { clock, provider, log } = this.options;
    const onFailure = (error: unknown): void => log.warn('the back end does not describe itself yet', { error });
    this.facts = await retryForever(() => provider.describe(signal), { clock, signal, onFailure, ...REGISTER });
    await this.probe(signal);
  }

  private async probe(signal: AbortSignal): Promise<void> {
    const { clock, provider } = this.options;
    const answer = await probeBackEnd(provider, clock, signal);
    this.facts = answer.facts ?? this.facts;
    this.capacity = answer.capacity ?? this.capacity;
    this.health = recordHealth(this.health, answer.health, clock.now());
    await this.listImages(signal);
  }

  /** The list is for the scheduler's taste alone: a failure leaves the last one. */
  private async listImages(signal: AbortSignal): Promise<void> {
    const { clock, provider, log } = this.options;
    if (provider.images === undefined || this.health.failingSince !== undefined || clock.now() < this.imagesAskedAt + IMAGES_MS) return;
    this.imagesAskedAt = clock.now();
    const limit = new AbortController();
    let cancel: () => void = () => undefined;
    const late = new Promise<never>((_resolve, reject) => {
      cancel = clock.schedule(LIST_IMAGES_MS, () => {
        limit.abort();
        reject(new Error('no answer in time'));
      });
    });
    try {
      this.images = nodeImages(await Promise.race([provider.images.list(AbortSignal.any([signal, limit.signal])), late]));
    } catch (error) {
      signal.throwIfAborted();
      log.debug('the images of the back end are not known', { error });
    } finally {
      cancel();
    }
  }

  private async register(signal: AbortSignal): Promise<void> {
    const { clock, cluster, log, identity, events } = this.options;
    const onFailure = (error: unknown): void => log.warn('the node is not registered yet', { node: identity.name, error });
    this.held = await retryForever(() => registerNode(cluster, this.desired(), signal), { clock, signal, onFailure, ...REGISTER });
    log.info('node registered', { node: identity.name });
    if (!this.registered) events.node(this.held, { type: 'Normal', reason: 'Starting', message: 'Starting kubelet.' });
    this.registered = true;
    this.nextPostAt = 0;
    this.reregistered.resolve(undefined);
    this.reregistered = deferred();
    this.options.onRegistered();
  }

  /** What the watch tells. A Node that is gone is made again, with a lease of its own. */
  private observed(node: Node | undefined, signal: AbortSignal): void {
    if (node !== undefined) {
      this.held = node;
      if (this.told !== undefined) this.tell({ ...node, status: this.told.status ?? {} });
      return;
    }
    this.held = undefined;
    this.registering ??= this.register(signal)
      .then(() => this.post(signal))
      .catch((error: unknown) => {
        if (!signal.aborted) this.options.log.warn('the node could not be registered again', { error });
      })
      .finally(() => {
        this.registering = undefined;
      });
  }

  private async postStatus(signal: AbortSignal): Promise<void> {
    for (let first = true; ; first = false) {
      if (!first) await this.probe(signal);
      await this.post(signal);
      await this.options.clock.sleep(COMPUTE_MS, signal);
    }
  }

  /** Posts when something changed or it is time; the second and later attempts begin with a fresh look at the Node. */
  private async post(signal: AbortSignal): Promise<void> {
    const { clock, cluster, identity, log, random } = this.options;
    for (let attempt = 1; attempt <= POST_ATTEMPTS; attempt += 1) {
      try {
        if (attempt > 1) this.held = await cluster.getNode(identity.name, signal);
        const now = clock.now();
        if (this.held === undefined || !keepsLease(this.health, now)) return;
        const desired = nodeStatus(identity, this.backEnd(), this.held.status?.conditions ?? [], now);
        const { patch, changed } = nodeStatusPatch(this.held.status ?? {}, desired);
        if (!changed && now < this.nextPostAt) return;
        this.held = await cluster.patchNodeStatus(identity.name, patch, signal);
        this.nextPostAt = now + (changed ? jitter(random, POST_MS, 0.5) : POST_MS);
        this.tell({ ...this.held, status: desired });
        this.options.onPosted();
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (isVickError(error) && error.code === 'KUBE_NOT_FOUND') {
          this.observed(undefined, signal);
          return;
        }
        log.warn('node status was not posted', { attempt, error: messageOf(error) });
      }
    }
  }

  /** Events for what has changed since they were last told; the first post tells everything. */
  private tell(after: Node): void {
    const before = this.told;
    this.told = after;
    for (const event of conditionEvents(this.options.identity.name, before, after)) {
      this.options.events.node(after, event);
      if (event.reason === 'NodeReady') this.options.log.info('node is ready');
      if (event.reason === 'NodeNotReady') this.options.log.warn('node is not ready', { problems: this.health.problems.join(', ') });
    }
  }

  private desired(): Node {
    return desiredNode(this.options.identity, this.backEnd(), this.options.clock.now());
  }

  private backEnd(): BackEnd {
    return { facts: this.facts ?? NO_FACTS, capacity: this.capacity, health: this.health, images: this.images };
  }
}

const NO_FACTS: NodeFacts = {
  systemInfo: {
    ...{ architecture: '', operatingSystem: '', osImage: '', kernelVersion: '', machineID: '', systemUUID: '', bootID: '' },
    containerRuntimeVersion: '',
  },
  addresses: [],
};
