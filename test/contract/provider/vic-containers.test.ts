/** Pods whose containers have VMs of their own: what is known of each, and what happens to one without the others. */
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { portLayerError } from '../../../src/clients/port-layer/failure.ts';
import type { PortLayer } from '../../../src/clients/port-layer/port.ts';
import type { ObservedState } from '../../../src/kubelet/provider.ts';
import { containerRequest, podRequest, startRequest, type RequestedPod } from '../../support/kubelet/pod-requests.ts';
import { useVicSuite } from './vic-suite.ts';
import { VIC_WORLD } from './vic-worlds.ts';

const never = new AbortController().signal;
const PATIENCE = { timeout: 60_000, interval: 50 };
const WAITS = "trap 'exit 0' TERM; sleep 1000 & wait";
const shell = (name: string, script: string, more: Parameters<typeof containerRequest>[0] = {}) =>
  containerRequest({ name, command: ['/bin/sh', '-c', script], ...more });

describe(`containers with VMs of their own, over ${VIC_WORLD}`, () => {
  const vic = useVicSuite({ isolation: 'container' });
  const { made } = vic;

  const requested = (...definitions: Parameters<typeof podRequest>[0]): RequestedPod => {
    const pod = podRequest(definitions);
    made.push(pod.uid);
    return pod;
  };
  const vmsOf = async (uid: string) => (await vic.world.portLayer.listContainers(never)).filter(({ annotations }) => annotations['vick.dev/uid'] === uid);
  const vmOf = async (uid: string, container: string) => (await vmsOf(uid)).find(({ annotations }) => annotations['vick.dev/container'] === container);
  const stateOf = async (uid: string, name: string, by = vic.provider): Promise<ObservedState | undefined> =>
    (await by.status(uid, never))?.containers.find((one) => one.name === name)?.state;
  const reaches = async (uid: string, name: string, state: object) => await expect.poll(() => stateOf(uid, name), PATIENCE).toMatchObject(state);
  const logOf = async (uid: string, container: string, previous = false): Promise<string> =>
    await text(await vic.provider.logs!.open({ uid, container }, { follow: false, previous, timestamps: false }, never));
  const portLayerWith = (parts: (real: PortLayer) => Partial<PortLayer>): PortLayer => ({ ...vic.world.portLayer, ...parts(vic.world.portLayer) });

  it('are made together, sized and named by themselves, with the host name of their pod', async () => {
    const big = { name: 'b', image: 'busybox:latest', resources: { requests: { cpu: '3', memory: '1Gi' } } };
    const pod = requested(shell('a', WAITS), shell('b', 'echo "at $HOSTNAME"', { spec: big }), shell('c', WAITS, { image: 'alpine:3.8' }));
    await vic.provider.create(pod, never);
    const vms = await vmsOf(pod.uid);
    expect(vms.map(({ annotations }) => annotations['vick.dev/container']).sort()).toEqual(['a', 'b', 'c']);
    expect(new Set(vms.map(({ name }) => name)).size).toBe(3);
    expect(vms.every(({ state }) => state === 'Created')).toBe(true);
    const { sandbox } = vic.world;
    if (sandbox !== undefined) {
      const sizes = sandbox.state.containers.list().filter(({ config }) => config.annotations['vick.dev/uid'] === pod.uid);
      expect(Object.fromEntries(sizes.map(({ config }) => [config.annotations['vick.dev/container'], [config.numCPUs, config.memoryMB]]))).toEqual({
        ...{ a: [2, 2048], b: [3, 1024], c: [2, 2048] },
      });
    }
    await vic.provider.start(startRequest(pod, 'b'), never);
    await reaches(pod.uid, 'b', { kind: 'exited', exitCode: 0 });
    expect(await logOf(pod.uid, 'b')).toBe(`at ${pod.pod.metadata!.name!}\n`);
    expect((await vmOf(pod.uid, 'a'))?.state).toBe('Created');
    await vic.provider.remove(pod.uid, never);
    expect(await vmsOf(pod.uid)).toEqual([]);
  });

  it('tell their exit codes, times and logs, each its own', async () => {
    const pod = requested(shell('a', 'echo from a; exit 3'), shell('b', 'echo from b; exit 5'), shell('c', `echo from c; ${WAITS}`));
    await vic.provider.create(pod, never);
    for (const name of ['a', 'b', 'c']) await vic.provider.start(startRequest(pod, name), never);
    await reaches(pod.uid, 'a', { kind: 'exited', exitCode: 3 });
    await reaches(pod.uid, 'b', { kind: 'exited', exitCode: 5 });
    await reaches(pod.uid, 'c', { kind: 'running' });
    for (const name of ['a', 'b', 'c']) await expect.poll(() => logOf(pod.uid, name), PATIENCE).toBe(`from ${name}\n`);
    const ids = (await vic.provider.status(pod.uid, never))!.containers.map(({ id }) => id);
    expect(new Set(ids).size).toBe(3);
    // Its first main container has ended, and with it the pod has no address; ports of the others are still theirs.
    expect((await vic.provider.status(pod.uid, never))?.ips).toEqual([]);
    await vic.provider.remove(pod.uid, never);
  });

  it('crash and start again alone: the VM of another one is not touched', async () => {
    const pod = requested(shell('steady', WAITS), shell('crashing', 'echo run; exit 1'));
    await vic.provider.create(pod, never);
    await vic.provider.start(startRequest(pod, 'steady'), never);
    await reaches(pod.uid, 'steady', { kind: 'running' });
    const [before, vm] = [await stateOf(pod.uid, 'steady'), await vmOf(pod.uid, 'steady')];
    for (let run = 1; run <= 3; run += 1) {
      await vic.provider.start(startRequest(pod, 'crashing'), never);
      await reaches(pod.uid, 'crashing', { kind: 'exited', exitCode: 1 });
    }
    expect(await logOf(pod.uid, 'crashing')).toBe('run\n');
    expect(await logOf(pod.uid, 'crashing', true)).toBe('run\n');
    expect(await stateOf(pod.uid, 'steady')).toEqual(before);
    expect(await vmOf(pod.uid, 'steady')).toMatchObject({ id: vm!.id, process: vm!.process });
    await vic.provider.stop({ uid: pod.uid, container: 'crashing', graceSeconds: 5 }, never);
    await reaches(pod.uid, 'steady', { kind: 'running' });
    await vic.provider.stop({ uid: pod.uid, container: 'steady', graceSeconds: 5 }, never);
    await reaches(pod.uid, 'steady', { kind: 'exited', exitCode: 0 });
    await vic.provider.remove(pod.uid, never);
  });

  it('are entered, attached to and measured one by one', async () => {
    const pod = requested(shell('a', WAITS, { env: [{ name: 'WHO', value: 'a' }] }), shell('b', WAITS, { env: [{ name: 'WHO', value: 'b' }] }));
    await vic.provider.create(pod, never);
    for (const name of ['a', 'b']) await vic.provider.start(startRequest(pod, name), never);
    for (const container of ['a', 'b']) {
      const stdout = new PassThrough();
      const said = text(stdout);
      expect(
        await vic.provider.exec!.exec(
          { uid: pod.uid, container },
          ['/bin/sh', '-c', 'echo "$WHO"; exit 4'],
          { stdout, stderr: new PassThrough().resume(), tty: false },
          never,
        ),
      ).toBe(4);
      expect(await said).toBe(`${container}\n`);
    }
    await expect
      .poll(
        async () =>
          (await vic.provider.stats!.pods(never)).filter(({ uid }) => uid === pod.uid).map(({ containers }) => containers.map(({ name }) => name).sort()),
        {
          ...{ timeout: 20_000, interval: 500 },
        },
      )
      .toEqual([['a', 'b']]);
    await vic.provider.remove(pod.uid, never);
  });

  it('go on under a kubelet that is started again, whatever it is told for new pods', async () => {
    const pod = requested(shell('first', 'exit 0', { role: 'init' }), shell('a', 'exit 7'), shell('b', `trap 'exit 0' TERM; echo armed; sleep 1000 & wait`));
    await vic.provider.create(pod, never);
    await vic.provider.start(startRequest(pod, 'first'), never);
    await reaches(pod.uid, 'first', { kind: 'exited', exitCode: 0 });
    const next = vic.world.provider({ isolation: 'container' });
    expect(await stateOf(pod.uid, 'first', next)).toMatchObject({ kind: 'exited', exitCode: 0 });
    expect(await stateOf(pod.uid, 'b', next)).toEqual({ kind: 'created' });
    await next.start(startRequest(pod, 'a'), never);
    await reaches(pod.uid, 'a', { kind: 'exited', exitCode: 7 });
    const other = vic.world.provider({ isolation: 'pod' });
    expect((await other.list(never)).filter(({ uid }) => uid === pod.uid)).toHaveLength(1);
    await other.create(pod, never);
    expect(await vmsOf(pod.uid)).toHaveLength(3);
    await other.start(startRequest(pod, 'a', 'b'), never);
    // Signalled before, the shell would end as if it had no trap.
    await expect.poll(() => logOf(pod.uid, 'b'), PATIENCE).toBe('armed\n');
    await reaches(pod.uid, 'b', { kind: 'running' });
    await Promise.all(['a', 'b'].map((container) => other.stop({ uid: pod.uid, container, graceSeconds: 5 }, never)));
    await reaches(pod.uid, 'b', { kind: 'exited', exitCode: 0 });
    await other.remove(pod.uid, never);
    expect(await vmsOf(pod.uid)).toEqual([]);
  });

  it('are all found by an instance that saw only some of them', async () => {
    const other = vic.world.provider({ isolation: 'container' });
    let listed: readonly unknown[] | undefined;
    const portLayer = portLayerWith((real) => ({
      commit: async (handle, options, signal) => {
        await real.commit(handle, options, signal);
        listed ??= (await other.list(signal)).filter(({ uid }) => uid === pod.uid);
      },
    }));
    const pod = requested(shell('a', WAITS), shell('b', WAITS));
    await vic.world.provider({ isolation: 'container', portLayer }).create(pod, never);
    expect(listed).toHaveLength(1);
    expect(await stateOf(pod.uid, 'b', other)).toEqual({ kind: 'created' });
    await other.remove(pod.uid, never);
    expect(await vmsOf(pod.uid)).toEqual([]);
  });

  it.each([0, 1, 2])('are all or none when the VM with the number %i cannot be made', async (number) => {
    let count = 0;
    const portLayer = portLayerWith((real) => ({
      commit: (handle, options, signal) => {
        count += 1;
        return count === number + 1
          ? Promise.reject(portLayerError('vch', { kind: 'refused', operation: 'PUT /containers/x', httpStatus: 503, reason: 'no room' }))
          : real.commit(handle, options, signal);
      },
    }));
    const by = vic.world.provider({ isolation: 'container', portLayer });
    const pod = requested(shell('a', WAITS), shell('b', WAITS), shell('c', WAITS));
    await expect(by.create(pod, never)).rejects.toThrow('no room');
    expect(await vmsOf(pod.uid)).toEqual([]);
    expect(await by.status(pod.uid, never)).toBeUndefined();
    await by.create(pod, never);
    expect(await vmsOf(pod.uid)).toHaveLength(3);
    await by.remove(pod.uid, never);
  });

  it('are not begun when the image of any of them is missing', async () => {
    const pod = requested(shell('a', WAITS), shell('b', WAITS, { image: 'busybox:nope' }));
    await expect(vic.provider.create(pod, never)).rejects.toMatchObject({ reason: 'ErrImagePull', container: 'b' });
    expect(await vmsOf(pod.uid)).toEqual([]);
  });

  it('are completed by a creation that is repeated, and by the start of one whose VM is gone', async () => {
    const pod = requested(shell('a', `echo again; ${WAITS}`), shell('b', WAITS));
    await vic.provider.create(pod, never);
    const lost = (await vmOf(pod.uid, 'a'))!;
    await vic.world.portLayer.removeContainer(lost.id, never);
    expect((await vic.provider.status(pod.uid, never))?.containers.map(({ name }) => name)).toEqual(['b']);
    await expect(logOf(pod.uid, 'a')).rejects.toThrow('no VM for the container a');
    await vic.provider.create(pod, never);
    const again = (await vmOf(pod.uid, 'a'))!;
    expect(again.id).not.toBe(lost.id);
    await vic.world.portLayer.removeContainer(again.id, never);
    await vic.provider.start(startRequest(pod, 'a'), never);
    await reaches(pod.uid, 'a', { kind: 'running' });
    expect((await vic.provider.status(pod.uid, never))?.containers.map(({ name }) => name)).toEqual(['a', 'b']);
    await expect.poll(() => logOf(pod.uid, 'a'), PATIENCE).toBe('again\n');
    await vic.provider.remove(pod.uid, never);
    await expect(vic.provider.start(startRequest(pod, 'a'), never)).rejects.toThrow('no VM for the pod');
  });
});
