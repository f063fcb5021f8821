import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { PodProvider } from '../../../src/kubelet/provider.ts';
import type { Pod } from '../../../src/platform/kubernetes-objects.ts';
import type { MemoryPod } from '../../support/memory-provider.ts';
import { createStatusJudge } from '../../support/kubelet/judge-statuses.ts';
import { createWorld, initContainers, podSpec, type World } from '../../support/kubelet/world.ts';

/** What may happen to a cluster, a back end, and the kubelet between them. */
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('create' as const),
      policy: fc.constantFrom('Always', 'OnFailure', 'Never'),
      two: fc.boolean(),
      inits: fc.array(fc.constantFrom('sleep', 'exit 0', 'exit 1', 'side sleep', 'side exit 1', 'side ignore-term'), { maxLength: 3 }),
      program: fc.constantFrom('sleep', 'exit 0', 'exit 1', 'ignore-term'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('exit' as const),
      pod: fc.nat(5),
      container: fc.constantFrom('a', 'b', 'i0', 'i1', 'side0', 'side1'),
      code: fc.constantFrom(0, 1),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('vanish' as const, 'lose' as const, 'debug' as const), pod: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('deny' as const), pod: fc.nat(5), ms: fc.constantFrom(300, 1_900) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('image' as const), pod: fc.nat(5), version: fc.nat(3) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('die' as const),
      calls: fc.integer({ min: 1, max: 12 }),
      when: fc.constantFrom('before' as const, 'after' as const),
    }),
  },
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
  private readonly statuses = createStatusJudge();
  private readonly begun = new Set<string>();
  /** A kubelet that finds pods which the API no longer has does not know which of their containers are sidecars. */
  private readonly orphans = new Set<string>();
  /** Containers whose image was changed: they are replaced whatever policy says. */
  readonly replaced = new Set<string>();

  constructor(world: World) {
    this.world = world;
    world.cluster.onWrite = (pod) => {
      const uid = pod.metadata!.uid!;
      const { phase = '' } = pod.status!;
      this.violations.push(...this.statuses.judge(pod, world.clock.now()));
      const before = this.terminal.get(uid);
      if (before !== undefined && before !== phase) this.violations.push(`${uid} went from ${before} to ${phase}`);
      if (phase === 'Succeeded' || phase === 'Failed') {
        this.terminal.set(uid, phase);
        const running = [...(world.backend.pods.get(uid)?.containers.values() ?? [])].some(({ state }) => state.kind === 'running');
        if (running) this.violations.push(`${uid} is ${phase} while a container runs`);
      }
    };
  }

  /** `provider` with every create, start and stop judged before it happens. */
  watch(provider: PodProvider): PodProvider {
    const { backend, cluster } = this.world;
    return {
      ...provider,
      list: (signal) => {
        for (const uid of backend.pods.keys()) if (cluster.pod(uid) === undefined) this.orphans.add(uid);
        return provider.list(signal);
      },
      create: (request, signal) => {
        const uid = request.pod.metadata!.uid!;
        if (backend.pods.has(uid)) this.violations.push(`${uid} is created twice`);
        if (this.terminal.has(uid)) this.violations.push(`${uid} is created after its end`);
        if (this.begun.has(uid) && request.pod.spec?.restartPolicy === 'Never') this.violations.push(`${uid} of policy Never begins anew`);
        return provider.create(request, signal);
      },
      start: (target, signal) => {
        const { uid } = target;
        if (this.terminal.has(uid)) this.violations.push(`${uid} is started after its end`);
        if (cluster.pod(uid)?.metadata?.deletionTimestamp !== undefined) this.violations.push(`${uid} is started while it terminates`);
        const pod = backend.pods.get(uid);
        if (pod !== undefined) this.judgeStart(pod, target.containers);
        this.begun.add(uid);
        return provider.start(target, signal);
      },
      stop: (target, signal) => {
        const pod = backend.pods.get(target.uid);
        if (pod !== undefined) this.judgeStop(pod, target.container);
        return provider.stop(target, signal);
      },
    };
  }

  private judgeStart(pod: MemoryPod, names: readonly string[]): void {
    const spec = this.world.cluster.pod(pod.uid)?.spec ?? pod.request.pod.spec!;
    const policy = spec.restartPolicy;
    const title = `${pod.uid}/${names.join(',')}`;
    const inits = spec.initContainers ?? [];
    const exitOf = (name: string): number | undefined => {
      const state = pod.containers.get(name)?.state;
      return state?.kind === 'exited' ? state.exitCode : undefined;
    };
    for (const name of names) {
      const index = inits.findIndex((init) => init.name === name);
      // A debugging container waits for nobody.
      if (spec.ephemeralContainers?.some((ephemeral) => ephemeral.name === name) === true) {
        if ((pod.containers.get(name)?.starts ?? 0) > 0) this.violations.push(`${title}: an ephemeral container starts again`);
        continue;
      }
      for (const earlier of index < 0 ? inits : inits.slice(0, index)) {
        if (!isSidecar(earlier)) {
          if (exitOf(earlier.name) !== 0) this.violations.push(`${title} starts before ${earlier.name} has succeeded`);
        } else if ((pod.containers.get(earlier.name)?.starts ?? 0) === 0 && !names.slice(0, names.indexOf(name)).includes(earlier.name)) {
          this.violations.push(`${title} starts before ${earlier.name}`);
        }
      }
      if (index >= 0 && !isSidecar(inits[index]!) && exitOf(name) === 0) this.violations.push(`${title} succeeded and starts again`);
    }
    const final = (name: string): boolean => {
      const exitCode = exitOf(name);
      if (exitCode === undefined || inits.some((init) => init.name === name && isSidecar(init)) || this.replaced.has(`${pod.uid}/${name}`)) return false;
      return policy === 'Never' || (policy === 'OnFailure' && exitCode === 0);
    };
    const chosen = names.filter((name) => !inits.some((init) => init.name === name && isSidecar(init)));
    if (chosen.some(final)) this.violations.push(`${title} is restarted against ${String(policy)}`);
  }

  /** Sidecars outlast what they serve. */
  private judgeStop(pod: MemoryPod, name: string): void {
    const inits = pod.request.pod.spec?.initContainers ?? [];
    const index = inits.findIndex((init) => init.name === name && isSidecar(init));
    if (index < 0 || this.orphans.has(pod.uid) || this.replaced.has(`${pod.uid}/${name}`)) return;
    const served = [...(pod.request.pod.spec?.containers ?? []), ...inits.slice(index + 1)];
    const left = served.filter((container) => pod.containers.get(container.name)?.state.kind === 'running').map((container) => container.name);
    if (left.length > 0) this.violations.push(`${pod.uid}/${name} is stopped before ${left.join(', ')}`);
  }
}

function isSidecar({ restartPolicy }: { readonly restartPolicy?: string }): boolean {
  return restartPolicy === 'Always';
}

async function perform(world: World, one: Step, uids: string[], judged: PodProvider, replaced: Set<string>): Promise<void> {
  const { cluster, backend, clock } = world;
  const uid = 'pod' in one ? (uids[one.pod] ?? '') : '';
  switch (one.do) {
    case 'create': {
      const program = one.program.split(' ');
      const inits = Object.fromEntries(
        one.inits.map((words, index) => {
          const [first = '', ...rest] = words.split(' ');
          return first === 'side' ? [`side${String(index)}`, rest] : [`i${String(index)}`, [first, ...rest]];
        }),
      );
      const spec = podSpec(one.two ? { a: program, b: ['sleep'] } : { a: program }, { restartPolicy: one.policy, ...initContainers(inits) });
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
    case 'lose':
      if (backend.pods.has(uid)) backend.loseSandbox(uid);
      return;
    case 'deny':
      if (cluster.pod(uid)?.status?.phase === 'Running') backend.denyFor(uid, one.ms);
      return;
    case 'die':
      world.dieAtCall(one.calls, one.when);
      return;
    case 'debug': {
      const ephemeralContainers = [{ name: 'debug', image: 'busybox:1.36', command: ['sleep'] }];
      if (cluster.pod(uid) !== undefined) cluster.modifyPod(uid, (pod) => ({ ...pod, spec: { ...pod.spec!, ephemeralContainers } }));
      return;
    }
    case 'image': {
      if (cluster.pod(uid) === undefined) return;
      replaced.add(`${uid}/a`);
      const change = (pod: Pod): Pod => {
        const containers = pod.spec!.containers.map((main) => (main.name === 'a' ? { ...main, image: `busybox:1.${String(one.version)}` } : main));
        return { ...pod, spec: { ...pod.spec!, containers } };
      };
      cluster.modifyPod(uid, change);
      return;
    }
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

it.each(['container', 'pod'] as const)(
  'whatever happens, no pod of a provider with images of a %s is lost, doubled, restarted against policy or told wrongly',
  async (imagesOf) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const world = createWorld(imagesOf);
        const judge = new Judge(world);
        const judged = judge.watch(world.backend.provider(imagesOf));
        await world.start({ provider: judged });
        const uids: string[] = [];
        for (const one of steps) await perform(world, one, uids, judged, judge.replaced);
        world.backend.reconnect();
        world.cluster.reconnect();
        // Whatever state its process is in, another one finishes the work.
        await world.kill();
        await world.start({ provider: judged });
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
  },
);
