/**
 * One view of the API for several kubelets of one process: pods, Nodes, services and referenced objects are followed once
 * for all of them, and each is told of its own. Requests are made as ever.
 */
import type { Clock } from '../platform/clock.ts';
import type { Node, Pod } from '../platform/kubernetes-objects.ts';
import type { Log } from '../platform/log.ts';
import type { Cluster, NodeUpdate, ObjectRef, ObjectUpdate, PodUpdate, ServiceUpdate } from './cluster.ts';
import { untilAborted } from '../platform/until-aborted.ts';

export interface SharedClusterOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Ends everything that is shared. */
  readonly signal: AbortSignal;
}

/** `cluster` is an object of functions. One that cannot follow the pods of all nodes at once is asked for those of each. */
export function shareCluster(cluster: Cluster, options: SharedClusterOptions): Cluster {
  const services = new SharedWatch<ServiceUpdate, undefined>(
    options,
    (tell, signal) => cluster.watchServices(tell, signal),
    (update) => update,
  );
  const objects = new Map<string, SharedWatch<ObjectUpdate, undefined>>();
  const objectWatch = (ref: ObjectRef): SharedWatch<ObjectUpdate, undefined> => {
    const key = `${ref.kind} ${ref.namespace}/${ref.name}`;
    const known =
      objects.get(key) ??
      new SharedWatch(
        options,
        (tell, signal) => cluster.watchObject(ref, tell, signal),
        (update: ObjectUpdate) => update,
        () => objects.delete(key),
      );
    objects.set(key, known);
    return known;
  };
  const shared: Cluster = {
    ...cluster,
    watchServices: (onUpdate, signal) => services.follow(undefined, onUpdate, signal),
    watchObject: (ref, onUpdate, signal) => objectWatch(ref).follow(undefined, onUpdate, signal),
  };
  const { watchAllPods, watchAllNodes } = cluster;
  if (watchAllPods === undefined || watchAllNodes === undefined) return shared;
  const pods = new SharedWatch<PodUpdate, string>(options, (tell, signal) => watchAllPods(tell, signal), podsOf);
  const nodes = new SharedWatch<NodeUpdate, string>(options, (tell, signal) => watchAllNodes(tell, signal), nodeOf);
  return {
    ...shared,
    watchPods: (nodeName, onUpdate, signal) => pods.follow(nodeName, onUpdate, signal),
    watchNode: (name, onUpdate, signal) => nodes.follow(name, (update) => tellNode(update, onUpdate), signal),
  };
}

interface Follower<U, K> {
  readonly key: K;
  readonly onUpdate: (update: U) => void;
}

/** Followers that come within so long share a list. */
const GATHER_MS = 50;

/**
 * One watch for all followers. It begins anew when another one joins, because each must be told everything first; for
 * the others that is a list like any other.
 */
class SharedWatch<U, K> {
  private readonly options: SharedClusterOptions;
  private readonly watch: (tell: (update: U) => void, signal: AbortSignal) => Promise<void>;
  private readonly select: (update: U, key: K) => U | undefined;
  private readonly onUnused: () => void;
  private readonly followers = new Set<Follower<U, K>>();
  private current = new AbortController();
  private gathering: (() => void) | undefined;

  constructor(
    options: SharedClusterOptions,
    watch: (tell: (update: U) => void, signal: AbortSignal) => Promise<void>,
    select: (update: U, key: K) => U | undefined,
    onUnused: () => void = () => undefined,
  ) {
    this.options = options;
    this.watch = watch;
    this.select = select;
    this.onUnused = onUnused;
  }

  async follow(key: K, onUpdate: (update: U) => void, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const follower = { key, onUpdate };
    this.followers.add(follower);
    this.gathering ??= this.options.clock.schedule(GATHER_MS, () => {
      this.gathering = undefined;
      this.begin();
    });
    await untilAborted(signal);
    this.followers.delete(follower);
    if (this.followers.size === 0) this.end();
  }

  private end(): void {
    this.gathering?.();
    this.gathering = undefined;
    this.current.abort(new Error('nobody follows it any more'));
    this.onUnused();
  }

  private begin(): void {
    this.current.abort(new Error('another one follows it'));
    const { signal } = (this.current = new AbortController());
    const until = AbortSignal.any([signal, this.options.signal]);
    const tell = (update: U): void => {
      if (signal.aborted) return;
      for (const { key, onUpdate } of this.followers) {
        const own = this.select(update, key);
        if (own !== undefined) onUpdate(own);
      }
    };
    this.watch(tell, until).catch((error: unknown) => {
      if (!until.aborted) this.options.log.error('a shared watch has ended', { error });
    });
  }
}

function podsOf(update: PodUpdate, nodeName: string): PodUpdate | undefined {
  const own = ({ spec }: Pod): boolean => spec?.nodeName === nodeName;
  if (update.kind === 'listed') return { kind: 'listed', pods: update.pods.filter(own) };
  return own(update.pod) ? update : undefined;
}

function nodeOf(update: NodeUpdate, name: string): NodeUpdate | undefined {
  const own = ({ metadata }: Node): boolean => metadata?.name === name;
  if (update.kind === 'listed') return { kind: 'listed', nodes: update.nodes.filter(own) };
  return own(update.node) ? update : undefined;
}

function tellNode(update: NodeUpdate, onUpdate: (node: Node | undefined) => void): void {
  if (update.kind === 'listed') onUpdate(update.nodes[0]);
  else onUpdate(update.kind === 'deleted' ? undefined : update.node);
}
