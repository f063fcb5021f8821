import type { PortLayer, StatsSample } from '../../clients/port-layer/port.ts';
import { messageOf } from '../../errors/vick-error.ts';
import type { NetworkUsage, NodeUsage, PodStats, PodUsage } from '../../kubelet/capabilities.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import type { Look } from './vm/look.ts';
import { isPoweredOn } from './vm/observe.ts';
import type { PodVm } from './vm/pod-index.ts';
import { memoryInBytes } from './node/units.ts';

export interface StatsOptions {
  readonly portLayer: PortLayer;
  readonly clock: Clock;
  readonly log: Log;
  readonly list: (signal: AbortSignal) => Promise<readonly PodVm[]>;
  readonly look: (vm: PodVm, signal: AbortSignal) => Promise<Look | undefined>;
}

/** What was summed up of one VM's samples. They tell of single intervals; readers want counters. */
interface Totals {
  readonly latest: StatsSample;
  readonly coreNanoSeconds: number;
  readonly networks: ReadonlyMap<string, { rxBytes: number; rxErrors: number; txBytes: number; txErrors: number }>;
}

interface Subscription {
  readonly end: AbortController;
  readonly first: Promise<void>;
  askedAt: number;
  totals: Totals | undefined;
}

/** The node's capacity counts a core as 1 GHz, and so must its use. */
const NANO_CORES_PER_MHZ = 1e6;
/** Nobody asks any more: the stream is given up. */
const IDLE_MS = 2 * 60_000;
const FIRST_SAMPLE_MS = 1_500;

/** Statistics of pods from streams that last as long as somebody asks. `stop` ends them all. */
export function podStats(options: StatsOptions): PodStats & { stop(): void } {
  const { portLayer, clock, log } = options;
  const subscriptions = new Map<string, Subscription>();

  const subscribe = (vmId: string): Subscription => {
    let arrived: () => void = () => undefined;
    const first = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const subscription: Subscription = { end: new AbortController(), first, askedAt: clock.monotonic(), totals: undefined };
    const run = async (): Promise<void> => {
      for await (const sample of (await portLayer.stats(vmId, subscription.end.signal)) ?? []) {
        if (subscription.totals !== undefined && sample.time <= subscription.totals.latest.time) continue;
        subscription.totals = addSample(subscription.totals, sample);
        arrived();
        if (clock.monotonic() - subscription.askedAt > IDLE_MS) return;
      }
    };
    void run()
      .catch((error: unknown) => {
        if (!subscription.end.signal.aborted) log.debug('statistics of a pod VM are not to be had', { vm: vmId, error: messageOf(error) });
      })
      .finally(() => {
        arrived();
        subscription.end.abort(new Error('nobody asks for statistics'));
        if (subscriptions.get(vmId) === subscription) subscriptions.delete(vmId);
      });
    subscriptions.set(vmId, subscription);
    return subscription;
  };

  return {
    stop: () => {
      for (const { end } of subscriptions.values()) end.abort(new Error('the kubelet is stopping'));
    },
    pods: async (signal) => {
      const vms = (await options.list(signal)).filter(({ info }) => isPoweredOn(info));
      const running = new Set(vms.map(({ info }) => info.id));
      for (const [id, { end }] of subscriptions) if (!running.has(id)) end.abort(new Error('the pod VM is off'));
      const limit = new AbortController();
      const patience = clock.sleep(FIRST_SAMPLE_MS, AbortSignal.any([signal, limit.signal])).catch(() => undefined);
      try {
        const each = await Promise.all(
          vms.map(async (vm) => {
            const subscription = subscriptions.get(vm.info.id) ?? subscribe(vm.info.id);
            subscription.askedAt = clock.monotonic();
            await Promise.race([subscription.first, patience]);
            return usageOf(vm, await options.look(vm, signal), subscription.totals);
          }),
        );
        return byPod(each);
      } finally {
        limit.abort();
      }
    },
    node: async (signal): Promise<NodeUsage> => {
      const info = await portLayer.vchInfo(signal);
      const time = clock.now();
      const limit = memoryInBytes(info.memoryMiB, 'mb');
      return {
        cpu: { time, usageNanoCores: info.cpuUsageMhz * NANO_CORES_PER_MHZ },
        memory: {
          ...{ time, usageBytes: info.memoryUsageBytes, workingSetBytes: info.memoryUsageBytes },
          ...(limit > 0 ? { availableBytes: Math.max(0, limit - info.memoryUsageBytes) } : {}),
        },
      };
    },
  };
}

function addSample(before: Totals | undefined, sample: StatsSample): Totals {
  const networks = new Map(before?.networks);
  for (const { name, rxBytes, rxErrors, txBytes, txErrors } of sample.networks) {
    const sum = networks.get(name) ?? { rxBytes: 0, rxErrors: 0, txBytes: 0, txErrors: 0 };
    networks.set(name, {
      ...{ rxBytes: sum.rxBytes + rxBytes, rxErrors: sum.rxErrors + rxErrors },
      ...{ txBytes: sum.txBytes + txBytes, txErrors: sum.txErrors + txErrors },
    });
  }
  const nanoSeconds = sample.cpuMhz * NANO_CORES_PER_MHZ * sample.intervalSeconds;
  return { latest: sample, coreNanoSeconds: (before?.coreNanoSeconds ?? 0) + nanoSeconds, networks };
}

/** Of a pod with several VMs each one is a container's, so their sum is left to the reader; what the pod sends and receives is not. */
function byPod(each: readonly PodUsage[]): readonly PodUsage[] {
  const pods = new Map<string, PodUsage>();
  for (const usage of each) {
    const before = pods.get(usage.uid);
    pods.set(usage.uid, before === undefined ? usage : joined(before, usage));
  }
  return [...pods.values()];
}

function joined(a: PodUsage, b: PodUsage): PodUsage {
  const interfaces = new Map<string, NetworkUsage['interfaces'][number]>();
  for (const one of [...(a.network?.interfaces ?? []), ...(b.network?.interfaces ?? [])]) {
    const { rxBytes = 0, rxErrors = 0, txBytes = 0, txErrors = 0 } = interfaces.get(one.name) ?? {};
    interfaces.set(one.name, {
      ...{ name: one.name, rxBytes: rxBytes + (one.rxBytes ?? 0), rxErrors: rxErrors + (one.rxErrors ?? 0) },
      ...{ txBytes: txBytes + (one.txBytes ?? 0), txErrors: txErrors + (one.txErrors ?? 0) },
    });
  }
  const time = Math.max(a.network?.time ?? 0, b.network?.time ?? 0);
  const containers = [...a.containers, ...b.containers];
  return { uid: a.uid, ...(interfaces.size === 0 ? {} : { network: { time, interfaces: [...interfaces.values()] } }), containers };
}

function usageOf({ identity }: PodVm, look: Look | undefined, totals: Totals | undefined): PodUsage {
  if (totals === undefined) return { uid: identity.uid, containers: [] };
  const { time, cpuMhz, activeMemoryBytes } = totals.latest;
  const usage = {
    cpu: { time, usageNanoCores: cpuMhz * NANO_CORES_PER_MHZ, usageCoreNanoSeconds: totals.coreNanoSeconds },
    memory: { time, workingSetBytes: activeMemoryBytes },
  };
  // vSphere measures the VM. Only where one container runs in it are its numbers that container's.
  const running = look?.pod.containers.filter(({ state }) => state.kind === 'running') ?? [];
  const [only] = running.length === 1 && look?.runs.group.length === 1 ? running : [];
  return {
    uid: identity.uid,
    ...usage,
    network: { time, interfaces: [...totals.networks].map(([name, sums]) => ({ name, ...sums })) },
    containers: only?.state.kind === 'running' ? [{ name: only.name, startedAt: only.state.startedAt, ...usage }] : [],
  };
}
