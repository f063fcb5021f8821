/** Files that cannot be written, and kubelets that end while they are: no pod starts without what it asked for. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { portLayerError } from '../../../../src/clients/port-layer/failure.ts';
import type { ArchiveImport, PortLayer } from '../../../../src/clients/port-layer/port.ts';
import { isProviderFailure, type VolumeRequest } from '../../../../src/kubelet/provider.ts';
import { readArchive } from '../../../../src/platform/tar.ts';
import type { VicProvider } from '../../../../src/providers/vic/provider.ts';
import { containerRequest, podRequest, startRequest, type RequestedPod } from '../../../support/kubelet/pod-requests.ts';
import { startSandboxVch, type SandboxVch } from '../../../support/sandbox-vch.ts';

const never = new AbortController().signal;
let vch: SandboxVch;

beforeAll(async () => {
  vch = await startSandboxVch({ bootMs: 1 });
  for (const tag of ['latest', '1.36']) await vch.engine.pull({ repository: 'busybox', tag }, never);
});

afterEach(() => {
  expect(vch.state.containers.list().map(({ config }) => config.name)).toEqual([]);
});

afterAll(async () => {
  await vch.close();
});

const CONFIG: VolumeRequest = { name: 'config', kind: 'files', files: [{ path: 'x', content: Buffer.from('secret words'), mode: 0o644 }], inMemory: false };
const TOKEN: VolumeRequest = { ...CONFIG, name: 'kube-api-access-abcde', injectedToken: true };

function newPod(...volumes: VolumeRequest[]): RequestedPod & { readonly warnings: string[] } {
  const mounts = volumes.map(({ name }) => ({ volume: name, mountPath: `/etc/${name}`, subPath: undefined, readOnly: true }));
  const warnings: string[] = [];
  return { ...podRequest([containerRequest({ command: ['sleep', '1000'], mounts })]), volumes, warnings, warn: (message) => warnings.push(message) };
}

/** A provider over a VCH that does this with each archive. */
function providerThat(importArchive: PortLayer['importArchive']): VicProvider {
  return vch.provider({ portLayer: { ...vch.portLayer, importArchive } });
}
const refuses = (httpStatus: number) => (): Promise<void> =>
  Promise.reject(portLayerError('vch', { kind: 'refused', operation: 'POST /archive', httpStatus, reason: '' }));
const accepts = (): Promise<void> => Promise.resolve();
const mine = (uid: string) => vch.state.containers.list().filter(({ config }) => config.annotations['vick.dev/uid'] === uid);
const markOf = (id: string) => vch.state.kv.get(`vick.unfinished.${id}`);

describe('a VIC provider whose pods have files', () => {
  it('writes them while the VM is off, onto a disk that nothing else in the VCH is called like', async () => {
    const imports: (ArchiveImport & { readonly state: string | undefined; readonly mark: string | undefined })[] = [];
    const pod = newPod(CONFIG);
    const provider = providerThat((archive) => {
      const [vm] = mine(pod.uid);
      imports.push({ ...archive, state: vm?.state, mark: markOf(vm?.config.id ?? '') });
      return Promise.resolve();
    });
    await provider.create(pod, never);
    const [vm] = mine(pod.uid);
    expect(imports.map(({ deviceId, state, mark }) => [deviceId, state, mark])).toEqual([[`${vm?.config.id ?? ''}-0`, 'Created', 'files']]);
    expect([...readArchive(Buffer.from(imports[0]!.archive))].map(({ path, kind }) => [path, kind])).toEqual([
      ['etc/', 'folder'],
      ['etc/config/', 'folder'],
      ['etc/config/x', 'file'],
    ]);
    expect(markOf(vm?.config.id ?? '')).toBeUndefined();
    await provider.start(startRequest(pod), never);
    await provider.remove(pod.uid, never);
    expect(pod.warnings).toEqual([]);
  });

  it('removes the VM when they cannot be written, and says which volume it was and why', async () => {
    const pod = newPod(CONFIG, TOKEN);
    const ids: string[] = [];
    const provider = providerThat((_archive, signal) => {
      ids.push(...mine(pod.uid).map(({ config }) => config.id));
      return refuses(501)().finally(() => signal.throwIfAborted());
    });
    const failure: unknown = await provider.create(pod, never).catch((error: unknown) => error);
    expect(isProviderFailure(failure) && failure.reason).toBe('CreatePodSandboxError');
    expect(String(failure)).toContain('volume "config" could not be written to the disk of c: the port layer answered HTTP 501');
    expect(JSON.stringify([String(failure), failure])).not.toContain('secret words');
    expect(ids.length).toBeGreaterThan(0);
    expect(ids.map(markOf)).toEqual(ids.map(() => undefined));
    expect(await provider.status(pod.uid, never)).toBeUndefined();
    expect(pod.warnings).toEqual([]);
  });

  it('starts a pod without its token where the VCH cannot write it, and says so', async () => {
    const pod = newPod(TOKEN);
    const provider = providerThat(refuses(501));
    await provider.create(pod, never);
    await provider.start(startRequest(pod), never);
    await expect.poll(async () => (await provider.status(pod.uid, never))?.containers[0]?.state.kind).toBe('running');
    expect(pod.warnings).toEqual([expect.stringContaining('runs without its service account token')]);
    await provider.remove(pod.uid, never);
  });

  /** A pod whose creation was given up while its files were written. */
  const calledOff = async () => {
    const pod = newPod(CONFIG);
    const stop = new AbortController();
    const work = providerThat((_archive, signal) => {
      stop.abort(new Error('called off'));
      return Promise.reject(signal.reason as Error);
    }).create(pod, stop.signal);
    await expect(work).rejects.toThrow('called off');
    return pod;
  };

  it('makes a pod anew that was called off in the middle', async () => {
    const pod = await calledOff();
    const [left] = mine(pod.uid);
    expect(markOf(left?.config.id ?? '')).toBe('files');

    // A kubelet that comes after: there is a VM to be removed, and none to be started.
    const successor = providerThat(accepts);
    expect(await successor.status(pod.uid, never)).toEqual({ uid: pod.uid, ips: [], containers: [], sandboxLost: true });
    expect((await successor.list(never)).map(({ uid }) => uid)).toEqual([pod.uid]);
    await expect(successor.start(startRequest(pod), never)).rejects.toThrow(/no VM/);
    await successor.create(pod, never);
    const vms = mine(pod.uid);
    expect(vms.map(({ config }) => config.id)).not.toContain(left?.config.id);
    expect(vms).toHaveLength(1);
    expect(markOf(left?.config.id ?? '')).toBeUndefined();
    expect((await successor.status(pod.uid, never))?.containers[0]?.state.kind).toBe('created');
    await successor.remove(pod.uid, never);
  });

  it('removes a pod that was called off in the middle, with all that is known of it', async () => {
    const pod = await calledOff();
    const { id } = mine(pod.uid)[0]!.config;
    await vch.provider().remove(pod.uid, never);
    expect(markOf(id)).toBeUndefined();
  });

  it('keeps a VM that it cannot remove from standing for the pod', async () => {
    const pod = newPod(CONFIG);
    let away = true;
    const removeContainer: PortLayer['removeContainer'] = (id, signal) =>
      away ? Promise.reject(portLayerError('vch', { kind: 'unreachable', operation: 'DELETE', reason: '' })) : vch.portLayer.removeContainer(id, signal);
    const containerInfo: PortLayer['containerInfo'] = (id, signal) =>
      away ? Promise.reject(portLayerError('vch', { kind: 'unreachable', operation: 'GET', reason: '' })) : vch.portLayer.containerInfo(id, signal);
    let fails = true;
    const importArchive = () => (fails ? refuses(501)() : accepts());
    const provider = vch.provider({ portLayer: { ...vch.portLayer, importArchive, removeContainer, containerInfo } });
    await expect(provider.create(pod, never)).rejects.toThrow(/could not be written/);
    expect(mine(pod.uid)).toHaveLength(1);
    away = false;
    expect(await provider.status(pod.uid, never)).toMatchObject({ sandboxLost: true });
    fails = false;
    await provider.create(pod, never);
    expect(mine(pod.uid)).toHaveLength(1);
    expect((await provider.status(pod.uid, never))?.containers).toHaveLength(1);
    await provider.remove(pod.uid, never);
  });

  it('fails a pod before anything is made when its volumes cannot be had', async () => {
    const data: VolumeRequest = { name: 'data', kind: 'emptyDir', medium: 'disk' };
    const mounts = [{ volume: 'data', mountPath: '/data', subPath: undefined, readOnly: false }];
    const containers = ['busybox:latest', 'busybox:1.36'].map((image, index) => containerRequest({ name: `c${String(index)}`, image, mounts }));
    const user = containerRequest({ mounts, security: { ...containers[0]!.security, runAsUser: 1000 } });
    for (const [definitions, message] of [
      [containers, /c0 mounts it as well/],
      [[user], /does not run as root/],
    ] as const) {
      await expect(providerThat(accepts).create({ ...podRequest(definitions), volumes: [data] }, never)).rejects.toThrow(message);
    }
  });

  it('makes the VM of one container anew with its files, where containers have VMs of their own', async () => {
    const pod = newPod(CONFIG);
    const devices: string[] = [];
    const portLayer = { ...vch.portLayer, importArchive: ({ deviceId }: ArchiveImport) => (devices.push(deviceId), Promise.resolve()) };
    const provider = vch.provider({ portLayer, isolation: 'container' });
    const second = containerRequest({ ...pod.definitions[0]!, name: 'd' });
    const both = { ...podRequest([pod.definitions[0]!, second], { uid: pod.uid }), volumes: pod.volumes };
    await provider.create(both, never);
    expect(new Set(devices).size).toBe(2);
    const lost = mine(pod.uid).find(({ config }) => config.annotations['vick.dev/container'] === 'd')!;
    await vch.portLayer.removeContainer(lost.config.id, never);
    await provider.start({ ...startRequest(both, 'd'), volumes: () => Promise.resolve(pod.volumes) }, never);
    expect(devices).toHaveLength(3);
    await provider.remove(pod.uid, never);
  });
});
