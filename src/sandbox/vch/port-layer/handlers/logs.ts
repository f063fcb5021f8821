import type { Operation } from '../operation.ts';
import { DroppedConnection, PortLayerError, stream } from '../replies.ts';
import type { PortLayerState } from '../state.ts';
import { renderEntry, selectEntries, type LogEntry } from '../vm-log.ts';
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
        const following = query.bool('follow') ?? false;
        return stream((signal) => flat(follow(state, vm, { since, tail, timestamp, follow: following }, signal)));
      },
    },
  ];
}

export interface LogRequest {
  readonly since: number;
  readonly tail: number;
  readonly timestamp: boolean;
  readonly follow: boolean;
}

/** Everything asked for, entries that are read together in one piece; a follower polls while the VM runs, and reads once more when it does not. */
export async function* follow(state: Pick<PortLayerState, 'clock'>, vm: Vm, request: LogRequest, signal: AbortSignal): AsyncGenerator<readonly Buffer[]> {
  const rendered = (entry: LogEntry): Buffer => renderEntry(entry, request.timestamp);
  let entries = await vm.context.log.read();
  yield selectEntries(entries, request.since, request.tail).map(rendered);
  let running = request.follow && vm.state === 'Running';
  while (running && !signal.aborted) {
    await state.clock.sleep(POLL_MS, signal).catch(() => undefined);
    running = vm.state === 'Running';
    const sent = entries.length;
    entries = await vm.context.log.read();
    yield selectEntries(entries.slice(sent), request.since, -1).map(rendered);
  }
}

async function* flat(pieces: AsyncIterable<readonly Buffer[]>): AsyncGenerator<Buffer> {
  for await (const piece of pieces) yield* piece;
}
