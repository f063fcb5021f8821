import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isProviderFailure, type ContainerRequest } from '../../../../src/kubelet/provider.ts';
import { silentLog } from '../../../../src/platform/log.ts';
import { systemRandom } from '../../../../src/platform/node/random.ts';
import { createPortLayer } from '../../../../src/clients/port-layer/client.ts';
import { portLayerError } from '../../../../src/clients/port-layer/failure.ts';
import type { PortLayer } from '../../../../src/clients/port-layer/port.ts';
import { retryConflicts } from '../../../../src/providers/vic/vm/conflict-retry.ts';
import { waitForVch } from '../../../../src/providers/vic/node/wait-for-vch.ts';
import { systemClock } from '../../../../src/platform/node/clock.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { containerRequest, podRequest, startRequest, type RequestedPod } from '../../../support/kubelet/pod-requests.ts';
import { startSandboxVch, type SandboxVch } from '../../../support/sandbox-vch.ts';

const never = new AbortController().signal;
const conflict = (): Error => portLayerError('vch', { kind: 'conflict', operation: 'PUT /containers/x', httpStatus: 409, reason: '*types.ConcurrentAccess' });

let vch: SandboxVch;

beforeAll(async () => {
  vch = await startSandboxVch();
  await vch.engine.pull({ repository: 'busybox', tag: 'latest' }, never);
});

afterAll(async () => {
  await vch.close();
});

function pod(...containers: Partial<ContainerRequest>[]): RequestedPod {
  return podRequest(containers.map((container, index) => containerRequest({ name: `c${String(index)}`, command: ['sleep', '1000'], ...container })));
}

/** The port layer with `before` called ahead of each call of `operation`. */
function spiedPortLayer(operation: keyof PortLayer, before: (real: PortLayer) => Promise<void>): PortLayer {
  const real = createPortLayer({ ...vch.addresses.portLayer, clock: systemClock, pid: 2 });
  return new Proxy(real, {
    get: (target, key) => {
      const member: unknown = Reflect.get(target, key);
      if (key !== operation) return member;
      return async (...args: unknown[]) => {
        await before(real);
        return await (member as (...all: unknown[]) => Promise<unknown>)(...args);
      };
    },
  });
}

describe('VIC provider', () => {
  it('starts a pod although somebody else changes its VM at the same moment', async () => {
    const created = pod({});
    await vch.provider().create(created, never);
    let disturbed = 0;
    const portLayer = spiedPortLayer('commit', async (real) => {
      disturbed += 1;
      if (disturbed > 2) return;
      const mine = (await real.listContainers(never)).find(({ annotations }) => annotations['vick.dev/uid'] === created.uid)!;
      const handle = await real.handleOf(mine.id, never);
      await real.commit(await real.bindScopes(handle!, never).then((bound) => bound.handle), {}, never);
    });
    const provider = vch.provider({ portLayer });
    await provider.start(startRequest(created), never);
    await expect.poll(async () => (await provider.status(created.uid, never))?.containers[0]?.state.kind).toBe('running');
    expect(disturbed).toBeGreaterThan(1);
    await provider.remove(created.uid, never);
  });

  it('shares one file system among containers of one image', async () => {
    const provider = vch.provider();
    const created = pod({}, {}, { image: 'busybox' });
    await provider.create(created, never);
    await provider.start(startRequest(created), never);
    await expect
      .poll(async () => (await provider.status(created.uid, never))?.containers.map(({ state }) => state.kind))
      .toEqual(['running', 'running', 'running']);
    await provider.remove(created.uid, never);
  });

  it('stops a pod of several containers, each of which is told, within its grace period', async () => {
    const provider = vch.provider();
    const created = pod({}, {});
    await provider.create(created, never);
    await provider.start(startRequest(created), never);
    await expect.poll(async () => (await provider.status(created.uid, never))?.containers[0]?.state.kind).toBe('running');
    const before = performance.now();
    await Promise.all(created.definitions.map(({ name: container }) => provider.stop({ uid: created.uid, container, graceSeconds: 20 }, never)));
    expect(performance.now() - before).toBeLessThan(15_000);
    const after = await provider.status(created.uid, never);
    expect(after?.containers[0]?.state).toMatchObject({ kind: 'exited', exitCode: 143 });
    // How the last one ended is not known when its VM goes off before anybody looks.
    const last = after?.containers[1]?.state;
    if (last?.kind === 'exited') expect(last.exitCode).toBe(143);
    else expect(last?.kind).toBe('unknown');
    await provider.remove(created.uid, never);
  });

  it('starts a pod again whose VM is still on its way from the end of its process to power-off', async () => {
    const provider = vch.provider();
    const created = pod({ command: ['sh', '-c', 'exit 3'] });
    await provider.create(created, never);
    const run = async (): Promise<number> => {
      await provider.start(startRequest(created), never);
      const ended = async () => (await provider.status(created.uid, never))?.containers[0]?.state;
      await expect.poll(async () => (await ended())?.kind).toBe('exited');
      const state = await ended();
      expect(state).toMatchObject({ exitCode: 3 });
      return state?.kind === 'exited' ? (state.startedAt ?? 0) : 0;
    };
    const first = await run();
    // A start that returns without one would leave the first run's times.
    expect(await run()).toBeGreaterThan(first);
    await provider.remove(created.uid, never);
  });

  it('removes the second VM of a pod whose creation outlived the kubelet that asked for it', async () => {
    const created = pod({});
    let commit: () => void = () => undefined;
    const late = new Promise<void>((resolve) => {
      commit = resolve;
    });
    const killed = vch.provider({ portLayer: spiedPortLayer('commit', () => late) });
    const first = killed.create(created, never);
    const successor = vch.provider({ pollMs: 50 });
    await expect.poll(async () => (await successor.list(never)).length).toBe(0);
    await successor.create(created, never);
    await successor.start(startRequest(created), never);
    const mine = async () => (await vch.portLayer.listContainers(never)).filter(({ annotations }) => annotations['vick.dev/uid'] === created.uid);
    const [standing] = await mine();
    commit();
    await first;
    expect(await mine()).toHaveLength(2);

    const stop = new AbortController();
    const hints: (string | undefined)[] = [];
    const watching = successor.watch((uid) => hints.push(uid), stop.signal);
    await expect.poll(async () => (await mine()).map(({ id }) => id)).toEqual([standing?.id]);
    await expect.poll(async () => (await successor.status(created.uid, never))?.containers[0]?.state.kind).toBe('running');
    expect(hints).toContain(created.uid);
    stop.abort(new Error('the test is over'));
    await watching;
    await successor.remove(created.uid, never);
  });

  it('follows events again after their stream has ended or broken', async () => {
    let opened = 0;
    const portLayer = new Proxy(vch.portLayer, {
      get: (target, key) => {
        if (key !== 'events') return Reflect.get(target, key) as unknown;
        return async function* (signal: AbortSignal, onOpen?: () => void) {
          opened += 1;
          if (opened === 2) throw new Error('connection reset');
          if (opened === 1) {
            onOpen?.();
            return;
          }
          yield* target.events(signal, onOpen);
        };
      },
    });
    // Polls so rarely that every hint is an event's.
    const provider = vch.provider({ portLayer, pollMs: 3_600_000 });
    const stop = new AbortController();
    const hints: (string | undefined)[] = [];
    const watching = provider.watch((uid) => hints.push(uid), stop.signal);
    // Whatever happened between two streams is looked for.
    await expect.poll(() => hints.filter((uid) => uid === undefined).length, { timeout: 10_000 }).toBe(2);
    expect(opened).toBe(3);
    const created = pod({});
    await provider.create(created, never);
    await provider.start(startRequest(created), never);
    await expect.poll(() => hints).toContain(created.uid);
    stop.abort(new Error('the test is over'));
    await watching;
    await provider.remove(created.uid, never);
  });

  it('sees no containers but its own', async () => {
    const { handle, id } = await vch.portLayer.createHandle(
      { name: 'theirs', numCpus: 1, memoryMiB: 512, hostname: 'h', annotations: { 'docker.labels': 'e30=' } },
      never,
    );
    const task = {
      path: 'sleep',
      args: ['1000'],
      env: [],
      workingDir: '',
      user: '',
      attach: false,
      openStdin: false,
      tty: false,
      stopSignal: '',
      namespace: '',
    };
    const joined = await vch.portLayer.joinTask({ handle, id, ...task }, never);
    await vch.portLayer.commit(await vch.portLayer.bindTask(joined.handle, id, never), {}, never);
    expect(await vch.provider().list(never)).toEqual([]);
    expect((await vch.portLayer.listContainers(never)).map((info) => info.id)).toContain(id);
    await vch.portLayer.removeContainer(id, never);
  });

  it.each<[string, Partial<ContainerRequest>, string]>([
    ['an absent image', { image: 'redis:7' }, 'ErrImagePull'],
    ['a name that is none', { image: 'Not/A:Name:At:All' }, 'InvalidImageName'],
    ['a pipe beside a variable that a shell would lose', { command: ['sh', '-c', 'a | b'], env: [{ name: 'a.b', value: '1' }] }, 'CreateContainerConfigError'],
  ])('refuses with the reason a user knows, and leaves nothing: %s', async (_what, container, reason) => {
    const provider = vch.provider();
    const failure: unknown = await provider.create(pod({}, { name: 'bad', ...container }), never).catch((error: unknown) => error);
    expect(isProviderFailure(failure) && [failure.reason, failure.container]).toEqual([reason, 'bad']);
    expect(await vch.portLayer.listContainers(never)).toEqual([]);
  });

  it('gives a start of an absent pod back as an error', async () => {
    await expect(vch.provider().start(startRequest({ ...pod(), uid: 'nobody' }), never)).rejects.toThrow('no VM');
  });
});

describe('waiting', () => {
  const options = (ping: () => Promise<void>, clock: FakeClock) => ({
    portLayer: { ...vch.portLayer, ping },
    engine: { ...vch.engine, info: () => Promise.resolve({} as never) },
    ...{ clock, random: { ...systemRandom, fraction: () => 0.5 }, log: silentLog },
  });

  it('for the VCH begins with half a second, goes on every two, and ends with the budget', async () => {
    const clock = new FakeClock();
    const at: number[] = [];
    const start = clock.now();
    const waiting = waitForVch(
      { ...options(() => (at.push(clock.now() - start), Promise.reject(new Error('not yet'))), clock), budgetMs: 10_000 },
      never,
    ).catch((error: unknown) => error);
    await clock.advance(60_000);
    expect(await waiting).toMatchObject({ code: 'KUBELET_BACKEND', message: expect.stringContaining('not yet') as string });
    expect(at).toEqual([0, 500, 2500, 4500, 6500, 8500]);
  });

  it('for the VCH ends when it answers, or at once when cancelled', async () => {
    const clock = new FakeClock();
    let left = 3;
    const done = waitForVch(
      options(() => ((left -= 1) > 0 ? Promise.reject(new Error('no')) : Promise.resolve()), clock),
      never,
    );
    await clock.advance(3_000);
    await done;
    const stop = new AbortController();
    const waiting = waitForVch(
      options(() => Promise.reject(new Error('no')), clock),
      stop.signal,
    );
    stop.abort(new Error('stop'));
    await expect(waiting).rejects.toThrow('stop');
  });

  it('after conflicts grows tenfold to half a minute, and gives up with the conflict', async () => {
    const clock = new FakeClock();
    const start = clock.now();
    const at: number[] = [];
    const work = retryConflicts(
      { clock, random: { ...systemRandom, fraction: () => 0.5 }, budgetMs: 60_000 },
      never,
      () => (at.push(clock.now() - start), Promise.reject(conflict())),
    ).catch((error: unknown) => error);
    await clock.advance(120_000);
    expect(await work).toMatchObject({ code: 'PORT_LAYER' });
    expect(at).toEqual([0, 10, 110, 1110, 11_110, 41_110]);
  });

  it('is not for other failures', async () => {
    let attempts = 0;
    const work = retryConflicts(
      { clock: new FakeClock(), random: systemRandom, budgetMs: 60_000 },
      never,
      () => ((attempts += 1), Promise.reject(new Error('no'))),
    );
    await expect(work).rejects.toThrow('no');
    expect(attempts).toBe(1);
  });
});
