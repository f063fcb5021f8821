import { afterEach, describe, expect, it } from 'vitest';
import type { NodeCondition } from '../../../../src/platform/kubernetes-objects.ts';
import { rfc3339, rfc3339Micro } from '../../../../src/platform/clock.ts';
import type { ImageFacts, ImageService } from '../../../../src/kubelet/capabilities.ts';
import { VickError } from '../../../../src/errors/vick-error.ts';
import { createKubelet } from '../../../../src/kubelet/kubelet.ts';
import { silentLog } from '../../../../src/platform/log.ts';
import { createWorld, type World } from '../../../support/kubelet/world.ts';

const NAME = 'kubelet-test';
let world: World;
afterEach(async () => world.stop());

const condition = (type: string): NodeCondition => world.cluster.node(NAME).status!.conditions!.find((one) => one.type === type)!;
const calls = (verb: string): number => world.cluster.calls.filter((call) => call.startsWith(`${verb} `)).length;

describe('registration', () => {
  it('creates the node with its labels, taints, capacity, addresses and conditions', async () => {
    world = createWorld();
    await world.start({ labels: { zone: 'a' }, taints: [{ key: 'virtual-kubelet.io/provider', value: 'memory', effect: 'NoSchedule' }] });
    const node = world.cluster.node(NAME);
    expect(node.metadata?.labels).toEqual({
      'kubernetes.io/hostname': NAME,
      'kubernetes.io/os': 'linux',
      'kubernetes.io/arch': 'amd64',
      'beta.kubernetes.io/os': 'linux',
      'beta.kubernetes.io/arch': 'amd64',
      type: 'virtual-kubelet',
      zone: 'a',
    });
    expect(node.spec?.taints).toContainEqual({ key: 'virtual-kubelet.io/provider', value: 'memory', effect: 'NoSchedule' });
    expect(node.status).toMatchObject({
      capacity: { cpu: '4', memory: '8Gi', pods: '20' },
      addresses: [{ type: 'InternalIP', address: '127.0.0.1' }, { type: 'Hostname' }],
      nodeInfo: { kubeletVersion: 'v1.36.0-vick.0', kubeProxyVersion: '', containerRuntimeVersion: 'memory://1.0.0' },
    });
    expect(node.status?.daemonEndpoints).toBeUndefined();
    expect(node.status?.conditions?.map(({ type, status, reason }) => `${type}=${status} ${reason ?? ''}`)).toEqual([
      'MemoryPressure=False KubeletHasSufficientMemory',
      'DiskPressure=False KubeletHasNoDiskPressure',
      'PIDPressure=False KubeletHasSufficientPID',
      'Ready=True KubeletReady',
    ]);
    expect(world.cluster.events.map(({ reason }) => reason)).toEqual([
      ...['Starting', 'NodeHasSufficientMemory', 'NodeHasNoDiskPressure', 'NodeHasSufficientPID', 'NodeReady'],
    ]);
    expect(world.cluster.events[0]?.involvedObject.uid).toBe(node.metadata?.uid);
  });

  it('keeps a node that exists: its own labels are put right, other labels and removed taints stay as they are', async () => {
    world = createWorld();
    await world.start({ taints: [{ key: 'mine', effect: 'NoSchedule' }] });
    await world.stop();
    world.cluster.modifyNode(NAME, (node) => ({
      ...node,
      metadata: { ...node.metadata, labels: { ...node.metadata?.labels, type: 'other', theirs: 'kept' } },
      spec: { taints: [] },
    }));
    const uid = world.cluster.node(NAME).metadata?.uid;
    await world.start({ taints: [{ key: 'mine', effect: 'NoSchedule' }] });
    const node = world.cluster.node(NAME);
    expect(node.metadata).toMatchObject({ uid, labels: { type: 'virtual-kubelet', theirs: 'kept' } });
    expect(node.spec?.taints).toEqual([]);
  });

  it('tries again for as long as it takes', async () => {
    world = createWorld();
    world.cluster.failNext('createNode', 'KUBE_UNREACHABLE', 8);
    let ready = false;
    const abort = new AbortController();
    const { cluster, clock, random, backend } = world;
    const kubelet = createKubelet({ nodeName: NAME, cluster, clock, random, provider: backend.provider(), log: silentLog, kubeletVersion: 'v1.36.0-vick.0' });
    void kubelet.ready.then(() => (ready = true));
    const running = kubelet.run(abort.signal);
    // 0.1 + 0.2 + 0.4 + 0.8 + 1.6 + 3.2 + 6.4 + 7 s
    await clock.advance(19_600);
    expect(ready).toBe(false);
    await clock.advance(200);
    expect(ready).toBe(true);
    abort.abort();
    await clock.advance(0);
    await running;
  });

  it('comes back when somebody deletes the node, with a lease that belongs to the new one', async () => {
    world = createWorld();
    await world.start();
    const old = world.cluster.node(NAME).metadata?.uid;
    world.cluster.deleteNode(NAME);
    await world.clock.advance(11_000);
    const uid = world.cluster.node(NAME).metadata?.uid;
    expect(uid).not.toBe(old);
    expect(world.cluster.leases.get(NAME)?.metadata?.ownerReferences).toEqual([{ apiVersion: 'v1', kind: 'Node', name: NAME, uid }]);
    expect(condition('Ready').status).toBe('True');
  });

  it('gives the lease to the node that came back at once', async () => {
    world = createWorld();
    await world.start();
    await world.clock.advance(1_000);
    world.cluster.deleteNode(NAME);
    await world.clock.advance(100);
    expect(world.cluster.leases.get(NAME)?.metadata?.ownerReferences?.[0]?.uid).toBe(world.cluster.node(NAME).metadata?.uid);
  });

  it('tells of being cordoned and uncordoned', async () => {
    world = createWorld();
    await world.start();
    for (const unschedulable of [true, false]) world.cluster.modifyNode(NAME, (node) => ({ ...node, spec: { ...node.spec, unschedulable } }));
    await world.clock.advance(0);
    expect(world.cluster.events.slice(-2).map(({ reason, message }) => [reason, message])).toEqual([
      ['NodeNotSchedulable', `Node ${NAME} status is now: NodeNotSchedulable`],
      ['NodeSchedulable', `Node ${NAME} status is now: NodeSchedulable`],
    ]);
  });

  it('lists the images of the back end, the largest first, and keeps the list when it cannot be had', async () => {
    world = createWorld();
    const image = (name: string, sizeBytes: number): ImageFacts => ({ id: name, imageID: name, digests: [`${name}@sha256:1`], tags: [`${name}:1`], sizeBytes });
    let answers = [image('small', 1), image('large', 9)];
    const images: ImageService = {
      inspect: () => Promise.resolve(undefined),
      pull: () => Promise.resolve(image('x', 1)),
      list: () => (answers.length === 0 ? Promise.reject(new Error('busy')) : Promise.resolve(answers)),
    };
    await world.start({ provider: { ...world.backend.provider(), images } });
    const names = (): unknown => world.cluster.node(NAME).status?.images?.map((one) => one.names);
    const both = [
      ['large@sha256:1', 'large:1'],
      ['small@sha256:1', 'small:1'],
    ];
    expect(names()).toEqual(both);
    answers = [];
    await world.clock.advance(70_000);
    expect(names()).toEqual(both);
    answers = [image('small', 1)];
    await world.clock.advance(70_000);
    expect(names()).toEqual(both.slice(1));
  });

  it('rejects ready with the cause when it is stopped before', async () => {
    world = createWorld();
    world.cluster.disconnect();
    const abort = new AbortController();
    const { cluster, clock, random, backend } = world;
    const kubelet = createKubelet({ nodeName: NAME, cluster, clock, random, provider: backend.provider(), log: silentLog, kubeletVersion: 'v1.36.0-vick.0' });
    const running = kubelet.run(abort.signal);
    await clock.advance(1_000);
    const cause = new VickError('CANCELLED', 'stopped by hand');
    abort.abort(cause);
    await clock.advance(0);
    await running;
    await expect(kubelet.ready).rejects.toBe(cause);
  });
});

describe('lease', () => {
  it('has the kubelet\u2019s form and is renewed about every 10 s', async () => {
    world = createWorld();
    await world.start();
    expect(world.cluster.leases.get(NAME)).toMatchObject({
      metadata: { namespace: 'kube-node-lease', ownerReferences: [{ kind: 'Node', name: NAME }] },
      spec: { holderIdentity: NAME, leaseDurationSeconds: 40, renewTime: rfc3339Micro(world.clock.now()) },
    });
    await world.clock.advance(100_000);
    expect(calls('replaceLease')).toBe(10);
  });

  it('is fetched again after a conflict, and created again when it is gone', async () => {
    world = createWorld();
    await world.start();
    world.cluster.failNext('replaceLease', 'KUBE_CONFLICT', 1);
    await world.clock.advance(10_000);
    expect(world.cluster.leases.get(NAME)?.spec?.renewTime).toBe(rfc3339Micro(world.clock.now()));
    world.cluster.leases.delete(NAME);
    world.cluster.failNext('replaceLease', 'KUBE_NOT_FOUND', 1);
    await world.clock.advance(10_000);
    expect(calls('createLease')).toBe(2);
  });

  it('survives an API server that is away', async () => {
    world = createWorld();
    await world.start();
    world.cluster.disconnect();
    await world.clock.advance(60_000);
    world.cluster.reconnect();
    await world.clock.advance(7_000);
    expect(Date.parse(String(world.cluster.leases.get(NAME)?.spec?.renewTime))).toBeGreaterThan(world.clock.now() - 7_001);
  });
});

describe('status', () => {
  it('is posted at once when something changes, and else every five minutes; transition times stay', async () => {
    world = createWorld();
    await world.start();
    const begun = rfc3339(world.clock.now());
    const posts = calls('patchNodeStatus');
    await world.clock.advance(290_000);
    expect(calls('patchNodeStatus')).toBe(posts);
    await world.clock.advance(20_000);
    expect(calls('patchNodeStatus')).toBe(posts + 1);
    expect(condition('Ready')).toMatchObject({ lastTransitionTime: begun, lastHeartbeatTime: rfc3339(world.clock.now() - 10_000) });
    world.backend.nodeCapacity = { capacity: { cpu: '8' }, allocatable: { cpu: '8' } };
    await world.clock.advance(10_000);
    expect(world.cluster.node(NAME).status?.capacity).toEqual({ cpu: '8' });
  });

  it('replaces the addresses as a whole when they change', async () => {
    world = createWorld();
    await world.start();
    world.backend.facts = {
      ...world.backend.facts,
      addresses: [
        { type: 'InternalIP', address: '10.0.0.1' },
        { type: 'InternalIP', address: 'fd00::1' },
      ],
    };
    await world.clock.advance(10_000);
    expect(world.cluster.node(NAME).status?.addresses).toEqual(world.backend.facts.addresses);
  });

  it('keeps the last capacity when the back end does not tell it, and a pressure is shown', async () => {
    world = createWorld();
    await world.start();
    world.backend.failNext('capacity', new Error('busy'));
    await world.clock.advance(10_000);
    expect(world.cluster.node(NAME).status?.capacity).toMatchObject({ cpu: '4' });
    world.backend.nodeCapacity = { ...world.backend.nodeCapacity, pressure: { memory: 'only 2 % of memory is free' } };
    await world.clock.advance(10_000);
    expect(condition('MemoryPressure')).toMatchObject({ status: 'True', reason: 'KubeletHasInsufficientMemory', message: 'only 2 % of memory is free' });
  });

  it('keeps conditions of others, and takes Ready back when a controller wrote Unknown', async () => {
    world = createWorld();
    await world.start();
    world.cluster.modifyNode(NAME, (node) => ({
      ...node,
      status: { ...node.status, conditions: [{ type: 'Custom', status: 'True' }, ...node.status!.conditions!.map((c) => ({ ...c, status: 'Unknown' }))] },
    }));
    await world.clock.advance(10_000);
    expect(condition('Ready').status).toBe('True');
    expect(condition('Custom').status).toBe('True');
  });

  it('overlooks one failed probe, becomes NotReady when they go on, ends the heartbeats, and recovers', async () => {
    world = createWorld();
    await world.start();
    world.backend.disconnect('no route to the back end');
    await world.clock.advance(10_000);
    world.backend.reconnect();
    await world.clock.advance(10_000);
    expect(condition('Ready').status).toBe('True');

    world.backend.disconnect('no route to the back end');
    await world.clock.advance(40_000);
    expect(condition('Ready')).toMatchObject({ status: 'False', reason: 'KubeletNotReady', message: 'memory: no route to the back end' });
    const renewed = calls('replaceLease');
    await world.clock.advance(30_000);
    const before = calls('replaceLease');
    expect(before - renewed).toBeLessThanOrEqual(2);
    await world.clock.advance(120_000);
    expect(calls('replaceLease')).toBe(before);

    world.backend.reconnect();
    await world.clock.advance(21_000);
    expect(condition('Ready').status).toBe('True');
    expect(calls('replaceLease')).toBeGreaterThan(before);
    expect(world.cluster.events.map(({ reason }) => reason)).toEqual(expect.arrayContaining(['NodeNotReady', 'NodeReady']));
  });

  it('is tried again after a failed write', async () => {
    world = createWorld();
    world.cluster.failNext('patchNodeStatus', 'KUBE_UNREACHABLE', 3);
    await world.start();
    expect(condition('Ready').status).toBe('True');
  });
});
