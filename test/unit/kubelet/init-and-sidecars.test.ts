import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ProviderFailure } from '../../../src/kubelet/provider.ts';
import type { ContainerStatus, Pod, PodCondition } from '../../../src/platform/kubernetes-objects.ts';
import { createWorld, initContainers, podSpec, type World } from '../../support/kubelet/world.ts';

let world: World;
beforeEach(async () => {
  world = createWorld();
  await world.start();
});
afterEach(async () => world.stop());

async function created(spec: NonNullable<Pod['spec']>, name = 'web'): Promise<string> {
  const uid = world.cluster.createPod({ name, spec }).metadata!.uid!;
  await world.clock.advance(0);
  return uid;
}
const statusOf = (uid: string): NonNullable<Pod['status']> => world.cluster.pod(uid)!.status!;
const all = (uid: string): readonly ContainerStatus[] => [
  ...(statusOf(uid).initContainerStatuses ?? []),
  ...statusOf(uid).containerStatuses!,
  ...(statusOf(uid).ephemeralContainerStatuses ?? []),
];
const containerOf = (uid: string, name: string): ContainerStatus => all(uid).find((status) => status.name === name)!;
const conditionOf = (uid: string, type: string): PodCondition => statusOf(uid).conditions!.find((condition) => condition.type === type)!;
const calls = (uid: string, verb: string): readonly string[] =>
  world.backend.calls.filter((call) => call.startsWith(`${verb} `)).map((call) => call.slice(verb.length + 1).replaceAll(`${uid}/`, ''));
const end = async (uid: string, name: string, code = 0): Promise<void> => {
  world.backend.exit(uid, name, code);
  await world.clock.advance(0);
};

describe('init containers', () => {
  it('run one after the other, and the main containers after them', async () => {
    const uid = await created(podSpec({ a: ['sleep'], b: ['sleep'] }, initContainers({ one: ['sleep'], two: ['sleep'] })));
    expect(calls(uid, 'start')).toEqual(['one']);
    expect(statusOf(uid).phase).toBe('Pending');
    expect(containerOf(uid, 'a').state).toEqual({ waiting: { reason: 'PodInitializing' } });
    expect(conditionOf(uid, 'PodReadyToStartContainers').status).toBe('True');
    expect(conditionOf(uid, 'Initialized')).toMatchObject({
      ...{ status: 'False', reason: 'ContainersNotInitialized', message: 'containers with incomplete status: [one two]' },
    });
    await end(uid, 'one');
    expect(calls(uid, 'start')).toEqual(['one', 'two']);
    expect(conditionOf(uid, 'Initialized').message).toBe('containers with incomplete status: [two]');
    await end(uid, 'two');
    expect(statusOf(uid).phase).toBe('Running');
    expect(conditionOf(uid, 'Initialized').status).toBe('True');
    expect(statusOf(uid).initContainerStatuses!.map(({ name, ready, state }) => [name, ready, state?.terminated?.reason])).toEqual([
      ['one', true, 'Completed'],
      ['two', true, 'Completed'],
    ]);
    expect(statusOf(uid).conditions!.map(({ type }) => type)).toEqual(['PodScheduled', 'PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady']);
  });

  it('that fail are repeated with back-off, under Always as under OnFailure', async () => {
    const uid = await created(podSpec({ main: ['sleep'] }, initContainers({ one: ['exit', '3'] })));
    await world.clock.advance(9_000);
    expect(containerOf(uid, 'one')).toMatchObject({
      restartCount: 1,
      state: { waiting: { reason: 'CrashLoopBackOff' } },
      lastState: { terminated: { exitCode: 3 } },
    });
    expect(statusOf(uid).phase).toBe('Pending');
    await world.clock.advance(22_000);
    expect(containerOf(uid, 'one').restartCount).toBe(3);
    expect(calls(uid, 'start')).not.toContain('main');
  });

  it('that fail under Never fail the pod, and what never ran is not called lost', async () => {
    const uid = await created(podSpec({ main: ['sleep'] }, { restartPolicy: 'Never', ...initContainers({ one: ['exit', '3'], two: ['sleep'] }) }));
    expect(statusOf(uid).phase).toBe('Failed');
    expect(containerOf(uid, 'one').state?.terminated?.exitCode).toBe(3);
    expect(containerOf(uid, 'main').state).toEqual({ waiting: { reason: 'PodInitializing' } });
    expect(calls(uid, 'start')).toEqual(['one']);
  });

  it('run again when the sandbox was lost, and the pod is initializing again meanwhile', async () => {
    const uid = await created(podSpec({ main: ['sleep'] }, initContainers({ one: ['sleep'] })));
    await end(uid, 'one');
    world.backend.loseSandbox(uid);
    await world.clock.advance(0);
    expect(calls(uid, 'create')).toHaveLength(2);
    expect(calls(uid, 'start')).toEqual(['one', 'main', 'one']);
    expect(statusOf(uid).phase).toBe('Pending');
    expect(containerOf(uid, 'main')).toMatchObject({ state: { waiting: { reason: 'PodInitializing' } }, lastState: { terminated: { exitCode: 137 } } });
    // Another kubelet knows as well that init containers come first.
    await world.kill();
    await world.start();
    expect(calls(uid, 'start')).toEqual(['one', 'main', 'one']);
    await end(uid, 'one');
    expect(calls(uid, 'start')).toEqual(['one', 'main', 'one', 'main']);
    expect(containerOf(uid, 'main').restartCount).toBe(1);
  });

  it('do not run again for a pod of policy Never that lost its sandbox: it has failed', async () => {
    const uid = await created(podSpec({ main: ['sleep'] }, { restartPolicy: 'Never', ...initContainers({ one: ['sleep'], two: ['sleep'] }) }));
    await end(uid, 'one');
    world.backend.loseSandbox(uid);
    await world.clock.advance(10_000);
    expect(statusOf(uid).phase).toBe('Failed');
    expect(calls(uid, 'start')).toEqual(['one', 'two']);
  });

  it('are judged by the restart of a kubelet as before it', async () => {
    const uid = await created(podSpec({ main: ['sleep'] }, initContainers({ one: ['sleep'], two: ['sleep'] })));
    await end(uid, 'one');
    await world.kill();
    world.backend.exit(uid, 'two', 0);
    await world.start();
    expect(calls(uid, 'start')).toEqual(['one', 'two', 'main']);
  });
});

describe('sidecars', () => {
  it('start in order before what follows them, and restart even in a pod of policy Never', async () => {
    const uid = await created(podSpec({ main: ['sleep'] }, { restartPolicy: 'Never', ...initContainers({ one: ['sleep'], side: ['sleep'], two: ['sleep'] }) }));
    expect(calls(uid, 'start')).toEqual(['one']);
    await end(uid, 'one');
    expect(calls(uid, 'start')).toEqual(['one', 'side', 'two']);
    expect(containerOf(uid, 'side')).toMatchObject({ ready: true, started: true });
    await end(uid, 'two');
    await end(uid, 'side', 1);
    await world.clock.advance(1_000);
    expect(containerOf(uid, 'side')).toMatchObject({ restartCount: 1, ready: true });
    expect(statusOf(uid).phase).toBe('Running');
    expect(conditionOf(uid, 'Ready').status).toBe('True');
  });

  it('are not disturbed by an init container whose image cannot be had', async () => {
    world.backend.missingImages.set('gone', new ProviderFailure('ErrImagePull', 'manifest unknown'));
    const spec = podSpec({ main: ['sleep'] }, initContainers({ side: ['sleep'], two: ['sleep'] }));
    const uid = await created({ ...spec, initContainers: spec.initContainers!.map((one) => (one.name === 'two' ? { ...one, image: 'gone' } : one)) });
    expect(containerOf(uid, 'two').state?.waiting).toEqual({ reason: 'ErrImagePull', message: 'manifest unknown' });
    await world.clock.advance(5_000);
    expect(containerOf(uid, 'two').state?.waiting?.reason).toBe('ImagePullBackOff');
    expect(containerOf(uid, 'side')).toMatchObject({ ready: true, state: { running: {} } });
    await end(uid, 'side', 1);
    expect(containerOf(uid, 'side')).toMatchObject({ restartCount: 1, ready: true });
    world.backend.missingImages.clear();
    await world.clock.advance(60_000);
    expect(containerOf(uid, 'two').state?.running).toBeDefined();
  });

  it('end after the main containers, the last one first, and count neither for phase nor success', async () => {
    const uid = await created(podSpec({ main: ['sleep'] }, { restartPolicy: 'Never', ...initContainers({ sideA: ['sleep'], sideB: ['sleep'] }) }));
    const open = world.backend.hold('stop');
    await end(uid, 'main', 0);
    expect(statusOf(uid).phase).toBe('Running');
    expect(conditionOf(uid, 'Ready').status).toBe('False');
    open();
    await world.clock.advance(0);
    expect(calls(uid, 'stop')).toEqual(['sideB 30s', 'sideA 30s']);
    expect(statusOf(uid).phase).toBe('Succeeded');
    expect(containerOf(uid, 'sideA').state?.terminated?.exitCode).toBe(143);
  });

  it('get what is left of the grace, never less than 2 s', async () => {
    const uid = await created(podSpec({ a: ['ignore-term'], b: ['sleep'] }, initContainers({ sideA: ['sleep'], sideB: ['sleep'] })));
    world.cluster.requestDeletion(uid, 10);
    await world.clock.advance(11_000);
    expect(calls(uid, 'stop')).toEqual(['a 10s', 'b 10s', 'sideB 2s', 'sideA 2s']);
    expect(world.cluster.pod(uid)).toBeUndefined();
    const final = world.cluster.writes.filter((write) => write.uid === uid).at(-1)!.pod;
    expect(final.status?.phase).toBe('Failed');
  });

  it('keep their restart counts through a restart of the kubelet', async () => {
    const uid = await created(podSpec({ main: ['sleep'] }, initContainers({ side: ['sleep'] })));
    await end(uid, 'side', 1);
    await world.kill();
    await world.start();
    await end(uid, 'side', 1);
    await world.clock.advance(11_000);
    expect(containerOf(uid, 'side').restartCount).toBe(2);
    expect(calls(uid, 'start').filter((name) => name === 'main')).toHaveLength(1);
  });
});

describe('ephemeral containers', () => {
  const debug = { name: 'debug', image: 'busybox:1.36', command: ['sleep'] };
  const add = async (uid: string): Promise<void> => {
    world.cluster.modifyPod(uid, (pod) => ({ ...pod, spec: { ...pod.spec!, ephemeralContainers: [debug] } }));
    await world.clock.advance(0);
  };

  it('are started once, never again, and change neither phase nor readiness', async () => {
    const uid = await created(podSpec({ main: ['sleep'] }, { restartPolicy: 'Always' }));
    await add(uid);
    expect(containerOf(uid, 'debug').state?.running).toBeDefined();
    await end(uid, 'debug', 1);
    await world.clock.advance(60_000);
    expect(calls(uid, 'start')).toEqual(['main', 'debug']);
    expect(containerOf(uid, 'debug')).toMatchObject({ restartCount: 0, state: { terminated: { exitCode: 1 } } });
    expect(statusOf(uid).phase).toBe('Running');
    expect(conditionOf(uid, 'Ready').status).toBe('True');
  });

  it('end with their pod', async () => {
    const uid = await created(podSpec({ main: ['sleep'] }, { restartPolicy: 'Never' }));
    await add(uid);
    await end(uid, 'main', 0);
    expect(calls(uid, 'stop')).toEqual(['debug 30s']);
    expect(statusOf(uid).phase).toBe('Succeeded');
  });

  it('are refused with an event, once, where containers cannot be added to a pod', async () => {
    await world.stop();
    const { support, ...rest } = world.backend.provider();
    await world.start({ provider: { ...rest, support: support.filter(({ field }) => field !== 'ephemeralContainers') } });
    const uid = await created(podSpec({ main: ['sleep'] }));
    await add(uid);
    await world.clock.advance(120_000);
    expect(world.cluster.events.filter(({ reason }) => reason === 'SpecChangeNotApplied').map(({ message, count }) => [message, count])).toEqual([
      ['Ephemeral container debug is not started: containers cannot be added to running pods on this node', 1],
    ]);
    expect(statusOf(uid).ephemeralContainerStatuses).toBeUndefined();
  });
});

describe('restart rules of single containers', () => {
  it.each<[string, object, number, boolean]>([
    ['own policy Always in a Never pod', { restartPolicy: 'Always' }, 0, true],
    ['own policy OnFailure, success', { restartPolicy: 'OnFailure' }, 0, false],
    ['own policy OnFailure, failure', { restartPolicy: 'OnFailure' }, 1, true],
    ['rule In', { restartPolicy: 'Never', restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }] }, 42, true],
    ['rule In, another code', { restartPolicy: 'Never', restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }] }, 1, false],
    ['rule NotIn', { restartPolicy: 'Never', restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'NotIn', values: [42] } }] }, 1, true],
  ])('%s', async (_title, own, code, restarts) => {
    const spec = podSpec({ main: ['sleep'], other: ['sleep'] }, { restartPolicy: 'Never' });
    const uid = await created({ ...spec, containers: spec.containers.map((one) => (one.name === 'main' ? { ...one, ...own } : one)) });
    await end(uid, 'main', code);
    await world.clock.advance(1_000);
    expect(world.backend.container(uid, 'main').starts).toBe(restarts ? 2 : 1);
    expect(containerOf(uid, 'main').restartCount).toBe(restarts ? 1 : 0);
  });
});
