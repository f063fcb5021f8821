import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Pod } from '../../../src/platform/kubernetes-objects.ts';
import { createWorld, initContainers, podSpec, type World } from '../../support/kubelet/world.ts';

const POLICIES = ['Always', 'OnFailure', 'Never'] as const;

function runningIn(world: World, uid: string): readonly string[] {
  const containers = [...(world.backend.pods.get(uid)?.containers.values() ?? [])];
  return containers
    .filter(({ state }) => state.kind === 'running')
    .map(({ request, id }) => `${request.name} memory://${id}`)
    .sort();
}

function runningAsTold({ status }: Pod): readonly string[] {
  const statuses = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  return statuses
    .filter(({ state }) => state?.running !== undefined)
    .map(({ name, containerID = '' }) => `${name} ${containerID}`)
    .sort();
}

/** Every pod of the back end is in the API, and each pod runs just what the API says that it runs. */
function differences(world: World): readonly string[] {
  const orphans = [...world.backend.pods.keys()].filter((uid) => world.cluster.pod(uid) === undefined).map((uid) => `${uid} is an orphan`);
  const wrong = [...world.cluster.podsByName.values()].flatMap((pod) => {
    const uid = pod.metadata!.uid!;
    const [has, told] = [runningIn(world, uid).join(), runningAsTold(pod).join()];
    return has === told ? [] : [`${uid} runs [${has}] and tells [${told}]`];
  });
  return [...orphans, ...wrong];
}

describe('a kubelet that is killed at any moment', () => {
  it.each([
    ['container', 1],
    ['container', 2],
    ['pod', 3],
  ] as const)(
    'images of a %s, seed %i: after 500 operations the back end holds just what the API says',
    async (imagesOf, seed) => {
      const world = createWorld(imagesOf);
      world.backend.nodeCapacity = { capacity: { pods: '500' }, allocatable: { pods: '500' } };
      await world.start();
      const [random] = fc.sample(fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })), { seed, numRuns: 1 });
      const roll = (sides: number): number => Math.floor((random!.next().value as number) * sides);
      const uids: string[] = [];
      let kills = 0;
      for (let operation = 0; operation < 500; operation += 1) {
        const living = uids.filter((uid) => world.cluster.pod(uid) !== undefined);
        const uid = living[roll(Math.max(1, living.length))] ?? '';
        const pod = world.cluster.pod(uid);
        const kind = roll(10);
        if (pod === undefined || (kind < 4 && living.length < 12)) {
          const program = [['sleep'], ['sleep'], ['exit', '0'], ['exit', '1']][roll(4)]!;
          const inits = [{}, initContainers({ one: ['exit', '0'] }), initContainers({ side: ['sleep'], one: ['exit', '0'] })][roll(3)]!;
          const spec = podSpec({ main: program }, { restartPolicy: POLICIES[roll(3)]!, ...inits });
          uids.push(world.cluster.createPod({ name: `p${String(operation)}`, spec }).metadata!.uid!);
        } else if (kind < 5) {
          if (world.backend.pods.get(uid)?.containers.get('main')?.state.kind === 'running') world.backend.exit(uid, 'main', roll(2));
        } else if (kind < 9) world.cluster.requestDeletion(uid, [undefined, 5, 0][roll(3)]);
        else if (world.backend.pods.has(uid)) world.backend.loseSandbox(uid);
        if (roll(6) === 0) {
          kills += 1;
          world.dieAtCall(1 + roll(12), roll(2) === 0 ? 'before' : 'after');
          await world.clock.advance(roll(3) * 700);
          await world.kill(2_000);
          await world.start();
        } else if (roll(3) > 0) await world.clock.advance([0, 0, 300, 5_000][roll(4)]!);
      }
      await world.clock.advance(60_000);
      expect(kills).toBeGreaterThan(50);
      expect({ differences: differences(world), refusals: world.cluster.refusals }).toEqual({ differences: [], refusals: [] });
      for (const pod of [...world.cluster.podsByName.values()]) world.cluster.requestDeletion(pod.metadata!.uid!, 5);
      await world.clock.advance(60_000);
      expect([...world.backend.pods.keys(), ...world.cluster.podsByName.keys()]).toEqual([]);
      await world.stop();
    },
    120_000,
  );
});

describe('an API server in trouble', () => {
  const start = async (count = 20): Promise<{ readonly world: World; readonly uids: readonly string[] }> => {
    const world = createWorld();
    world.backend.nodeCapacity = { capacity: { pods: '100' }, allocatable: { pods: '100' } };
    await world.start();
    const spec = podSpec({ main: ['sleep'] });
    const uids = Array.from({ length: count }, (_, index) => world.cluster.createPod({ name: `p${String(index)}`, spec }).metadata!.uid!);
    return { world, uids };
  };
  const phases = (world: World, uids: readonly string[]): readonly (string | undefined)[] => [
    ...new Set(uids.map((uid) => world.cluster.pod(uid)?.status?.phase)),
  ];

  it('that is gone for a minute loses nothing: what happened meanwhile is told, once', async () => {
    const { world, uids } = await start();
    await world.clock.advance(1_000);
    world.cluster.disconnect();
    for (const uid of uids) world.backend.exit(uid, 'main', 1);
    world.cluster.requestDeletion(uids[0]!, 5);
    await world.clock.advance(60_000);
    world.cluster.reconnect();
    await world.clock.advance(40_000);
    expect(world.cluster.pod(uids[0]!)).toBeUndefined();
    expect(phases(world, uids.slice(1))).toEqual(['Running']);
    expect(uids.slice(1).map((uid) => world.cluster.pod(uid)!.status!.containerStatuses![0]!.restartCount)).toEqual(uids.slice(1).map(() => 1));
    expect(differences(world)).toEqual([]);
    await world.stop();
  });

  it('whose watch is cut every second brings pods up and down as ever', async () => {
    const { world, uids } = await start();
    for (let second = 0; second < 30; second += 1) {
      world.cluster.disconnect();
      if (second === 15) for (const uid of uids) world.cluster.requestDeletion(uid, 3);
      await world.clock.advance(100);
      world.cluster.reconnect();
      await world.clock.advance(900);
      if (second === 14) expect(phases(world, uids)).toEqual(['Running']);
    }
    await world.clock.advance(40_000);
    expect([...world.backend.pods.keys(), ...world.cluster.podsByName.keys()]).toEqual([]);
    expect(new Set(world.backend.calls.filter((call) => call.startsWith('create'))).size).toBe(uids.length);
    await world.stop();
  });

  it.each(['KUBE_CONFLICT', 'KUBE_UNREACHABLE', 'KUBE_API'] as const)(
    'that answers %s in a storm gets few writes, and each status in the end',
    async (code) => {
      const { world, uids } = await start();
      world.cluster.failNext('patchPodStatus', code, 100);
      await world.clock.advance(90_000);
      expect(phases(world, uids)).toEqual(['Running']);
      expect(world.cluster.calls.filter((call) => call.startsWith('patchPodStatus')).length).toBeLessThan(100 + uids.length * 3 + 1);
      await world.stop();
    },
  );
});

describe('an API server that tells old things', () => {
  const started = async (): Promise<{ readonly world: World; readonly uid: string; readonly first: Pod }> => {
    const world = createWorld();
    await world.start();
    const first = world.cluster.createPod({ name: 'web', spec: podSpec({ main: ['sleep'] }) });
    await world.clock.advance(100);
    return { world, uid: first.metadata!.uid!, first };
  };

  it.each(['changed', 'listed'] as const)('is not followed back: %s', async (kind) => {
    const { world, uid, first } = await started();
    const changes = (): readonly string[] => world.backend.calls.filter((call) => /^(create|start|stop|remove)/.test(call));
    const [before, calls, writes] = [world.cluster.pod(uid), changes(), world.cluster.writes.length];
    world.cluster.tell(kind === 'changed' ? { kind, pod: first } : { kind, pods: [first] });
    await world.clock.advance(90_000);
    expect(changes()).toEqual(calls);
    expect(world.cluster.writes).toHaveLength(writes);
    expect(world.cluster.pod(uid)).toEqual(before);
    await world.stop();
  });

  it('does not call a deletion off', async () => {
    const { world, uid } = await started();
    const alive = world.cluster.pod(uid)!;
    const open = world.backend.hold('stop');
    world.cluster.requestDeletion(uid, 20);
    await world.clock.advance(100);
    world.cluster.tell({ kind: 'changed', pod: alive });
    await world.clock.advance(100);
    open();
    await world.clock.advance(5_000);
    expect(world.cluster.pod(uid)).toBeUndefined();
    expect(world.backend.pods.size).toBe(0);
    expect(world.backend.calls.filter((call) => call.startsWith('start'))).toHaveLength(1);
    await world.stop();
  });

  it('leaves nothing of a pod that it tells of although there is none', async () => {
    const { world, uid } = await started();
    const alive = world.cluster.pod(uid)!;
    world.cluster.requestDeletion(uid, 0);
    await world.clock.advance(5_000);
    expect(world.backend.pods.size).toBe(0);
    world.cluster.tell({ kind: 'changed', pod: alive });
    await world.clock.advance(30_000);
    expect(world.backend.pods.size).toBe(0);
    expect(world.kubelet.pods()).toEqual([]);
    await world.stop();
  });

  it('is not written to again and again when it drops what it does not know', async () => {
    const world = createWorld();
    world.cluster.unknownStatusFields.add('hostIPs').add('observedGeneration');
    await world.start();
    const uid = world.cluster.createPod({ name: 'web', spec: podSpec({ main: ['sleep'] }) }).metadata!.uid!;
    await world.clock.advance(1_000);
    const writes = world.cluster.writes.length;
    expect(world.cluster.pod(uid)?.status).toMatchObject({ phase: 'Running' });
    await world.clock.advance(300_000);
    expect(world.cluster.writes).toHaveLength(writes);
    world.backend.exit(uid, 'main', 1);
    await world.clock.advance(1_000);
    expect(world.cluster.pod(uid)?.status?.containerStatuses?.[0]?.restartCount).toBe(1);
    await world.stop();
  });
});

describe('a back end in trouble', () => {
  const one = async (policy = 'Always'): Promise<{ readonly world: World; readonly uid: string }> => {
    const world = createWorld();
    await world.start();
    const uid = world.cluster.createPod({ name: 'web', spec: podSpec({ main: ['sleep'] }, { restartPolicy: policy }) }).metadata!.uid!;
    await world.clock.advance(0);
    return { world, uid };
  };

  it.each(POLICIES)('that denies a pod for a moment is not believed (%s)', async (policy) => {
    const { world, uid } = await one(policy);
    world.backend.denyFor(uid, 1_900);
    await world.clock.advance(10_000);
    expect(world.cluster.pod(uid)?.status?.phase).toBe('Running');
    expect(world.backend.calls.filter((call) => /^(create|start) /.test(call))).toEqual([`create ${uid}`, `start ${uid}/main`]);
    // A kubelet that begins just then does not believe it either.
    world.backend.denyFor(uid, 1_900);
    await world.kill();
    world.backend.denyFor(uid, 1_900);
    await world.start();
    await world.clock.advance(10_000);
    expect(world.backend.calls.filter((call) => /^(create|start) /.test(call))).toHaveLength(2);
    await world.stop();
  });

  it('that does not show what it has made is not asked for it without a pause', async () => {
    const world = createWorld();
    await world.start();
    world.backend.denyFor('late', 9_000);
    world.cluster.createPod({ name: 'late', uid: 'late', spec: podSpec({ main: ['sleep'] }) });
    await world.clock.advance(12_000);
    expect(world.backend.calls.filter((call) => call.startsWith('create')).length).toBeLessThanOrEqual(5);
    expect(world.cluster.pod('late')?.status?.phase).toBe('Running');
    await world.stop();
  });

  it('that is slow shows old states, and they start nothing twice', async () => {
    const { world, uid } = await one();
    world.backend.exit(uid, 'main', 1);
    await world.clock.advance(0);
    expect(world.backend.container(uid, 'main').starts).toBe(2);
    const open = world.backend.delayAnswers('status');
    world.backend.exit(uid, 'main', 1);
    await world.clock.advance(10_500);
    open();
    await world.clock.advance(1_000);
    expect(world.backend.container(uid, 'main').starts).toBe(3);
    expect(world.cluster.pod(uid)?.status?.containerStatuses?.[0]).toMatchObject({ restartCount: 2, ready: true });
    await world.stop();
  });

  it('that comes and goes every few seconds still brings pods up, each once', async () => {
    const { world, uid } = await one();
    const more = Array.from(
      { length: 10 },
      (_, index) => world.cluster.createPod({ name: `p${String(index)}`, spec: podSpec({ main: ['sleep'] }) }).metadata!.uid!,
    );
    for (let turn = 0; turn < 20; turn += 1) {
      if (turn % 2 === 0) world.backend.disconnect();
      else world.backend.reconnect();
      await world.clock.advance(3_000);
    }
    await world.clock.advance(20_000);
    expect([uid, ...more].map((id) => world.cluster.pod(id)?.status?.phase)).toEqual([uid, ...more].map(() => 'Running'));
    expect([uid, ...more].map((id) => world.backend.container(id, 'main').starts)).toEqual([uid, ...more].map(() => 1));
    await world.stop();
  });
});
