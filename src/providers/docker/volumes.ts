import { packArchive, namesInFolder, type ArchiveEntry } from '../../platform/tar.ts';
import type { ContainerEngine, MountSpec, VolumeSpec } from '../../clients/docker-engine/containers-port.ts';
import { ProviderFailure, type VolumeFile, type VolumeRequest } from '../../kubelet/provider.ts';
import type { EngineFacts } from './engine-kind.ts';
import type { KeptVolume } from './kept-pod.ts';
import { LABEL, podLabels, type Labels } from './labels.ts';
import { volumeName, type PodIdentity } from './pod-identity.ts';

/**
 * A pod's volumes are the engine's own: named volumes that the sandbox holds mounted below /volumes, filled through its
 * archive endpoint. So it makes no difference where the engine runs, and a volume in memory lives as long as the sandbox.
 * Containers get them as bind mounts of the folder that the engine tells, which leaves out the engine's copying of image
 * content and allows for parts of a volume.
 */
export const VOLUMES_FOLDER = '/volumes';
/** Hosts file and termination messages. */
export const POD_FOLDER = '/pod';

/** The engine's volumes to be made for a pod: its own, and one for each that is not of the host. */
export function volumeSpecs(node: string, pod: PodIdentity, volumes: readonly VolumeRequest[], facts: EngineFacts): readonly VolumeSpec[] {
  const spec = (name: string | undefined, options: Labels): VolumeSpec => ({
    Name: volumeName(pod.uid, name),
    Driver: 'local',
    DriverOpts: options,
    Labels: { ...podLabels(node, pod), [LABEL.role]: 'volume' },
  });
  return [spec(undefined, {}), ...volumes.filter(({ kind }) => kind !== 'hostPath').map((volume) => spec(volume.name, driverOptions(volume, facts)))];
}

function driverOptions(volume: VolumeRequest, facts: EngineFacts): Labels {
  const inMemory = volume.kind === 'emptyDir' ? volume.medium === 'memory' : volume.kind === 'files' && volume.inMemory;
  if (!inMemory) return {};
  // Podman takes a size for a disk quota, and refuses it where there is none.
  const size = volume.kind === 'emptyDir' && volume.sizeLimitBytes !== undefined && facts.kind !== 'podman' ? `,size=${String(volume.sizeLimitBytes)}` : '';
  return { type: 'tmpfs', device: 'tmpfs', o: `mode=1777${size}` };
}

/** What the sandbox mounts, so that it can fill them, and look into those of the host. */
export function sandboxMounts(uid: string, volumes: readonly VolumeRequest[]): { readonly mounts: readonly MountSpec[]; readonly binds: readonly string[] } {
  const engine = [undefined, ...volumes.filter(({ kind }) => kind !== 'hostPath').map(({ name }) => name)];
  const host = volumes.filter((volume) => volume.kind === 'hostPath');
  return {
    mounts: [
      ...engine.map((name): MountSpec => ({
        Type: 'volume',
        Source: volumeName(uid, name),
        Target: name === undefined ? POD_FOLDER : `${VOLUMES_FOLDER}/${name}`,
        ReadOnly: false,
        VolumeOptions: { NoCopy: true },
      })),
      ...host.filter((volume) => !mayBeMade(volume)).map((volume) => bindMount(volume.path, `${VOLUMES_FOLDER}/${volume.name}`, false)),
    ],
    // This form makes a folder that is not there; the other one refuses.
    binds: host.filter(mayBeMade).map((volume) => `${volume.path}:${VOLUMES_FOLDER}/${volume.name}`),
  };
}

function mayBeMade(volume: VolumeRequest): boolean {
  return volume.kind === 'hostPath' && (volume.type === '' || volume.type === 'DirectoryOrCreate') && !volume.path.includes(':');
}

/** The propagation is left to the engine: Docker insists on its own for what lies in its folders. */
export function bindMount(source: string, target: string, readOnly: boolean): MountSpec {
  return { Type: 'bind', Source: source, Target: target, ReadOnly: readOnly };
}

const KINDS: Readonly<Record<string, string>> = {
  Directory: 'folder',
  DirectoryOrCreate: 'folder',
  File: 'file',
  FileOrCreate: 'file',
  Socket: 'socket',
  CharDevice: 'character',
  BlockDevice: 'block',
};

/** What a path of the host must be, as the sandbox's `kind` command names it; undefined: anything. */
export function wantedKind(volume: VolumeRequest): string | undefined {
  if (volume.kind !== 'hostPath' || volume.type === '') return undefined;
  const kind = KINDS[volume.type];
  if (kind !== undefined) return kind;
  throw new ProviderFailure('CreatePodSandboxError', `volume ${volume.name}: there is no hostPath type ${volume.type}`);
}

/** Everything that goes into the volumes before the first container starts, below `/`. */
export function firstContent(volumes: readonly VolumeRequest[], nowMs: number): Buffer {
  const top = VOLUMES_FOLDER.slice(1);
  const entries = volumes.flatMap((volume): readonly ArchiveEntry[] => {
    if (volume.kind === 'hostPath') return [];
    const root = `${top}/${volume.name}`;
    return [rootEntry(root, volume), ...(volume.kind === 'files' ? fileEntries(root, volume.files, volume.fsGroup, nowMs) : [])];
  });
  return packArchive(entries, nowMs);
}

/** Group and set-group bit as a kubelet sets them (pkg/volume/volume_linux.go, SetVolumeOwnership); the root of a tmpfs is sticky. */
function rootEntry(path: string, volume: Exclude<VolumeRequest, { readonly kind: 'hostPath' }>): ArchiveEntry {
  const mode = volume.kind === 'emptyDir' && volume.medium === 'memory' ? 0o1777 : 0o777;
  const { fsGroup } = volume;
  return fsGroup === undefined ? { path, kind: 'folder', mode } : { path, kind: 'folder', mode: mode | 0o2000, gid: fsGroup };
}

function fileEntries(root: string, files: readonly VolumeFile[], fsGroup: number | undefined, nowMs: number): readonly ArchiveEntry[] {
  const version = versionName(nowMs);
  const links = topNames(files).map((name): ArchiveEntry => ({ path: `${root}/${name}`, kind: 'link', mode: 0o777, target: `..data/${name}` }));
  return [...versionEntries(`${root}/${version}`, files, fsGroup), { path: `${root}/..data`, kind: 'link', mode: 0o777, target: version }, ...links];
}

function versionEntries(folder: string, files: readonly VolumeFile[], fsGroup: number | undefined): readonly ArchiveEntry[] {
  const group = fsGroup === undefined ? {} : { gid: fsGroup };
  const parents = new Set(files.flatMap(({ path }) => path.split('/').map((_, depth, parts) => parts.slice(0, depth).join('/')))).add('');
  const folders = [...parents].sort().map((path): ArchiveEntry => ({
    path: path === '' ? folder : `${folder}/${path}`,
    kind: 'folder',
    mode: fsGroup === undefined ? 0o755 : 0o2755,
    ...group,
  }));
  return [
    ...folders,
    ...files.map((file): ArchiveEntry => ({
      path: `${folder}/${file.path}`,
      kind: 'file',
      mode: fsGroup === undefined ? file.mode : file.mode | 0o440,
      content: file.content,
      ...(file.uid === undefined ? {} : { uid: file.uid }),
      ...group,
    })),
  ];
}

/** Puts a new version beside the old one, and lets `..data` point to it in one step (pkg/volume/util/atomic_writer.go). */
export async function publishFiles(
  engine: ContainerEngine,
  sandbox: string,
  volume: KeptVolume,
  files: readonly VolumeFile[],
  nowMs: number,
  run: (command: readonly string[]) => Promise<string>,
  signal: AbortSignal,
): Promise<void> {
  const root = `${VOLUMES_FOLDER}/${volume.name}`;
  const version = versionName(nowMs);
  const fsGroup = volume.kind === 'engine' ? volume.fsGroup : undefined;
  const present = namesInFolder((await engine.getArchive(sandbox, root, LISTING_LIMIT, signal)) ?? Buffer.alloc(0)).filter((name) => !name.startsWith('..'));
  const wanted = topNames(files);
  const links = wanted
    .filter((name) => !present.includes(name))
    .map((name): ArchiveEntry => ({ path: name, kind: 'link', mode: 0o777, target: `..data/${name}` }));
  await engine.putArchive(sandbox, root, packArchive(versionEntries(version, files, fsGroup), nowMs), signal);
  // Links before the switch lead nowhere for a moment; after it, a reader of the new version could miss a file.
  if (links.length > 0) await engine.putArchive(sandbox, root, packArchive(links, nowMs), signal);
  await run(['publish', root, version, ...present.filter((name) => !wanted.includes(name))]);
}

/** Objects have at most a MiB each; a projected volume may have several. */
const LISTING_LIMIT = 32 * 1024 * 1024;

function topNames(files: readonly VolumeFile[]): readonly string[] {
  return [...new Set(files.map(({ path }) => path.split('/')[0] ?? path))];
}

/** `..2006_01_02_15_04_05.123` */
function versionName(nowMs: number): string {
  return `..${new Date(nowMs).toISOString().replaceAll(/[-T:]/g, '_').replace('Z', '')}`;
}
