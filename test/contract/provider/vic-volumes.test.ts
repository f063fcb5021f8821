/** Files of volumes that follow their sources while a pod lives: what containers read, whatever its VMs are doing. */
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import type { PortLayer } from '../../../src/clients/port-layer/port.ts';
import type { VolumeFile, VolumeRequest } from '../../../src/kubelet/provider.ts';
import type { VicProvider } from '../../../src/providers/vic/provider.ts';
import { containerRequest, startRequest, type RequestedPod } from '../../support/kubelet/pod-requests.ts';
import { container, never, openKit, PATIENCE, requested, type Kit } from './vic-rows/kit.ts';
import { whyUnwritten } from './vic-rows/volumes.ts';
import { VIC_WORLD } from './vic-worlds.ts';

const file = (path: string, content: string | Uint8Array, mode = 0o644): VolumeFile => ({ path, content: Buffer.from(content), mode });
const filesOf = (name: string, files: readonly VolumeFile[], more: { readonly injectedToken?: true } = {}): VolumeRequest => ({
  ...{ name, kind: 'files', files, inMemory: false },
  ...more,
});
const OLD = [file('a', 'alpha'), file('b', 'beta\n'), file('deep/er/key', 'words', 0o400)];
const mount = (mountPath: string, subPath?: string) => ({ volume: 'config', mountPath, subPath, readOnly: true });
const BINARY = Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 31) % 256));

describe(`files of volumes of the VIC provider, over ${VIC_WORLD}`, () => {
  let kit: Kit;
  let why: string | undefined;
  beforeAll(async () => {
    kit = await openKit();
    why = await whyUnwritten(kit);
  });
  afterAll(async () => {
    await kit.close();
  });

  /** A pod with the volume, mounted where the container says, and the number of tasks and archives that its VMs were given since. */
  const made = async (context: TestContext, options: MadeOptions = {}) => {
    if (why !== undefined) context.skip(`this VCH writes no files: ${why}`);
    const counts = { tasks: 0, archives: 0 };
    const portLayer = kit.portLayerWith((real) => ({
      joinTask: (task, signal) => ((counts.tasks += 1), real.joinTask({ ...task, ...options.task?.(task.path) }, signal)),
      importArchive: (archive, signal) => ((counts.archives += 1), real.importArchive(archive, signal)),
      ...options.portLayer?.(real),
    }));
    const provider = kit.world.provider({ portLayer, ...(options.apart === true ? { isolation: 'container' as const } : {}) });
    const definitions = options.definitions ?? [container({ mounts: [mount('/etc/vick-follow'), mount('/etc/vick-part', 'a')] })];
    const pod: RequestedPod = { ...requested(definitions), volumes: [filesOf('config', OLD, options.token === true ? { injectedToken: true } : {})] };
    await provider.create(pod, never);
    if (options.off !== true) await start(provider, pod);
    Object.assign(counts, { tasks: 0, archives: 0 });
    const update = (files: readonly VolumeFile[], by: VicProvider = provider): Promise<void> =>
      by.volumes!.update({ uid: pod.uid, volume: 'config' }, files, never);
    /** The files, and what is in the first of them. */
    const listed = async (): Promise<string> => {
      const said = await kit.said(pod.uid, ['sh', '-c', 'cd /etc/vick-follow && find . -type f && echo : && cat a'], provider);
      const [names = '', first = ''] = said.split(':\n');
      return [...names.trim().split('\n').sort(), first].join('\n');
    };
    return { provider, pod, counts, update, listed };
  };

  const start = async (provider: VicProvider, pod: RequestedPod): Promise<void> => {
    await provider.start(startRequest(pod), never);
    await expect.poll(async () => (await provider.status(pod.uid, never))?.containers.map(({ state }) => state.kind), PATIENCE).not.toContain('starting');
  };

  it('are replaced, added and removed in a running VM, with modes and any bytes, and a part of a volume is kept', async (context) => {
    const { provider, pod, update, listed, counts } = await made(context);
    await update([file('a', 'ALPHA'), file('bin', BINARY, 0o640), file('sub/c', 'gamma')]);
    expect(counts).toEqual({ tasks: 1, archives: 0 });
    expect(await listed()).toBe('./a\n./bin\n./sub/c\nALPHA');
    const octal = await kit.said(pod.uid, ['sh', '-c', 'od -An -v -tx1 /etc/vick-follow/bin'], provider);
    expect(Buffer.from(octal.replace(/\s/g, ''), 'hex').equals(BINARY)).toBe(true);
    expect(await kit.said(pod.uid, ['sh', '-c', 'ls -l /etc/vick-follow; cat /etc/vick-part'], provider)).toMatch(/^-rw-r-----.* bin$.*alpha$/ms);
    expect(await kit.said(pod.uid, ['sh', '-c', 'ls -A /etc/vick-follow'], provider)).toBe('a\nbin\nsub\n');
  });

  it('cost nothing when they are what they were, also for a kubelet that was restarted', async (context) => {
    const { counts, update, listed } = await made(context);
    await update(OLD);
    const changed = [file('a', 'ALPHA'), ...OLD.slice(1)];
    await update(changed);
    await update(changed);
    expect(counts).toEqual({ tasks: 1, archives: 0 });
    let tasks = 0;
    const portLayer = kit.portLayerWith((real) => ({ joinTask: (task, signal) => ((tasks += 1), real.joinTask(task, signal)) }));
    const successor = kit.world.provider({ portLayer });
    await update(changed, successor);
    expect(tasks).toBe(0);
    await update([file('a', 'after')], successor);
    expect(tasks).toBe(1);
    expect(await listed()).toBe('./a\nafter');
  });

  it('reach every container with a root file system of its own, and each VM where containers have one', async (context) => {
    const second = containerRequest({ ...container(), name: 'd', image: 'alpine:3.8', mounts: [mount('/etc/vick-other')] });
    const definitions = [container({ mounts: [mount('/etc/vick-follow')] }), second];
    for (const apart of [false, true]) {
      const { provider, pod, update, counts, listed } = await made(context, { definitions, apart });
      await update([file('a', 'ALPHA')]);
      expect(counts).toEqual({ tasks: 2, archives: 0 });
      expect(await listed()).toBe('./a\nALPHA');
      expect(await kit.said(pod.uid, ['cat', '/etc/vick-other/a'], provider, 'd')).toBe('ALPHA');
      await provider.remove(pod.uid, never);
    }
  });

  it('are written by the port layer while the VM is off, and what cannot be is done once it is on', async (context) => {
    const { provider, pod, update, counts, listed } = await made(context, { off: true });
    await update([file('a', 'ALPHA'), ...OLD.slice(1)]);
    expect(counts).toEqual({ tasks: 0, archives: 1 });
    const fewer = [file('a', 'ALPHA again'), file('c', 'gamma')];
    await expect(update(fewer)).rejects.toThrow('only while the pod VM is on');
    expect(counts.archives).toBe(2);
    await expect(update(fewer)).rejects.toThrow('only while the pod VM is on');
    expect(counts.archives).toBe(2);
    await start(provider, pod);
    expect(await listed()).toBe('./a\n./b\n./c\n./deep/er/key\nALPHA again');
    await update(fewer);
    expect(await listed()).toBe('./a\n./c\nALPHA again');
    // Between two runs.
    await provider.stop({ uid: pod.uid, container: 'c', graceSeconds: 1 }, never);
    await expect.poll(async () => (await kit.vmOf(pod.uid)).state, PATIENCE).toBe('Stopped');
    await update([file('a', 'between'), file('c', 'gamma')]);
    await start(provider, pod);
    expect(await listed()).toBe('./a\n./c\nbetween');
  });

  it('are left with what they have where the image has no shell, which is said once, until the VM starts again', async (context) => {
    const task = (path: string) => (path === '/bin/sh' ? { path: '/bin/vick-no-such-shell' } : {});
    const definitions = [container({ command: ['sleep', '1000'], mounts: [mount('/etc/vick-follow')] })];
    const { provider, pod, update, counts, listed } = await made(context, { task, definitions });
    const changed = [file('a', 'ALPHA'), ...OLD.slice(1)];
    await expect(update(changed)).rejects.toThrow('the image has no /bin/sh');
    await update(changed);
    await update(changed);
    expect(counts).toEqual({ tasks: 1, archives: 0 });
    await expect(update([file('a', 'newer'), ...OLD.slice(1)])).rejects.toThrow('the image has no /bin/sh');
    await update([file('a', 'newer'), ...OLD.slice(1)]);
    expect(counts).toEqual({ tasks: 1, archives: 0 });
    expect(await listed()).toContain('alpha');
    await provider.stop({ uid: pod.uid, container: 'c', graceSeconds: 1 }, never);
    await expect.poll(async () => (await kit.vmOf(pod.uid)).state, PATIENCE).toBe('Stopped');
    await start(provider, pod);
    expect(counts.archives).toBe(1);
    expect(await listed()).toContain('newer');
  });

  it('are written again after an attempt that was cut off, of which nothing stays', async (context) => {
    let cuts = 2;
    const portLayer = (real: PortLayer): Partial<PortLayer> => ({
      input: (id, body, signal) => real.input(id, cuts > 0 && (cuts -= 1) >= 0 ? Readable.from(firstOf(body, 200)) : body, signal),
    });
    const { provider, pod, update, listed } = await made(context, { portLayer });
    for (const attempt of [1, 2]) {
      const failure: unknown = await update([file('a', 'SECRET'), file('new', 'x'.repeat(2000))]).catch((error: unknown) => error);
      expect(String(failure), String(attempt)).toContain('could not be replaced in c: they did not reach it whole');
      expect(String(failure)).not.toContain('SECRET');
    }
    expect(await kit.said(pod.uid, ['sh', '-c', 'ls -A /etc/vick-follow'], provider)).toBe('a\nb\ndeep\n');
    expect(await listed()).toContain('alpha');
    await update([file('a', 'SECRET')]);
    expect(await kit.said(pod.uid, ['sh', '-c', 'ls -A /etc/vick-follow; cat /etc/vick-follow/a'], provider)).toBe('a\nSECRET');
  });

  it('are never among the words of a task, and stay out of the key-value store', async (context) => {
    const words: string[] = [];
    const portLayer = (real: PortLayer): Partial<PortLayer> => ({
      joinTask: (task, signal) => (words.push(JSON.stringify(task)), real.joinTask(task, signal)),
      putValue: (key, value, signal) => (words.push(value), real.putValue(key, value, signal)),
    });
    const { update, listed } = await made(context, { portLayer });
    await update([file('a', 'top secret')]);
    expect(await listed()).toContain('top secret');
    expect(words.length).toBeGreaterThan(2);
    expect(words.join()).not.toMatch(/top secret|alpha|beta/);
  });

  it('are followed by a kubelet', async (context) => {
    if (why !== undefined) context.skip(`this VCH writes no files: ${why}`);
    const { cluster, pod, status } = await kit.kubelet();
    const put = (data: Readonly<Record<string, string>>): void => cluster.put('ConfigMap', { metadata: { namespace: 'vick-rows', name: 'followed' }, data });
    put({ a: 'alpha', b: 'beta' });
    const volumes = [{ name: 'config', configMap: { name: 'followed' } }];
    const volumeMounts = [{ name: 'config', mountPath: '/etc/vick-follow' }];
    const { uid = '' } = pod('follower', { volumes }, { volumeMounts }).metadata ?? {};
    await expect.poll(() => status('follower')?.containerStatuses?.[0]?.state?.running, PATIENCE).toBeDefined();
    put({ a: 'ALPHA', c: 'gamma' });
    const seen = () => kit.said(uid, ['sh', '-c', 'cd /etc/vick-follow && ls -A && cat a']);
    await expect.poll(seen, PATIENCE).toBe('a\nc\nALPHA');
    expect(cluster.events.filter(({ reason }) => reason === 'FailedMount')).toEqual([]);
    cluster.requestDeletion(uid, 1);
    await expect.poll(() => kit.vmsOf(uid), PATIENCE).toEqual([]);
  });
});

interface MadeOptions {
  readonly definitions?: readonly ReturnType<typeof container>[];
  readonly apart?: boolean;
  readonly off?: boolean;
  readonly token?: boolean;
  readonly portLayer?: (real: PortLayer) => Partial<PortLayer>;
  readonly task?: (path: string) => object;
}

async function* firstOf(body: AsyncIterable<unknown>, limit: number): AsyncGenerator<Buffer> {
  let left = limit;
  for await (const chunk of body) {
    const bytes = Buffer.from(chunk as Uint8Array).subarray(0, left);
    left -= bytes.byteLength;
    if (bytes.byteLength > 0) yield bytes;
  }
}
