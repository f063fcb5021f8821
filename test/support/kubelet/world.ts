import { createKubelet, type Kubelet, type KubeletOptions } from '../../../src/kubelet/kubelet.ts';
import { silentLog } from '../../../src/platform/log.ts';
import type { Random } from '../../../src/platform/random.ts';
import type { Pod } from '../../../src/platform/kubernetes-objects.ts';
import { FakeClock } from '../fake-clock.ts';
import { MemoryBackend } from '../memory-provider.ts';
import type { Cluster } from '../../../src/kubelet/cluster.ts';
import { MemoryCluster } from './memory-cluster.ts';

/** The middle of every range, and names that count up. */
export function steadyRandom(): Random {
  let serial = 0;
  const next = (): string => String((serial += 1)).padStart(8, '0');
  return { fraction: () => 0.5, uuid: next, hex: next };
}

export interface World {
  readonly clock: FakeClock;
  readonly cluster: MemoryCluster;
  readonly backend: MemoryBackend;
  readonly random: Random;
  kubelet: Kubelet;
  /** Starts a kubelet (another one after `stop`) and waits until it is ready. */
  start(options?: Partial<KubeletOptions>): Promise<void>;
  /** Ends the running kubelet cleanly; what `run` answered. */
  stop(): Promise<void>;
  /** Ends it as a killed process ends: from now on nothing it asks for reaches the cluster or the back end. */
  kill(withinMs?: number): Promise<void>;
  /** The process dies by itself at its n-th call from now, before that call has had its effect or right after it. */
  dieAtCall(count: number, when: 'before' | 'after'): void;
}

/** A cluster and a back end that outlive the kubelet between them. */
export function createWorld(imagesOf: 'container' | 'pod' = 'container'): World {
  const clock = new FakeClock();
  const cluster = new MemoryCluster(clock);
  const backend = new MemoryBackend(clock);
  const random = steadyRandom();
  let abort = new AbortController();
  let running: Promise<void> = Promise.resolve();
  let process: Process = { alive: true };
  const build = (options: Partial<KubeletOptions> = {}): Kubelet => {
    process = { alive: true };
    return createKubelet({
      nodeName: 'kubelet-test',
      cluster: mortal<Cluster>(cluster, process),
      clock,
      random,
      log: silentLog,
      kubeletVersion: 'v1.36.0-vick.0',
      ...options,
      provider: mortal(options.provider ?? backend.provider(imagesOf), process),
    });
  };
  const world: World = {
    clock,
    cluster,
    backend,
    random,
    kubelet: build(),
    start: async (options) => {
      abort = new AbortController();
      world.kubelet = build(options);
      running = world.kubelet.run(abort.signal);
      await clock.advance(0);
      await world.kubelet.ready;
      await clock.advance(0);
    },
    stop: async () => {
      abort.abort(new Error('the test is over'));
      await clock.advance(0);
      await running;
    },
    kill: async (withinMs = 20_000) => {
      process.alive = false;
      abort.abort(new Error('killed'));
      await clock.advance(withinMs);
      await running;
    },
    dieAtCall: (count, when) => {
      process.fuse = { count, when };
    },
  };
  return world;
}

/** A spec with one container per entry: name to command. */
export function podSpec(containers: Readonly<Record<string, readonly string[]>>, more: Partial<NonNullable<Pod['spec']>> = {}): NonNullable<Pod['spec']> {
  return { nodeName: 'kubelet-test', ...more, containers: Object.entries(containers).map(([name, command]) => ({ name, image: 'busybox:1.36', command })) };
}

/** Init containers and, under names that begin with `side`, sidecars; for the second argument of `podSpec`. */
export function initContainers(containers: Readonly<Record<string, readonly string[]>>): Pick<NonNullable<Pod['spec']>, 'initContainers'> {
  return {
    initContainers: Object.entries(containers).map(([name, command]) => ({
      ...{ name, image: 'busybox:1.36', command },
      ...(name.startsWith('side') ? { restartPolicy: 'Always' } : {}),
    })),
  };
}

interface Process {
  alive: boolean;
  fuse?: { count: number; readonly when: 'before' | 'after' };
}

/** `target` for as long as its process lives; every call after that fails, and no watch tells anything any more. */
function mortal<T extends object>(target: T, process: Process): T {
  const dead = (): Promise<never> => Promise.reject(new Error('this process was killed'));
  return new Proxy(target, {
    get: (object, key): unknown => {
      const value: unknown = Reflect.get(object, key);
      if (typeof value !== 'function') return value;
      return (...args: readonly unknown[]): unknown => {
        if (process.alive && process.fuse !== undefined && --process.fuse.count <= 0) {
          process.alive = process.fuse.when === 'after';
          if (process.alive) queueMicrotask(() => (process.alive = false));
        }
        if (!process.alive) return dead();
        const shield =
          (callback: (...facts: unknown[]) => unknown) =>
          (...facts: unknown[]): unknown =>
            process.alive ? callback(...facts) : undefined;
        const shielded = args.map((arg) => (typeof arg === 'function' ? shield(arg as () => unknown) : arg));
        const answer: unknown = Reflect.apply(value, object, shielded);
        // What was asked for happens; whether the process still learns of it is another matter.
        return answer instanceof Promise ? answer.then((result: unknown) => (process.alive ? result : dead())) : answer;
      };
    },
  });
}
