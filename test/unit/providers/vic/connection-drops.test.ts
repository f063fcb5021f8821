/** Connections that break at each call of a pod's life: what is repeated ends well, and nothing is left behind or made twice. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPortLayer } from '../../../../src/clients/port-layer/client.ts';
import { systemClock } from '../../../../src/platform/node/clock.ts';
import { ISOLATIONS, type Isolation } from '../../../../src/providers/vic/support/isolation.ts';
import type { VicProvider } from '../../../../src/providers/vic/provider.ts';
import { startFaultyProxy, type Fault, type FaultyProxy } from '../../../support/faulty-proxy.ts';
import { containerRequest, podRequest, startRequest, type RequestedPod } from '../../../support/kubelet/pod-requests.ts';
import { startSandboxVch, type SandboxVch } from '../../../support/sandbox-vch.ts';

const never = new AbortController().signal;
type Step = 'create' | 'start' | 'status' | 'stop' | 'remove';
const STEPS: readonly Step[] = ['create', 'start', 'status', 'stop', 'remove'];

let vch: SandboxVch;
let proxy: FaultyProxy;

beforeAll(async () => {
  vch = await startSandboxVch({ bootMs: 1 });
  await vch.engine.pull({ repository: 'busybox', tag: 'latest' }, never);
  proxy = await startFaultyProxy(vch.addresses.portLayer);
});

afterAll(async () => {
  await proxy.close();
  await vch.close();
});

/** Of which the second one is a task in the VM of the first, or has a VM of its own. */
const NAMES = ['a', 'b'] as const;

const provider = (isolation: Isolation): VicProvider => {
  const portLayer = createPortLayer({ ...proxy, clock: systemClock, pid: 3 });
  return vch.provider({ portLayer, isolation });
};
/** With a token, so that its VMs are some that files are written for. */
const newPod = (): RequestedPod => {
  const mount = { volume: 'token', mountPath: '/var/run/token', subPath: undefined, readOnly: true };
  const files = [{ path: 'token', content: Buffer.from('t'), mode: 0o644 }];
  return {
    ...podRequest(NAMES.map((name) => containerRequest({ name, command: ['sleep', '1000'], mounts: [mount] }))),
    volumes: [{ name: 'token', kind: 'files', files, inMemory: true, injectedToken: true }],
  };
};

function work(by: VicProvider, pod: RequestedPod): Readonly<Record<Step, () => Promise<unknown>>> {
  const names = pod.definitions.map(({ name }) => name);
  const each = async (act: (name: string) => Promise<unknown>): Promise<unknown> => {
    for (const name of names) await act(name);
    return undefined;
  };
  return {
    create: () => by.create(pod, never),
    start: () => each((name) => by.start(startRequest(pod, name), never)),
    status: () => by.status(pod.uid, never),
    stop: () => each((container) => by.stop({ uid: pod.uid, container, graceSeconds: 5 }, never)),
    remove: () => by.remove(pod.uid, never),
  };
}

/** As the kubelet core does: again until it succeeds. Returns how often it took. */
async function untilDone(attempt: () => Promise<unknown>): Promise<number> {
  for (let count = 1; ; count += 1) {
    try {
      await attempt();
      return count;
    } catch (error) {
      if (count === 5) throw error;
    }
  }
}

const mine = (uid: string) => vch.state.containers.list().filter(({ config }) => config.annotations['vick.dev/uid'] === uid);

/** One life in which `fault` befalls the call `index` of a step; false when the step has no such call. */
async function live(isolation: Isolation, step: Step, index: number, fault: Fault): Promise<boolean> {
  const [by, pod] = [provider(isolation), newPod()];
  const vms = isolation === 'pod' ? 1 : NAMES.length;
  let befell = '';
  for (const now of STEPS) {
    const first = proxy.calls.length;
    proxy.decide = (call, position) => {
      if (now !== step || position !== first + index) return undefined;
      befell = call;
      return fault;
    };
    await untilDone(work(by, pod)[now]);
    const what = `${fault} ${befell} in ${step}, after ${now}`;
    if (now === 'create') {
      expect(mine(pod.uid), what).toHaveLength(vms);
      for (const { config } of mine(pod.uid)) expect(vch.state.kv.get(`vick.unfinished.${config.id}`), what).toBeUndefined();
    }
    const containers = async () => (await vch.provider().status(pod.uid, never))?.containers ?? [];
    if (now === 'start') {
      expect(
        (await containers()).map(({ name, state }) => [name, state.kind]),
        what,
      ).toEqual(NAMES.map((name) => [name, 'running']));
    }
    // An attempt whose answer was lost is not made a second time.
    const running = mine(pod.uid).flatMap(({ sessions }) => [...sessions.tasks.values(), ...sessions.execs.values()].filter((one) => one.running));
    if (now === 'start') expect(running, what).toHaveLength(NAMES.length);
    // A VM goes off by itself when the last task in it has ended.
    const states = () => mine(pod.uid).map(({ state }) => state);
    if (now === 'stop') await expect.poll(states, { message: what, interval: 5 }).toEqual(Array.from({ length: vms }, () => 'Stopped'));
  }
  proxy.decide = () => undefined;
  expect(mine(pod.uid), befell).toEqual([]);
  // No address stays with a VM that is gone.
  expect(await vch.portLayer.findScope('default', never)).toMatchObject({ endpoints: [] });
  expect(vch.state.kv.get(`vick.runs.${pod.uid}`)).toBeUndefined();
  return befell !== '';
}

describe('a VIC provider whose connection breaks', () => {
  for (const [isolation, step] of ISOLATIONS.flatMap((one) => STEPS.map((step) => [one, step] as const))) {
    it.each<Fault>(['before', 'after'])(
      `at each call of ${step} with a VM for each ${isolation}, %s it was carried out`,
      async (fault) => {
        let count = 0;
        while (await live(isolation, step, count, fault)) count += 1;
        expect(count).toBeGreaterThan(0);
      },
      120_000,
    );
  }

  it('for as long as the port layer is away does nothing, and goes on when it is back', async () => {
    const [by, pod] = [provider('pod'), newPod()];
    await by.create(pod, never);
    await by.start(startRequest(pod), never);
    proxy.decide = () => 'before';
    for (const step of STEPS.filter((one) => one !== 'create')) await expect(work(by, pod)[step](), step).rejects.toThrow();
    await expect(by.list(never)).rejects.toThrow();
    expect(mine(pod.uid)[0]?.state).toBe('Running');
    proxy.decide = () => undefined;
    await by.remove(pod.uid, never);
    expect(mine(pod.uid)).toEqual([]);
  });
});
