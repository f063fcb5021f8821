/** When files of volumes are written, by what, and how often: over a port layer and a guest that are told what to do. */
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { portLayerError } from '../../../../src/clients/port-layer/failure.ts';
import type { ContainerInfo, ContainerState, PortLayer } from '../../../../src/clients/port-layer/port.ts';
import type { VolumeFile } from '../../../../src/kubelet/provider.ts';
import { silentLog } from '../../../../src/platform/log.ts';
import { systemRandom } from '../../../../src/platform/node/random.ts';
import { readArchive } from '../../../../src/platform/tar.ts';
import { LaunchFailure, type VmExec } from '../../../../src/providers/vic/tasks/exec.ts';
import { createFileRecords, recordOf, type FileRecord } from '../../../../src/providers/vic/files/file-records.ts';
import type { MountPlace } from '../../../../src/providers/vic/plan/plan-files.ts';
import type { PodVm } from '../../../../src/providers/vic/vm/pod-index.ts';
import { createFileUpdates } from '../../../../src/providers/vic/files/update-files.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

const never = new AbortController().signal;
const file = (content: string, path = 'a', mode = 0o644): VolumeFile => ({ path, content: Buffer.from(content), mode });

/** What a guest does with a script: an exit code, an error, words on standard error, or nothing until it is called off. */
type Guest = (input: string, vmId: string) => number | Error | { readonly code: number; readonly says: string } | 'hangs';

interface WorldOptions {
  readonly states?: Readonly<Record<string, ContainerState | undefined>>;
  readonly guest?: Guest;
  readonly injectedToken?: boolean;
  readonly putValue?: (count: number) => Error | undefined;
  readonly importArchive?: () => Promise<void>;
}

function worldOf(options: WorldOptions = {}) {
  const states = new Map(Object.entries(options.states ?? { vm: 'Running' as const }));
  const kv = new Map<string, string>();
  const runs: { readonly vmId: string; readonly input: string }[] = [];
  const archives: { readonly device: string; readonly files: readonly string[] }[] = [];
  const clock = new FakeClock();
  let puts = 0;
  const portLayer = {
    containerInfo: (id: string) => Promise.resolve(states.get(id) === undefined ? undefined : ({ id, state: states.get(id) } as ContainerInfo)),
    getValue: (key: string) => Promise.resolve(kv.get(key)),
    putValue: (key: string, value: string) => {
      const error = options.putValue?.((puts += 1));
      if (error !== undefined) return Promise.reject(error);
      kv.set(key, value);
      return Promise.resolve();
    },
    deleteValue: (key: string) => Promise.resolve(void kv.delete(key)),
    importArchive: async ({ deviceId, archive }: { readonly deviceId: string; readonly archive: Uint8Array }) => {
      await options.importArchive?.();
      const files = [...readArchive(Buffer.from(archive))].filter(({ kind }) => kind === 'file');
      archives.push({ device: deviceId, files: files.map(({ path, content }) => `${path}=${content.toString()}`) });
    },
  } as unknown as PortLayer;
  const run: VmExec = async ({ vmId }, process, { stdin, stderr }, signal) => {
    const input = stdin === undefined ? '' : (await buffer(stdin)).toString('latin1');
    runs.push({ vmId, input });
    expect(JSON.stringify(process)).not.toContain('secret');
    const result = options.guest?.(input, vmId) ?? 0;
    if (result === 'hangs') {
      return await new Promise<number>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }));
    }
    if (result instanceof Error) throw result;
    if (typeof result === 'number') return result;
    stderr?.write(result.says);
    stderr?.end();
    return result.code;
  };
  const place: MountPlace = { volume: 'v', injectedToken: options.injectedToken ?? false, container: 'c', path: 'etc/v', holds: 'files' };
  const record = (vmId: string): FileRecord | undefined =>
    recordOf(
      [
        {
          ...{ deltaId: `${vmId}-0`, layerId: 'layer' },
          placements: [{ ...place, entries: [{ path: 'etc/v/a', kind: 'file', mode: 0o644, content: Buffer.from('old') }] }],
        },
      ],
      'salt',
    );
  const vms = [...states.keys()].map((id): PodVm => {
    const identity = { uid: 'u', namespace: 'n', name: 'p', hostname: 'p', containers: [{ name: 'c', layerId: 'layer' }] };
    return { identity, info: { id } } as unknown as PodVm;
  });
  const vmsOf = (uid: string) => Promise.resolve(uid === 'u' ? vms : []);
  /** A provider, or the one after it. */
  const open = () => createFileUpdates({ portLayer, clock, log: silentLog, random: systemRandom, vmsOf, records: createFileRecords(portLayer), run });
  for (const { info } of vms) kv.set(`vick.files.${info.id}`, JSON.stringify({ version: 1, ...record(info.id) }));
  const updates = open();
  const update = async (files: readonly VolumeFile[], by = updates): Promise<void> => {
    await by.update({ uid: 'u', volume: 'v' }, files, never);
  };
  const said = async (files: readonly VolumeFile[], by = updates): Promise<string> =>
    update(files, by).then(
      () => '',
      (error: unknown) => (error as Error).message,
    );
  return { states, kv, runs, archives, clock, vms, updates, open, update, said };
}

describe('files of volumes in running VMs', () => {
  it('are left alone when they are what they were, and sent once when they are not', async () => {
    const { runs, update } = worldOf();
    await update([file('old')]);
    expect(runs).toHaveLength(0);
    await update([file('new')]);
    await update([file('new')]);
    expect(runs).toHaveLength(1);
  });

  it('are left alone where nothing is known to have been written, or mounted', async () => {
    const { kv, runs, archives, update, updates, open } = worldOf();
    await updates.update({ uid: 'u', volume: 'other' }, [file('new')], never);
    kv.clear();
    await update([file('new')], open());
    expect([runs, archives]).toEqual([[], []]);
  });

  it('are sought after by the caller when the pod has no VM', async () => {
    const { updates } = worldOf();
    await expect(updates.update({ uid: 'gone', volume: 'v' }, [file('new')], never)).rejects.toThrow('there is no VM for the pod gone');
  });

  it('wait while a VM boots or stops, for a minute', async () => {
    const { states, runs, archives, clock, update, said } = worldOf({ states: { vm: 'Starting' } });
    const work = update([file('new')]);
    await clock.advance(3_000);
    expect(runs).toHaveLength(0);
    states.set('vm', 'Running');
    await clock.advance(1_000);
    await work;
    expect(runs).toHaveLength(1);
    states.set('vm', 'Stopping');
    const other = update([file('newer')]);
    await clock.advance(2_000);
    states.set('vm', 'Stopped');
    await clock.advance(1_000);
    await other;
    expect(archives).toEqual([{ device: 'vm-0', files: ['etc/v/a=newer'] }]);
    states.set('vm', 'Starting');
    const late = said([file('newest')]);
    await clock.advance(62_000);
    expect(await late).toBe('its files cannot be replaced while the pod VM is in state "Starting"');
    states.set('vm', 'Suspended');
    expect(await said([file('newest')])).toContain('"Suspended"');
    states.set('vm', undefined);
    expect(await said([file('newest')])).toBe('');
  });

  it('are not tried again for a while where a shell could not write them, unless they are others', async () => {
    const { runs, clock, said } = worldOf({ guest: () => ({ code: 1, says: 'mkdir: Read-only file system\nthe folder /etc/v cannot be made\n' }) });
    const message = 'its files could not be replaced in c: mkdir: Read-only file system; the folder /etc/v cannot be made';
    const attempts: number[] = [];
    for (const wait of [0, 30_000, 31_000, 61_000, 61_000]) {
      await clock.advance(wait);
      expect(await said([file('secret')])).toBe(message);
      attempts.push(runs.length);
    }
    expect(attempts).toEqual([1, 1, 2, 2, 3]);
    expect(await said([file('other secret')])).toBe(message);
    expect(runs).toHaveLength(4);
  });

  it.each([
    ['were cut on their way', 75, 'they did not reach it whole'],
    ['met the end of their VM', 137, 'the shell of the image ended with 137'],
    ['were refused for the moment', new Error('the container c does not run'), 'the container c does not run'],
  ] as const)('are tried again whenever it is asked for when they %s', async (_, result, message) => {
    let fails = true;
    const { runs, said } = worldOf({ guest: () => (fails ? result : 0) });
    expect(await said([file('secret')])).toContain(message);
    expect(await said([file('secret')])).toContain(message);
    fails = false;
    expect(await said([file('secret')])).toBe('');
    expect(runs).toHaveLength(3);
  });

  it('are sent again by whoever comes after when it is not certain what became of them', async () => {
    const lost = worldOf({ putValue: (count) => (count === 2 ? new Error('no answer') : undefined) });
    expect(await lost.said([file('new')])).toBe('no answer');
    // Even when the source has what it had before.
    expect(await lost.said([file('old')], lost.open())).toBe('');
    expect(lost.runs).toHaveLength(2);
    const unasked = worldOf({ putValue: () => new Error('no answer') });
    expect(await unasked.said([file('new')])).toBe('no answer');
    expect(unasked.runs).toHaveLength(0);
  });

  it('are given as much time as the serial line needs', async () => {
    const { clock, said } = worldOf({ guest: () => 'hangs' });
    let message = '';
    void said([file('x'.repeat(700_000))]).then((text) => (message = text));
    await clock.advance(150_000);
    expect(message).toBe('');
    await clock.advance(20_000);
    expect(message).toMatch(/^its files were not replaced in c in time: no answer within \d+ s$/);
  });

  it('stay in an image without a shell, which is said once for each change', async () => {
    const guest = () => new LaunchFailure('the command could not be started: no such file or directory (/bin/sh)');
    const { states, runs, archives, kv, said, updates, vms } = worldOf({ guest });
    const before = kv.get('vick.files.vm');
    expect(await said([file('new')])).toContain('the image has no /bin/sh');
    expect(await said([file('new')])).toBe('');
    expect(await said([file('newer')])).toContain('the image has no /bin/sh');
    expect(await said([file('newer'), file('more', 'b')])).toContain('the image has no /bin/sh');
    expect(runs).toHaveLength(1);
    expect(kv.get('vick.files.vm')).toBe(before);
    states.set('vm', 'Stopped');
    expect(await updates.starting(vms[0]!, never, () => Promise.resolve('started'))).toBe('started');
    expect(archives).toEqual([{ device: 'vm-0', files: ['etc/v/a=newer', 'etc/v/b=more'] }]);
    await updates.starting(vms[0]!, never, () => Promise.resolve());
    expect(archives).toHaveLength(1);
    // What cannot be done at all without a shell.
    expect(await said([file('newer')])).toContain('the image has no /bin/sh');
    expect(await said([file('newer')])).toBe('');
  });

  it('stay in an image without a shell, which is said once of the token that nobody asked for', async () => {
    const { said, runs } = worldOf({ guest: () => new LaunchFailure('the command could not be started: not found'), injectedToken: true });
    expect(await said([file('first token')])).toContain('the image has no /bin/sh');
    expect(await said([file('second token')])).toBe('');
    expect(await said([file('third token')])).toBe('');
    expect(runs).toHaveLength(1);
  });

  it('are replaced in each VM of the pod, whatever becomes of another', async () => {
    const states = { one: 'Running', two: 'Running', three: 'Created' } as const;
    const { runs, archives, said } = worldOf({ states, guest: (_, vmId) => (vmId === 'one' ? 137 : 0) });
    expect(await said([file('new')])).toContain('ended with 137');
    expect(runs.map(({ vmId }) => vmId).sort()).toEqual(['one', 'two']);
    expect(archives.map(({ device }) => device)).toEqual(['three-0']);
    expect(await said([file('new')])).toContain('ended with 137');
    expect(runs.map(({ vmId }) => vmId).sort()).toEqual(['one', 'one', 'two']);
  });

  it('change four VMs at a time', async () => {
    const names = Array.from({ length: 9 }, (_, index) => `vm${String(index)}`);
    let going = 0;
    let most = 0;
    const release: (() => void)[] = [];
    const importArchive = async (): Promise<void> => {
      most = Math.max(most, (going += 1));
      await new Promise<void>((resolve) => release.push(resolve));
      going -= 1;
    };
    const { archives, update } = worldOf({ states: Object.fromEntries(names.map((name) => [name, 'Stopped' as const])), importArchive });
    const work = update([file('new')]);
    while (archives.length < 9) {
      await expect.poll(() => release.length).toBeGreaterThan(0);
      release.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await work;
    expect(most).toBe(4);
  });
});

describe('files of volumes in VMs that are off', () => {
  it('are not written while something is being started there, nor is anything started meanwhile', async () => {
    let imported: () => void = () => undefined;
    const importArchive = (): Promise<void> => new Promise((resolve) => (imported = resolve));
    const { states, runs, archives, clock, update, updates, vms } = worldOf({ states: { vm: 'Created' }, importArchive });
    const order: string[] = [];
    let up: () => void = () => undefined;
    const start = updates.starting(vms[0]!, never, () => new Promise<void>((resolve) => (up = resolve)));
    const work = update([file('new')]);
    await clock.advance(5_000);
    expect([archives, runs]).toEqual([[], []]);
    states.set('vm', 'Running');
    up();
    await start;
    await clock.advance(1_000);
    await work;
    expect(runs).toHaveLength(1);

    states.set('vm', 'Stopped');
    const writing = update([file('newer')]).then(() => order.push('written'));
    await clock.advance(1);
    const starting = updates.starting(vms[0]!, never, () => Promise.resolve(order.push('started')));
    await clock.advance(1_000);
    expect(order).toEqual([]);
    imported();
    await Promise.all([writing, starting]);
    expect(order).toHaveLength(2);
    expect(archives).toHaveLength(1);
  });

  it('are written at the next attempt after a VCH that could not, and the reason is said without them', async () => {
    let fails = true;
    const refused = portLayerError('vch', { kind: 'refused', operation: 'POST /archive', httpStatus: 501, reason: '' });
    const importArchive = (): Promise<void> => (fails ? Promise.reject(refused) : Promise.resolve());
    const { archives, said } = worldOf({ states: { vm: 'Stopped' }, importArchive });
    expect(await said([file('secret')])).toBe(
      'its files could not be replaced on the disk of c: the port layer answered HTTP 501, and gave no reason; its log has one',
    );
    fails = false;
    expect(await said([file('secret')])).toBe('');
    expect(archives).toHaveLength(1);
  });

  it('keep no container from starting when what is late cannot be written', async () => {
    const importArchive = (): Promise<void> =>
      Promise.reject(portLayerError('vch', { kind: 'refused', operation: 'POST /archive', httpStatus: 422, reason: '' }));
    const guest = () => new LaunchFailure('the command could not be started: not found');
    const { states, said, updates, vms } = worldOf({ importArchive, guest });
    await said([file('new')]);
    states.set('vm', 'Stopped');
    expect(await updates.starting(vms[0]!, never, () => Promise.resolve('started'))).toBe('started');
  });

  it('leave nothing when their VM is removed while they are written', async () => {
    let imported: () => void = () => undefined;
    const importArchive = (): Promise<void> => new Promise((resolve) => (imported = resolve));
    const { kv, clock, update, updates } = worldOf({ states: { vm: 'Stopped' }, importArchive });
    const work = update([file('new')]);
    await clock.advance(1);
    await updates.forget('vm', never);
    imported();
    await work;
    expect([...kv.keys()]).toEqual([]);
  });

  it('are forgotten with their VM', async () => {
    const { kv, update, updates } = worldOf();
    await update([file('new')]);
    await updates.forget('vm', never);
    expect([...kv.keys()]).toEqual([]);
  });
});
