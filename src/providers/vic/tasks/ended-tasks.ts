import { portLayerFailure } from '../../../clients/port-layer/failure.ts';
import type { Handle, PortLayer } from '../../../clients/port-layer/port.ts';

/** Exec tasks that have ended, by VM, which keeps them until they are taken out. Whoever removes a VM forgets them. */
export type EndedTasks = Map<string, readonly string[]>;

export function rememberEnded(ended: EndedTasks, vmId: string, taskId: string): void {
  ended.set(vmId, [...(ended.get(vmId) ?? []), taskId]);
}

/** Takes them out on the handle that adds the next task, so that it costs no change of its own. `committed` is to be called once it is. */
export async function removeEnded(
  portLayer: PortLayer,
  ended: EndedTasks,
  vm: { readonly id: string; readonly handle: Handle },
  signal: AbortSignal,
): Promise<{ readonly handle: Handle; readonly committed: () => void }> {
  const removed = ended.get(vm.id) ?? [];
  let { handle } = vm;
  for (const id of removed) {
    try {
      handle = await portLayer.removeTask(handle, id, signal);
    } catch (error) {
      signal.throwIfAborted();
      // A VM that was off in between has forgotten it.
      if (portLayerFailure(error)?.kind !== 'refused' || portLayerFailure(error)?.reason === 'Failed to get the Handle') throw error;
    }
  }
  return {
    handle,
    committed: () => {
      const left = (ended.get(vm.id) ?? []).filter((id) => !removed.includes(id));
      if (left.length === 0) ended.delete(vm.id);
      else ended.set(vm.id, left);
    },
  };
}
