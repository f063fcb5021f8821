import type { WireStats } from '../../clients/docker-engine/containers-port.ts';
import type { ContainerUsage, CpuUsage, MemoryUsage, NetworkUsage, PodStats, PodUsage } from '../../kubelet/capabilities.ts';
import type { DockerContext } from './context.ts';
import { timeOf } from './observe.ts';
import { listParts } from './parts.ts';

/** One question at a time to each of so many containers: an engine reads control groups for every one. */
const PARALLEL = 8;

export function podStats(context: DockerContext): PodStats {
  const previous = new Map<string, { readonly time: number; readonly cpu: number }>();
  return {
    pods: async (signal) => {
      const parts = [...(await listParts(context.engine, context.nodeName, undefined, signal)).values()];
      const ids = parts.flatMap(({ sandbox, attempts }) => [
        ...(sandbox?.State === 'running' ? [sandbox.Id] : []),
        ...[...attempts.values()].flatMap(([latest]) => (latest === undefined ? [] : [latest.id])),
      ]);
      const read = await readAll(context, ids, signal);
      for (const id of previous.keys()) if (!read.has(id)) previous.delete(id);
      return parts.map(({ identity, sandbox, attempts }): PodUsage => {
        const network = sandbox === undefined ? undefined : networkUsage(read.get(sandbox.Id));
        const containers = [...attempts].flatMap(([name, [latest]]): readonly ContainerUsage[] => {
          const wire = latest === undefined ? undefined : read.get(latest.id);
          return wire === undefined || latest === undefined ? [] : [containerUsage(name, latest.id, wire)];
        });
        return { uid: identity.uid, containers, ...(network === undefined ? {} : { network }) };
      });
    },
  };

  function containerUsage(name: string, id: string, wire: WireStats): ContainerUsage {
    const [cpu, memory] = [cpuUsage(id, wire), memoryUsage(wire)];
    return { name, ...(cpu === undefined ? {} : { cpu }), ...(memory === undefined ? {} : { memory }) };
  }

  function cpuUsage(id: string, wire: WireStats): CpuUsage | undefined {
    const [time, total] = [timeOf(wire.read), wire.cpu_stats?.cpu_usage?.total_usage];
    if (time === undefined || total === undefined || total === 0) return undefined;
    const before = previous.get(id);
    if (before === undefined || time > before.time) previous.set(id, { time, cpu: total });
    const rate =
      before === undefined || time <= before.time || total < before.cpu ? undefined : Math.round(((total - before.cpu) / (time - before.time)) * 1000);
    return { time, usageCoreNanoSeconds: total, ...(rate === undefined ? {} : { usageNanoCores: rate }) };
  }
}

async function readAll({ engine }: DockerContext, ids: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, WireStats>> {
  const found = new Map<string, WireStats>();
  const queue = [...ids];
  const worker = async (): Promise<void> => {
    for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
      const stats = await engine.stats(id, signal);
      // A container that does not run has the zero time, or no numbers.
      if (stats !== undefined && timeOf(stats.read) !== undefined) found.set(id, stats);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  return found;
}

/** Working set: what is used without what could be dropped at once (cadvisor, container/libcontainer/handler.go). */
function memoryUsage(wire: WireStats): MemoryUsage | undefined {
  const { usage, limit, stats = {} } = wire.memory_stats ?? {};
  const time = timeOf(wire.read);
  if (usage === undefined || usage === 0 || time === undefined) return undefined;
  const inactive = stats['total_inactive_file'] ?? stats['inactive_file'] ?? 0;
  const workingSetBytes = Math.max(0, usage - inactive);
  const rssBytes = stats['total_rss'] ?? stats['anon'];
  const pageFaults = stats['total_pgfault'] ?? stats['pgfault'];
  const majorPageFaults = stats['total_pgmajfault'] ?? stats['pgmajfault'];
  return {
    time,
    usageBytes: usage,
    workingSetBytes,
    ...(limit === undefined || limit > Number.MAX_SAFE_INTEGER ? {} : { availableBytes: Math.max(0, limit - workingSetBytes) }),
    ...(rssBytes === undefined ? {} : { rssBytes }),
    ...(pageFaults === undefined ? {} : { pageFaults }),
    ...(majorPageFaults === undefined ? {} : { majorPageFaults }),
  };
}

function networkUsage(wire: WireStats | undefined): NetworkUsage | undefined {
  const time = timeOf(wire?.read);
  const interfaces = Object.entries(wire?.networks ?? {});
  if (time === undefined || interfaces.length === 0) return undefined;
  return {
    time,
    interfaces: interfaces.map(([name, { rx_bytes, rx_errors, tx_bytes, tx_errors }]) => ({
      name,
      ...(rx_bytes === undefined ? {} : { rxBytes: rx_bytes }),
      ...(rx_errors === undefined ? {} : { rxErrors: rx_errors }),
      ...(tx_bytes === undefined ? {} : { txBytes: tx_bytes }),
      ...(tx_errors === undefined ? {} : { txErrors: tx_errors }),
    })),
  };
}
