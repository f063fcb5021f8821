import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { VolumeFile } from '../../../../../src/kubelet/provider.ts';
import { hashOf, recordOf, type DiskRecord } from '../../../../../src/providers/vic/files/file-records.ts';
import type { MountPlace } from '../../../../../src/providers/vic/plan/plan-files.ts';
import { planOff, planUpdate, type DiskUpdate } from '../../../../../src/providers/vic/files/plan-update.ts';

const SALT = 'salt';
const file = (path: string, content = `of ${path}`, mode = 0o644): VolumeFile => ({ path, content: Buffer.from(content), mode });
const place = (volume: string, path: string, more: Partial<MountPlace> = {}): MountPlace => ({
  ...{ volume, injectedToken: false, container: 'c', path, holds: 'files' },
  ...more,
});
const disk = (...places: readonly MountPlace[]): DiskRecord => ({ deltaId: 'd-0', layerId: 'l', places, files: {} });
/** With these files written. */
const having = (of: DiskRecord, volume: string, files: readonly VolumeFile[]): DiskRecord => planUpdate(of, volume, files, SALT)?.after ?? of;
const pathsOf = (plan: Pick<DiskUpdate, 'write'> | undefined): readonly string[] | undefined => plan?.write.map(({ entry }) => entry.path);

describe('files of a disk that have others now', () => {
  const before = having(disk(place('v', 'etc/v'), place('v', 'opt/v', { container: 'other' })), 'v', [file('a'), file('b'), file('deep/er/k')]);

  it('are only those that have changed, at every mount of the volume', () => {
    expect(planUpdate(before, 'v', [file('a'), file('b'), file('deep/er/k')], SALT)).toBeUndefined();
    expect(pathsOf(planUpdate(before, 'v', [file('a', 'new'), file('b'), file('deep/er/k')], SALT))).toEqual(['etc/v/a', 'opt/v/a']);
    expect(pathsOf(planUpdate(before, 'v', [file('a'), file('b', 'of b', 0o600), file('deep/er/k')], SALT))).toEqual(['etc/v/b', 'opt/v/b']);
    expect(planUpdate(before, 'unknown', [file('a')], SALT)).toBeUndefined();
  });

  it('are removed with the folders that they leave empty', () => {
    const plan = planUpdate(before, 'v', [file('a')], SALT);
    expect(pathsOf(plan)).toEqual([]);
    expect(plan?.remove).toEqual(['etc/v/b', 'etc/v/deep/er/k', 'opt/v/b', 'opt/v/deep/er/k']);
    expect(plan?.emptied).toEqual(['etc/v/deep/er', 'opt/v/deep/er', 'etc/v/deep', 'opt/v/deep']);
    expect(Object.keys(plan?.after.files ?? {})).toEqual(['etc/v/a', 'opt/v/a']);
  });

  it('are nothing certain until all was done, and then are written again', () => {
    const changed = [file('a', 'new'), file('c')];
    const plan = planUpdate(before, 'v', changed, SALT);
    const uncertain = Object.entries(plan?.during.files ?? {}).filter(([, { hash }]) => hash === '');
    expect(uncertain.map(([path]) => path).sort()).toEqual(
      ['etc/v/a', 'etc/v/b', 'etc/v/c', 'etc/v/deep/er/k', 'opt/v/a', 'opt/v/b', 'opt/v/c', 'opt/v/deep/er/k'].sort(),
    );
    const again = planUpdate(plan!.during, 'v', [file('a'), file('b')], SALT);
    expect(pathsOf(again)).toEqual(['etc/v/a', 'etc/v/b', 'opt/v/a', 'opt/v/b']);
    expect(again?.remove.toSorted()).toEqual(['etc/v/c', 'etc/v/deep/er/k', 'opt/v/c', 'opt/v/deep/er/k']);
    expect(again?.begun).toHaveLength(8);
  });

  it('leave parts of volumes and what deeper mounts cover alone', () => {
    const parts = recordOf(
      [
        {
          ...{ deltaId: 'd-0', layerId: 'l' },
          placements: [
            { ...place('v', 'etc/one', { holds: 'part' }), entries: [{ path: 'etc/one', kind: 'file', mode: 0o644, content: Buffer.from('of a') }] },
            { ...place('v', 'etc/v'), entries: [{ path: 'etc/v/a', kind: 'file', mode: 0o644, content: Buffer.from('of a') }] },
            { ...place('room', 'etc/v/room', { holds: 'folder' }), entries: [{ path: 'etc/v/room', kind: 'folder', mode: 0o755 }] },
          ],
        },
      ],
      SALT,
    )!.disks[0]!;
    expect(planUpdate(parts, 'v', [file('a')], SALT)).toBeUndefined();
    const plan = planUpdate(parts, 'v', [file('a', 'new'), file('room/x')], SALT);
    expect(pathsOf(plan)).toEqual(['etc/v/a']);
    expect(Object.keys(plan?.after.files ?? {}).sort()).toEqual(['etc/one', 'etc/v/a']);
    expect(planUpdate(parts, 'v', [], SALT)?.remove).toEqual(['etc/v/a']);
  });

  it.each([
    ['the same file', [file('x')], 'for /m/x'],
    ['a file where the other has a folder', [file('y')], 'for /m/y'],
    ['a folder where the other has a file', [file('x/z')], 'for /m/x/z'],
  ])('are refused where another volume has %s', (_, files, message) => {
    const shared = having(disk(place('v', 'm'), place('w', 'm', { container: 'other' })), 'w', [file('x', 'secret words'), file('y/z')]);
    const plan = () => planUpdate(shared, 'v', files, SALT);
    expect(plan).toThrow('volumes "w" and "v" have different things');
    expect(plan).toThrow(message);
    expect(plan).not.toThrow(/secret/);
    expect(planUpdate(shared, 'v', [file('x', 'secret words')], SALT)?.write ?? []).toEqual([]);
  });

  it('allow their readers what they allowed before', () => {
    const shared = disk(place('v', 'm', { fsGroup: 2000 }));
    const [one] = planUpdate(shared, 'v', [{ ...file('t', 'x', 0o640), uid: 5 }], SALT)?.write ?? [];
    expect(one?.entry.mode.toString(8)).toBe('644');
  });
});

describe('files of a disk whose VM is off', () => {
  const before = having(disk(place('v', 'm')), 'v', [file('a'), file('b'), file('c/d')]);

  it('are replaced and added, but neither removed nor given another mode', () => {
    const plan = planUpdate(before, 'v', [file('a', 'new'), file('b', 'of b', 0o600), file('e')], SALT)!;
    const off = planOff(before, plan);
    expect(pathsOf(off)).toEqual(['m/a', 'm/e']);
    expect(off.whole).toBe(false);
    expect(planUpdate(off.after, 'v', [file('a', 'new'), file('b', 'of b', 0o600), file('e')], SALT)).toMatchObject({
      write: [{ entry: { path: 'm/b' } }],
      remove: ['m/c/d'],
    });
    expect(planOff(before, planUpdate(before, 'v', [file('a', 'new'), file('b'), file('c/d')], SALT)!).whole).toBe(true);
  });

  it('wait for a folder that has to go first', () => {
    const plan = planUpdate(before, 'v', [file('a/x'), file('b'), file('c')], SALT)!;
    expect(pathsOf(planOff(before, plan))).toEqual([]);
  });
});

it('salts its hashes, and none tells what it is of', () => {
  expect(hashOf(Buffer.from('x'), 'a')).not.toBe(hashOf(Buffer.from('x'), 'b'));
  expect(hashOf(Buffer.from(''), 'a')).toMatch(/^[\w-]{16}$/);
});

describe('any sequence of updates, some of them cut off', () => {
  const PATHS = ['a', 'b', 'a/x', 'd/e/f', 'd/e/g', 'd', 'own/y'];
  const fileSet = fc
    .array(fc.record({ path: fc.constantFrom(...PATHS), content: fc.constantFrom('', '1', '2'), mode: fc.constantFrom(0o644, 0o600) }), { maxLength: 5 })
    .map((files) => files.filter(({ path }, index) => files.findIndex((one) => one.path === path) === index))
    .filter((files) => !files.some(({ path }) => files.some((one) => one.path.startsWith(`${path}/`))))
    .map((files) => files.map(({ path, content, mode }) => file(path, content, mode)));
  const step = fc.record({ volume: fc.constantFrom('v', 'w'), files: fileSet, how: fc.constantFrom('on', 'on', 'off', 'cut', 'failed'), at: fc.nat(6) });
  type Disk = Map<string, { readonly content: string; readonly mode: number }>;
  const isFolder = (of: Disk, path: string): boolean => [...of.keys()].some((other) => other.startsWith(`${path}/`));
  const put = (of: Disk, { entry: { path, content, mode } }: DiskUpdate['write'][number], keepsMode: boolean): void => {
    expect(isFolder(of, path), `${path} is a folder`).toBe(false);
    for (const parent of of.keys()) expect(path.startsWith(`${parent}/`), `${parent} is a file`).toBe(false);
    of.set(path, { content: Buffer.from(content ?? []).toString(), mode: keepsMode ? (of.get(path)?.mode ?? mode) : mode });
  };

  it('ends with what was wanted last, on a disk that has more than that', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), fileSet, fileSet, (steps, lastV, lastW) => {
        const found: Disk = new Map([['m/image', { content: 'of the image', mode: 0o755 }]]);
        let record = disk(place('v', 'm'), place('w', 'n'), place('v', 'o', { container: 'other' }));
        const update = (volume: string, files: readonly VolumeFile[], how: string, at: number): void => {
          const plan = planUpdate(record, volume, files, SALT);
          if (plan === undefined) return;
          if (how === 'off') {
            const off = planOff(record, plan);
            for (const one of off.write) put(found, one, true);
            record = off.after;
            return;
          }
          record = plan.during;
          if (how === 'failed') return;
          const acts = [...plan.remove.map((path) => () => void found.delete(path)), ...plan.write.map((one) => () => put(found, one, false))];
          for (const act of how === 'cut' ? acts.slice(0, at) : acts) act();
          if (how === 'on') record = plan.after;
        };
        for (const { volume, files, how, at } of steps) update(volume, files, how, at);
        update('v', lastV, 'on', 0);
        update('w', lastW, 'on', 0);
        expect(planUpdate(record, 'v', lastV, SALT)).toBeUndefined();
        const wanted = (mount: string, files: readonly VolumeFile[]) =>
          files.map(({ path, content, mode }) => [`${mount}/${path}`, { content: Buffer.from(content).toString(), mode }] as const);
        const all = [...wanted('m', lastV), ...wanted('o', lastV), ...wanted('n', lastW), ['m/image', { content: 'of the image', mode: 0o755 }] as const];
        expect(Object.fromEntries(found)).toEqual(Object.fromEntries(all));
      }),
      { numRuns: 500 },
    );
  });
});
