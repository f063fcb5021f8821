/** How containers that joined the running VM of their pod are stopped: by their own stop signal, in their own time. */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { afterAll, describe, expect, it } from 'vitest';
import { portLayerError } from '../../../src/clients/port-layer/failure.ts';
import type { Handle, PortLayer } from '../../../src/clients/port-layer/port.ts';
import type { ObservedState } from '../../../src/kubelet/provider.ts';
import type { Clock } from '../../../src/platform/clock.ts';
import { silentLog, type Log } from '../../../src/platform/log.ts';
import { systemClock } from '../../../src/platform/node/clock.ts';
import type { VicProvider } from '../../../src/providers/vic/provider.ts';
import { fastClock } from '../../support/fast-clock.ts';
import { containerRequest, podRequest, startRequest, type RequestedPod } from '../../support/kubelet/pod-requests.ts';
import { useVicSuite } from './vic-suite.ts';
import { VIC_WORLD } from './vic-worlds.ts';

const never = new AbortController().signal;
const PATIENCE = { timeout: 60_000, interval: 50 };
/** A program and where it says that it is ready to be stopped. */
interface Trapped {
  readonly script: string;
  readonly ready: string;
}
type Container = readonly [name: string, program: Trapped, more?: Parameters<typeof containerRequest>[0]];

describe(`containers that joined the VM of their pod, over ${VIC_WORLD}`, () => {
  const vic = useVicSuite();
  const { made } = vic;
  const files: string[] = [];

  // The sandbox runs containers over the files of this computer.
  afterAll(async () => {
    for (const file of files) await rm(file, { force: true });
  });

  const file = (): string => {
    const path = `/tmp/vick-stop-${randomUUID()}`;
    files.push(path);
    return path;
  };
  const waits = (traps: string): Trapped => {
    const ready = file();
    return { ready, script: `${traps}; : > ${ready}; while :; do sleep 0.1; done` };
  };
  const traps = (command: string, on = 'TERM'): Trapped => waits(`trap '${command}' ${on}`);

  const started = async (...containers: readonly Container[]): Promise<RequestedPod> => {
    const pod = podRequest(containers.map(([name, { script }, more]) => containerRequest({ name, command: ['/bin/sh', '-c', script], ...more })));
    made.push(pod.uid);
    await vic.provider.create(pod, never);
    for (const [name] of containers) await vic.provider.start(startRequest(pod, name), never);
    for (const [name, { ready }] of containers) await expect.poll(() => exists(pod.uid, name, ready), PATIENCE).toBe(true);
    return pod;
  };
  const exists = async (uid: string, container: string, path: string): Promise<boolean> => {
    const streams = { stdout: new PassThrough().resume(), stderr: new PassThrough().resume(), tty: false };
    return (await vic.provider.exec!.exec({ uid, container }, ['/bin/sh', '-c', `[ -e ${path} ]`], streams, never)) === 0;
  };
  const stop = async ({ uid }: RequestedPod, container: string, graceSeconds = 20, by = vic.provider): Promise<number> => {
    const before = performance.now();
    await by.stop({ uid, container, graceSeconds }, never);
    return (performance.now() - before) / 1000;
  };
  const stateOf = async ({ uid }: RequestedPod, name: string, by = vic.provider): Promise<ObservedState | undefined> =>
    (await by.status(uid, never))?.containers.find((one) => one.name === name)?.state;
  const vmOf = async ({ uid }: RequestedPod) =>
    (await vic.world.portLayer.listContainers(never)).find(({ annotations }) => annotations['vick.dev/uid'] === uid)!;

  /** A vic.provider whose port layer differs where the stop signal is sent, and what it warns of. */
  const meddled = (parts: {
    readonly join?: (task: Parameters<PortLayer['joinTask']>[0]) => Parameters<PortLayer['joinTask']>[0];
    readonly commit?: (real: PortLayer) => Promise<void>;
    readonly clock?: Clock;
  }): { readonly by: VicProvider; readonly warnings: string[] } => {
    const { portLayer: real } = vic.world;
    const senders = new Set<Handle>();
    const portLayer: PortLayer = {
      ...real,
      joinTask: async (task, signal) => {
        const sends = task.args.some((word) => word.startsWith('VICK_TASK='));
        const joined = await real.joinTask(sends ? (parts.join?.(task) ?? task) : task, signal);
        if (sends) senders.add(joined.handle);
        return joined;
      },
      bindTask: async (handle, id, signal) => {
        const bound = await real.bindTask(handle, id, signal);
        if (senders.has(handle)) senders.add(bound);
        return bound;
      },
      commit: async (handle, options, signal) => {
        if (senders.has(handle)) await parts.commit?.(real);
        await real.commit(handle, options, signal);
      },
    };
    const warnings: string[] = [];
    const log: Log = { ...silentLog, warn: (message, fields) => warnings.push(`${message}: ${String(fields?.['error'])}`), with: () => log };
    return { by: vic.world.provider({ portLayer, log, ...(parts.clock === undefined ? {} : { clock: parts.clock }) }), warnings };
  };

  it('are told by their stop signal and end in their own time, alone, without what they have started and what else has their image', async () => {
    const [child, parent] = [file(), file()];
    const forks = {
      ready: child,
      // The parent waits long enough to see whether its child was told as well.
      script: `trap 'sleep 0.5; [ -e ${parent} ] && exit 1; exit 7' TERM
        /bin/sh -c 'trap ": > ${parent}" TERM; : > ${child}; while :; do sleep 0.1; done' &
        while :; do sleep 0.1; done`,
    };
    const other = await started(['a', traps('exit 1')], ['b', traps('exit 2')]);
    const pod = await started(['a', traps('exit 3')], ['b', forks], ['c', traps('exit 4')]);
    expect(await stop(pod, 'b')).toBeLessThan(15);
    expect(await stateOf(pod, 'b')).toMatchObject({ kind: 'exited', exitCode: 7 });
    for (const name of ['a', 'c']) expect(await stateOf(pod, name)).toMatchObject({ kind: 'running' });
    for (const name of ['a', 'b']) expect(await stateOf(other, name)).toMatchObject({ kind: 'running' });
    for (const { uid } of [pod, other]) await vic.provider.remove(uid, never);
  });

  it('are killed when they do not obey, after their grace and not before', async () => {
    const pod = await started(['a', traps('exit 0')], ['b', traps('')]);
    const seconds = await stop(pod, 'b', 3);
    expect(seconds).toBeGreaterThanOrEqual(3);
    expect(seconds).toBeLessThan(15);
    expect(await stateOf(pod, 'b')).toMatchObject({ kind: 'exited', exitCode: 137 });
    expect(await stateOf(pod, 'a')).toMatchObject({ kind: 'running' });
    await vic.provider.remove(pod.uid, never);
  });

  it('have a moment of their own where it takes longer than their grace to tell them', async () => {
    const pod = await started(['a', traps('exit 0')], ['b', traps('sleep 0.3; exit 7')]);
    const { by } = meddled({ commit: () => systemClock.sleep(1_200) });
    await stop(pod, 'b', 1, by);
    expect(await stateOf(pod, 'b')).toMatchObject({ kind: 'exited', exitCode: 7 });
    await vic.provider.remove(pod.uid, never);
  });

  it('are killed at once when they are given no time', async () => {
    const pod = await started(['a', traps('exit 0')], ['b', traps('exit 7')]);
    await stop(pod, 'b', 0);
    expect(await stateOf(pod, 'b')).toMatchObject({ kind: 'exited', exitCode: 137 });
    await vic.provider.remove(pod.uid, never);
  });

  it.each(['SIGUSR1', '10'])('are told by the signal that the pod chose, %s', async (stopSignal) => {
    const chosen = { spec: { name: 'b', image: 'busybox:latest', lifecycle: { stopSignal } } };
    const pod = await started(['a', traps('exit 0')], ['b', waits("trap 'exit 5' USR1; trap 'exit 6' TERM"), chosen]);
    await stop(pod, 'b');
    expect(await stateOf(pod, 'b')).toMatchObject({ kind: 'exited', exitCode: 5 });
    await vic.provider.remove(pod.uid, never);
  });

  it('are told again in their next run, by another kubelet too', async () => {
    const program = traps('exit 7');
    const pod = await started(['a', traps('exit 0')], ['b', program]);
    const next = vic.world.provider();
    for (const by of [vic.provider, next]) {
      await stop(pod, 'b', 20, by);
      expect(await stateOf(pod, 'b', by)).toMatchObject({ kind: 'exited', exitCode: 7 });
      const again = { ...startRequest(pod, 'b'), containers: ['b'] };
      expect(await rerun(pod, program, () => by.start(again, never))).toBe(true);
    }
    await next.remove(pod.uid, never);
  });

  const rerun = async ({ uid }: RequestedPod, { ready }: Trapped, start: () => Promise<void>): Promise<boolean> => {
    const streams = { stdout: new PassThrough().resume(), stderr: new PassThrough().resume(), tty: false };
    await vic.provider.exec!.exec({ uid, container: 'a' }, ['/bin/sh', '-c', `rm ${ready}`], streams, never);
    await start();
    await expect.poll(() => exists(uid, 'a', ready), PATIENCE).toBe(true);
    return true;
  };

  it('end together when their pod is deleted, each in its own time', async () => {
    const pod = await started(['a', traps('sleep 2; exit 4')], ['b', traps('sleep 0.5; exit 5')], ['c', traps('sleep 1; exit 6')]);
    await Promise.all(['a', 'b', 'c'].map((name) => stop(pod, name)));
    const states = await Promise.all(['a', 'b', 'c'].map((name) => stateOf(pod, name)));
    expect(states).toMatchObject([4, 5, 6].map((exitCode) => ({ kind: 'exited', exitCode })));
    await expect.poll(async () => (await vmOf(pod)).state, PATIENCE).toBe('Stopped');
    await vic.provider.remove(pod.uid, never);
  });

  it('do not keep each other from their signal, however many of them there are', async () => {
    const names = ['b', 'c', 'd', 'e', 'f', 'g', 'h'];
    const pod = await started(['a', traps('exit 0')], ...names.map((name) => [name, traps('exit 7')] as const));
    await Promise.all(names.map((name) => stop(pod, name)));
    for (const name of names) expect(await stateOf(pod, name)).toMatchObject({ kind: 'exited', exitCode: 7 });
    await vic.provider.remove(pod.uid, never);
  });

  it('are killed at once, with the reason on record, where the image has no shell', async () => {
    const { by, warnings } = meddled({ join: (task) => ({ ...task, path: '/no/such/shell' }) });
    const pod = await started(['a', traps('exit 0')], ['b', traps('exit 7')]);
    expect(await stop(pod, 'b', 60, by)).toBeLessThan(20);
    expect(await stateOf(pod, 'b')).toMatchObject({ kind: 'exited', exitCode: 137 });
    expect(warnings).toEqual([expect.stringMatching(/could not reach is ended at once: .*no such file or directory/) as string]);
    await vic.provider.remove(pod.uid, never);
  });

  it('are killed at once where their process is not found', async () => {
    const { by, warnings } = meddled({ join: (task) => ({ ...task, args: task.args.map((word) => word.replace('VICK_TASK=', 'VICK_TASK=x')) }) });
    const pod = await started(['a', traps('exit 0')], ['b', traps('exit 7')]);
    expect(await stop(pod, 'b', 60, by)).toBeLessThan(20);
    expect(await stateOf(pod, 'b')).toMatchObject({ kind: 'exited', exitCode: 137 });
    expect(warnings).toEqual([expect.stringContaining('its process was not found in the VM') as string]);
    await vic.provider.remove(pod.uid, never);
  });

  it('are killed when the VM takes no more changes but that', async () => {
    const conflict = portLayerError('vch', { kind: 'conflict', operation: 'PUT /containers/x', httpStatus: 409, reason: '*types.ConcurrentAccess' });
    const { by, warnings } = meddled({ commit: () => Promise.reject(conflict), clock: fastClock(10) });
    const pod = await started(['a', traps('exit 0')], ['b', traps('exit 7')]);
    expect(await stop(pod, 'b', 60, by)).toBeLessThan(30);
    expect(await stateOf(pod, 'b')).toMatchObject({ kind: 'exited', exitCode: 137 });
    expect(warnings).toEqual([expect.stringContaining('no answer within 10 s') as string]);
    await vic.provider.remove(pod.uid, never);
  });

  it('are told although somebody else changes their VM at the same moment', async () => {
    let disturbed = 0;
    const pod = await started(['a', traps('exit 0')], ['b', traps('exit 7')]);
    const { id } = await vmOf(pod);
    const { by, warnings } = meddled({
      commit: async (real) => {
        disturbed += 1;
        if (disturbed > 2) return;
        const bound = await real.bindScopes((await real.handleOf(id, never))!, never);
        await real.commit(bound.handle, {}, never);
      },
    });
    await stop(pod, 'b', 20, by);
    expect(await stateOf(pod, 'b')).toMatchObject({ kind: 'exited', exitCode: 7 });
    expect(disturbed).toBe(3);
    expect(warnings).toEqual([]);
    await vic.provider.remove(pod.uid, never);
  });

  it('have ended when their VM goes off meanwhile', async () => {
    const pod = await started(['a', traps('exit 0')], ['b', traps('exit 7')]);
    const { id } = await vmOf(pod);
    const { by, warnings } = meddled({
      commit: async (real) => {
        const stopping = await real.setState((await real.handleOf(id, never))!, 'STOPPED', never);
        await real.commit(stopping, { waitSeconds: 1 }, never);
      },
    });
    expect(await stop(pod, 'b', 60, by)).toBeLessThan(30);
    expect((await stateOf(pod, 'b'))?.kind).not.toBe('running');
    expect(warnings).toEqual([]);
    await vic.provider.remove(pod.uid, never);
  });
});
