import type { Handle, PortLayer } from '../../../clients/port-layer/port.ts';
import { taskOf } from '../vm/identity.ts';
import { carryPipes } from '../vm/pipe-words.ts';
import type { TaskPlan } from '../plan/plan-create.ts';
import type { ProcessConfig } from '../vm/process-config.ts';

interface JoinedTask {
  readonly handle: Handle;
  readonly id: string;
  /** Layer whose file system it runs in. */
  readonly namespace: string;
  readonly process: ProcessConfig;
  readonly openStdin: boolean;
  readonly tty: boolean;
}

export interface TasksOfVm {
  readonly handle: Handle;
  readonly vmId: string;
  readonly tasks: readonly TaskPlan[];
}

/** Adds the tasks to the handle and makes them start with the VM. */
export async function joinTasks(portLayer: PortLayer, { handle, vmId, tasks }: TasksOfVm, signal: AbortSignal): Promise<Handle> {
  let current = handle;
  for (const { primary, container, namespace, process, openStdin, tty } of tasks) {
    const id = primary ? vmId : taskOf(vmId, container, undefined);
    current = await joinTask(portLayer, { handle: current, id, namespace, process, openStdin, tty }, signal);
  }
  return current;
}

/** Adds one task to the handle, so that it starts with the commit, or with the VM where that is off. */
export async function joinTask(portLayer: PortLayer, { process, ...task }: JoinedTask, signal: AbortSignal): Promise<Handle> {
  // Without `attach` no stream of the process could ever be opened.
  const joined = await portLayer.joinTask({ ...task, ...process, ...carryPipes(process), attach: true }, signal);
  return await portLayer.bindTask(joined.handle, joined.id, signal);
}
