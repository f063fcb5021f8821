import type { WireContainer } from '../../clients/docker-engine/containers-port.ts';
import type { ContainerTarget } from '../../kubelet/capabilities.ts';
import type { DockerContext } from './context.ts';
import { listParts } from './parts.ts';

/** The newest run of a container, or with `previous` the one before it. Rejects when there is none. */
export async function findRun(
  { engine, nodeName }: DockerContext,
  { uid, container }: ContainerTarget,
  previous: boolean,
  signal: AbortSignal,
): Promise<WireContainer> {
  const attempts = (await listParts(engine, nodeName, uid, signal)).get(uid)?.attempts.get(container) ?? [];
  const chosen = attempts[previous ? 1 : 0];
  const found = chosen === undefined ? undefined : await engine.inspectContainer(chosen.id, signal);
  if (found !== undefined) return found;
  throw new Error(previous ? `the container ${container} of the pod ${uid} has no earlier run` : `there is no container ${container} in the pod ${uid}`);
}

/** The sandbox of a pod, which must run. */
export async function findSandbox({ engine, nodeName }: DockerContext, uid: string, signal: AbortSignal): Promise<WireContainer> {
  const sandbox = (await listParts(engine, nodeName, uid, signal)).get(uid)?.sandbox;
  const found = sandbox === undefined ? undefined : await engine.inspectContainer(sandbox.Id, signal);
  if (found?.State?.Running === true) return found;
  throw new Error(`the pod ${uid} has no sandbox that runs`);
}
