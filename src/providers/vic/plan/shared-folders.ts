import { ProviderFailure } from '../../../kubelet/provider.ts';
import { diskPath, type MountingContainer, type PodVolumes } from './pod-volumes.ts';

interface Use {
  readonly container: MountingContainer;
  /** From the disk's root. */
  readonly path: string;
  readonly mountPath: string;
  /** Below the volume; '' for all of it. */
  readonly subPath: string;
  readonly readOnly: boolean;
}

/**
 * An emptyDir volume is a folder of one root file system: there is nothing that two of them could share. It belongs to
 * root with mode 0755, as everything that is written for a pod. ProviderFailure names the container that asks for more:
 * a second disk, a second path, or another user.
 */
export function checkFolders(containers: readonly MountingContainer[], { requests, mountedBy }: PodVolumes): void {
  for (const { name } of requests.filter(({ kind }) => kind === 'emptyDir')) {
    const uses = containers.flatMap((container) => usesOf(name, container));
    const outside = mountedBy.get(name)?.find((other) => !containers.some(({ request }) => request.name === other));
    for (const [index, use] of uses.entries()) {
      const before = uses.slice(0, index);
      const other = outside ?? before.find(({ container }) => container.disk !== use.container.disk)?.container.request.name;
      if (other !== undefined) throw refusal(name, use, `${other} mounts it as well, and has another root file system`);
      if (!use.container.root && !use.readOnly) throw refusal(name, use, 'the container does not run as root, to whom the folder belongs');
      const contrary = before.find((earlier) => !agree(earlier, use));
      if (contrary !== undefined) throw refusal(name, use, `it is a folder of the pod VM’s disk, and mounted at ${contrary.mountPath} already`);
    }
  }
}

function usesOf(volume: string, container: MountingContainer): readonly Use[] {
  return container.request.mounts
    .filter((mount) => mount.volume === volume)
    .map(({ mountPath, subPath = '', readOnly }) => ({ container, path: diskPath(mountPath), mountPath, subPath, readOnly }));
}

/** Whether both see the same at the same place: one folder at two paths cannot be had, two parts of a volume can. */
function agree(a: Use, b: Use): boolean {
  const [outer, inner] = a.subPath.length <= b.subPath.length ? [a, b] : [b, a];
  if (outer.subPath === inner.subPath) return outer.path === inner.path;
  const prefix = outer.subPath === '' ? '' : `${outer.subPath}/`;
  if (!inner.subPath.startsWith(prefix)) return true;
  return inner.path === `${outer.path}/${inner.subPath.slice(prefix.length)}`;
}

function refusal(volume: string, { container, mountPath }: Use, why: string): ProviderFailure {
  const { name } = container.request;
  return new ProviderFailure('CreateContainerConfigError', `volume "${volume}" cannot be mounted at ${mountPath} of ${name}: ${why}`, { container: name });
}
