/** Termination messages that programs in pod VMs write to files, from the program to the status of the pod. */
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { portLayerFailure } from '../../../src/clients/port-layer/failure.ts';
import type { ContainerRequest, MountRequest } from '../../../src/kubelet/provider.ts';
import type { VicProvider } from '../../../src/providers/vic/provider.ts';
import { containerRequest, podRequest, startRequest, type RequestedPod } from '../../support/kubelet/pod-requests.ts';
import { startVicWorld, VIC_WORLD, type VicWorld } from './vic-worlds.ts';

const never = new AbortController().signal;
const PATIENCE = { timeout: 60_000, interval: 50 };
const FOLDER = '/vick-messages';
const MESSAGE = `${FOLDER}/message`;

let world: VicWorld;
let provider: VicProvider;
const pods: string[] = [];

beforeAll(async () => {
  world = await startVicWorld();
  provider = world.provider();
  for (const reference of ['busybox:latest', 'alpine:3.8']) await provider.images!.pull({ reference }, never);
});
afterAll(async () => {
  for (const uid of pods) await provider.remove(uid, never);
  await world.close();
});

const mount = (volume: string, mountPath: string): MountRequest => ({ volume, mountPath, subPath: undefined, readOnly: false });

/** A container with a folder of its own, and its message in it. */
const shell = (script: string, more: Partial<ContainerRequest> = {}): ContainerRequest =>
  containerRequest({
    ...{ name: 'c', image: 'busybox:latest', command: ['/bin/sh', '-c', script] },
    mounts: [mount('room', FOLDER)],
    terminationMessage: { path: MESSAGE, fallbackToLogsOnError: false },
    ...more,
  });

async function created(...definitions: readonly ContainerRequest[]): Promise<RequestedPod> {
  const pod = { ...podRequest(definitions), volumes: ['room', 'other'].map((name) => ({ kind: 'emptyDir', name, medium: 'disk' }) as const) };
  pods.push(pod.uid);
  await provider.create(pod, never);
  return pod;
}
const stateOf = async (uid: string, name = 'c', by: VicProvider = provider) =>
  (await by.status(uid, never))?.containers.find((one) => one.name === name)?.state;
const ended = (uid: string, exitCode: number, name = 'c') => expect.poll(() => stateOf(uid, name), PATIENCE).toMatchObject({ kind: 'exited', exitCode });

/** Why this VCH gives no files; undefined: it does. */
async function refusal(): Promise<string | undefined> {
  const pod = podRequest([shell('true', { mounts: [] })]);
  pods.push(pod.uid);
  await provider.create(pod, never);
  const vm = (await world.portLayer.listContainers(never)).find(({ annotations }) => annotations['vick.dev/uid'] === pod.uid);
  try {
    await world.portLayer.exportArchive({ deviceId: `${vm?.id ?? ''}-0`, path: 'vick-none', limitBytes: 1024 * 1024 }, never);
    return undefined;
  } catch (error) {
    const failure = portLayerFailure(error);
    if (failure?.httpStatus !== 501) throw error;
    return 'the VCH answers HTTP 501';
  }
}

async function files(context: TestContext): Promise<boolean> {
  const why = await refusal();
  if (why !== undefined) await context.annotate(`message files were not looked at: ${why}`);
  return why === undefined;
}

describe(`termination messages of ${VIC_WORLD}`, () => {
  it('are what a container wrote to its file, also for a kubelet that did not start it', async (context) => {
    if (!(await files(context))) return;
    const pod = await created(shell(`echo why it failed > ${MESSAGE}; exit 3`));
    await provider.start(startRequest(pod), never);
    await ended(pod.uid, 3);
    for (const by of [provider, world.provider()]) expect(await stateOf(pod.uid, 'c', by)).toMatchObject({ exitCode: 3, message: 'why it failed\n' });
  });

  it('of one run are not those of the next, which wrote none', async (context) => {
    if (!(await files(context))) return;
    const pod = await created(shell(`test -e ${MESSAGE} && exit 4; echo first > ${MESSAGE}; exit 3`));
    await provider.start(startRequest(pod), never);
    await ended(pod.uid, 3);
    expect(await stateOf(pod.uid)).toMatchObject({ message: 'first\n' });
    await provider.start(startRequest(pod), never);
    await ended(pod.uid, 4);
    expect(await stateOf(pod.uid)).not.toHaveProperty('message');
    expect(await stateOf(pod.uid, 'c', world.provider())).not.toHaveProperty('message');
  });

  it('are the end of the log where there is no file, and that was asked for', async () => {
    const asked = (path: string) => ({ terminationMessage: { path, fallbackToLogsOnError: true }, mounts: [] });
    for (const path of [MESSAGE, '/dev/termination-log', '/dev/vick/message']) {
      const pod = await created(shell('echo last words; exit 2', asked(path)));
      await provider.start(startRequest(pod), never);
      await ended(pod.uid, 2);
      await expect.poll(() => stateOf(pod.uid), PATIENCE).toMatchObject({ exitCode: 2, message: 'last words\n' });
    }
  });

  it('of containers in one VM are told when it is off, each from its own disk', async (context) => {
    if (!(await files(context))) return;
    const pod = await created(
      shell(`echo of c > ${MESSAGE}; sleep 2; exit 3`),
      // Its folder is another one, on the disk of its own image.
      shell(`echo of d > /vick-other/message; exit 4`, {
        ...{ name: 'd', image: 'alpine:3.8', mounts: [mount('other', '/vick-other')] },
        terminationMessage: { path: '/vick-other/message', fallbackToLogsOnError: false },
      }),
    );
    await provider.start(startRequest(pod, 'c'), never);
    await expect.poll(() => stateOf(pod.uid), PATIENCE).toMatchObject({ kind: 'running' });
    await provider.start(startRequest(pod, 'd'), never);
    await ended(pod.uid, 4, 'd');
    await ended(pod.uid, 3);
    expect(await stateOf(pod.uid)).toMatchObject({ message: 'of c\n' });
    expect(await stateOf(pod.uid, 'd')).toMatchObject({ message: 'of d\n' });
  });

  it('of containers that have VMs of their own are told apart, also where image and path are the same', async (context) => {
    if (!(await files(context))) return;
    const apart = world.provider({ isolation: 'container' });
    const path = '/vick-own/message';
    const own = (name: string): ContainerRequest =>
      shell(`echo of ${name} > ${path}; exit 3`, {
        ...{ name, mounts: [mount(`${name}-room`, '/vick-own')] },
        terminationMessage: { path, fallbackToLogsOnError: false },
      });
    const volumes = ['c-room', 'd-room'].map((name) => ({ kind: 'emptyDir', name, medium: 'disk' }) as const);
    const pod = { ...podRequest([own('c'), own('d')]), volumes };
    pods.push(pod.uid);
    await apart.create(pod, never);
    await apart.start(startRequest(pod), never);
    for (const name of ['c', 'd']) {
      await expect.poll(() => stateOf(pod.uid, name, apart), PATIENCE).toMatchObject({ kind: 'exited', exitCode: 3, message: `of ${name}\n` });
    }
  });
});
