import type { ContainerEngine, WireContainer } from '../../clients/docker-engine/containers-port.ts';

/**
 * Stop signal, then force after the grace period. Not the engine's own stop: a second one with a shorter grace would wait
 * for the first (Podman holds the container for as long), and aborting it would leave it under way.
 */
export async function stopContainer(engine: ContainerEngine, container: WireContainer, graceSeconds: number, signal: AbortSignal): Promise<void> {
  const { Id: id } = container;
  if (container.State?.Running !== true) return;
  const asked = await engine.killContainer(id, stopSignalOf(container), signal);
  if (!asked) return;
  if (await engine.waitContainer(id, Math.max(0, graceSeconds) * 1000, signal)) return;
  if (!(await engine.killContainer(id, 'SIGKILL', signal))) return;
  if (!(await engine.waitContainer(id, KILL_MS, signal))) throw new Error(`the container ${id} still runs after it was killed`);
}

const KILL_MS = 30_000;

/** The image's or the container's own; engines leave out the default. */
function stopSignalOf({ Config }: WireContainer): string {
  const own = Config?.StopSignal ?? '';
  return own === '' ? 'SIGTERM' : own;
}
