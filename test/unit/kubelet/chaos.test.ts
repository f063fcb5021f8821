import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { PodProvider } from '../../../src/kubelet/provider.ts';
import { createWorld, podSpec, type World } from '../../support/kubelet/world.ts';

/** What may happen to a cluster, a back end, and the kubelet between them. */
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('create' as const),
      policy: fc.constantFrom('Always', 'OnFailure', 'Never'),
      two: fc.boolean(),
      program: fc.constantFrom('sleep', 'exit 0', 'exit 1', 'ignore-term'),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('exit' as const), pod: fc.nat(5), container: fc.constantFrom('a', 'b'), code: fc.constantFrom(0, 1) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('vanish' as const), pod: fc.nat(5) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('delete' as const), pod: fc.nat(5), grace: fc.constantFrom(undefined, 5, 0) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(0, 100, 3_000, 31_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('kill' as const, 'restart' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('backend-down' as const, 'backend-up' as const, 'api-down' as const, 'api-up' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('fail' as const),
      call: fc.constantFrom('create' as const, 'start' as const, 'stop' as const, 'remove' as const, 'status' as const),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** An independent judge: watches what reaches the back end and the API, and knows the rules only. */
class Judge {
  readonly violations: string[] = [];
  private readonly world: World;
  private readonly terminal = new Map<string, string>();
  private readonly counts = new Map<string, number>();

  constructor(world: World) {
    this.world = world;
    world.cluster.onWrite = (pod) => {
      const uid = pod.metadata!.uid!;
      const { phase = '', containerStatuses = [] } = pod.status!;
      const before = this.terminal.get(uid);
      if (before !== undefined && before !== phase) this.violations.push(`${uid} went from ${before} to ${phase}`);
      if (phase === 'Succeeded' || phase === 'Failed') {
        this.terminal.set(uid, phase);
        const running = [...(world.backend.pods.get(uid)?.containers.values() ?? [])].some(({ state }) => state.kind === 'running');
        if (running) this.violations.push(`${uid} is ${phase} while a container runs`);
      }
      for (const { name, restartCount } of containerStatuses) {
        const key = `${uid}/${name}`;
        if (restartCount < (this.counts.get(key) ?? 0)) this.violations.push(`${key} counts fewer restarts than before`);
        this.counts.set(key, restartCount);
      }
    };
  }

  /** `provider` with every start and create judged before it happens. */
  watch(provider: PodProvider): PodProvider {
    const { backend, cluster } = this.world;
    return {
      ...provider,
      create: (request, signal) => {
        const uid = request.pod.metadata!.uid!;
        if (backend.pods.has(uid)) this.violations.push(`${uid} is created twice`);
        if (this.terminal.has(uid)) this.violations.push(`${uid} is created after its end`);
        return provider.create(request, signal);
      },
      start: (target, signal) => {
        const pod = backend.pods.get(target.uid);
        if (this.terminal.has(target.uid)) this.violations.push(`${target.uid} is started after its end`);
        if (cluster.pod(target.uid)?.metadata?.deletionTimestamp !== undefined) this.violations.push(`${target.uid} is started while it terminates`);
        const policy = pod?.request.pod.spec?.restartPolicy;
        const chosen = [...(pod?.containers.values() ?? [])].filter(({ request }) => target.containers.includes(request.name));
        const final = chosen.filter(({ state }) => state.kind === 'exited' && (policy === 'Never' || (policy === 'OnFailure' && state.exitCode === 0)));
        // Containers of a pod VM restart together: against policy only when policy wants none of them.
        const bad = provider.unit === 'pod' ? final.length === chosen.length && chosen.length > 0 : final.length > 0;
        if (bad) this.violations.push(`${target.uid}/${target.containers.join(',')} is restarted against ${String(policy)}`);
        return provider.start(target, signal);
      },
    };
  }
}

async function perform(world: World, one: Step, uids: string[], judged: PodProvider): Promise<void> {
  const { cluster, backend, clock } = world;
  const uid = 'pod' in one ? (uids[one.pod] ?? '') : '';
  switch (one.do) {
    case 'create': {
      const program = one.program.split(' ');
      const spec = podSpec(one.two ? { a: program, b: ['sleep'] } : { a: program }, { restartPolicy: one.policy });
      uids.push(cluster.createPod({ name: `p${String(uids.length)}`, spec }).metadata!.uid!);
      return;
    }
    case 'exit':
      if (backend.pods.get(uid)?.containers.get(one.container)?.state.kind === 'running') backend.exit(uid, one.container, one.code);
      return;
    case 'vanish':
      // What ran and was never told of cannot be known after it has vanished.
      if (cluster.pod(uid)?.status?.phase === 'Running') backend.vanish(uid);
      return;
    case 'delete':
      if (cluster.pod(uid) !== undefined) cluster.requestDeletion(uid, one.grace);
      return;
    case 'wait':
      await clock.advance(one.ms);
      return;
    case 'kill':
    case 'restart':
      await (one.do === 'kill' ? world.kill() : world.stop());
      backend.reconnect();
      cluster.reconnect();
      await world.start({ provider: judged });
      return;
    case 'backend-down':
      backend.disconnect();
      return;
    case 'backend-up':
      backend.reconnect();
      return;
    case 'api-down':
      cluster.disconnect();
      return;
    case 'api-up':
      cluster.reconnect();
      return;
    case 'fail':
      backend.failNext(one.call, new Error(`${one.call} was made to fail`));
      return;
  }
}

it.each(['container', 'pod'] as const)('whatever happens, no pod of unit %s is lost, doubled, restarted against policy or told wrongly', async (unit) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const world = createWorld(unit);
      const judge = new Judge(world);
      const judged = judge.watch(world.backend.provider(unit));
      await world.start({ provider: judged });
      const uids: string[] = [];
      for (const one of steps) await perform(world, one, uids, judged);
      world.backend.reconnect();
      world.cluster.reconnect();
      await world.clock.advance(120_000);
      const lost = uids.filter((uid) => {
        const pod = world.cluster.pod(uid);
        const ended = pod?.status?.phase === 'Succeeded' || pod?.status?.phase === 'Failed';
        return pod !== undefined && !ended && !world.backend.pods.has(uid);
      });
      for (const uid of uids) if (world.cluster.pod(uid) !== undefined) world.cluster.requestDeletion(uid, 5);
      await world.clock.advance(120_000);
      const left = [...world.backend.pods.keys(), ...world.cluster.podsByName.keys()];
      await world.stop();
      expect({ violations: judge.violations, refusals: world.cluster.refusals, lost, left }).toEqual({ violations: [], refusals: [], lost: [], left: [] });
    }),
    { numRuns: 100, seed: 20261123 },
  );
});
