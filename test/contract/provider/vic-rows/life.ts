/** What happens to pods. */
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect } from 'vitest';
import type { PortLayer } from '../../../../src/clients/port-layer/port.ts';
import { judgeSupport } from '../../../../src/kubelet/pods/support.ts';
import type { Pod } from '../../../../src/platform/kubernetes-objects.ts';
import { startRequest } from '../../../support/kubelet/pod-requests.ts';

import { container, failure, never, PATIENCE, reasonOf, requested, type Row } from './kit.ts';

export const LIFE_ROWS: Readonly<Record<string, Row>> = {
  isolation: async ({ world, vmsOf }) => {
    const pod = requested([container(), container({ name: 'd', command: ['/bin/sh', '-c', 'exit 3'] })]);
    const [together, apart] = [world.provider({ isolation: 'pod' }), world.provider({ isolation: 'container' })];
    await together.create(pod, never);
    expect(await vmsOf(pod.uid)).toHaveLength(1);
    await together.remove(pod.uid, never);
    await apart.create(pod, never);
    expect(await vmsOf(pod.uid)).toHaveLength(2);
    for (const { name } of pod.definitions) await apart.start(startRequest(pod, name), never);
    const second = async () => (await apart.status(pod.uid, never))?.containers[1]?.state;
    await expect.poll(second, PATIENCE).toMatchObject({ kind: 'exited', exitCode: 3 });
    const shared: Pod = { spec: { containers: [], shareProcessNamespace: true } };
    expect(judgeSupport(shared, apart).refused.map(({ field }) => field)).toEqual(['shareProcessNamespace']);
    expect(judgeSupport(shared, together).refused).toEqual([]);
    await apart.remove(pod.uid, never);
  },

  start: async ({ world, provider, created, vmOf, reaches, portLayerWith }) => {
    const pod = await created();
    let commits = 0;
    const outcome = (error: Error | undefined, times: number) =>
      world.provider({
        portLayer: portLayerWith((real) => ({
          commit: (handle, options, signal) => ((commits += 1) <= times && error !== undefined ? Promise.reject(error) : real.commit(handle, options, signal)),
        })),
      });
    expect(await reasonOf(outcome(failure('refused', 'vim.fault.InsufficientResources'), 1).start(startRequest(pod), never))).toBe('RunContainerError');
    expect(await world.portLayer.boundEndpoints((await vmOf(pod.uid)).id, never)).toBeUndefined();
    commits = 0;
    await outcome(failure('conflict'), 2).start(startRequest(pod), never);
    expect(commits).toBeGreaterThanOrEqual(3);
    await reaches(pod.uid, 'running');
    await provider.remove(pod.uid, never);
  },

  'partial failure': async ({ world, vmsOf, portLayerWith }) => {
    const steps = ['createHandle', 'joinImage', 'joinTask', 'bindTask', 'addToScope', 'joinInteraction', 'joinLogging', 'commit'] as const;
    for (const step of steps) {
      const pod = requested([container()]);
      const by = world.provider({ portLayer: portLayerWith(() => ({ [step]: () => Promise.reject(failure('refused', 'no')) })) });
      await expect(by.create(pod, never), step).rejects.toThrow();
      expect(await vmsOf(pod.uid), step).toEqual([]);
    }
    // It was made after all, and only the answer says otherwise.
    const pod = requested([container()]);
    const commit: PortLayer['commit'] = async (handle, options, signal) => {
      await world.portLayer.commit(handle, options, signal);
      throw failure('refused', 'a fault after the fact');
    };
    await expect(world.provider({ portLayer: portLayerWith(() => ({ commit })) }).create(pod, never)).rejects.toThrow('a fault after the fact');
    expect(await vmsOf(pod.uid)).toEqual([]);
  },

  delete: async ({ world, provider, started, vmsOf, vmOf, reaches }) => {
    const pod = await started();
    await reaches(pod.uid, 'running');
    const { id } = await vmOf(pod.uid);
    await powerOff(world.portLayer, id);
    await world.portLayer.removeContainer(id, never);
    await provider.stop({ uid: pod.uid, container: 'c', graceSeconds: 1 }, never);
    await provider.remove(pod.uid, never);
    await provider.remove(pod.uid, never);
    const other = await started();
    await provider.remove(other.uid, never);
    expect(await vmsOf(other.uid)).toEqual([]);
  },

  status: async ({ world, provider, created, vmOf, stateOf, reaches }) => {
    const states: [readonly string[], object][] = [
      [['sh', '-c', 'exit 3'], { kind: 'exited', exitCode: 3 }],
      [['sh', '-c', 'exit 0'], { kind: 'exited', exitCode: 0 }],
      [['/no/such/program'], { kind: 'exited', exitCode: 127, reason: 'ContainerCannotRun' }],
    ];
    for (const [command, state] of states) {
      const pod = await created({ command });
      expect(await stateOf(pod.uid)).toEqual({ kind: 'created' });
      await provider.start(startRequest(pod), never);
      await expect.poll(() => stateOf(pod.uid), PATIENCE).toMatchObject(state);
      await provider.remove(pod.uid, never);
    }
    const pair = requested([container(), container({ name: 'd' })]);
    await provider.create(pair, never);
    await provider.start(startRequest(pair), never);
    await reaches(pair.uid, 'running');
    await powerOff(world.portLayer, (await vmOf(pair.uid)).id);
    expect(await stateOf(pair.uid)).toMatchObject({ kind: 'exited' });
    expect(await stateOf(pair.uid, 'd')).toMatchObject({ kind: 'unknown', message: expect.stringMatching(/is not known/) as string });
    await provider.remove(pair.uid, never);
  },

  'vanished VM': async ({ world, vmsOf, vmOf, kubelet }) => {
    const { pod, status } = await kubelet();
    const { uid = '' } = pod('lost', { restartPolicy: 'Always' }).metadata!;
    await expect.poll(() => status('lost')?.phase, PATIENCE).toBe('Running');
    const { id } = await vmOf(uid);
    const behind = world.provider();
    await behind.stop({ uid, container: 'c', graceSeconds: 1 }, never);
    await world.portLayer.removeContainer(id, never);
    await expect.poll(async () => (await vmsOf(uid)).map((vm) => vm.id).filter((other) => other !== id).length, PATIENCE).toBe(1);
    await expect.poll(() => status('lost')?.phase, PATIENCE).toBe('Running');
  },

  logs: async ({ provider, started, reaches }) => {
    const pod = await started({ command: ['sh', '-c', 'for i in 1 2 3; do echo $i; sleep 0.4; done; echo end'] });
    await reaches(pod.uid, 'running');
    const options = { follow: true, previous: false, timestamps: false };
    expect(await text(await provider.logs!.open({ uid: pod.uid, container: 'c' }, options, never))).toBe('1\n2\n3\nend\n');
    await provider.remove(pod.uid, never);
  },

  'exec / attach': async ({ provider, started, reaches }) => {
    const pod = await started({ command: ['sh', '-c', 'read x; echo "<$x>"'], stdin: true });
    await reaches(pod.uid, 'running');
    const streams = { stderr: new PassThrough().resume(), tty: false };
    expect(await provider.exec!.exec({ uid: pod.uid, container: 'c' }, ['sh', '-c', 'exit 9'], { ...streams, stdout: new PassThrough().resume() }, never)).toBe(
      9,
    );
    const stdout = new PassThrough();
    const out = text(stdout);
    await provider.attach!.attach(
      { uid: pod.uid, container: 'c' },
      { stdin: new PassThrough().end('in\n'), stdout, stderr: new PassThrough().resume(), tty: false },
      never,
    );
    expect(await out).toBe('<in>\n');
    await provider.remove(pod.uid, never);
  },

  update: async ({ provider, kubelet }) => {
    const { cluster, pod, status } = await kubelet();
    const made = pod('timed', { restartPolicy: 'Always' });
    await expect.poll(() => status('timed')?.phase, PATIENCE).toBe('Running');
    cluster.modifyPod(made.metadata!.uid!, (now) => ({ ...now, spec: { ...now.spec!, activeDeadlineSeconds: 1 } }));
    await expect.poll(() => status('timed'), PATIENCE).toMatchObject({ phase: 'Failed', reason: 'DeadlineExceeded' });
    await expect.poll(async () => (await provider.status(made.metadata!.uid!, never))?.containers[0]?.state.kind, PATIENCE).toBe('exited');
  },

  'restart policy': async ({ kubelet }) => {
    const { pod, status } = await kubelet();
    pod('always', { restartPolicy: 'Always' }, { command: ['sh', '-c', 'exit 0'] });
    pod('on-failure', { restartPolicy: 'OnFailure' }, { command: ['sh', '-c', 'exit 4'] });
    pod('never', { restartPolicy: 'Never' }, { command: ['sh', '-c', 'exit 5'] });
    for (const name of ['always', 'on-failure']) await expect.poll(() => status(name)?.containerStatuses?.[0]?.restartCount, PATIENCE).toBeGreaterThan(0);
    await expect.poll(() => status('on-failure')?.containerStatuses?.[0]?.lastState?.terminated?.exitCode, PATIENCE).toBe(4);
    await expect.poll(() => status('never')?.phase, PATIENCE).toBe('Failed');
    expect(status('never')?.containerStatuses?.[0]?.state?.terminated?.exitCode).toBe(5);
  },
};

async function powerOff(portLayer: PortLayer, id: string): Promise<void> {
  const handle = await portLayer.handleOf(id, never);
  await portLayer.commit(await portLayer.setState(handle!, 'STOPPED', never), { waitSeconds: 1 }, never);
}
