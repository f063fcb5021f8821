/** What pods are said to use: what their annotations or requests say, from their start on. */
import type { CpuUsage, MemoryUsage, NodeUsage, PodStats, PodUsage } from '../../kubelet/capabilities.ts';
import type { Clock } from '../../platform/clock.ts';
import { canonicalQuantity, parseQuantity, quantityMilliValue, quantityValue } from '../../platform/quantity.ts';
import type { MockBackEnd } from './back-end.ts';
import type { MockContainer } from './pods.ts';

const LEAST_MILLI_CORES = 1;
const LEAST_BYTES = 1024 ** 2;

export function mockStats(back: MockBackEnd, clock: Clock, capacity: Readonly<Record<string, string>>): PodStats {
  const startedAt = clock.now();
  const pods = (): readonly PodUsage[] => {
    const now = clock.now();
    return [...back.pods.values()].map(({ uid, containers }) => ({
      uid,
      containers: [...containers.values()].filter(({ run }) => run.exit === undefined).map((container) => ({ name: container.name, ...usage(container, now) })),
      network: { time: now, interfaces: [{ name: 'eth0', rxBytes: 0, rxErrors: 0, txBytes: 0, txErrors: 0 }] },
    }));
  };
  return {
    pods: () => Promise.resolve(pods()),
    node: () => Promise.resolve(sum(pods(), clock.now(), startedAt, amount(capacity['memory'], 'bytes') ?? 0)),
  };
}

function usage({ settings, run }: MockContainer, now: number): { readonly startedAt: number; readonly cpu: CpuUsage; readonly memory: MemoryUsage } {
  const milliCores = Math.max(LEAST_MILLI_CORES, settings.cpu ?? amount(run.requests['cpu'], 'milli') ?? 0);
  const bytes = Math.max(LEAST_BYTES, settings.memory ?? amount(run.requests['memory'], 'bytes') ?? 0);
  // Nanoseconds of all cores; a container that has just begun has used some.
  const used = Math.max(1, now - run.startedAt) * milliCores * 1_000;
  return {
    startedAt: run.startedAt,
    cpu: { time: now, usageNanoCores: milliCores * 1e6, usageCoreNanoSeconds: used },
    memory: { time: now, usageBytes: bytes, workingSetBytes: bytes, rssBytes: bytes },
  };
}

function sum(pods: readonly PodUsage[], now: number, startedAt: number, total: number): NodeUsage {
  const containers = pods.flatMap((pod) => pod.containers);
  const add = (of: (container: (typeof containers)[number]) => number | undefined): number => containers.reduce((before, one) => before + (of(one) ?? 0), 0);
  const bytes = Math.max(
    LEAST_BYTES,
    add(({ memory }) => memory?.workingSetBytes),
  );
  return {
    startedAt,
    cpu: {
      time: now,
      usageNanoCores: Math.max(
        1e6,
        add(({ cpu }) => cpu?.usageNanoCores),
      ),
      // A counter must not fall when pods go, so it cannot be theirs: as if a tenth of a core had been used all the time.
      usageCoreNanoSeconds: Math.max(1, now - startedAt) * 1e5,
    },
    memory: { time: now, usageBytes: bytes, workingSetBytes: bytes, rssBytes: bytes, availableBytes: Math.max(0, total - bytes) },
    network: { time: now, interfaces: [{ name: 'eth0', rxBytes: 0, rxErrors: 0, txBytes: 0, txErrors: 0 }] },
    fs: { time: now, availableBytes: 10 * 1024 ** 4, capacityBytes: 10 * 1024 ** 4, usedBytes: 0 },
  };
}

function amount(text: string | undefined, unit: 'milli' | 'bytes'): number | undefined {
  if (text === undefined || canonicalQuantity(text) === undefined) return undefined;
  const quantity = parseQuantity(text);
  return unit === 'milli' ? quantityMilliValue(quantity) : quantityValue(quantity);
}
