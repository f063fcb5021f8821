import type { Clock } from '../../../../platform/clock.ts';
import type { Operation } from '../operation.ts';
import { MHZ_PER_CORE } from '../pool-usage.ts';
import { PortLayerError, stream } from '../replies.ts';
import type { PortLayerState } from '../state.ts';
import type { Vm } from '../vm.ts';

/** Seconds from one pair of samples to the next. */
export const INTERVAL_S = 20;

/** Statistics: shape and cadence of vSphere's, processor and memory figures of the real processes where they can be read. */
export function statsOperations(state: PortLayerState): readonly Operation[] {
  return [
    {
      id: 'GetContainerStats',
      method: 'GET',
      path: '/containers/{id}/stats',
      query: [{ name: 'stream', type: 'bool', required: true }],
      handle: ({ path }) => {
        const vm = state.containers.find(path['id'] ?? '');
        if (vm === undefined) throw new PortLayerError(404);
        return stream((signal) => samples(state.clock, vm, signal));
      },
    },
  ];
}

/** Two samples per interval, delivered together; the first pair at once while the VM runs. */
export async function* samples(clock: Clock, vm: Vm, signal: AbortSignal): AsyncGenerator<string> {
  let before = await vm.machine?.usage();
  let at = clock.monotonic();
  for (let first = vm.poweredOn; ; first = false) {
    if (!first) await clock.sleep(INTERVAL_S * 1000, signal).catch(() => undefined);
    if (signal.aborted) return;
    const usage = await vm.machine?.usage();
    const elapsed = Math.max(1, (clock.monotonic() - at) / 1000);
    const cores = Math.max(0, (usage?.cpuSeconds ?? 0) - (before?.cpuSeconds ?? usage?.cpuSeconds ?? 0)) / elapsed;
    before = usage;
    at = clock.monotonic();
    for (const ago of [INTERVAL_S, 0]) yield `${JSON.stringify(sample(vm, cores, usage?.residentBytes ?? 0, clock.now() - ago * 1000))}\n`;
  }
}

function sample(vm: Vm, cores: number, residentBytes: number, time: number): unknown {
  const cpus = Math.max(1, vm.config.numCPUs);
  const io = { Bytes: 0, Kbps: 0, Op: 0, Ops: 0 };
  const net = { Bytes: 0, Kbps: 0, Packets: 0, Errors: 0, Dropped: 0 };
  return {
    CPU: { CPUs: Array.from({ length: cpus }, (_, id) => ({ ID: id, MhzUsage: Math.round((cores * MHZ_PER_CORE) / cpus) })), Usage: 0 },
    Memory: { Consumed: 0, Active: Math.round(residentBytes / 1024), Provisioned: 0 },
    Networks: vm.config.endpoints.map((_, index) => ({ Name: `ethernet-${String(index)}`, Rx: net, Tx: net })),
    Disks: [{ Name: 'scsi0:0', Write: io, Read: io }],
    SampleTime: new Date(time).toISOString().replace('Z', '000000Z'),
    Interval: INTERVAL_S,
  };
}
