import type { PortLayerState } from './state.ts';

export interface PoolUsage {
  readonly cpuMhz: number;
  readonly memoryBytes: number;
}

const previous = new WeakMap<PortLayerState, { readonly at: number; readonly cpuSeconds: number }>();

/** What the container VMs use of the VCH's pool now; processor use is the mean since the last call. All 0 when idle. */
export async function poolUsage(state: PortLayerState): Promise<PoolUsage> {
  const running = state.containers.list().filter((vm) => vm.poweredOn);
  if (running.length === 0) return { cpuMhz: 0, memoryBytes: 0 };
  const usages = await Promise.all(running.map(async (vm) => vm.machine?.usage()));
  const cpuSeconds = usages.reduce((sum, usage) => sum + (usage?.cpuSeconds ?? 0), 0);
  const memoryBytes = usages.reduce((sum, usage) => sum + (usage?.residentBytes ?? 0), 0);
  const now = state.clock.monotonic();
  const before = previous.get(state);
  previous.set(state, { at: now, cpuSeconds });
  const elapsed = before === undefined ? 0 : (now - before.at) / 1000;
  const share = before === undefined || elapsed <= 0 ? 0 : Math.max(0, cpuSeconds - before.cpuSeconds) / elapsed;
  return { cpuMhz: Math.round(share * MHZ_PER_CORE), memoryBytes };
}

/** The sandbox counts every core as this fast. */
export const MHZ_PER_CORE = 2300;
