import { beforeEach, describe, expect, it } from 'vitest';
import type { Cluster, NodeUpdate, ObjectUpdate, PodUpdate } from '../../../src/kubelet/cluster.ts';
import { shareCluster } from '../../../src/kubelet/shared-cluster.ts';
import { silentLog } from '../../../src/platform/log.ts';
import type { Node, Pod } from '../../../src/platform/kubernetes-objects.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** One open watch of the cluster below. */
interface Open<U> {
  readonly tell: (update: U) => void;
  readonly signal: AbortSignal;
}

let clock: FakeClock;
let pods: Open<PodUpdate>[];
let nodes: Open<NodeUpdate>[];
let objects: Open<ObjectUpdate>[];
let shared: Cluster;

const watch =
  <U>(list: Open<U>[]) =>
  (tell: (update: U) => void, signal: AbortSignal): Promise<void> => {
    list.push({ tell, signal });
    return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
  };
const pod = (name: string, nodeName: string): Pod => ({ metadata: { name, uid: name }, spec: { nodeName, containers: [] } });
const node = (name: string): Node => ({ metadata: { name } });
const names = (update: PodUpdate | undefined): unknown =>
  update?.kind === 'listed' ? update.pods.map(({ metadata }) => metadata?.name) : update?.pod.metadata?.name;

beforeEach(() => {
  clock = new FakeClock();
  [pods, nodes, objects] = [[], [], []];
  const cluster = {
    watchAllPods: watch(pods),
    watchAllNodes: watch(nodes),
    watchObject: (_ref: unknown, tell: (update: ObjectUpdate) => void, signal: AbortSignal) => watch(objects)(tell, signal),
  } as unknown as Cluster;
  shared = shareCluster(cluster, { clock, log: silentLog, signal: new AbortController().signal });
});

describe('a shared view of the API', () => {
  it('follows all pods once, and tells each node of its own', async () => {
    const [a, b]: [PodUpdate[], PodUpdate[]] = [[], []];
    const stop = new AbortController();
    const following = [shared.watchPods('a', (update) => a.push(update), stop.signal), shared.watchPods('b', (update) => b.push(update), stop.signal)];
    await clock.advance(100);
    expect(pods).toHaveLength(1);
    pods[0]?.tell({ kind: 'listed', pods: [pod('one', 'a'), pod('two', 'b'), pod('three', 'a')] });
    pods[0]?.tell({ kind: 'changed', pod: pod('two', 'b') });
    pods[0]?.tell({ kind: 'deleted', pod: pod('one', 'a') });
    expect(a.map(names)).toEqual([['one', 'three'], 'one']);
    expect(b.map(names)).toEqual([['two'], 'two']);
    stop.abort();
    await Promise.all(following);
    expect(pods[0]?.signal.aborted).toBe(true);
  });

  it('begins anew for one that comes later, and goes on for those that stay', async () => {
    const [first, late] = [new AbortController(), new AbortController()];
    const told: { readonly a: PodUpdate[]; readonly b: PodUpdate[] } = { a: [], b: [] };
    const a = shared.watchPods('a', (update) => told.a.push(update), first.signal);
    await clock.advance(100);
    const b = shared.watchPods('b', (update) => told.b.push(update), late.signal);
    await clock.advance(100);
    expect(pods.map(({ signal }) => signal.aborted)).toEqual([true, false]);
    pods[0]?.tell({ kind: 'listed', pods: [] });
    expect(told.a).toEqual([]);
    pods[1]?.tell({ kind: 'listed', pods: [pod('two', 'b')] });
    expect([told.a.map(names), told.b.map(names)]).toEqual([[[]], [['two']]]);
    first.abort();
    await a;
    expect(pods[1]?.signal.aborted).toBe(false);
    late.abort();
    await b;
    expect(pods[1]?.signal.aborted).toBe(true);
  });

  it('tells each kubelet of its own Node, also of its end', async () => {
    const seen: (string | undefined)[] = [];
    const stop = new AbortController();
    const following = shared.watchNode('a', (found) => seen.push(found?.metadata?.name), stop.signal);
    await clock.advance(100);
    nodes[0]?.tell({ kind: 'listed', nodes: [node('b'), node('a')] });
    nodes[0]?.tell({ kind: 'changed', node: node('b') });
    nodes[0]?.tell({ kind: 'deleted', node: node('a') });
    nodes[0]?.tell({ kind: 'listed', nodes: [node('b')] });
    expect(seen).toEqual(['a', undefined, undefined]);
    stop.abort();
    await following;
  });

  it('follows an object once for all that refer to it, and again after all have left it', async () => {
    const ref = { kind: 'ConfigMap', namespace: 'default', name: 'settings' } as const;
    const stop = new AbortController();
    const told: ObjectUpdate[] = [];
    const following = [1, 2].map(() => shared.watchObject(ref, (update) => told.push(update), stop.signal));
    await clock.advance(100);
    expect(objects).toHaveLength(1);
    objects[0]?.tell({ kind: 'known', object: undefined });
    expect(told).toHaveLength(2);
    stop.abort();
    await Promise.all(following);
    const again = new AbortController();
    const later = shared.watchObject(ref, () => undefined, again.signal);
    await clock.advance(100);
    expect(objects).toHaveLength(2);
    again.abort();
    await later;
  });
});
