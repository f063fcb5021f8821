import type { VchInfo } from '../../../clients/port-layer/port.ts';
import type { NodeCapacity } from '../../../kubelet/provider.ts';
import { frequencyInHertz, memoryInBytes, memoryQuantity } from './units.ts';

/** Memory that one pod is reckoned to take. */
const BYTES_PER_POD = 2 * 1024 ** 3;
/** Part of the memory limit above which the VCH counts as short of memory. */
const MEMORY_PRESSURE = 0.95;

/**
 * Node resources of a VCH by the formulas of virtual-kubelet's VIC provider: whole cores of 1 GHz, memory cut to the
 * unit it is written in, one pod per 2 GiB.
 */
export function kubeResourcesFromVchInfo(info: Pick<VchInfo, 'cpuMhz' | 'memoryMiB'>): Readonly<Record<'cpu' | 'memory' | 'pods', string>> {
  const bytes = memoryInBytes(info.memoryMiB, 'mb');
  return {
    cpu: String(Math.floor(frequencyInHertz(info.cpuMhz, 'mhz') / frequencyInHertz(1, 'ghz'))),
    memory: memoryQuantity(bytes),
    pods: String(Math.floor(bytes / BYTES_PER_POD)),
  };
}

/**
 * Capacity of the node, `overrides` winning by resource name. Throws when the VCH does not know its limits: it answers
 * zeros when it cannot read its resource pool, and a node without resources would be worse than an old answer.
 */
export function capacityOf(info: VchInfo, overrides: Readonly<Record<string, string>>): NodeCapacity {
  if (info.cpuMhz <= 0 || info.memoryMiB <= 0) throw new Error('the VCH does not report the limits of its resource pool at the moment');
  const resources = { ...kubeResourcesFromVchInfo(info), ...overrides };
  const used = info.memoryUsageBytes / memoryInBytes(info.memoryMiB, 'mb');
  return {
    capacity: resources,
    allocatable: resources,
    ...(used < MEMORY_PRESSURE ? {} : { pressure: { memory: `the VCH uses ${String(Math.round(used * 100))} % of its memory limit` } }),
  };
}
