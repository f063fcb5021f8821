/** Containers that share the VM of their pod: what is known of each, and what happens to one without the others. */
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import type { ObservedState } from '../../../src/kubelet/provider.ts';
import { containerRequest, podRequest, startRequest, type RequestedPod } from '../../support/kubelet/pod-requests.ts';
import { useVicSuite } from './vic-suite.ts';
import { VIC_WORLD } from './vic-worlds.ts';

const never = new AbortController().signal;
const PATIENCE = { timeout: 60_000, interval: 50 };
const WAITS = "trap 'exit 0' TERM; sleep 1000 & wait";
const DEAF = "trap '' TERM; echo deaf; while :; do sleep 0.2; done";
const shell = (name: string, script: string, more: Parameters<typeof containerRequest>[0] = {}) =>
  containerRequest({ name, command: ['/bin/sh', '-c', script], ...more });

describe(`containers that share a VM, over ${VIC_WORLD}`, () => {
  const vic = useVicSuite();
  const { made } = vic;

  const created = async (...definitions: Parameters<typeof podRequest>[0]): Promise<RequestedPod> => {
    const pod = podRequest(definitions);
    made.push(pod.uid);
    await vic.provider.create(pod, never);
    return pod;
  };
  const started = async (...definitions: Parameters<typeof podRequest>[0]): Promise<RequestedPod> => {
    const pod = await created(...definitions);
    for (const { name } of definitions) await vic.provider.start(startRequest(pod, name), never);
    return pod;
  };
  const vmOf = async (uid: string) => (await vic.world.portLayer.listContainers(never)).find(({ annotations }) => annotations['vick.dev/uid'] === uid)!;
  const stateOf = async (uid: string, name: string, by = vic.provider): Promise<ObservedState | undefined> =>
    (await by.status(uid, never))?.containers.find((one) => one.name === name)?.state;
  const reaches = async (uid: string, name: string, state: object, by = vic.provider) =>
    await expect.poll(() => stateOf(uid, name, by), PATIENCE).toMatchObject(state);
  const logOf = async (uid: string, container: string, previous = false): Promise<string> =>
    await text(await vic.provider.logs!.open({ uid, container }, { follow: false, previous, timestamps: false }, never));

  it('tell their states and exit codes one by one as long as the VM is on, and crash and start again alone', async () => {
    const pod = await started(shell('a', WAITS), shell('b', 'exit 5'), shell('c', '', { command: ['/no/such/program'] }));
    await reaches(pod.uid, 'a', { kind: 'running' });
    await reaches(pod.uid, 'b', { kind: 'exited', exitCode: 5 });
    await reaches(pod.uid, 'c', { kind: 'exited', exitCode: 127, reason: 'ContainerCannotRun' });
    const [vm, first] = [await vmOf(pod.uid), (await stateOf(pod.uid, 'b')) as Extract<ObservedState, { kind: 'exited' }>];
    expect(first.finishedAt).toBeGreaterThanOrEqual(first.startedAt!);
    await vic.provider.start(startRequest(pod, 'b'), never);
    await expect.poll(async () => ((await stateOf(pod.uid, 'b')) as typeof first).startedAt, PATIENCE).toBeGreaterThan(first.startedAt!);
    await reaches(pod.uid, 'b', { kind: 'exited', exitCode: 5 });
    expect((await vmOf(pod.uid)).process).toEqual(vm.process);
    expect(new Set((await vic.provider.status(pod.uid, never))!.containers.map(({ id }) => id)).size).toBe(3);
    await vic.provider.remove(pod.uid, never);
  });

  it('get words with a pipe as they were meant, whichever way they start', async () => {
    const script = '[ "$(echo "$BARS" | tr a-z A-Z)" = "A|B" ] && exit 7; exit 1';
    const bars = { env: [{ name: 'BARS', value: 'a|b' }] };
    const pod = await started(shell('a', WAITS), shell('b', script, bars));
    await reaches(pod.uid, 'b', { kind: 'exited', exitCode: 7 });
    const alone = await started(shell('a', script, bars));
    await reaches(alone.uid, 'a', { kind: 'exited', exitCode: 7 });
    for (const { uid } of [pod, alone]) await vic.provider.remove(uid, never);
  });

  it('start what the VM was started with again as a task, while another one runs', async () => {
    const pod = await started(shell('a', 'echo crash; sleep 1; exit 3'), shell('b', WAITS));
    await reaches(pod.uid, 'a', { kind: 'exited', exitCode: 3 });
    const vm = await vmOf(pod.uid);
    expect(vm.state).toBe('Running');
    await vic.provider.start(startRequest(pod, 'a'), never);
    await reaches(pod.uid, 'a', { kind: 'running' });
    expect(await logOf(pod.uid, 'a')).toBe('crash\n');
    const following = await vic.provider.logs!.open(
      { uid: pod.uid, container: 'a' },
      { follow: true, previous: false, timestamps: false, tailLines: 0 },
      never,
    );
    expect(await logOf(pod.uid, 'a', true)).toBe('crash\n');
    expect(await text(following)).toBe('');
    expect(await stateOf(pod.uid, 'a')).toMatchObject({ kind: 'exited', exitCode: 3 });
    await vic.provider.start(startRequest(pod, 'a'), never);
    await reaches(pod.uid, 'a', { kind: 'exited', exitCode: 3 });
    for (const previous of [true, false]) expect(await logOf(pod.uid, 'a', previous)).toBe('crash\n');
    // Another kubelet was not there to listen.
    const late = await text(
      await vic.world.provider().logs!.open({ uid: pod.uid, container: 'a' }, { follow: false, previous: false, timestamps: false }, never),
    );
    expect(late).toMatch(/^\(vick: the log of the container a is not kept.*--isolation container.*\)\n$/);
    expect(await stateOf(pod.uid, 'b')).toMatchObject({ kind: 'running' });
    expect((await vmOf(pod.uid)).process.startedAt).toBe(vm.process.startedAt);
    await vic.provider.remove(pod.uid, never);
  });

  it('are stopped one by one', async () => {
    const pod = await started(shell('a', WAITS), shell('b', WAITS), shell('c', WAITS));
    for (const name of ['a', 'b', 'c']) await reaches(pod.uid, name, { kind: 'running' });
    await vic.provider.stop({ uid: pod.uid, container: 'b', graceSeconds: 10 }, never);
    expect(await stateOf(pod.uid, 'b')).toMatchObject({ kind: 'exited' });
    await vic.provider.stop({ uid: pod.uid, container: 'a', graceSeconds: 10 }, never);
    expect(await stateOf(pod.uid, 'a')).toMatchObject({ kind: 'exited', exitCode: 0 });
    expect(await stateOf(pod.uid, 'c')).toMatchObject({ kind: 'running' });
    await vic.provider.stop({ uid: pod.uid, container: 'c', graceSeconds: 10 }, never);
    await expect.poll(async () => (await vmOf(pod.uid)).state, PATIENCE).toBe('Stopped');
    await vic.provider.start(startRequest(pod, 'c'), never);
    await reaches(pod.uid, 'c', { kind: 'running' });
    expect(await stateOf(pod.uid, 'a')).toMatchObject({ kind: 'exited', exitCode: 0 });
    expect(await stateOf(pod.uid, 'b')).toMatchObject({ kind: 'exited' });
    await vic.provider.remove(pod.uid, never);
  });

  it('end with their VM when the first of them does not obey', async () => {
    const pod = await started(shell('a', DEAF), shell('b', WAITS));
    await expect.poll(() => logOf(pod.uid, 'a'), PATIENCE).toBe('deaf\n');
    const before = performance.now();
    await vic.provider.stop({ uid: pod.uid, container: 'a', graceSeconds: 1 }, never);
    expect(performance.now() - before).toBeLessThan(15_000);
    expect(await stateOf(pod.uid, 'a')).toMatchObject({ kind: 'exited', exitCode: 137 });
    expect(await stateOf(pod.uid, 'b')).toMatchObject({ kind: 'unknown', message: expect.stringContaining('is not known') as string });
    await vic.provider.remove(pod.uid, never);
  });

  it('are entered one by one, each with its own variables', async () => {
    const pod = await started(shell('a', WAITS, { env: [{ name: 'WHO', value: 'a' }] }), shell('b', WAITS, { env: [{ name: 'WHO', value: 'b' }] }));
    for (const container of ['a', 'b']) {
      const stdout = new PassThrough();
      const said = text(stdout);
      const streams = { stdout, stderr: new PassThrough().resume(), tty: false };
      expect(await vic.provider.exec!.exec({ uid: pod.uid, container }, ['/bin/sh', '-c', 'echo "$WHO"'], streams, never)).toBe(0);
      expect(await said).toBe(`${container}\n`);
    }
    await vic.provider.remove(pod.uid, never);
  });

  it('are attached to, also those that came later', async () => {
    const pod = await started(shell('a', WAITS), shell('b', 'read x; echo "<$x>"; sleep 0.2', { stdin: true }));
    const stdout = new PassThrough();
    const said = text(stdout);
    const streams = { stdin: new PassThrough().end('in\n'), stdout, stderr: new PassThrough().resume(), tty: false };
    await vic.provider.attach!.attach({ uid: pod.uid, container: 'b' }, streams, never);
    expect(await said).toBe('<in>\n');
    await reaches(pod.uid, 'b', { kind: 'exited', exitCode: 0 });
    await vic.provider.remove(pod.uid, never);
  });

  it('are found by the next kubelet, which sees how they end', async () => {
    const pod = await started(shell('a', WAITS), shell('b', 'sleep 3; exit 4'), shell('c', 'exit 2'));
    const next = vic.world.provider();
    expect(await stateOf(pod.uid, 'b', next)).toEqual(await stateOf(pod.uid, 'b'));
    expect(await stateOf(pod.uid, 'c', next)).toMatchObject({ kind: 'exited', exitCode: 2 });
    await next.start(startRequest(pod, 'b'), never);
    await reaches(pod.uid, 'b', { kind: 'exited', exitCode: 4 }, next);
    await next.remove(pod.uid, never);
  });

  it('tell of the last one too, when somebody watches', async () => {
    const stop = new AbortController();
    const hints: (string | undefined)[] = [];
    const by = vic.world.provider();
    const watching = by.watch((uid) => hints.push(uid), stop.signal);
    const pod = podRequest([shell('a', 'sleep 0.5; exit 0'), shell('b', 'sleep 2; exit 6')]);
    made.push(pod.uid);
    await by.create(pod, never);
    for (const name of ['a', 'b']) await by.start(startRequest(pod, name), never);
    await expect.poll(async () => (await vmOf(pod.uid)).state, PATIENCE).toBe('Stopped');
    expect(await stateOf(pod.uid, 'a', by)).toMatchObject({ kind: 'exited', exitCode: 0 });
    expect(await stateOf(pod.uid, 'b', by)).toMatchObject({ kind: 'exited', exitCode: 6 });
    expect(hints).toContain(pod.uid);
    // It is on record, for whoever comes after.
    expect(await stateOf(pod.uid, 'b', vic.world.provider())).toMatchObject({ kind: 'exited', exitCode: 6 });
    stop.abort(new Error('the test is over'));
    await watching;
    await by.remove(pod.uid, never);
  });

  it('say that it is not known how the last one ended, when nobody has seen it', async () => {
    const pod = await started(shell('a', 'sleep 0.3'), shell('b', 'sleep 1; exit 6'));
    await expect.poll(async () => (await vmOf(pod.uid)).state, PATIENCE).toBe('Stopped');
    expect(await stateOf(pod.uid, 'b')).toMatchObject({ kind: 'unknown', message: expect.stringContaining('is not known') as string });
    expect(await stateOf(pod.uid, 'a')).toMatchObject({ kind: 'exited', exitCode: 0 });
    await vic.provider.start(startRequest(pod, 'b'), never);
    await reaches(pod.uid, 'b', { kind: 'exited', exitCode: 6 });
    await vic.provider.remove(pod.uid, never);
  });

  it('start in the order that they are asked for: a sidecar, an init container beside it, the main one', async () => {
    const pod = await created(shell('side', `echo side; ${WAITS}`, { role: 'sidecar' }), shell('init', 'exit 0', { role: 'init' }), shell('main', WAITS));
    await vic.provider.start(startRequest(pod, 'side'), never);
    await reaches(pod.uid, 'side', { kind: 'running' });
    await vic.provider.start(startRequest(pod, 'init'), never);
    await reaches(pod.uid, 'init', { kind: 'exited', exitCode: 0 });
    await vic.provider.start(startRequest(pod, 'main'), never);
    await reaches(pod.uid, 'main', { kind: 'running' });
    await expect.poll(() => logOf(pod.uid, 'side'), PATIENCE).toBe('side\n');
    await vic.provider.remove(pod.uid, never);
  });

  it('wait for a VM that is about to go off, and start with it anew', async () => {
    const pod = await started(shell('a', 'exit 0'));
    const two = await created(shell('a', 'echo one; exit 0'), shell('b', `echo two; ${WAITS}`));
    await vic.provider.start(startRequest(two, 'a'), never);
    await vic.provider.start(startRequest(two, 'b'), never);
    await reaches(two.uid, 'b', { kind: 'running' });
    expect(await stateOf(two.uid, 'a')).toMatchObject({ kind: 'exited', exitCode: 0 });
    expect(await logOf(two.uid, 'a')).toContain('one\n');
    await vic.provider.remove(pod.uid, never);
    await vic.provider.remove(two.uid, never);
  });

  it('run whatever became of the one before them while they were started', async () => {
    for (let round = 0; round < 5; round += 1) {
      const pod = await started(shell('a', `sleep 0.0${String(round)}; exit 0`), shell('b', WAITS));
      expect(await stateOf(pod.uid, 'b')).toMatchObject({ kind: 'running' });
      await reaches(pod.uid, 'a', { kind: 'exited', exitCode: 0 });
      await vic.provider.remove(pod.uid, never);
    }
  }, 60_000);

  it('are taken over by a kubelet that gives each container a VM of its own', async () => {
    const pod = await started(shell('a', WAITS), shell('b', WAITS));
    const other = vic.world.provider({ isolation: 'container' });
    await other.create(pod, never);
    await other.stop({ uid: pod.uid, container: 'b', graceSeconds: 2 }, never);
    await other.start(startRequest(pod, 'b'), never);
    for (const name of ['a', 'b']) expect(await stateOf(pod.uid, name, other)).toMatchObject({ kind: 'running' });
    expect((await vic.world.portLayer.listContainers(never)).filter(({ annotations }) => annotations['vick.dev/uid'] === pod.uid)).toHaveLength(1);
    await other.remove(pod.uid, never);
  });
});
