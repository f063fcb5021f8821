/** Where a container sees the volumes of its pod (pkg/kubelet/kubelet_pods.go, makeMounts). Pure. */
import type { Container, Pod, Volume } from '../../../platform/kubernetes-objects.ts';
import type { MountRequest } from '../../provider.ts';
import { cleanSubPath } from './paths.ts';
import { expandStrictly } from '../expand.ts';

/**
 * The mounts of a container but for those of `leftOut` volumes. Throws Error with a message for the pod's user when a
 * sub-path leaves its volume or needs a variable that is not set.
 */
export function mountRequests(
  pod: Pod,
  container: Container,
  env: (name: string) => string | undefined,
  leftOut: ReadonlySet<string>,
): readonly MountRequest[] {
  const volumes = new Map((pod.spec?.volumes ?? []).map((volume) => [volume.name, volume]));
  return (container.volumeMounts ?? [])
    .filter(({ name }) => !leftOut.has(name))
    .map((mount) => {
      const volume = volumes.get(mount.name);
      if (volume === undefined) throw new Error(`volume ${mount.name} of mount ${mount.mountPath} is not one of the pod's`);
      const subPathExpr = mount.subPathExpr ?? '';
      const subPath = subPathExpr === '' ? (mount.subPath ?? '') : expandStrictly(subPathExpr, env);
      return {
        volume: mount.name,
        mountPath: mount.mountPath.startsWith('/') ? mount.mountPath : `/${mount.mountPath}`,
        subPath: subPath === '' ? undefined : cleanSubPath(subPath),
        readOnly: (mount.readOnly ?? false) || isReadOnly(volume),
      };
    });
}

/** What the kubelet writes, containers may not (they would lose it at the next update). */
function isReadOnly({ configMap, secret, downwardAPI, projected }: Volume): boolean {
  return [configMap, secret, downwardAPI, projected].some((source) => source !== undefined);
}
