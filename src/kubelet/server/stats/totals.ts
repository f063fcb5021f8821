import type { ContainerUsage, CpuUsage, MemoryUsage, PodUsage } from '../../capabilities.ts';

/** Usage of the pod as a whole: as measured, or its containers added up when every one of them is known. */
export function addUp(usage: PodUsage): { readonly cpu: CpuUsage | undefined; readonly memory: MemoryUsage | undefined } {
  return {
    cpu: usage.cpu ?? total(usage.containers, 'cpu', ['usageNanoCores', 'usageCoreNanoSeconds']),
    memory: usage.memory ?? total(usage.containers, 'memory', ['usageBytes', 'workingSetBytes', 'rssBytes', 'pageFaults', 'majorPageFaults']),
  };
}

function total<K extends 'cpu' | 'memory'>(
  containers: readonly ContainerUsage[],
  kind: K,
  fields: readonly string[],
): (K extends 'cpu' ? CpuUsage : MemoryUsage) | undefined {
  const parts = containers.map((container) => container[kind] as Readonly<Record<string, number | undefined>> | undefined);
  if (parts.length === 0 || parts.includes(undefined)) return undefined;
  const known = parts.filter((part) => part !== undefined);
  const sums = fields.flatMap((field): [string, number][] => {
    const values = known.map((part) => part[field]);
    return values.includes(undefined) ? [] : [[field, values.reduce<number>((sum, value) => sum + (value ?? 0), 0)]];
  });
  const time = Math.min(...known.map((part) => part['time'] ?? 0));
  return { time, ...Object.fromEntries(sums) };
}
