import { messageOf } from '../../errors/vick-error.ts';
import type { DockerContext } from './context.ts';
import { listParts, listVolumes } from './parts.ts';

/** Removes the pod's containers, then its sandbox, then its volumes, and looks whether all are gone. */
export async function removePod(context: DockerContext, uid: string, signal: AbortSignal): Promise<void> {
  const { engine, nodeName, startFailures } = context;
  const parts = (await listParts(engine, nodeName, uid, signal)).get(uid);
  await removeContainers(context, uid, signal);
  for (const id of parts?.ids ?? []) startFailures.delete(id);
  const volumes = await listVolumes(engine, nodeName, uid, signal);
  await all(volumes.map(({ Name }) => engine.removeVolume(Name, signal)));
  const [left, leftVolumes] = await Promise.all([listParts(engine, nodeName, uid, signal), listVolumes(engine, nodeName, uid, signal)]);
  if (left.size + leftVolumes.length > 0) throw new Error(`parts of the pod ${uid} are still in the engine`);
}

/** Volumes stay, so that a sandbox made anew finds them. */
export async function removeContainers({ engine, nodeName, seen }: DockerContext, uid: string, signal: AbortSignal): Promise<void> {
  const parts = (await listParts(engine, nodeName, uid, signal)).get(uid);
  seen.delete(uid);
  if (parts === undefined) return;
  await all(parts.ids.map((id) => engine.removeContainer(id, signal)));
  // Podman removes no container that others depend on.
  if (parts.sandbox !== undefined) await engine.removeContainer(parts.sandbox.Id, signal);
}

/** Tries all, and fails with the first failure. */
async function all(work: readonly Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason instanceof Error ? failed.reason : new Error(messageOf(failed.reason));
}
