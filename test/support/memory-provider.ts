import type { Clock } from '../../src/platform/clock.ts';
import type {
  ContainerRequest,
  CreatePodRequest,
  NodeCapacity,
  NodeFacts,
  ObservedContainer,
  ObservedPod,
  ObservedState,
  PodProvider,
  ProviderHealth,
  RecoveredPod,
  StartRequest,
  StopTarget,
} from '../../src/kubelet/provider.ts';

/** Calls that can be made to fail or to wait. */
export type MemoryOperation = 'describe' | 'capacity' | 'list' | 'create' | 'start' | 'stop' | 'remove' | 'status';

export interface MemoryPod {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly request: CreatePodRequest;
  readonly ip: string;
  readonly imagesOf: 'container' | 'pod';
  /** With images of containers those that were started at least once. */
  readonly containers: Map<string, MemoryContainer>;
  lost: boolean;
}

export interface MemoryContainer {
  /** Its latest definition. */
  readonly request: ContainerRequest;
  readonly id: string;
  state: ObservedState;
  /** How often it was started. */
  readonly starts: number;
}

/**
 * The back end of the in-memory provider: outlives any provider instance, and is moved by the test.
 *
 * What a container does follows from the first word of `command`: `exit <code>` ends at once, `ignore-term` outlasts
 * the grace period and is killed, `no-such-program` cannot be launched (127), anything else runs until it is stopped.
 */
export class MemoryBackend {
  readonly pods = new Map<string, MemoryPod>();
  /** Every call in order, as `create web-uid`, `start web-uid/main`, `stop web-uid 30s`. */
  readonly calls: string[] = [];
  /** Images that cannot be had, with the error to throw: by `start`, and by `create` with images of pods. */
  readonly missingImages = new Map<string, Error>();
  facts: NodeFacts = {
    systemInfo: {
      architecture: 'amd64',
      operatingSystem: 'linux',
      osImage: 'memory',
      kernelVersion: '0',
      machineID: 'memory',
      systemUUID: 'memory',
      bootID: 'memory',
      containerRuntimeVersion: 'memory://1.0.0',
    },
    addresses: [
      { type: 'InternalIP', address: '127.0.0.1' },
      { type: 'Hostname', address: 'memory' },
    ],
  };
  nodeCapacity: NodeCapacity = {
    capacity: { cpu: '4', memory: '8Gi', pods: '20' },
    allocatable: { cpu: '4', memory: '8Gi', pods: '20' },
  };

  private readonly clock: Clock;
  private readonly failures = new Map<MemoryOperation, Error[]>();
  private readonly gates = new Map<MemoryOperation, Promise<void>>();
  private readonly slow = new Map<MemoryOperation, Promise<void>>();
  private readonly listeners = new Set<(uid: string | undefined) => void>();
  private readonly denied = new Map<string, number>();
  private unreachable: string | undefined;
  private serial = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Every call fails from now on, and health says so. */
  disconnect(message = 'the back end does not answer'): void {
    this.unreachable = message;
  }

  reconnect(): void {
    this.unreachable = undefined;
    this.changed(undefined);
  }

  /** The next call of `operation` throws `error`; may be queued several times. */
  failNext(operation: MemoryOperation, error: Error): void {
    this.failures.set(operation, [...(this.failures.get(operation) ?? []), error]);
  }

  /** Calls of `operation` wait until the returned function is called. */
  hold(operation: MemoryOperation): () => void {
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    this.gates.set(operation, gate);
    return () => {
      this.gates.delete(operation);
      open();
    };
  }

  /** Calls of `operation` see the back end as it is now, and answer only when the returned function is called. */
  delayAnswers(operation: MemoryOperation): () => void {
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    this.slow.set(operation, gate);
    return () => {
      this.slow.delete(operation);
      open();
    };
  }

  /** A container ends by itself. */
  exit(uid: string, container: string, exitCode: number, more: { readonly reason?: string; readonly message?: string; readonly signal?: number } = {}): void {
    const found = this.container(uid, container);
    const startedAt = found.state.kind === 'running' ? { startedAt: found.state.startedAt } : {};
    found.state = { kind: 'exited', exitCode, ...more, ...startedAt, finishedAt: this.clock.now() };
    this.changed(uid);
  }

  /** Puts any state in place, for example `unknown`. */
  setState(uid: string, container: string, state: ObservedState): void {
    this.container(uid, container).state = state;
    this.changed(uid);
  }

  /** Somebody removed the pod behind the kubelet's back. */
  vanish(uid: string): void {
    this.pods.delete(uid);
    this.changed(uid);
  }

  /** The sandbox dies, and everything in it with it. */
  loseSandbox(uid: string): void {
    const pod = this.pods.get(uid);
    if (pod === undefined) throw new Error(`no pod ${uid}`);
    pod.lost = true;
    for (const container of pod.containers.values()) {
      if (container.state.kind === 'running') container.state = { kind: 'unknown', message: 'the sandbox was lost' };
    }
    this.changed(uid);
  }

  /** For so long the back end says that it has no such pod, which is not true. */
  denyFor(uid: string, ms: number): void {
    this.denied.set(uid, this.clock.now() + ms);
    this.changed(uid);
  }

  /** Sends a hint to every watcher. */
  changed(uid: string | undefined): void {
    for (const listener of this.listeners) listener(uid);
  }

  container(uid: string, container: string): MemoryContainer {
    const found = this.pods.get(uid)?.containers.get(container);
    if (found === undefined) throw new Error(`no container ${container} in pod ${uid}`);
    return found;
  }

  /** A provider over this back end. With images of pods a pod has its address while something of it runs, as a pod VM does. */
  provider(imagesOf: 'container' | 'pod' = 'container'): PodProvider {
    return {
      name: 'memory',
      imagesOf,
      support: [
        { field: 'containers', support: 'honoured' },
        { field: 'initContainers', support: 'honoured' },
        { field: 'ephemeralContainers', support: 'honoured' },
      ],
      describe: (signal) => this.run('describe', 'describe', signal, () => this.facts),
      capacity: (signal) => this.run('capacity', 'capacity', signal, () => this.nodeCapacity),
      health: () => Promise.resolve(this.health()),
      list: (signal) => this.run('list', 'list', signal, () => this.recovered()),
      create: (request, signal) => this.run('create', `create ${request.pod.metadata?.uid ?? ''}`, signal, () => this.create(request, imagesOf)),
      start: (request, signal) => this.run('start', `start ${describeStart(request)}`, signal, () => this.start(request)),
      stop: (target, signal) =>
        this.run('stop', `stop ${target.uid}/${target.container} ${String(target.graceSeconds)}s`, signal, () => this.stop(target, signal)),
      remove: (uid, signal) =>
        this.run('remove', `remove ${uid}`, signal, () => {
          if (this.pods.delete(uid)) this.changed(uid);
        }),
      status: (uid, signal) => this.run('status', undefined, signal, () => this.observe(uid)),
      watch: (onChange, signal) => this.watch(onChange, signal),
    };
  }

  private async run<T>(operation: MemoryOperation, call: string | undefined, signal: AbortSignal, work: () => T | Promise<T>): Promise<T> {
    signal.throwIfAborted();
    if (call !== undefined) this.calls.push(call);
    await this.gates.get(operation);
    signal.throwIfAborted();
    if (this.unreachable !== undefined) throw new Error(this.unreachable);
    const failure = this.failures.get(operation)?.shift();
    if (failure !== undefined) throw failure;
    const answer = await work();
    await this.slow.get(operation);
    return answer;
  }

  private health(): ProviderHealth {
    const healthy = this.unreachable === undefined;
    return { healthy, components: [{ name: 'memory', healthy, ...(this.unreachable === undefined ? {} : { message: this.unreachable }) }] };
  }

  private recovered(): readonly RecoveredPod[] {
    return [...this.pods.values()].map(({ uid, namespace, name }) => ({ uid, namespace, name }));
  }

  private async create(request: CreatePodRequest, imagesOf: 'container' | 'pod'): Promise<void> {
    const { uid = '', namespace = '', name = '' } = request.pod.metadata ?? {};
    if (this.pods.has(uid)) return;
    const containers = new Map<string, MemoryContainer>();
    const definitions = imagesOf === 'pod' ? await request.define([]) : [];
    for (const definition of definitions) {
      this.refuseMissing(definition);
      containers.set(definition.name, { request: definition, id: this.newId(), state: { kind: 'created' }, starts: 0 });
    }
    this.serial += 1;
    const ip = `10.88.${String(Math.floor(this.serial / 250) % 250)}.${String((this.serial % 250) + 1)}`;
    this.pods.set(uid, { uid, namespace, name, request, ip, imagesOf, containers, lost: false });
    this.changed(uid);
  }

  private async start(target: StartRequest): Promise<void> {
    const pod = this.pods.get(target.uid);
    if (pod === undefined) throw new Error(`no pod ${target.uid}`);
    if (pod.lost) throw new Error(`pod ${target.uid} has lost its sandbox`);
    const running = (name: string): boolean => pod.containers.get(name)?.state.kind === 'running';
    if (target.containers.every(running)) return;
    const definitions = await target.define([pod.ip]);
    for (const definition of definitions) {
      if (running(definition.name)) continue;
      this.refuseMissing(definition);
      const before = pod.containers.get(definition.name);
      const starts = (before?.starts ?? 0) + 1;
      const id = before === undefined || starts > 1 ? this.newId() : before.id;
      pod.containers.set(definition.name, { request: definition, id, state: this.launched(definition), starts });
    }
    this.changed(target.uid);
  }

  private refuseMissing({ image }: ContainerRequest): void {
    const missing = this.missingImages.get(image);
    if (missing !== undefined) throw missing;
  }

  private launched(request: ContainerRequest): ObservedState {
    const now = this.clock.now();
    const [program, code] = request.command ?? [];
    if (program === 'exit') return { kind: 'exited', exitCode: Number(code), startedAt: now, finishedAt: now };
    if (program === 'no-such-program') {
      return { kind: 'exited', exitCode: 127, reason: 'StartError', message: 'no such file or directory', finishedAt: now };
    }
    return { kind: 'running', startedAt: now };
  }

  private async stop(target: StopTarget, signal: AbortSignal): Promise<void> {
    const pod = this.pods.get(target.uid);
    if (pod === undefined) return;
    const container = pod.containers.get(target.container);
    const stubborn = container?.request.command?.[0] === 'ignore-term';
    if (stubborn && container.state.kind === 'running') await this.clock.sleep(target.graceSeconds * 1000, signal);
    if (container?.state.kind === 'running') {
      container.state = { kind: 'exited', exitCode: stubborn ? 137 : 143, startedAt: container.state.startedAt, finishedAt: this.clock.now() };
    }
    this.changed(target.uid);
  }

  private observe(uid: string): ObservedPod | undefined {
    const pod = this.pods.get(uid);
    if (pod === undefined || this.clock.now() < (this.denied.get(uid) ?? 0)) return undefined;
    const containers = [...pod.containers.values()].map((container): ObservedContainer => ({
      name: container.request.name,
      id: container.id,
      imageID: `memory-image://${container.request.image}`,
      state: container.state,
    }));
    const running = containers.some((container) => container.state.kind === 'running');
    const addressed = !pod.lost && (running || pod.imagesOf === 'container');
    return { uid, ips: addressed ? [pod.ip] : [], containers, ...(pod.lost ? { sandboxLost: true } : {}) };
  }

  private watch(onChange: (uid: string | undefined) => void, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    this.listeners.add(onChange);
    return new Promise((resolve) => {
      signal.addEventListener(
        'abort',
        () => {
          this.listeners.delete(onChange);
          resolve();
        },
        { once: true },
      );
    });
  }

  private newId(): string {
    this.serial += 1;
    return `memory-${String(this.serial)}`;
  }
}

function describeStart({ uid, containers }: StartRequest): string {
  return containers.map((container) => `${uid}/${container}`).join(' ');
}
