import type { Operation } from '../operation.ts';
import { DroppedConnection, PortLayerError, stream } from '../replies.ts';
import type { PortLayerState } from '../state.ts';
import { renderEntry, selectEntries } from '../vm-log.ts';
import type { Vm } from '../vm.ts';

const POLL_MS = 1000;

/** The log of a container VM. */
export function logOperations(state: PortLayerState): readonly Operation[] {
  return [
    {
      id: 'GetContainerLogs',
      method: 'GET',
      path: '/containers/{id}/logs',
      query: [
        { name: 'deadline', type: 'int64' },
        { name: 'follow', type: 'bool' },
        { name: 'since', type: 'int64' },
        { name: 'taillines', type: 'int64' },
        { name: 'timestamp', type: 'bool' },
      ],
      handle: ({ path, query }) => {
        const vm = state.containers.find(path['id'] ?? '');
        if (vm === undefined) throw new PortLayerError(404);
        const since = query.int('since');
        if (since === undefined) throw new DroppedConnection('logs without since');
        const tail = query.int('taillines') ?? -1;
        const timestamp = query.bool('timestamp') ?? false;
        const follow = query.bool('follow') ?? false;
        return stream((signal) => read(state, vm, { since, tail, timestamp, follow }, signal));
      },
    },
  ];
}

interface LogRequest {
  readonly since: number;
  readonly tail: number;
  readonly timestamp: boolean;
  readonly follow: boolean;
}

/** Everything asked for; a follower polls while the VM runs, and reads once more when it does not. */
async function* read(state: PortLayerState, vm: Vm, request: LogRequest, signal: AbortSignal): AsyncGenerator<Buffer> {
  let entries = await vm.context.log.read();
  for (const entry of selectEntries(entries, request.since, request.tail)) yield renderEntry(entry, request.timestamp);
  let running = request.follow && vm.state === 'Running';
  while (running && !signal.aborted) {
    await state.clock.sleep(POLL_MS, signal).catch(() => undefined);
    running = vm.state === 'Running';
    const sent = entries.length;
    entries = await vm.context.log.read();
    for (const entry of selectEntries(entries.slice(sent), request.since, -1)) yield renderEntry(entry, request.timestamp);
  }
}
