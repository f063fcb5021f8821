import { posix } from 'node:path';
import { packArchive } from '../../platform/tar.ts';
import type { ContainerEngine } from '../../clients/docker-engine/containers-port.ts';
import type { VolumeRequest } from '../../kubelet/provider.ts';
import { LABEL, podLabels } from './labels.ts';
import { containerName, type PodIdentity } from './pod-identity.ts';
import { bindMount } from './volumes.ts';

/** Enough of an archive to know that there is something. */
const LOOK_BYTES = 512;

/**
 * Makes the files that a hostPath of type FileOrCreate promises where they are not there yet: empty, mode 0644
 * (pkg/volume/hostpath/host_path.go, MakeFile). An engine makes folders for mounts and no files, so a container that never
 * runs mounts the folder above and is written to through its archive endpoint. A folder above that is not there is refused by Docker, and made by
 * Podman.
 */
export async function makeHostFiles(
  {
    engine,
    node,
    pod,
    image,
    nowMs,
  }: { readonly engine: ContainerEngine; readonly node: string; readonly pod: PodIdentity; readonly image: string; readonly nowMs: number },
  volumes: readonly VolumeRequest[],
  signal: AbortSignal,
): Promise<void> {
  const files = volumes.flatMap((volume, index) =>
    volume.kind === 'hostPath' && volume.type === 'FileOrCreate' ? [{ path: volume.path, at: `/host/${String(index)}` }] : [],
  );
  if (files.length === 0) return;
  const spec = {
    Image: image,
    Labels: { ...podLabels(node, pod), [LABEL.role]: 'files' },
    HostConfig: { NetworkMode: 'none', Mounts: files.map(({ path, at }) => bindMount(posix.dirname(path), at, false)) },
  };
  const id = await engine.createContainer(containerName('POD-files', pod, 0), spec, signal);
  for (const { path, at } of files) {
    const name = posix.basename(path);
    if ((await engine.getArchive(id, `${at}/${name}`, LOOK_BYTES, signal)) !== undefined) continue;
    await engine.putArchive(id, at, packArchive([{ path: name, kind: 'file', mode: 0o644, content: new Uint8Array() }], nowMs), signal);
  }
  await engine.removeContainer(id, signal);
}
