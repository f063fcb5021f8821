/** What goes wrong while a container that joined the VM of its pod is told to stop: it keeps its grace, or is ended at once. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PassThrough } from 'node:stream';
import { createPortLayer } from '../../../../src/clients/port-layer/client.ts';
import { portLayerError } from '../../../../src/clients/port-layer/failure.ts';
import type { PortLayer } from '../../../../src/clients/port-layer/port.ts';
import { silentLog, type Log } from '../../../../src/platform/log.ts';
import { systemClock } from '../../../../src/platform/node/clock.ts';
import { orAborted } from '../../../../src/platform/until-aborted.ts';
import type { VicProvider } from '../../../../src/providers/vic/provider.ts';
import { fastClock } from '../../../support/fast-clock.ts';
import { startFaultyProxy, type Fault, type FaultyProxy } from '../../../support/faulty-proxy.ts';
import { containerRequest, podRequest, startRequest, type RequestedPod } from '../../../support/kubelet/pod-requests.ts';
import { startSandboxVch, type SandboxVch } from '../../../support/sandbox-vch.ts';

const never = new AbortController().signal;
const PATIENCE = { timeout: 60_000, interval: 20 };

let vch: SandboxVch;
let proxy: FaultyProxy;
let folder: string;
let files = 0;

beforeAll(async () => {
  vch = await startSandboxVch({ bootMs: 1 });
  await vch.engine.pull({ repository: 'busybox', tag: 'latest' }, never);
  proxy = await startFaultyProxy(vch.addresses.portLayer);
  folder = await mkdtemp(join(tmpdir(), 'vick-stop-'));
});

afterAll(async () => {
  await proxy.close();
  await vch.close();
  await rm(folder, { recursive: true, force: true });
});

interface Victim {
  readonly pod: RequestedPod;
  /** Has a line for its start and for each TERM. */
  readonly told: () => Promise<string>;
  start(): Promise<void>;
  readonly state: () => Promise<unknown>;
  remove(): Promise<void>;
}

/** A pod whose second container, `b`, joined its VM. It writes down what it is told, and does `onTerm` then. */
async function victim(onTerm: string, by = vch.provider()): Promise<Victim> {
  const file = join(folder, String((files += 1)));
  const script = `trap 'echo told >> ${file}; ${onTerm}' TERM; echo ready > ${file}; while :; do sleep 0.05; done`;
  const pod = podRequest([containerRequest({ name: 'a', command: ['sleep', '1000'] }), containerRequest({ name: 'b', command: ['/bin/sh', '-c', script] })]);
  const told = (): Promise<string> => readFile(file, 'utf8').catch(() => '');
  const start = async (): Promise<void> => {
    await rm(file, { force: true });
    await by.start(startRequest(pod, 'b'), never);
    await expect.poll(told, PATIENCE).toBe('ready\n');
  };
  await by.create(pod, never);
  await by.start(startRequest(pod, 'a'), never);
  await start();
  return {
    ...{ pod, told, start },
    // Each one reads for itself, as the record is written by others.
    state: async () => (await vch.provider().status(pod.uid, never))?.containers[1]?.state,
    remove: () => vch.provider().remove(pod.uid, never),
  };
}

const stop = (by: VicProvider, { pod: { uid } }: Victim, graceSeconds: number): Promise<void> => by.stop({ uid, container: 'b', graceSeconds }, never);

/** As the kubelet core does: again until it succeeds. */
async function untilDone(attempt: () => Promise<void>): Promise<void> {
  for (let count = 1; ; count += 1) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (count === 5) throw error;
    }
  }
}

describe('a container that joined the VM of its pod', () => {
  it.each<Fault>(['before', 'after'])(
    'is told and keeps its grace whichever connection breaks, %s the call was carried out',
    async (fault) => {
      const one = await victim('exit 7');
      const portLayer = createPortLayer({ ...proxy, clock: systemClock, pid: 4 });
      for (let index = 0, over = false; !over; index += 1) {
        const first = proxy.calls.length;
        const befell: string[] = [];
        proxy.decide = (call, position) => {
          if (position !== first + index) return undefined;
          befell.push(call);
          return fault;
        };
        await untilDone(() => stop(vch.provider({ portLayer }), one, 30));
        proxy.decide = () => undefined;
        over = befell.length === 0;
        const what = `${fault} ${befell.join(', ')}`;
        expect(await one.state(), what).toMatchObject({ kind: 'exited', exitCode: 7 });
        expect(await one.told(), what).toBe('ready\ntold\n');
        await one.start();
        expect(index).toBeLessThan(100);
      }
      portLayer.close();
      await one.remove();
    },
    120_000,
  );

  it('is told once when connections break while it takes its time', async () => {
    const one = await victim('sleep 2; exit 7');
    const portLayer = createPortLayer({ ...proxy, clock: systemClock, pid: 4 });
    let broken = 0;
    const stopping = stop(vch.provider({ portLayer }), one, 30);
    await expect.poll(one.told, PATIENCE).toBe('ready\ntold\n');
    // Every third call, which is nearly every look at it.
    proxy.decide = (_call, position) => {
      if (position % 3 !== 0) return undefined;
      broken += 1;
      return 'before';
    };
    await stopping.finally(() => {
      proxy.decide = () => undefined;
    });
    expect(broken).toBeGreaterThan(0);
    expect(await one.told()).toBe('ready\ntold\n');
    expect(await one.state()).toMatchObject({ kind: 'exited', exitCode: 7 });
    portLayer.close();
    await one.remove();
  });

  it('is ended at once when the port layer does not get its signal to it within ten seconds', async () => {
    const one = await victim('exit 7');
    const warnings: string[] = [];
    const log: Log = { ...silentLog, warn: (_message, fields) => warnings.push(String(fields?.['error'])), with: () => log };
    const senders = new Set<string>();
    const real = createPortLayer({ ...vch.addresses.portLayer, clock: systemClock, pid: 4 });
    const portLayer: PortLayer = {
      ...real,
      joinTask: async (task, signal) => {
        const joined = await real.joinTask(task, signal);
        if (task.args.some((word) => word.startsWith('VICK_TASK='))) senders.add(task.id);
        return joined;
      },
      // Its commit is never answered.
      commit: async (handle, options, signal) => {
        if (senders.size === 1 && senders.delete([...senders][0] ?? '')) await orAborted(new Promise<never>(() => undefined), signal);
        signal.throwIfAborted();
        await real.commit(handle, options, signal);
      },
    };
    const before = performance.now();
    await stop(vch.provider({ portLayer, log, clock: fastClock(20) }), one, 600);
    expect(performance.now() - before).toBeLessThan(20_000);
    expect(warnings).toEqual(['no answer within 10 s']);
    expect(await one.state()).toMatchObject({ kind: 'exited', exitCode: 137 });
    expect(await one.told()).toBe('ready\n');
    real.close();
    await one.remove();
  });

  it('has what is left of it when a shorter grace is set', async () => {
    const one = await victim(':');
    const by = vch.provider();
    const long = stop(by, one, 600);
    await expect.poll(one.told, PATIENCE).toBe('ready\ntold\n');
    const before = performance.now();
    await Promise.all([long, stop(by, one, 2)]);
    expect(performance.now() - before).toBeGreaterThanOrEqual(2_000);
    expect(await one.state()).toMatchObject({ kind: 'exited', exitCode: 137 });
    await one.remove();
  });

  it('leaves no trace of what told it in its VM, but the last', async () => {
    const by = vch.provider();
    const one = await victim('exit 7', by);
    for (let round = 0; round < 4; round += 1) {
      if (round > 0) await one.start();
      await stop(by, one, 30);
    }
    // Its own last task, and what told that one.
    expect(vch.vmOf(one.pod.uid)?.config.execs).toHaveLength(2);
    await one.remove();
  });

  it('leaves nothing of commands that had ended in its VM, although somebody else changed that at the same moment', async () => {
    const conflict = portLayerError('vch', { kind: 'conflict', operation: 'PUT /containers/x', httpStatus: 409, reason: '*types.ConcurrentAccess' });
    const { portLayer: real } = vch;
    let conflicts = 0;
    const portLayer: PortLayer = {
      ...real,
      commit: (handle, options, signal) => {
        conflicts -= 1;
        return conflicts >= 0 ? Promise.reject(conflict) : real.commit(handle, options, signal);
      },
    };
    const by = vch.provider({ portLayer });
    const one = await victim('exit 7', by);
    const target = { uid: one.pod.uid, container: 'b' };
    const run = (): Promise<number> => {
      const streams = { stdout: new PassThrough().resume(), stderr: new PassThrough().resume(), tty: false };
      return by.exec!.exec(target, ['/bin/sh', '-c', 'exit 3'], streams, never);
    };
    for (let count = 1; count <= 2; count += 1) {
      conflicts = count - 1;
      expect(await run()).toBe(3);
      // That of the container, and the latest command.
      expect(vch.vmOf(one.pod.uid)?.config.execs).toHaveLength(2);
    }
    conflicts = 1;
    await stop(by, one, 30);
    expect(await one.state()).toMatchObject({ exitCode: 7 });
    expect(vch.vmOf(one.pod.uid)?.config.execs).toHaveLength(2);
    await one.remove();
  });

  it('is no longer waited for when its kubelet stops, and runs on', async () => {
    const one = await victim(':');
    const closing = new AbortController();
    const stopping = vch.provider().stop({ uid: one.pod.uid, container: 'b', graceSeconds: 600 }, closing.signal);
    await expect.poll(one.told, PATIENCE).toBe('ready\ntold\n');
    closing.abort(new Error('the kubelet is stopping'));
    await expect(stopping).rejects.toThrow('the kubelet is stopping');
    expect(await one.state()).toMatchObject({ kind: 'running' });
    await one.remove();
  });
});
