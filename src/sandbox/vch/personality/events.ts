import type { ContainerEvent } from '../port-layer/events.ts';
import type { PortLayerState } from '../port-layer/state.ts';

/** Port layer event → Docker's action. Others are not announced. */
const ACTIONS: Partial<Record<ContainerEvent, string>> = { Created: 'create', Started: 'start', PoweredOff: 'die', Stopped: 'die', Removed: 'destroy' };

/** `/events`: containers only, from now on. */
export async function* dockerEvents(state: PortLayerState, signal: AbortSignal): AsyncGenerator<object> {
  for await (const line of state.events.lines(signal)) {
    const { Event: event, Ref: id } = JSON.parse(line) as { Event: ContainerEvent; Ref: string };
    const action = ACTIONS[event];
    if (action === undefined) continue;
    const vm = state.containers.find(id);
    const exit = action === 'die' ? { exitCode: String(vm?.primary?.exitCode ?? 0) } : {};
    const now = state.clock.now();
    yield {
      status: action,
      id,
      Type: 'container',
      Action: action,
      Actor: { ID: id, Attributes: { ...exit, name: vm?.config.name ?? '' } },
      time: Math.floor(now / 1000),
      timeNano: now * 1_000_000,
    };
  }
}
