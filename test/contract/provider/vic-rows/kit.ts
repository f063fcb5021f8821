/** What the tests of the areas share: a VCH, a provider over it, and pods that are quickly made. */
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, type TestContext } from 'vitest';
import { portLayerError, type PortLayerFailureKind } from '../../../../src/clients/port-layer/failure.ts';
import type { PortLayer } from '../../../../src/clients/port-layer/port.ts';
import { createKubelet, type KubeletOptions } from '../../../../src/kubelet/kubelet.ts';
import { isProviderFailure, type ContainerRequest, type ObservedState, type PodProvider } from '../../../../src/kubelet/provider.ts';
import type { Pod } from '../../../../src/platform/kubernetes-objects.ts';
import { silentLog } from '../../../../src/platform/log.ts';
import { systemClock } from '../../../../src/platform/node/clock.ts';
import { systemRandom } from '../../../../src/platform/node/random.ts';
import { containerRequest, podRequest, startRequest, type RequestedPod } from '../../../support/kubelet/pod-requests.ts';
import { MemoryCluster } from '../../../support/kubelet/memory-cluster.ts';
import { startVicWorld } from '../vic-worlds.ts';

export const never = new AbortController().signal;
export const IMAGE = 'busybox:latest';
const WAITS = ['/bin/sh', '-c', "trap 'exit 0' TERM; sleep 1000 & wait"];
export const PATIENCE = { timeout: 60_000, interval: 50 };

export const container = (more: Partial<ContainerRequest> = {}): ContainerRequest => containerRequest({ name: 'c', image: IMAGE, command: WAITS, ...more });
export const requested = (definitions: readonly ContainerRequest[], spec: Partial<NonNullable<Pod['spec']>> = {}, name?: string): RequestedPod => {
  const base = podRequest(definitions, { namespace: 'vick-rows', ...(name === undefined ? {} : { name }) });
  return { ...base, pod: { ...base.pod, spec: { ...base.pod.spec!, ...spec } } };
};
export const reasonOf = async (work: Promise<unknown>): Promise<string> => {
  const error: unknown = await work.then(
    () => 'nothing',
    (failure: unknown) => failure,
  );
  return isProviderFailure(error) ? error.reason : String(error);
};
export const failure = (kind: PortLayerFailureKind, reason = ''): Error => portLayerError('vch', { kind, operation: 'PUT /containers/x', reason });

/** What a row is given. */
export type Kit = Awaited<ReturnType<typeof openKit>>;
export type Row = (kit: Kit, context: TestContext) => Promise<void> | void;

export async function openKit() {
  const world = await startVicWorld();
  const provider = world.provider();
  for (const reference of [IMAGE, 'alpine:3.8']) await provider.images!.pull({ reference }, never);
  const created = async (definition: Partial<ContainerRequest> = {}, spec: Partial<NonNullable<Pod['spec']>> = {}, by: PodProvider = provider) => {
    const pod = requested([container(definition)], spec);
    await by.create(pod, never);
    return pod;
  };
  const started = async (definition: Partial<ContainerRequest> = {}, spec: Partial<NonNullable<Pod['spec']>> = {}, by: PodProvider = provider) => {
    const pod = await created(definition, spec, by);
    await by.start(startRequest(pod), never);
    return pod;
  };
  const vmsOf = async (uid: string) => (await world.portLayer.listContainers(never)).filter(({ annotations }) => annotations['vick.dev/uid'] === uid);
  const vmOf = async (uid: string) => (await vmsOf(uid))[0]!;
  const stateOf = async (uid: string, name = 'c'): Promise<ObservedState | undefined> =>
    (await provider.status(uid, never))?.containers.find((one) => one.name === name)?.state;
  const reaches = async (uid: string, kind: ObservedState['kind'], name = 'c') => await expect.poll(() => stateOf(uid, name), PATIENCE).toMatchObject({ kind });
  const said = async (uid: string, command: readonly string[], by: PodProvider = provider, of = 'c'): Promise<string> => {
    const stdout = new PassThrough();
    const out = text(stdout);
    await by.exec!.exec({ uid, container: of }, command, { stdout, stderr: new PassThrough().resume(), tty: false }, never);
    return await out;
  };
  /** The port layer, with calls answered otherwise or looked at. */
  const portLayerWith = (parts: (real: PortLayer) => Partial<PortLayer>): PortLayer => ({ ...world.portLayer, ...parts(world.portLayer) });
  let endLast = (): Promise<void> => Promise.resolve();
  /** A whole kubelet over the provider, with a cluster of its own; it ends the one before it, which would take the pods of this one for orphans. */
  const kubelet = async (by: PodProvider = provider, more: Partial<KubeletOptions> = {}) => {
    await endLast();
    const cluster = new MemoryCluster(systemClock);
    const stop = new AbortController();
    const options = { nodeName: 'kubelet-rows', clock: systemClock, random: systemRandom, log: silentLog, kubeletVersion: 'v1.36.0-vick.0' };
    const running = createKubelet({ ...options, ...more, cluster, provider: by });
    const run = running.run(stop.signal);
    endLast = async () => {
      stop.abort(new Error('another kubelet is next, or the test is over'));
      await run;
    };
    onTestFinished(endLast);
    await running.ready;
    const pod = (name: string, spec: Partial<NonNullable<Pod['spec']>>, definition: object = {}): Pod =>
      cluster.createPod({
        name,
        namespace: 'vick-rows',
        uid: systemRandom.uuid(),
        spec: { nodeName: 'kubelet-rows', ...spec, containers: [{ name: 'c', image: IMAGE, command: WAITS, ...definition }] },
      });
    const status = (name: string) => cluster.podsByName.get(`vick-rows/${name}`)?.status;
    return { cluster, pod, status };
  };
  const close = async (): Promise<void> => {
    for (const { uid, namespace } of await provider.list(never)) if (namespace === 'vick-rows') await provider.remove(uid, never);
    await world.close();
  };
  return { world, provider, created, started, vmsOf, vmOf, stateOf, reaches, said, portLayerWith, kubelet, close };
}
