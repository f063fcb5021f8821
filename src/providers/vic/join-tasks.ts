import type { Handle, PortLayer } from '../../clients/port-layer/port.ts';
import { taskOf } from './identity.ts';
import { carryPipes } from './pipe-words.ts';
import type { TaskPlan } from './plan-create.ts';

export interface TasksOfVm {
  readonly handle: Handle;
  readonly vmId: string;
  readonly tasks: readonly TaskPlan[];
}

/** Adds the tasks to the handle and makes them start with the VM. */
export async function joinTasks(portLayer: PortLayer, { handle, vmId, tasks }: TasksOfVm, signal: AbortSignal): Promise<Handle> {
  let current = handle;
  for (const task of tasks) {
    const joined = await portLayer.joinTask(
      {
        handle: current,
        id: task.primary ? vmId : taskOf(vmId, task.container, undefined),
        namespace: task.namespace,
        ...task.process,
        ...carryPipes(task.process),
        // Without it no stream of the process could ever be opened.
        attach: true,
        openStdin: task.openStdin,
        tty: task.tty,
      },
      signal,
    );
    current = await portLayer.bindTask(joined.handle, joined.id, signal);
  }
  return current;
}
