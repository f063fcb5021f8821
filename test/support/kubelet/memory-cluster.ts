import { VickError } from '../../../src/errors/vick-error.ts';
import type { ErrorCode } from '../../../src/errors/codes.ts';
import type { Cluster, IssuedToken, ObjectName, ObjectRef, ObjectUpdate, PodRef, PodUpdate, ServiceUpdate, TokenSpec } from '../../../src/kubelet/cluster.ts';
import type { Clock } from '../../../src/platform/clock.ts';
import { rfc3339 } from '../../../src/platform/clock.ts';
import type { ConfigMap, Event, Json, Lease, Node, Pod, Secret, Service } from '../../../src/platform/kubernetes-objects.ts';
import { mergeStatus } from './merge-status.ts';
import { validatePodStatus } from './validate-pod-status.ts';

type Operation = keyof Cluster;

/** A pod's status as it was written, one after the other; what a client that watches would have seen. */
export interface StatusWrite {
  readonly uid: string;
  readonly pod: Pod;
}

/**
 * The part of a Kubernetes API server that the kubelet speaks to, in memory and authoritative: resourceVersions, UIDs
 * as preconditions, merge rules of statuses, graceful deletion, node and lease rules. Refuses what a server refuses.
 */
export class MemoryCluster implements Cluster {
  readonly nodes = new Map<string, Node>();
  readonly leases = new Map<string, Lease>();
  readonly podsByName = new Map<string, Pod>();
  readonly events: Event[] = [];
  /** By `ConfigMap ns/name` and `Secret ns/name`. */
  readonly objects = new Map<string, ConfigMap | Secret>();
  readonly services = new Map<string, Service>();
  /** Every token that was asked for, oldest first. */
  readonly tokens: (TokenSpec & { readonly account: ObjectName; readonly token: string })[] = [];
  /** Watches of single objects that are open, by `ConfigMap ns/name`. */
  readonly objectWatches = new Map<string, Set<(update: ObjectUpdate) => void>>();
  readonly writes: StatusWrite[] = [];
  /** Statuses that validation refused: a kubelet must never send one. */
  readonly refusals: string[] = [];
  /** Fields of pod statuses that this server is too old to know: it drops them without a word. */
  readonly unknownStatusFields = new Set<string>();
  /** Called with every pod whose status was just written. */
  onWrite: (pod: Pod) => void = () => undefined;
  /** Every call in order: `createNode`, `patchPodStatus ns/name`. */
  readonly calls: string[] = [];

  private readonly clock: Clock;
  private readonly failures = new Map<Operation, Error[]>();
  private readonly podWatchers = new Set<(update: PodUpdate) => void>();
  private readonly nodeWatchers = new Set<(node: Node | undefined) => void>();
  private readonly serviceWatchers = new Set<(update: ServiceUpdate) => void>();
  private down: Error | undefined;
  private version = 100;
  private serial = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  // --- what the test does

  failNext(operation: Operation, code: ErrorCode, times = 1): void {
    const errors = Array.from({ length: times }, () => new VickError(code, `${operation} was made to fail`));
    this.failures.set(operation, [...(this.failures.get(operation) ?? []), ...errors]);
  }

  disconnect(): void {
    this.down = new VickError('KUBE_UNREACHABLE', 'the API server does not answer');
  }

  reconnect(): void {
    this.down = undefined;
    for (const watcher of this.podWatchers) watcher(this.listed());
  }

  /** Somebody creates a pod that is bound already. */
  createPod(pod: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly spec: Pod['spec'];
    readonly generation?: number;
    readonly annotations?: Readonly<Record<string, string>>;
  }): Pod {
    this.serial += 1;
    const namespace = pod.namespace ?? 'default';
    const created: Pod = {
      metadata: {
        name: pod.name,
        namespace,
        uid: pod.uid ?? `${pod.name}-uid-${String(this.serial)}`,
        creationTimestamp: rfc3339(this.clock.now()),
        generation: pod.generation ?? 1,
        ...(pod.annotations === undefined ? {} : { annotations: pod.annotations }),
      },
      ...(pod.spec === undefined ? {} : { spec: { restartPolicy: 'Always', terminationGracePeriodSeconds: 30, ...pod.spec } }),
      status: {
        phase: 'Pending',
        qosClass: 'BestEffort',
        conditions: [{ type: 'PodScheduled', status: 'True', lastTransitionTime: rfc3339(this.clock.now()) }],
      },
    };
    const key = `${namespace}/${pod.name}`;
    if (this.podsByName.has(key)) throw new VickError('KUBE_CONFLICT', `pod ${key} exists`);
    return this.store(created);
  }

  /** Tells the watches of pods anything, true or not. */
  tell(update: PodUpdate): void {
    for (const watcher of this.podWatchers) watcher(update);
  }

  /** A user's delete: graceful, and a repeat can only shorten it. Grace 0 removes the object at once. */
  requestDeletion(uid: string, graceSeconds?: number): void {
    const pod = this.byUid(uid);
    const finished = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
    const wanted = finished ? 0 : (graceSeconds ?? pod.spec?.terminationGracePeriodSeconds ?? 30);
    if (wanted === 0) {
      this.drop(pod);
      return;
    }
    const before = pod.metadata?.deletionGracePeriodSeconds;
    if (before !== undefined && before <= wanted) return;
    const deletionTimestamp = rfc3339(this.clock.now() + wanted * 1000);
    this.store({
      ...pod,
      metadata: { ...pod.metadata, deletionTimestamp, deletionGracePeriodSeconds: wanted, generation: (pod.metadata?.generation ?? 1) + 1 },
    });
  }

  /** Any change of the object by somebody else. */
  modifyPod(uid: string, change: (pod: Pod) => Pod): void {
    this.store(change(this.byUid(uid)));
  }

  deleteNode(name: string): void {
    this.nodes.delete(name);
    this.leases.delete(name);
    for (const watcher of this.nodeWatchers) watcher(undefined);
  }

  modifyNode(name: string, change: (node: Node) => Node): void {
    this.storeNode(change(this.node(name)));
  }

  /** Somebody creates or replaces a ConfigMap or Secret. */
  put(kind: ObjectRef['kind'], object: ConfigMap | Secret): void {
    const { namespace = 'default', name = '' } = object.metadata ?? {};
    const stored = { ...object, metadata: { ...object.metadata, namespace, name, resourceVersion: this.nextVersion() } };
    this.objects.set(`${kind} ${namespace}/${name}`, stored);
    this.tellObject(`${kind} ${namespace}/${name}`);
  }

  removeObject({ kind, namespace, name }: ObjectRef): void {
    this.objects.delete(`${kind} ${namespace}/${name}`);
    this.tellObject(`${kind} ${namespace}/${name}`);
  }

  putService(service: Service): void {
    const { namespace = 'default', name = '' } = service.metadata ?? {};
    const stored = { ...service, metadata: { ...service.metadata, namespace, name } };
    this.services.set(`${namespace}/${name}`, stored);
    for (const watcher of this.serviceWatchers) watcher({ kind: 'changed', service: stored });
  }

  /** Every watch of a single object breaks; `resumeObjectWatches` sets them up again. */
  breakObjectWatches(): void {
    for (const watchers of this.objectWatches.values()) for (const watcher of watchers) watcher({ kind: 'interrupted', error: new Error('the watch broke') });
  }

  resumeObjectWatches(): void {
    for (const [key, watchers] of this.objectWatches) for (const watcher of watchers) watcher({ kind: 'known', object: this.objects.get(key) });
  }

  pod(uid: string): Pod | undefined {
    return [...this.podsByName.values()].find((pod) => pod.metadata?.uid === uid);
  }

  node(name: string): Node {
    const node = this.nodes.get(name);
    if (node === undefined) throw new VickError('KUBE_NOT_FOUND', `node ${name} not found`);
    return node;
  }

  reasons(uid: string): readonly string[] {
    return this.events.filter(({ involvedObject }) => involvedObject.uid === uid).map(({ reason }) => reason ?? '');
  }

  // --- what the kubelet does

  async getNode(name: string, signal: AbortSignal): Promise<Node> {
    await this.enter('getNode', name, signal);
    return this.node(name);
  }

  async createNode(node: Node, signal: AbortSignal): Promise<Node> {
    const name = node.metadata?.name ?? '';
    await this.enter('createNode', name, signal);
    if (this.nodes.has(name)) throw new VickError('KUBE_CONFLICT', `node ${name} exists`);
    this.serial += 1;
    const taints = [...(node.spec?.taints ?? []), { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }];
    return this.storeNode({ ...node, metadata: { ...node.metadata, uid: `node-uid-${String(this.serial)}` }, spec: { ...node.spec, taints } });
  }

  async patchNode(name: string, patch: Json, signal: AbortSignal): Promise<Node> {
    await this.enter('patchNode', name, signal);
    const node = this.node(name);
    const { metadata } = patch as { metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> } };
    const labels = { ...node.metadata?.labels, ...metadata?.labels };
    const annotations = { ...node.metadata?.annotations, ...metadata?.annotations };
    return this.storeNode({ ...node, metadata: { ...node.metadata, labels, annotations } });
  }

  async patchNodeStatus(name: string, patch: Json, signal: AbortSignal): Promise<Node> {
    await this.enter('patchNodeStatus', name, signal);
    const node = this.node(name);
    return this.storeNode({ ...node, status: mergeStatus(node.status ?? {}, (patch as { status: object }).status) });
  }

  async getLease(name: string, signal: AbortSignal): Promise<Lease> {
    await this.enter('getLease', name, signal);
    const lease = this.leases.get(name);
    if (lease === undefined) throw new VickError('KUBE_NOT_FOUND', `lease ${name} not found`);
    return lease;
  }

  async createLease(lease: Lease, signal: AbortSignal): Promise<Lease> {
    const name = lease.metadata?.name ?? '';
    await this.enter('createLease', name, signal);
    if (this.leases.has(name)) throw new VickError('KUBE_CONFLICT', `lease ${name} exists`);
    return this.storeLease(lease);
  }

  async replaceLease(lease: Lease, signal: AbortSignal): Promise<Lease> {
    const name = lease.metadata?.name ?? '';
    await this.enter('replaceLease', name, signal);
    const held = this.leases.get(name);
    if (held !== undefined && held.metadata?.resourceVersion !== lease.metadata?.resourceVersion) {
      throw new VickError('KUBE_CONFLICT', `lease ${name} was changed`);
    }
    return this.storeLease(lease);
  }

  async getPod(ref: PodRef, signal: AbortSignal): Promise<Pod> {
    await this.enter('getPod', `${ref.namespace}/${ref.name}`, signal);
    return this.named(ref);
  }

  async patchPodStatus(ref: PodRef, status: Json, signal: AbortSignal): Promise<Pod> {
    await this.enter('patchPodStatus', `${ref.namespace}/${ref.name}`, signal);
    const pod = this.named(ref);
    if (pod.metadata?.uid !== ref.uid) throw new VickError('KUBE_INVALID', 'metadata.uid: Invalid value: field is immutable');
    const known = Object.fromEntries(Object.entries(status as object).filter(([field]) => !this.unknownStatusFields.has(field)));
    const merged = mergeStatus<NonNullable<Pod['status']>>(pod.status ?? {}, known);
    try {
      validatePodStatus(pod, merged);
    } catch (error) {
      this.refusals.push(String(error));
      throw error;
    }
    const stored = this.store({ ...pod, status: merged });
    this.writes.push({ uid: ref.uid, pod: stored });
    this.onWrite(stored);
    return stored;
  }

  async deletePod(ref: PodRef, signal: AbortSignal): Promise<void> {
    await this.enter('deletePod', `${ref.namespace}/${ref.name}`, signal);
    const pod = this.named(ref);
    if (pod.metadata?.uid !== ref.uid) throw new VickError('KUBE_CONFLICT', 'the UID in the precondition does not match');
    if ((pod.metadata.finalizers ?? []).length > 0) this.store({ ...pod, metadata: { ...pod.metadata, deletionGracePeriodSeconds: 0 } });
    else this.drop(pod);
  }

  async watchPods(_node: string, onUpdate: (update: PodUpdate) => void, signal: AbortSignal): Promise<void> {
    onUpdate(this.listed());
    await this.follow(this.podWatchers, onUpdate, signal);
  }

  async watchNode(name: string, onUpdate: (node: Node | undefined) => void, signal: AbortSignal): Promise<void> {
    onUpdate(this.nodes.get(name));
    await this.follow(this.nodeWatchers, onUpdate, signal);
  }

  async getConfigMap(ref: ObjectName, signal: AbortSignal): Promise<ConfigMap> {
    await this.enter('getConfigMap', `${ref.namespace}/${ref.name}`, signal);
    return this.object('ConfigMap', ref);
  }

  async getSecret(ref: ObjectName, signal: AbortSignal): Promise<Secret> {
    await this.enter('getSecret', `${ref.namespace}/${ref.name}`, signal);
    return this.object('Secret', ref);
  }

  async watchObject(ref: ObjectRef, onUpdate: (update: ObjectUpdate) => void, signal: AbortSignal): Promise<void> {
    const key = `${ref.kind} ${ref.namespace}/${ref.name}`;
    await this.enter('watchObject', key, signal).catch((error: unknown) => onUpdate({ kind: 'interrupted', error }));
    if (this.down === undefined) onUpdate({ kind: 'known', object: this.objects.get(key) });
    const watchers = this.objectWatches.get(key) ?? new Set();
    this.objectWatches.set(key, watchers);
    await this.follow(watchers, onUpdate, signal);
    if (watchers.size === 0) this.objectWatches.delete(key);
  }

  async createToken(account: ObjectName, request: TokenSpec, signal: AbortSignal): Promise<IssuedToken> {
    await this.enter('createToken', `${account.namespace}/${account.name}`, signal);
    const token = `token-${String(this.tokens.length + 1)}`;
    this.tokens.push({ ...request, account, token });
    return { token, expiresAt: this.clock.now() + request.expirationSeconds * 1000 };
  }

  async watchServices(onUpdate: (update: ServiceUpdate) => void, signal: AbortSignal): Promise<void> {
    onUpdate({ kind: 'listed', services: [...this.services.values()] });
    await this.follow(this.serviceWatchers, onUpdate, signal);
  }

  async createEvent(event: Event, signal: AbortSignal): Promise<Event> {
    await this.enter('createEvent', event.reason ?? '', signal);
    const { name = '', namespace } = event.metadata;
    const known = this.events.some(({ metadata }) => metadata.name === name && metadata.namespace === namespace);
    if (known) throw new VickError('KUBE_CONFLICT', `events "${name}" already exists`);
    this.events.push(event);
    return event;
  }

  async patchEvent(ref: { readonly namespace: string; readonly name: string }, patch: Json, signal: AbortSignal): Promise<Event> {
    await this.enter('patchEvent', ref.name, signal);
    const index = this.events.findIndex(({ metadata }) => metadata.name === ref.name && metadata.namespace === ref.namespace);
    const event = this.events[index];
    if (event === undefined) throw new VickError('KUBE_NOT_FOUND', `event ${ref.name} not found`);
    const changed = { ...event, ...(patch as object) };
    this.events[index] = changed;
    return changed;
  }

  private async enter(operation: Operation, subject: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.calls.push(`${operation} ${subject}`);
    await Promise.resolve();
    if (this.down !== undefined) throw this.down;
    const failure = this.failures.get(operation)?.shift();
    if (failure !== undefined) throw failure;
  }

  private object(kind: ObjectRef['kind'], { namespace, name }: ObjectName): ConfigMap & Secret {
    const found = this.objects.get(`${kind} ${namespace}/${name}`);
    if (found === undefined) throw new VickError('KUBE_NOT_FOUND', `${kind.toLowerCase()}s "${name}" not found`);
    return found;
  }

  private tellObject(key: string): void {
    if (this.down !== undefined) return;
    for (const watcher of this.objectWatches.get(key) ?? []) watcher({ kind: 'known', object: this.objects.get(key) });
  }

  private named(ref: PodRef): Pod {
    const pod = this.podsByName.get(`${ref.namespace}/${ref.name}`);
    if (pod === undefined) throw new VickError('KUBE_NOT_FOUND', `pod ${ref.namespace}/${ref.name} not found`);
    return pod;
  }

  private byUid(uid: string): Pod {
    const pod = this.pod(uid);
    if (pod === undefined) throw new Error(`no pod ${uid}`);
    return pod;
  }

  private listed(): PodUpdate {
    return { kind: 'listed', pods: [...this.podsByName.values()] };
  }

  private store(pod: Pod): Pod {
    const stored: Pod = { ...pod, metadata: { ...pod.metadata, resourceVersion: this.nextVersion() } };
    this.podsByName.set(`${pod.metadata?.namespace ?? ''}/${pod.metadata?.name ?? ''}`, stored);
    if (this.down === undefined) for (const watcher of this.podWatchers) watcher({ kind: 'changed', pod: stored });
    return stored;
  }

  private drop(pod: Pod): void {
    this.podsByName.delete(`${pod.metadata?.namespace ?? ''}/${pod.metadata?.name ?? ''}`);
    if (this.down === undefined) for (const watcher of this.podWatchers) watcher({ kind: 'deleted', pod });
  }

  private storeNode(node: Node): Node {
    const stored: Node = { ...node, metadata: { ...node.metadata, resourceVersion: this.nextVersion() } };
    this.nodes.set(node.metadata?.name ?? '', stored);
    for (const watcher of this.nodeWatchers) watcher(stored);
    return stored;
  }

  private storeLease(lease: Lease): Lease {
    const stored: Lease = { ...lease, metadata: { ...lease.metadata, resourceVersion: this.nextVersion() } };
    this.leases.set(lease.metadata?.name ?? '', stored);
    return stored;
  }

  private nextVersion(): string {
    this.version += 1;
    return String(this.version);
  }

  private follow<T>(watchers: Set<T>, watcher: T, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    watchers.add(watcher);
    return new Promise((resolve) => {
      signal.addEventListener(
        'abort',
        () => {
          watchers.delete(watcher);
          resolve();
        },
        { once: true },
      );
    });
  }
}
