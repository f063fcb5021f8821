import type { Handle, PortLayer } from '../../../clients/port-layer/port.ts';
import type { Clock } from '../../../platform/clock.ts';
import type { Random } from '../../../platform/random.ts';
import { retryConflicts } from '../vm/conflict-retry.ts';

export interface ConnectOptions {
  readonly portLayer: PortLayer;
  readonly clock: Clock;
  readonly random: Random;
}

interface StreamedTask {
  readonly vmId: string;
  readonly id: string;
  readonly container: string;
}

const BUDGET_MS = 60_000;

/** Connects the streams of a task in a VM that runs. A connection is never undone: all tasks of the VM share it. */
export async function connectStreams(options: ConnectOptions, { vmId, id, container }: StreamedTask, signal: AbortSignal): Promise<void> {
  const { portLayer, clock, random } = options;
  await retryConflicts({ clock, random, budgetMs: BUDGET_MS }, signal, async () => {
    // A port layer that was restarted has cut the connection: it is made each time.
    const handle = await runningHandle(portLayer, vmId, container, signal);
    await portLayer.commit(await portLayer.bindInteraction(handle, id, signal), {}, signal);
  });
}

/** Rejects when the VM is not running. */
export async function runningHandle(portLayer: PortLayer, vmId: string, container: string, signal: AbortSignal): Promise<Handle> {
  const handle = await portLayer.handleOf(vmId, signal);
  const state = handle === undefined ? undefined : await portLayer.handleState(handle, signal);
  if (handle === undefined || state !== 'Running') throw new Error(`the container ${container} does not run`);
  return handle;
}
