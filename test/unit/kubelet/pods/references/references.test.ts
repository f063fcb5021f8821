import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { References, type ReferencesOptions } from '../../../../../src/kubelet/pods/references/references.ts';
import { referencedObjects } from '../../../../../src/kubelet/pods/references/referenced-objects.ts';
import type { ObjectRef } from '../../../../../src/kubelet/cluster.ts';
import { silentLog } from '../../../../../src/platform/log.ts';
import type { Pod } from '../../../../../src/platform/kubernetes-objects.ts';
import { FakeClock } from '../../../../support/fake-clock.ts';
import { MemoryCluster } from '../../../../support/kubelet/memory-cluster.ts';

const SETTINGS: ObjectRef = { kind: 'ConfigMap', namespace: 'shop', name: 'settings' };
const LOGIN: ObjectRef = { kind: 'Secret', namespace: 'shop', name: 'login' };

let clock: FakeClock;
let cluster: MemoryCluster;
let abort: AbortController;
let told: (readonly string[])[];

beforeEach(() => {
  clock = new FakeClock();
  cluster = new MemoryCluster(clock);
  abort = new AbortController();
  told = [];
});

afterEach(() => {
  abort.abort(new Error('the test is over'));
});

function references(more: Partial<ReferencesOptions> = {}): References {
  return new References({ cluster, clock, log: silentLog, signal: abort.signal, onChange: (uids) => told.push([...uids].sort()), ...more });
}

const put = (value: string, more: object = {}): void =>
  cluster.put('ConfigMap', { metadata: { namespace: 'shop', name: 'settings', uid: 'c1' }, data: { key: value }, ...more });
const count = (call: string): number => cluster.calls.filter((made) => made.startsWith(call)).length;
const valueOf = async (held: References): Promise<string | undefined> => (await held.configMap('shop', 'settings'))?.data?.['key'];

describe('objects that pods refer to', () => {
  it('are watched once for all pods that hold them, and no longer than that', async () => {
    put('1');
    const held = references();
    held.hold('a', [SETTINGS]);
    held.hold('b', [SETTINGS, LOGIN]);
    held.hold('b', [SETTINGS, LOGIN]);
    await clock.advance(0);
    expect([...cluster.objectWatches].map(([key, watchers]) => [key, watchers.size])).toEqual([
      ['ConfigMap shop/settings', 1],
      ['Secret shop/login', 1],
    ]);
    expect(await valueOf(held)).toBe('1');
    expect(count('getConfigMap')).toBe(0);

    held.release('a');
    held.hold('b', [LOGIN]);
    await clock.advance(0);
    expect([...cluster.objectWatches.keys()]).toEqual(['Secret shop/login']);
    held.release('b');
    await clock.advance(0);
    expect(cluster.objectWatches.size).toBe(0);
    expect(held.held()).toEqual([]);
  });

  it('tell the pods that hold them when they change after they were read', async () => {
    put('1');
    const held = references();
    held.hold('a', [SETTINGS]);
    held.hold('b', [SETTINGS]);
    await clock.advance(0);
    put('2');
    expect(told).toEqual([]);
    expect(await valueOf(held)).toBe('2');
    put('3');
    expect(told).toEqual([['a', 'b']]);
    cluster.removeObject(SETTINGS);
    expect(told).toHaveLength(2);
    expect(await valueOf(held)).toBeUndefined();
  });

  it('are waited for when they are missing: nobody asks again, and the pod is told at once', async () => {
    const held = references();
    held.hold('a', [SETTINGS]);
    await clock.advance(0);
    expect(await valueOf(held)).toBeUndefined();
    const asked = cluster.calls.length;
    await clock.advance(300_000);
    expect(cluster.calls.length).toBe(asked);
    put('here');
    expect(told).toEqual([['a']]);
    expect(await valueOf(held)).toBe('here');
  });

  it('that are immutable need no watch', async () => {
    put('1', { immutable: true });
    const held = references();
    held.hold('a', [SETTINGS]);
    await clock.advance(0);
    expect(await valueOf(held)).toBe('1');
    await clock.advance(0);
    expect(cluster.objectWatches.size).toBe(0);
    await clock.advance(300_000);
    expect(await valueOf(held)).toBe('1');
    expect(count('getConfigMap')).toBe(0);
  });

  it('are read when their watch is broken, at most once in a minute, and used as known while the API is away', async () => {
    put('1');
    const held = references();
    held.hold('a', [SETTINGS]);
    await clock.advance(0);
    expect(await valueOf(held)).toBe('1');
    cluster.breakObjectWatches();
    put('2', {});
    cluster.breakObjectWatches();
    await clock.advance(61_000);
    expect(await valueOf(held)).toBe('2');
    expect(await valueOf(held)).toBe('2');
    expect(count('getConfigMap')).toBe(1);
    await clock.advance(61_000);
    cluster.disconnect();
    expect(await valueOf(held)).toBe('2');
  });

  it('that were never read cannot be made up while the API is away', async () => {
    cluster.disconnect();
    const held = references();
    held.hold('a', [SETTINGS]);
    await clock.advance(0);
    await expect(held.configMap('shop', 'settings')).rejects.toMatchObject({ code: 'KUBE_UNREACHABLE' });
  });

  it('are polled beyond the number of watches that one node may have', async () => {
    put('1');
    cluster.put('Secret', { metadata: { namespace: 'shop', name: 'login' }, data: {} });
    const held = references({ maximumWatches: 1 });
    const polling = held.poll(abort.signal).catch(() => undefined);
    held.hold('a', [LOGIN, SETTINGS]);
    await clock.advance(0);
    expect([...cluster.objectWatches.keys()]).toEqual(['Secret shop/login']);
    expect(await valueOf(held)).toBe('1');
    put('2');
    expect(told).toEqual([]);
    await clock.advance(60_000);
    expect(told).toEqual([['a']]);
    expect(await valueOf(held)).toBe('2');
    // A watch that came free is taken.
    held.hold('a', [SETTINGS]);
    await clock.advance(60_000);
    expect([...cluster.objectWatches.keys()]).toEqual(['ConfigMap shop/settings']);
    abort.abort(new Error('done'));
    await clock.advance(0);
    await polling;
  });

  it('are found wherever a pod may name them', () => {
    const pod: Pod = {
      metadata: { namespace: 'shop', name: 'web' },
      spec: {
        imagePullSecrets: [{ name: 'pull' }],
        initContainers: [{ name: 'i', envFrom: [{ configMapRef: { name: 'c1' } }] }],
        containers: [
          {
            name: 'm',
            envFrom: [{ secretRef: { name: 's1' } }],
            env: [
              { name: 'A', valueFrom: { configMapKeyRef: { name: 'c2', key: 'k' } } },
              { name: 'B', valueFrom: { secretKeyRef: { name: 's2', key: 'k' } } },
              { name: 'C', value: 'x' },
            ],
          },
        ],
        ephemeralContainers: [{ name: 'e', env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 's1', key: 'k' } } }] }],
        volumes: [
          { name: 'v1', configMap: { name: 'c3' } },
          { name: 'v2', secret: { secretName: 's3' } },
          { name: 'v3', projected: { sources: [{ configMap: { name: 'c4' } }, { secret: { name: 's4' } }, { serviceAccountToken: { path: 't' } }] } },
          { name: 'left', configMap: { name: 'not-needed' } },
        ],
      },
    };
    const named = referencedObjects(pod, new Set(['left'])).map(({ kind, namespace, name }) => `${kind} ${namespace}/${name}`);
    const all = ['ConfigMap shop/c1', 'ConfigMap shop/c2', 'ConfigMap shop/c3', 'ConfigMap shop/c4'];
    expect([...named].sort()).toEqual([...all, 'Secret shop/pull', 'Secret shop/s1', 'Secret shop/s2', 'Secret shop/s3', 'Secret shop/s4']);
  });
});
