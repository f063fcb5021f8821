import type { DefineContainers } from '../../../kubelet/provider.ts';
import { aliveIn, lookAt } from '../vm/look.ts';
import { isPoweredOn } from '../vm/observe.ts';
import type { TaskPlan } from '../plan/plan-create.ts';
import type { PodVm } from '../vm/pod-index.ts';
import { stopVm } from '../vm/power.ts';
import { startTask } from './start-task.ts';
import { startWithVm, type StartOptions } from './start-with-vm.ts';

const POLL_MS = 100;
/** How long a VM in which nothing runs any more may take to power itself off. */
const POWER_OFF_MS = 5_000;
/** How long a VM may take to boot, or to stop, at somebody else's wish. */
const PATIENCE_MS = 4 * 60_000;

/**
 * Starts a container in its VM: with the VM, where that is off, and as a task of its own, where other containers run in it.
 * Returns what was started; undefined when the VM is gone, `running` when the container runs already.
 */
export async function startContainer(
  options: StartOptions,
  found: PodVm,
  container: string,
  define: DefineContainers,
  signal: AbortSignal,
): Promise<readonly TaskPlan[] | 'running' | undefined> {
  const { clock } = options;
  const begun = clock.monotonic();
  let idleSince: number | undefined;
  for (;;) {
    const info = await options.portLayer.containerInfo(found.info.id, signal);
    const look = info === undefined ? undefined : await lookAt(options, { ...found, info }, signal);
    if (look === undefined) return undefined;
    if (aliveIn(look).includes(container)) return 'running';
    const { state } = look.vm.info;
    if (!isPoweredOn(look.vm.info)) return await startWithVm(options, look.vm, container, define, signal);
    if (clock.monotonic() - begun > PATIENCE_MS) throw new Error(`the pod VM stays in state ${state}`);
    if (state === 'Running' && aliveIn(look).length > 0) {
      const started = await startTask(options, look, container, define, signal);
      if (started !== undefined) return started;
      await clock.sleep(POLL_MS, signal);
    } else if (state === 'Running') {
      // On its way to power-off: what was started now would be lost with it.
      idleSince ??= clock.monotonic();
      if (clock.monotonic() - idleSince > POWER_OFF_MS) await stopVm(options, { id: look.vm.info.id, containers: 1, stopSignal: '' }, 1, signal);
      else await clock.sleep(POLL_MS, signal);
    } else await clock.sleep(POLL_MS, signal);
  }
}
