/** The VCH's services restarted under pods and in the middle of work, conflicts without end, and VMs that somebody removes. */
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPortLayer } from '../../../../src/clients/port-layer/client.ts';
import { portLayerError } from '../../../../src/clients/port-layer/failure.ts';
import type { PortLayer } from '../../../../src/clients/port-layer/port.ts';
import { systemClock } from '../../../../src/platform/node/clock.ts';
import { containerRequest, podRequest, startRequest, type RequestedPod } from '../../../support/kubelet/pod-requests.ts';
import { startSandboxVch, type SandboxVch } from '../../../support/sandbox-vch.ts';

const never = new AbortController().signal;
const newPod = (script: string): RequestedPod => podRequest([containerRequest({ command: ['/bin/sh', '-c', script] })]);
const conflict = (): Error => portLayerError('vch', { kind: 'conflict', operation: 'PUT /containers/x', httpStatus: 409, reason: '*types.ConcurrentAccess' });

let vch: SandboxVch;

beforeEach(async () => {
  vch = await startSandboxVch({ bootMs: 5 });
  await vch.engine.pull({ repository: 'busybox', tag: 'latest' }, never);
});

afterEach(async () => {
  await vch.close();
});

/** The real port layer, with calls answered otherwise. */
const portLayerWith = (parts: (real: PortLayer) => Partial<PortLayer>): PortLayer => {
  const real = createPortLayer({ ...vch.addresses.portLayer, clock: systemClock, pid: 4 });
  return { ...real, ...parts(real) };
};
const mine = (uid: string) => vch.state.containers.list().filter(({ config }) => config.annotations['vick.dev/uid'] === uid);
describe('a VCH that is restarted', () => {
  it('keeps its pods, tells how they ended, and runs them again', async () => {
    const provider = vch.provider();
    const pod = newPod('echo hello; sleep 1000');
    await provider.create(pod, never);
    await provider.start(startRequest(pod), never);
    const log = (previous: boolean) => provider.logs!.open({ uid: pod.uid, container: 'c' }, { follow: false, previous, timestamps: false }, never);
    await expect.poll(async () => text(await log(false))).toBe('hello\n');
    await vch.restart(async () => {
      await expect(provider.status(pod.uid, never)).rejects.toThrow();
      expect(await provider.health(never)).toMatchObject({ healthy: false, components: [{ healthy: false }, { healthy: false }] });
    });
    expect(await provider.health(never)).toMatchObject({ healthy: true });
    expect((await provider.status(pod.uid, never))?.containers[0]?.state).toMatchObject({ kind: 'exited', exitCode: 137 });
    await provider.start(startRequest(pod), never);
    expect((await provider.status(pod.uid, never))?.containers[0]?.state.kind).toBe('running');
    await expect.poll(async () => text(await log(false))).toBe('hello\n');
    expect(await text(await log(true))).toBe('hello\n');
    expect((await provider.images!.inspect('busybox', never))?.tags).toContain('busybox:latest');
    await provider.remove(pod.uid, never);
    expect(mine(pod.uid)).toEqual([]);
  });

  const steps = ['joinImage', 'joinTask', 'bindTask', 'addToScope', 'joinInteraction', 'joinLogging', 'commit', 'bindScopes', 'setState'] as const;
  it.each(steps)('and loses its handles before %s, is asked again with new ones', async (step) => {
    let lost = 0;
    const portLayer = portLayerWith((real) => ({
      [step]: (...args: unknown[]) => {
        if ((lost += 1) === 1) vch.loseHandles();
        return (real[step] as (...all: unknown[]) => unknown)(...args);
      },
    }));
    const provider = vch.provider({ portLayer });
    const pod = newPod('sleep 1000');
    await provider.create(pod, never);
    await provider.start(startRequest(pod), never);
    expect(lost).toBeGreaterThan(1);
    expect(mine(pod.uid)).toHaveLength(1);
    expect((await provider.status(pod.uid, never))?.containers[0]?.state.kind).toBe('running');
    await provider.stop({ uid: pod.uid, container: 'c', graceSeconds: 2 }, never);
    await provider.remove(pod.uid, never);
  });

  it('ends followed logs with all that was written, and takes events up again', async () => {
    const provider = vch.provider();
    const pod = newPod('echo one; sleep 0.3; echo two; sleep 1000');
    const stop = new AbortController();
    const hints: (string | undefined)[] = [];
    const watching = provider.watch((uid) => hints.push(uid), stop.signal);
    await provider.create(pod, never);
    await provider.start(startRequest(pod), never);
    const following = text(await provider.logs!.open({ uid: pod.uid, container: 'c' }, { follow: true, previous: false, timestamps: false }, never));
    await expect.poll(async () => (await mine(pod.uid)[0]!.context.log.read()).length).toBe(2);
    hints.length = 0;
    await vch.restart();
    expect(await following).toBe('one\ntwo\n');
    await expect.poll(() => hints.includes(undefined), { timeout: 10_000 }).toBe(true);
    await provider.start(startRequest(pod), never);
    await expect.poll(() => hints.includes(pod.uid), { timeout: 10_000 }).toBe(true);
    stop.abort(new Error('the test is over'));
    await watching;
  });
});

describe('conflicts', () => {
  it.each(['start', 'stop', 'exec'] as const)('in a row do not keep a pod from its %s', async (step) => {
    let left = 0;
    const portLayer = portLayerWith((real) => ({
      commit: (handle, options, signal) => ((left -= 1) >= 0 ? Promise.reject(conflict()) : real.commit(handle, options, signal)),
    }));
    const provider = vch.provider({ portLayer });
    const pod = newPod('sleep 1000');
    await provider.create(pod, never);
    if (step !== 'start') await provider.start(startRequest(pod), never);
    left = 3;
    if (step === 'start') await provider.start(startRequest(pod), never);
    if (step === 'stop') await provider.stop({ uid: pod.uid, container: 'c', graceSeconds: 2 }, never);
    if (step === 'exec') expect(await provider.exec!.exec({ uid: pod.uid, container: 'c' }, ['true'], { tty: false }, never)).toBe(0);
    expect(left).toBeLessThan(0);
    expect(mine(pod.uid)[0]?.state).toBe(step === 'stop' ? 'Stopped' : 'Running');
    left = 0;
    await provider.remove(pod.uid, never);
  });

  it('of the removal itself are repeated until the VM is gone', async () => {
    let left = 3;
    const portLayer = portLayerWith((real) => ({
      removeContainer: (id, signal) => ((left -= 1) >= 0 ? Promise.reject(conflict()) : real.removeContainer(id, signal)),
    }));
    const pod = newPod('sleep 1000');
    const provider = vch.provider({ portLayer });
    await provider.create(pod, never);
    await provider.remove(pod.uid, never);
    expect(mine(pod.uid)).toEqual([]);
  });
});

describe('a pod whose containers share a VM', () => {
  const two = (script = 'sleep 1000'): RequestedPod => podRequest(['a', 'b'].map((name) => containerRequest({ name, command: ['/bin/sh', '-c', script] })));
  const execs = (uid: string) => [...mine(uid)[0]!.sessions.execs.values()];

  it('is started and stopped through conflicts in a row, each of its containers once', async () => {
    let left = 0;
    const portLayer = portLayerWith((real) => ({
      commit: (handle, options, signal) => ((left -= 1) >= 0 ? Promise.reject(conflict()) : real.commit(handle, options, signal)),
    }));
    const provider = vch.provider({ portLayer });
    const pod = two();
    await provider.create(pod, never);
    for (const { name } of pod.definitions) {
      left = 2;
      await provider.start(startRequest(pod, name), never);
    }
    expect(execs(pod.uid).filter(({ running }) => running)).toHaveLength(1);
    left = 2;
    await provider.stop({ uid: pod.uid, container: 'b', graceSeconds: 2 }, never);
    expect(execs(pod.uid).filter(({ running }) => running)).toHaveLength(0);
    expect((await provider.status(pod.uid, never))?.containers.map(({ state }) => state.kind)).toEqual(['running', 'exited']);
    await provider.remove(pod.uid, never);
  });

  it('is not started twice when the answer to its commit is a conflict although it was applied', async () => {
    let commits = 0;
    const portLayer = portLayerWith((real) => ({
      commit: async (handle, options, signal) => {
        await real.commit(handle, options, signal);
        if ((commits += 1) === 3) throw conflict();
      },
    }));
    const provider = vch.provider({ portLayer });
    const pod = two();
    await provider.create(pod, never);
    for (const { name } of pod.definitions) await provider.start(startRequest(pod, name), never);
    expect(commits).toBe(3);
    expect(execs(pod.uid)).toHaveLength(1);
    await provider.remove(pod.uid, never);
  });

  it('says of what ended with the power of its VCH that it is not known, and runs it again', async () => {
    const provider = vch.provider();
    const pod = two();
    await provider.create(pod, never);
    for (const { name } of pod.definitions) await provider.start(startRequest(pod, name), never);
    await vch.restart();
    for (const by of [provider, vch.provider()]) {
      expect((await by.status(pod.uid, never))?.containers.map(({ state }) => state.kind)).toEqual(['exited', 'unknown']);
    }
    for (const { name } of [...pod.definitions].reverse()) await provider.start(startRequest(pod, name), never);
    expect((await provider.status(pod.uid, never))?.containers.map(({ state }) => state.kind)).toEqual(['running', 'running']);
    expect(execs(pod.uid)).toHaveLength(1);
    await provider.remove(pod.uid, never);
  });

  it('is what it was when a kubelet is killed between the record of a start and the start', async () => {
    const killed = portLayerWith(() => ({ joinTask: () => Promise.reject(new Error('killed')) }));
    const provider = vch.provider();
    const pod = two();
    await provider.create(pod, never);
    await provider.start(startRequest(pod, 'a'), never);
    await expect(vch.provider({ portLayer: killed }).start(startRequest(pod, 'b'), never)).rejects.toThrow('killed');
    const next = vch.provider();
    expect((await next.status(pod.uid, never))?.containers.map(({ state }) => state.kind)).toEqual(['running', 'created']);
    await next.start(startRequest(pod, 'b'), never);
    expect((await next.status(pod.uid, never))?.containers.map(({ state }) => state.kind)).toEqual(['running', 'running']);
    await next.remove(pod.uid, never);
  });

  it('starts with its VM anew when that goes off at the moment of the start', async () => {
    let commits = 0;
    const portLayer = portLayerWith((real) => ({
      commit: async (handle, options, signal) => {
        await real.commit(handle, options, signal);
        // The task was taken by a VM that has nothing left of it.
        if ((commits += 1) === 3) await vch.state.containers.list()[0]!.cut();
      },
    }));
    const provider = vch.provider({ portLayer });
    const pod = two();
    await provider.create(pod, never);
    for (const { name } of pod.definitions) await provider.start(startRequest(pod, name), never);
    expect((await provider.status(pod.uid, never))?.containers.map(({ state }) => state.kind)).toEqual(['exited', 'running']);
    expect(commits).toBe(4);
    await provider.remove(pod.uid, never);
  });

  it('leaves no ended tasks behind in a VM where one crashes over and over', async () => {
    const provider = vch.provider();
    const pod = podRequest([
      containerRequest({ name: 'a', command: ['sleep', '1000'] }),
      containerRequest({ name: 'b', command: ['/bin/sh', '-c', 'exit 1'] }),
    ]);
    await provider.create(pod, never);
    await provider.start(startRequest(pod, 'a'), never);
    for (let run = 0; run < 5; run += 1) {
      await provider.start(startRequest(pod, 'b'), never);
      await expect.poll(async () => (await provider.status(pod.uid, never))?.containers[1]?.state.kind).toBe('exited');
    }
    expect(mine(pod.uid)[0]!.config.execs).toHaveLength(1);
    await provider.remove(pod.uid, never);
  });

  it('tells nothing when the port layer cannot be asked for its tasks', async () => {
    const silent = portLayerWith(() => ({ handleOf: () => Promise.resolve(undefined) }));
    const provider = vch.provider();
    const pod = two();
    await provider.create(pod, never);
    for (const { name } of pod.definitions) await provider.start(startRequest(pod, name), never);
    await expect(vch.provider({ portLayer: silent }).status(pod.uid, never)).rejects.toThrow('gives no handle');
    await provider.remove(pod.uid, never);
  });
});

describe('a pod whose containers have VMs of their own', () => {
  const two = (): RequestedPod => podRequest(['a', 'b'].map((name) => containerRequest({ name, command: ['sleep', '1000'] })));

  it('is created, started and removed through conflicts in a row', async () => {
    let left = 0;
    const portLayer = portLayerWith((real) => ({
      commit: (handle, options, signal) => ((left -= 1) >= 0 ? Promise.reject(conflict()) : real.commit(handle, options, signal)),
    }));
    const provider = vch.provider({ portLayer, isolation: 'container' });
    const pod = two();
    left = 2;
    await provider.create(pod, never);
    expect(mine(pod.uid)).toHaveLength(2);
    for (const { name } of pod.definitions) {
      left = 2;
      await provider.start(startRequest(pod, name), never);
    }
    expect(mine(pod.uid).map(({ state }) => state)).toEqual(['Running', 'Running']);
    left = 2;
    await provider.remove(pod.uid, never);
    expect(mine(pod.uid)).toEqual([]);
  });

  it('ends with the power of its VCH, container by container, and each runs again', async () => {
    const provider = vch.provider({ isolation: 'container' });
    const pod = two();
    await provider.create(pod, never);
    await provider.start(startRequest(pod, 'a'), never);
    await vch.restart();
    const states = async () => (await provider.status(pod.uid, never))?.containers.map(({ name, state }) => [name, state.kind]);
    expect(await states()).toEqual([
      ['a', 'exited'],
      ['b', 'created'],
    ]);
    for (const { name } of pod.definitions) await provider.start(startRequest(pod, name), never);
    expect(await states()).toEqual([
      ['a', 'running'],
      ['b', 'running'],
    ]);
    await provider.remove(pod.uid, never);
  });

  it('loses the second VM of a container, and of nobody else', async () => {
    const provider = vch.provider({ isolation: 'container' });
    const pod = two();
    // A kubelet that was killed while the VCH made the VM, and its successor.
    await Promise.all([provider.create(pod, never), vch.provider({ isolation: 'container' }).create(pod, never)]);
    const stop = new AbortController();
    const watching = provider.watch(() => undefined, stop.signal);
    await expect
      .poll(() => mine(pod.uid).map(({ config }) => config.annotations['vick.dev/container']), { timeout: 20_000 })
      .toSatisfy((names: readonly string[]) => [...names].sort().join() === 'a,b');
    stop.abort(new Error('the test is over'));
    await watching;
    await provider.remove(pod.uid, never);
  });
});

describe('a VM that somebody removes behind the provider’s back', () => {
  it('is absent for whoever asks, and no obstacle to anything', async () => {
    const provider = vch.provider();
    const pod = newPod('sleep 1000');
    await provider.create(pod, never);
    await provider.start(startRequest(pod), never);
    const [vm] = mine(pod.uid);
    await vm!.cut();
    await vch.state.containers.remove(vm!.id);
    expect(await provider.status(pod.uid, never)).toBeUndefined();
    expect(await provider.list(never)).toEqual([]);
    await provider.stop({ uid: pod.uid, container: 'c', graceSeconds: 1 }, never);
    await expect(provider.exec!.exec({ uid: pod.uid, container: 'c' }, ['true'], { tty: false }, never)).rejects.toThrow('no VM');
    await provider.remove(pod.uid, never);
    await provider.create(pod, never);
    expect(mine(pod.uid)).toHaveLength(1);
    await provider.remove(pod.uid, never);
  });

  it('while it is stopped counts as stopped', async () => {
    const pod = newPod("trap '' TERM; echo deaf; while :; do sleep 0.1; done");
    const provider = vch.provider();
    await provider.create(pod, never);
    await provider.start(startRequest(pod), never);
    const log = () => provider.logs!.open({ uid: pod.uid, container: 'c' }, { follow: false, previous: false, timestamps: false }, never);
    await expect.poll(async () => text(await log())).toBe('deaf\n');
    const stopping = provider.stop({ uid: pod.uid, container: 'c', graceSeconds: 20 }, never);
    const [vm] = mine(pod.uid);
    await expect.poll(() => vm!.state).toBe('Stopping');
    await vm!.cut();
    await vch.state.containers.remove(vm!.id);
    await stopping;
    expect(await provider.status(pod.uid, never)).toBeUndefined();
  });
});
