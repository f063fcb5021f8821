import type { ContainerEngine, MountSpec, WireVolume } from '../../clients/docker-engine/containers-port.ts';
import { messageOf } from '../../errors/vick-error.ts';
import { ProviderFailure, type ContainerRequest, type MountRequest } from '../../kubelet/provider.ts';
import type { KeptPod } from './kept-pod.ts';
import { volumeName } from './pod-identity.ts';
import { runInSandbox } from './sandbox-command.ts';
import { bindMount, VOLUMES_FOLDER } from './volumes.ts';

export interface MountTarget {
  readonly engine: ContainerEngine;
  readonly uid: string;
  readonly sandbox: string;
  readonly kept: KeptPod;
  /** The pod's, by name. */
  readonly volumes: ReadonlyMap<string, WireVolume>;
}

/** Mounts of one container: its volumes, the hosts file and where it leaves its termination message. */
export async function containerMounts(target: MountTarget, request: ContainerRequest, messageFile: string, signal: AbortSignal): Promise<readonly MountSpec[]> {
  const mounts: MountSpec[] = [];
  for (const mount of request.mounts) mounts.push(await volumeMount(target, request.name, mount, signal));
  const own = folderOf(target, undefined, request.name);
  const taken = new Set(mounts.map(({ Target }) => Target));
  const add = (mount: MountSpec): void => {
    if (!taken.has(mount.Target)) mounts.push(mount);
  };
  if (target.kept.ownNetwork) add(bindMount(`${own}/hosts`, '/etc/hosts', false));
  if (request.terminationMessage.path !== '') add(bindMount(`${own}/${messageFile}`, request.terminationMessage.path, false));
  return mounts;
}

async function volumeMount(target: MountTarget, container: string, mount: MountRequest, signal: AbortSignal): Promise<MountSpec> {
  const volume = target.kept.volumes.find(({ name }) => name === mount.volume);
  if (volume === undefined) throw failed(container, `the pod has no volume ${mount.volume}`);
  const root = volume.kind === 'hostPath' ? volume.path : folderOf(target, volume.name, container);
  const readOnly = mount.readOnly || (volume.kind === 'engine' && volume.readOnly);
  if (mount.subPath === undefined || mount.subPath === '') return bindMount(root, mount.mountPath, readOnly);
  // Links in it may be the work of a container: only what stays inside the volume is mounted.
  const inside = await runInSandbox(target.engine, target.sandbox, ['subpath', `${VOLUMES_FOLDER}/${volume.name}`, mount.subPath], signal).catch(
    (error: unknown) => {
      signal.throwIfAborted();
      throw failed(container, `failed to prepare subPath for volumeMount "${mount.volume}" of container "${container}": ${messageOf(error)}`, error);
    },
  );
  return bindMount(`${root === '/' ? '' : root}${inside}`, mount.mountPath, readOnly);
}

function folderOf({ uid, volumes }: MountTarget, name: string | undefined, container: string): string {
  const found = volumes.get(volumeName(uid, name));
  if (found !== undefined) return found.Mountpoint;
  throw failed(container, `the engine has lost ${name === undefined ? "the pod's own files" : `the volume ${name}`}`);
}

function failed(container: string, message: string, cause?: unknown): ProviderFailure {
  return new ProviderFailure('CreateContainerConfigError', message, { container, cause });
}
