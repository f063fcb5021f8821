/** What is known of a command in a container, and waiting for it to change. */
import { untilAborted } from '../../../platform/until-aborted.ts';
import type { TaskState } from '../port-layer/task-state.ts';
import type { PortLayerState } from '../port-layer/state.ts';
import type { TaskConfig } from '../port-layer/vm-config.ts';
import type { Vm } from '../port-layer/vm.ts';
import { DockerError, guessedStatus, portLayerSaid } from './errors.ts';

const CREATED: TaskState = { state: 'created', exitCode: 0, error: undefined };

export interface Exec {
  readonly vm: Vm;
  readonly task: TaskConfig;
  readonly state: TaskState;
}

/** Throws 500 when the container is gone, 404 when it has forgotten its commands, as it does when it stops. */
export function findExec({ containers }: PortLayerState, vm: Vm, id: string): Exec {
  if (containers.find(vm.id) === undefined) throw portLayerSaid(`No such container: ${vm.config.name}`);
  const task = vm.config.execs.find((one) => one.id === id);
  if (task === undefined) throw new DockerError(404, `container (${vm.id}) has been stopped`);
  return { vm, task, state: vm.sessions.stateOf(id) ?? CREATED };
}

/** Resolves when the command runs or has run. Throws the reason when it could not be launched, or its container stopped before. */
export async function untilLaunched(state: PortLayerState, vm: Vm, id: string, signal: AbortSignal): Promise<void> {
  const gone = untilAborted(signal);
  for (;;) {
    const { state: found } = findExec(state, vm, id);
    if (found.state === 'failed') throw guessedStatus(found.error ?? 'state: failed');
    if (found.state !== 'created') return;
    if (!vm.poweredOn) throw portLayerSaid(`unable to wait for task when container ${vm.id} is not running`);
    const change = vm.nextChange();
    if (signal.aborted) return;
    await Promise.race([change, gone]);
  }
}
