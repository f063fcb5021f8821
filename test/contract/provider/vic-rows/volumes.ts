/** Files of volumes, and folders: what containers see of them, and what becomes of a pod where a VCH cannot write them. */
import { expect } from 'vitest';
import { portLayerError, portLayerFailure } from '../../../../src/clients/port-layer/failure.ts';
import type { PortLayer } from '../../../../src/clients/port-layer/port.ts';
import { judgeSupport } from '../../../../src/kubelet/pods/support.ts';
import type { Pod } from '../../../../src/platform/kubernetes-objects.ts';
import { packArchive, readArchive } from '../../../../src/platform/tar.ts';
import { UPDATE_SCRIPT } from '../../../../src/providers/vic/files/update-script.ts';
import { IMAGE, never, PATIENCE, type Kit, type Row } from './kit.ts';

const NAMESPACE = 'vick-rows';
const TOKEN = { name: 'kube-api-access-abcde', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } };
const TOKEN_MOUNT = { name: TOKEN.name, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true };
const VOLUMES: NonNullable<NonNullable<Pod['spec']>['volumes']> = [
  { name: 'config', configMap: { name: 'settings' } },
  { name: 'secret', secret: { secretName: 'keys', items: [{ key: 'k', path: 'deep/er/key', mode: 0o400 }] } },
  { name: 'about', downwardAPI: { items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }] } },
  { name: 'all', projected: { sources: [{ configMap: { name: 'settings', items: [{ key: 'a', path: 'one' }] } }, { secret: { name: 'keys' } }] } },
  { name: 'room', emptyDir: {} },
  TOKEN,
];
const MOUNTS = [
  { name: 'config', mountPath: '/etc/vick-config' },
  { name: 'config', mountPath: '/etc/vick-single', subPath: 'a' },
  { name: 'secret', mountPath: '/etc/vick-secret' },
  { name: 'about', mountPath: '/etc/vick-about' },
  { name: 'all', mountPath: '/etc/vick-all' },
  { name: 'room', mountPath: '/vick-room' },
  TOKEN_MOUNT,
];
const FILES: Readonly<Record<string, string>> = {
  '/etc/vick-config/a': 'alpha',
  '/etc/vick-config/b': 'beta\n',
  '/etc/vick-single': 'alpha',
  '/etc/vick-secret/deep/er/key': 'secret words',
  '/etc/vick-about/name': 'reader',
  '/etc/vick-all/one': 'alpha',
  '/etc/vick-all/k': 'secret words',
};

export const VOLUME_ROWS: Readonly<Record<string, Row>> = {
  volumes: async (kit, context) => {
    refusals(kit);
    await handedOver(kit);
    await withoutWriting(kit);
    await calledOff(kit);
    const why = await whyUnwritten(kit);
    if (why !== undefined) await context.annotate(`what containers see was not looked at: ${why}`);
    else {
      await seen(kit);
      await seenApart(kit);
    }
  },
};

function refusals({ provider }: Kit): void {
  const refused = (volume: object): readonly string[] =>
    judgeSupport({ spec: { volumes: [{ name: 'v', ...volume }], containers: [{ name: 'c' }] } }, provider).refused.map(({ field }) => field);
  expect(refused({ hostPath: { path: '/' } })).toEqual(['volumes[].hostPath']);
  expect(refused({ persistentVolumeClaim: { claimName: 'x' } })).toEqual(['volumes[].persistentVolumeClaim']);
  expect(refused({ configMap: { name: 'x' } })).toEqual([]);
  const told = judgeSupport({ spec: { volumes: [{ name: 'v', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } }], containers: [{ name: 'c' }] } }, provider);
  expect(told.degraded.map(({ field }) => field)).toEqual(['volumes[].emptyDir.medium', 'volumes[].emptyDir.sizeLimit']);
}

/** What reaches the VCH, whether or not it can do anything with it. */
async function handedOver({ world, kubelet, portLayerWith, vmsOf }: Kit): Promise<void> {
  const written: Record<string, string> = {};
  const importArchive: PortLayer['importArchive'] = async ({ deviceId, archive }) => {
    const vm = (await world.portLayer.listContainers(never)).find(({ id }) => deviceId === `${id}-0`);
    expect(vm?.state).toBe('Created');
    for (const { kind, path, content } of readArchive(Buffer.from(archive))) if (kind === 'file') written[`/${path}`] = content.toString();
  };
  // The files are nowhere, so nothing may be let loose on them.
  const joinTask =
    (real: PortLayer): PortLayer['joinTask'] =>
    (task, signal) =>
      task.args.includes(UPDATE_SCRIPT) ? Promise.reject(new Error('nothing has changed')) : real.joinTask(task, signal);
  const { cluster, pod, status } = await kubelet(world.provider({ portLayer: portLayerWith((real) => ({ importArchive, joinTask: joinTask(real) })) }));
  objects(cluster);
  const { uid = '' } = pod('reader', { volumes: VOLUMES }, { volumeMounts: MOUNTS }).metadata ?? {};
  await expect.poll(() => status('reader')?.phase, PATIENCE).toBe('Running');
  const token = `${TOKEN_MOUNT.mountPath}/token`;
  expect(written).toEqual({ ...FILES, [token]: cluster.tokens[0]?.token });
  cluster.requestDeletion(uid, 1);
  await expect.poll(() => vmsOf(uid), PATIENCE).toEqual([]);
}

async function withoutWriting({ world, kubelet, portLayerWith, vmsOf }: Kit): Promise<void> {
  const importArchive: PortLayer['importArchive'] = () =>
    Promise.reject(portLayerError('vch', { kind: 'refused', operation: 'POST /archive', httpStatus: 501, reason: 'not implemented' }));
  const { cluster, pod, status } = await kubelet(world.provider({ portLayer: portLayerWith(() => ({ importArchive })) }));
  objects(cluster);
  const told = (name: string, reason: string) => () =>
    cluster.events.filter((event) => event.reason === reason && event.involvedObject.name === name).map(({ message }) => message);
  const plain = pod('plain', { volumes: [TOKEN] }, { volumeMounts: [TOKEN_MOUNT] });
  await expect.poll(() => status('plain')?.phase, PATIENCE).toBe('Running');
  await expect.poll(told('plain', 'PodFieldDegraded'), PATIENCE).toEqual([expect.stringMatching(/without its service account token.*HTTP 501/)]);
  const asking = pod('asking', { volumes: [VOLUMES[0]!] }, { volumeMounts: [MOUNTS[0]] });
  await expect
    .poll(told('asking', 'FailedCreatePodSandBox'), PATIENCE)
    .toContainEqual(expect.stringMatching(/volume "config" could not be written .*HTTP 501/));
  expect(status('asking')?.phase).toBe('Pending');
  for (const { metadata } of [plain, asking]) cluster.requestDeletion(metadata?.uid ?? '', 1);
  for (const { metadata } of [plain, asking]) await expect.poll(() => vmsOf(metadata?.uid ?? ''), PATIENCE).toEqual([]);
}

/** A pod that is deleted while its files are being written leaves nothing. */
async function calledOff({ world, kubelet, portLayerWith, vmsOf }: Kit): Promise<void> {
  const begun: string[] = [];
  const importArchive: PortLayer['importArchive'] = ({ deviceId }, signal) => {
    begun.push(deviceId.replace(/-0$/, ''));
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }));
  };
  const { cluster, pod } = await kubelet(world.provider({ portLayer: portLayerWith(() => ({ importArchive })) }));
  objects(cluster);
  const { uid = '' } = pod('short', { volumes: [VOLUMES[0]!] }, { volumeMounts: [MOUNTS[0]] }).metadata ?? {};
  await expect.poll(() => begun, PATIENCE).toHaveLength(1);
  expect((await vmsOf(uid)).map(({ id }) => id)).toEqual(begun);
  cluster.requestDeletion(uid, 1);
  await expect.poll(() => cluster.podsByName.has(`${NAMESPACE}/short`), PATIENCE).toBe(false);
  await expect.poll(() => vmsOf(uid), PATIENCE).toEqual([]);
  expect(await world.portLayer.getValue(`vick.unfinished.${begun[0] ?? ''}`, never)).toBeUndefined();
}

/** Undefined: this VCH writes files. */
export async function whyUnwritten({ world, provider, created, vmOf }: Kit): Promise<string | undefined> {
  const pod = await created();
  const { id } = await vmOf(pod.uid);
  try {
    await world.portLayer.importArchive({ deviceId: `${id}-0`, archive: packArchive([], Date.now()) }, never);
    return undefined;
  } catch (error) {
    const failure = portLayerFailure(error);
    if (failure?.httpStatus !== 501) throw error;
    return 'the VCH answers HTTP 501';
  } finally {
    await provider.remove(pod.uid, never);
  }
}

/** What programs read: of the second container the same, because it shares the root file system of the first. */
async function seen({ kubelet, provider, said, vmsOf }: Kit): Promise<void> {
  const { cluster, pod, status } = await kubelet();
  objects(cluster);
  const { uid = '' } = pod('reader', { volumes: VOLUMES }, { volumeMounts: MOUNTS }).metadata ?? {};
  await expect.poll(() => status('reader')?.containerStatuses?.[0]?.state?.running, PATIENCE).toBeDefined();
  for (const [path, content] of Object.entries(FILES)) expect(await said(uid, ['cat', path]), path).toBe(content);
  expect(await said(uid, ['cat', `${TOKEN_MOUNT.mountPath}/token`])).toBe(cluster.tokens[0]?.token);
  expect(await said(uid, ['sh', '-c', 'echo kept > /vick-room/x; ls /vick-room'])).toBe('x\n');
  // The folder outlives the process.
  await provider.stop({ uid, container: 'c', graceSeconds: 1 }, never);
  await expect.poll(() => status('reader')?.containerStatuses?.[0]?.restartCount, PATIENCE).toBe(1);
  await expect.poll(() => status('reader')?.containerStatuses?.[0]?.state?.running, PATIENCE).toBeDefined();
  expect(await said(uid, ['cat', '/vick-room/x'])).toBe('kept\n');
  cluster.requestDeletion(uid, 1);
  await expect.poll(() => vmsOf(uid), PATIENCE).toEqual([]);
}

/** Containers with VMs of their own have the files each on its own disk; what they would share is refused. */
async function seenApart({ world, kubelet, said, vmsOf }: Kit): Promise<void> {
  const apart = world.provider({ isolation: 'container' });
  const { cluster, pod, status } = await kubelet(apart);
  objects(cluster);
  const first = { name: 'first', image: IMAGE, command: ['sh', '-c', 'test "$(cat /etc/vick-single)" = alpha'], volumeMounts: [MOUNTS[1]!] };
  const { uid = '' } = pod('apart', { volumes: VOLUMES, initContainers: [first] }, { volumeMounts: MOUNTS }).metadata ?? {};
  await expect.poll(() => status('apart')?.containerStatuses?.[0]?.state?.running, PATIENCE).toBeDefined();
  expect(await vmsOf(uid)).toHaveLength(2);
  expect(await said(uid, ['cat', '/etc/vick-secret/deep/er/key'], apart)).toBe('secret words');
  const room = [{ name: 'room', mountPath: '/vick-room' }];
  const shares = pod('shares', { volumes: VOLUMES, initContainers: [{ ...first, volumeMounts: room }] }, { volumeMounts: room });
  const told = () => cluster.events.filter(({ involvedObject }) => involvedObject.name === 'shares').map(({ message }) => message);
  await expect.poll(told, PATIENCE).toContainEqual(expect.stringMatching(/volume "room" cannot be mounted at \/vick-room of first: c mounts it as well/));
  for (const one of [uid, shares.metadata?.uid ?? '']) {
    cluster.requestDeletion(one, 1);
    await expect.poll(() => vmsOf(one), PATIENCE).toEqual([]);
  }
}

function objects(cluster: Awaited<ReturnType<Kit['kubelet']>>['cluster']): void {
  cluster.put('ConfigMap', { metadata: { namespace: NAMESPACE, name: 'settings' }, data: { a: 'alpha', b: 'beta\n' } });
  cluster.put('Secret', { metadata: { namespace: NAMESPACE, name: 'keys' }, data: { k: Buffer.from('secret words').toString('base64') } });
}
