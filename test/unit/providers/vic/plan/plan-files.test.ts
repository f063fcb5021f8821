import { posix } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ContainerRequest, MountRequest, VolumeFile, VolumeRequest } from '../../../../../src/kubelet/provider.ts';
import type { ArchiveEntry } from '../../../../../src/platform/tar.ts';
import { diskEntries, planFiles } from '../../../../../src/providers/vic/plan/plan-files.ts';
import { podVolumes, type MountingContainer } from '../../../../../src/providers/vic/plan/pod-volumes.ts';
import { containerRequest } from '../../../../support/kubelet/pod-requests.ts';

const file = (path: string, more: Partial<VolumeFile> = {}): VolumeFile => ({ path, content: Buffer.from(`of ${path}`), mode: 0o644, ...more });
const volume = (name: string, files: readonly VolumeFile[], more: { fsGroup?: number; injectedToken?: true } = {}): VolumeRequest => ({
  ...{ name, kind: 'files', files, inMemory: false },
  ...more,
});
const folder = (name: string): VolumeRequest => ({ name, kind: 'emptyDir', medium: 'disk' });
const at = (volumeName: string, mountPath: string, subPath?: string): MountRequest => ({ volume: volumeName, mountPath, subPath, readOnly: false });
const container = (name: string, disk: string, mounts: readonly MountRequest[], more: Partial<MountingContainer> = {}): MountingContainer => ({
  ...{ request: containerRequest({ name, mounts }), disk, root: true },
  ...more,
});

type Tree = Readonly<Record<string, string>>;

/** What is written, by disk: paths with the text of files, and with `/` for folders. */
function written(
  containers: readonly MountingContainer[],
  volumes: readonly VolumeRequest[],
  others: readonly ContainerRequest[] = [],
): Readonly<Record<string, Tree>> {
  const all = podVolumes({ volumes }, [...containers.map(({ request }) => request), ...others]);
  return Object.fromEntries([...planFiles(containers, all)].map(([disk, placements]) => [disk, tree(diskEntries(placements))]));
}

const tree = (entries: readonly ArchiveEntry[]): Tree =>
  Object.fromEntries(entries.map(({ path, kind, content }) => [path, kind === 'folder' ? '/' : Buffer.from(content ?? []).toString()]));
const files = (found: Tree | undefined): Tree => Object.fromEntries(Object.entries(found ?? {}).filter(([, text]) => text !== '/'));

describe('files of a pod VM', () => {
  it('lie below the mount path, with every folder above them', () => {
    expect(written([container('a', 'd', [at('v', '/etc/app/')])], [volume('v', [file('x'), file('sub/y')])])).toEqual({
      d: { etc: '/', 'etc/app': '/', 'etc/app/x': 'of x', 'etc/app/sub': '/', 'etc/app/sub/y': 'of sub/y' },
    });
  });

  it('are written nowhere without a mount, and a volume without files is a folder', () => {
    expect(written([container('a', 'd', [])], [volume('v', [file('x')])])).toEqual({});
    expect(written([container('a', 'd', [at('v', '/e')])], [volume('v', [])])).toEqual({ d: { e: '/' } });
  });

  it.each([
    ['a file', 'x', { 'etc/one': 'of x' }],
    ['a file below', 'sub/y', { 'etc/one': 'of sub/y' }],
    ['a folder', 'sub', { 'etc/one': '/', 'etc/one/y': 'of sub/y' }],
    ['nothing', 'su', { 'etc/one': '/' }],
  ])('can be a part of a volume: %s', (_, subPath, expected) => {
    const { d } = written([container('a', 'd', [at('v', '/etc/one', subPath)])], [volume('v', [file('x'), file('sub/y')])]);
    expect(d).toEqual({ etc: '/', ...expected });
  });

  it('are those of the deepest mount where one lies within another, whatever the order', () => {
    const volumes = [volume('outer', [file('x'), file('sub/y'), file('sub2/y')]), volume('inner', [file('z')])];
    for (const mounts of [
      [at('outer', '/m'), at('inner', '/m/sub')],
      [at('inner', '/m/sub'), at('outer', '/m')],
    ]) {
      expect(files(written([container('a', 'd', mounts)], volumes)['d'])).toEqual({ 'm/x': 'of x', 'm/sub/z': 'of z', 'm/sub2/y': 'of sub2/y' });
    }
  });

  it('go to the disk of each container that mounts them', () => {
    const volumes = [volume('v', [file('x')]), volume('w', [file('y')])];
    const found = written(
      [container('a', '1', [at('v', '/a')]), container('b', '2', [at('v', '/b'), at('w', '/w')]), container('c', '1', [at('w', '/w')])],
      volumes,
    );
    expect(Object.keys(found)).toEqual(['1', '2']);
    expect(files(found['1'])).toEqual({ 'a/x': 'of x', 'w/y': 'of y' });
    expect(files(found['2'])).toEqual({ 'b/x': 'of x', 'w/y': 'of y' });
  });

  it('are written once for containers that share a disk and mount the same, and refused when they differ', () => {
    const one = volume('one', [file('x')]);
    const two = volume('two', [file('x', { content: Buffer.from('secret words') })]);
    expect(files(written([container('a', 'd', [at('one', '/m')]), container('b', 'd', [at('one', '/m')])], [one])['d'])).toEqual({ 'm/x': 'of x' });
    const differ = () => written([container('a', 'd', [at('one', '/m')]), container('b', 'd', [at('two', '/m')])], [one, two]);
    expect(differ).toThrow('a and b have one root file system, because their images are the same; volumes "one" and "two" have different things for /m/x');
    expect(differ).not.toThrow(/secret words/);
    const blocked = [volume('one', [file('x')]), volume('two', [file('y')])];
    expect(() => written([container('a', 'd', [at('one', '/m')]), container('b', 'd', [at('two', '/m/x')])], blocked)).toThrow(/different things for \/m\/x/);
  });

  it.each(['/', '/..', '/dev/shm', '/proc', '//sys/x'])('are refused at %s, where a container could not see them', (mountPath) => {
    expect(() => written([container('a', 'd', [at('v', mountPath)])], [volume('v', [file('x')])])).toThrow(`volume "v" cannot be mounted at ${mountPath}: `);
  });

  it('are refused when the volume is of a host or was not handed over', () => {
    const host: VolumeRequest = { name: 'v', kind: 'hostPath', path: '/', type: '' };
    expect(() => written([container('a', 'd', [at('v', '/m')])], [host])).toThrow(/shares nothing with a host/);
    expect(() => written([container('a', 'd', [at('v', '/m')])], [])).toThrow(/not known/);
  });

  it('may be read by everybody whom a kubelet would let read them as the owner or by fsGroup, and by nobody else', () => {
    const modeOf = (mode: number, more: Partial<VolumeFile>, of: { fsGroup?: number }): string => {
      const placements = planFiles([container('a', 'd', [at('v', '/m')])], podVolumes({ volumes: [volume('v', [file('x', { mode, ...more })], of)] }, []));
      return diskEntries(placements.get('d') ?? [])
        .at(-1)!
        .mode.toString(8);
    };
    expect(modeOf(0o644, {}, {})).toBe('644');
    expect(modeOf(0o400, {}, {})).toBe('400');
    expect(modeOf(0o600, { uid: 1000 }, {})).toBe('604');
    expect(modeOf(0o440, {}, { fsGroup: 2000 })).toBe('444');
    expect(modeOf(0o550, {}, { fsGroup: 2000 })).toBe('555');
    expect(modeOf(0o770, {}, { fsGroup: 2000 })).toBe('775');
  });
});

describe('emptyDir volumes of a pod VM', () => {
  it('are folders of a root file system, also for containers that share it', () => {
    const both = [container('a', 'd', [at('e', '/data')]), container('b', 'd', [at('e', '/data')])];
    expect(written(both, [folder('e')])).toEqual({ d: { data: '/' } });
  });

  it.each<[string, readonly MountingContainer[], string]>([
    [
      'another disk',
      [container('a', '1', [at('e', '/m')]), container('b', '2', [at('e', '/m')])],
      'at /m of b: a mounts it as well, and has another root file system',
    ],
    [
      'another path',
      [container('a', 'd', [at('e', '/m')]), container('b', 'd', [at('e', '/n')])],
      'at /n of b: it is a folder of the pod VM’s disk, and mounted at /m already',
    ],
    ['another user', [container('a', 'd', [at('e', '/m')], { root: false })], 'at /m of a: the container does not run as root'],
    ['another VM', [container('a', 'd', [at('e', '/m')])], 'at /m of a: other mounts it as well'],
  ])('cannot be had by %s', (_, containers, message) => {
    const others = message.includes('other mounts') ? [containerRequest({ name: 'other', mounts: [at('e', '/m')] })] : [];
    expect(() => written(containers, [folder('e')], others)).toThrow(`volume "e" cannot be mounted ${message}`);
  });

  it('can be read by any user', () => {
    const mount = { ...at('e', '/m'), readOnly: true };
    expect(written([container('a', 'd', [mount], { root: false })], [folder('e')])).toEqual({ d: { m: '/' } });
  });

  it('have parts that are folders of their own, unless they overlap at different places', () => {
    const parts =
      (...mounts: MountRequest[]) =>
      () =>
        written([container('a', 'd', mounts)], [folder('e')]);
    expect(parts(at('e', '/x', 'a'), at('e', '/y', 'b'))()).toEqual({ d: { x: '/', y: '/' } });
    expect(parts(at('e', '/x', 'a'), at('e', '/y', 'ab'))()).toEqual({ d: { x: '/', y: '/' } });
    expect(parts(at('e', '/x'), at('e', '/x/a', 'a'))()).toEqual({ d: { x: '/', 'x/a': '/' } });
    expect(parts(at('e', '/x'), at('e', '/y', 'a'))).toThrow(/mounted at \/x already/);
    expect(parts(at('e', '/x', 'a/b'), at('e', '/y', 'a'))).toThrow(/mounted at \/x already/);
  });
});

describe('archives of a pod VM', () => {
  const name = fc.constantFrom('a', 'b', 'c.d', 'é', 'a b');
  const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
  /** A set in which no file is the folder of another one. */
  const fileSet = fc
    .uniqueArray(path, { maxLength: 6 })
    .map((paths) => paths.filter((one) => !paths.some((other) => other.startsWith(`${one}/`))).map((one) => file(one)));
  const mount = fc.record({ volume: fc.constantFrom('v', 'w'), path, subPath: fc.option(path, { nil: undefined }) });

  it('hold each path once, folders before what lies in them, and nothing outside the mounts', () => {
    fc.assert(
      fc.property(fileSet, fileSet, fc.uniqueArray(mount, { maxLength: 4, selector: (one) => one.path }), (v, w, mounts) => {
        const requests = mounts.map((one) => at(one.volume, `/${one.path}`, one.subPath));
        let entries: readonly ArchiveEntry[];
        try {
          const placements = planFiles([container('a', 'd', requests)], podVolumes({ volumes: [volume('v', v), volume('w', w)] }, []));
          entries = diskEntries(placements.get('d') ?? []);
        } catch (error) {
          // One mount makes a file of what another one needs as a folder.
          expect(String(error)).toMatch(/different things/);
          return;
        }
        const seen = new Set<string>();
        for (const { path: one, kind } of entries) {
          expect(seen.has(one)).toBe(false);
          if (one.includes('/')) expect(seen).toContain(posix.dirname(one));
          if (kind === 'file') expect(mounts.some(({ path: top }) => one === top || one.startsWith(`${top}/`))).toBe(true);
          seen.add(one);
        }
      }),
    );
  });

  it('give each container exactly what its mounts would show, the deepest first', () => {
    fc.assert(
      fc.property(fileSet, fileSet, fc.uniqueArray(mount, { minLength: 1, maxLength: 3, selector: (one) => one.path }), (v, w, mounts) => {
        const of = { v, w } as Readonly<Record<string, readonly VolumeFile[]>>;
        const requests = mounts.map((one) => at(one.volume, `/${one.path}`, one.subPath));
        let found: Tree;
        try {
          found = files(written([container('a', 'd', requests)], [volume('v', v), volume('w', w)])['d']);
        } catch {
          return;
        }
        /** The file that a container sees at a path: of the mount with the longest path that leads there. */
        const shown = (wanted: string): string | undefined => {
          const [top] = mounts
            .filter((one) => wanted === one.path || wanted.startsWith(`${one.path}/`))
            .sort((a, b) => b.path.split('/').length - a.path.split('/').length);
          if (top === undefined) return undefined;
          const inVolume = [top.subPath, wanted.slice(top.path.length + 1)].filter((part) => part !== undefined && part !== '').join('/');
          const seen = of[top.volume]?.find((one) => one.path === inVolume);
          return seen === undefined ? undefined : Buffer.from(seen.content).toString();
        };
        for (const [one, text] of Object.entries(found)) expect(shown(one)).toBe(text);
        for (const { path: top, volume: from, subPath } of mounts) {
          for (const { path: one } of of[from] ?? []) {
            const rest = subPath === undefined ? one : one === subPath ? '' : one.startsWith(`${subPath}/`) ? one.slice(subPath.length + 1) : undefined;
            if (rest === undefined) continue;
            const target = rest === '' ? top : `${top}/${rest}`;
            expect(found[target]).toBe(shown(target));
          }
        }
      }),
    );
  });
});
