/** Listens to the port layer: what happens there becomes Docker events (vmware/vic lib/apiservers/engine/backends/eventmonitor.go). */
import type { ContainerEvent } from '../port-layer/events.ts';
import type { Vm } from '../port-layer/vm.ts';
import type { PersonalityParts } from './api.ts';
import { logContainer } from './container-events.ts';
import { containerState } from './container-state.ts';
import { isAutoRemoved } from './containers.ts';
import { removeContainer } from './operate.ts';

const ENDS: ReadonlySet<ContainerEvent> = new Set(['Stopped', 'PoweredOff', 'Failed']);

/** The returned function ends it. */
export function monitorContainers({ state, created, events }: PersonalityParts): () => void {
  /** Also those that are gone by the time their removal is told. */
  const known = new Map<string, Vm>(state.containers.list().map((vm) => [vm.id, vm]));
  /** Started, and not told yet. */
  const starting = new Set<string>();

  return state.events.subscribe((_line, event, id) => {
    const vm = state.containers.find(id) ?? known.get(id);
    if (vm === undefined) return;
    known.set(id, vm);
    tellStart(vm);
    if (event === 'Started') {
      starting.add(id);
      // Events take their time: who waited for the start tells of it first.
      void state.clock.sleep(0).then(() => {
        tellStart(vm);
      });
    } else if (ENDS.has(event)) {
      logContainer(events, vm, 'die', { exitCode: String(containerState(state, vm).exitCode) });
      if (isAutoRemoved(vm)) void autoRemove(vm);
    } else if (event === 'Removed') {
      known.delete(id);
      created.delete(id);
      logContainer(events, vm, 'destroy');
    }
  });

  function tellStart(vm: Vm): void {
    if (starting.delete(vm.id)) logContainer(events, vm, 'start');
  }

  async function autoRemove(vm: Vm): Promise<void> {
    try {
      await state.clock.sleep(0);
      if (state.containers.find(vm.id) === undefined) return;
      await removeContainer({ state, events }, vm, { force: true, volumes: true });
    } catch {
      // It is started anew, or removed by somebody else.
    }
  }
}
