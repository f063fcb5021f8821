/** The volumes of a pod, and who mounts them where. Pure. */
import { posix } from 'node:path';
import type { ContainerRequest, CreatePodRequest, VolumeRequest } from '../../../kubelet/provider.ts';

/** A container, and which disk has its root file system. */
export interface MountingContainer {
  readonly request: ContainerRequest;
  /** The same for containers that share one. */
  readonly disk: string;
  /** Whether its process runs as root. */
  readonly root: boolean;
}

/** The volumes of a whole pod, for each of its VMs. */
export interface PodVolumes {
  readonly requests: readonly VolumeRequest[];
  /** Names of the containers that mount a volume, wherever they run. */
  readonly mountedBy: ReadonlyMap<string, readonly string[]>;
  /** Is told what the pod has to do without. */
  readonly warn?: (message: string) => void;
}

export function podVolumes({ volumes, warn }: Pick<CreatePodRequest, 'volumes' | 'warn'>, containers: readonly ContainerRequest[]): PodVolumes {
  const mountedBy = new Map<string, readonly string[]>();
  for (const { name, mounts } of containers) {
    for (const { volume } of mounts) mountedBy.set(volume, [...(mountedBy.get(volume) ?? []), name]);
  }
  return { requests: volumes, mountedBy, ...(warn === undefined ? {} : { warn }) };
}

/** The guest mounts its own there, over what the disk has (vmware/vic isos/bootstrap), and forgets it when it goes off. */
const GUEST_FOLDERS = ['proc', 'sys', 'dev'];

/** Whether what a container sees at a path of its disk is not on the disk. */
export function isOffDisk(path: string): boolean {
  return GUEST_FOLDERS.includes(path.split('/')[0] ?? '');
}

/** A path of the container from the root of its disk, as members of archives have it. */
export function diskPath(path: string): string {
  return posix.normalize(`/${path}`).replace(/^\/+|\/+$/g, '');
}
