/** vSphere's samples as Docker's statistics (vmware/vic lib/apiservers/engine/backends/convert/stats.go). */

interface Transfer {
  readonly Bytes: number;
  readonly Packets: number;
  readonly Dropped: number;
}

interface DiskTransfer {
  readonly Bytes: number;
  readonly Op: number;
}

/** As the port layer sends it. */
export interface VmSample {
  readonly CPU: { readonly CPUs: readonly { readonly MhzUsage: number }[] };
  /** KiB. */
  readonly Memory: { readonly Active: number };
  readonly Networks: readonly { readonly Name: string; readonly Rx: Transfer; readonly Tx: Transfer }[];
  readonly Disks: readonly { readonly Name: string; readonly Read: DiskTransfer; readonly Write: DiskTransfer }[];
  readonly SampleTime: string;
}

interface Previous {
  readonly time: string;
  readonly total: number;
  readonly perCpu: readonly number[];
}

const DISK_MAJOR = 8;
/** Disks are this many minor numbers apart. */
const MINOR_STEP = 16;

/** One subscription: networks and disks are added up for as long as it lasts. Two samples make the first statistic. */
export class StatsConverter {
  private readonly vchMhz: number;
  private readonly limitBytes: number;
  private readonly sums = new Map<string, number>();
  private previous: Previous | undefined;

  /** `limitBytes` 0: unknown, and left out. */
  constructor(vchMhz: number, limitBytes: number) {
    this.vchMhz = vchMhz;
    this.limitBytes = limitBytes;
  }

  /** Undefined: there is nothing to compare with yet, or the sample is not newer than the last. */
  add(sample: VmSample): object | undefined {
    const { previous } = this;
    if (previous !== undefined && Date.parse(sample.SampleTime) <= Date.parse(previous.time)) return undefined;
    const perCpu = sample.CPU.CPUs.map(({ MhzUsage }) => MhzUsage);
    const mean = perCpu.length === 0 ? 0 : Math.trunc(perCpu.reduce((sum, one) => sum + one, 0) / perCpu.length);
    const current: Previous = { time: sample.SampleTime, total: (previous?.total ?? 0) + mean, perCpu };
    const [networks, disks] = [this.networks(sample), this.disks(sample)];
    this.previous = current;
    if (previous === undefined) return undefined;
    return {
      read: goTime(current.time),
      preread: goTime(previous.time),
      pids_stats: {},
      blkio_stats: {
        ...disks,
        ...{ io_queue_recursive: null, io_service_time_recursive: null, io_wait_time_recursive: null },
        ...{ io_merged_recursive: null, io_time_recursive: null, sectors_recursive: null },
      },
      num_procs: 0,
      storage_stats: {},
      // Only the difference of the two means something: it is always the whole VCH.
      cpu_stats: cpuStats(current, 2 * this.vchMhz),
      precpu_stats: cpuStats(previous, this.vchMhz),
      memory_stats: { usage: omitZero(Math.trunc(sample.Memory.Active * 1024)), limit: omitZero(this.limitBytes) },
      networks: Object.keys(networks).length === 0 ? undefined : networks,
    };
  }

  private networks({ Networks }: VmSample): Readonly<Record<string, unknown>> {
    const entries = Networks.map(({ Name, Rx, Tx }) => {
      const sum = (which: string, value: number): number => this.sum(`${Name} ${which}`, value);
      const received = { rx_bytes: sum('rx', Rx.Bytes), rx_packets: sum('rx packets', Rx.Packets), rx_errors: 0, rx_dropped: sum('rx dropped', Rx.Dropped) };
      const sent = { tx_bytes: sum('tx', Tx.Bytes), tx_packets: sum('tx packets', Tx.Packets), tx_errors: 0, tx_dropped: sum('tx dropped', Tx.Dropped) };
      return [Name, { ...received, ...sent }] as const;
    });
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  private disks({ Disks }: VmSample): object {
    const perDisk = Disks.map(({ Name, Read, Write }) => ({
      minor: MINOR_STEP * (Number(Name.split(':').at(-1)) || 0),
      bytes: [this.sum(`${Name} read`, Read.Bytes), this.sum(`${Name} written`, Write.Bytes)] as const,
      operations: [this.sum(`${Name} reads`, Read.Op), this.sum(`${Name} writes`, Write.Op)] as const,
    }));
    const rows = (minor: number, [read, written]: readonly [number, number]): readonly unknown[] =>
      Object.entries({ Read: read, Write: written, Total: read + written }).map(([op, value]) => ({ major: DISK_MAJOR, minor, op, value }));
    return {
      io_service_bytes_recursive: perDisk.flatMap(({ minor, bytes }) => rows(minor, bytes)),
      io_serviced_recursive: perDisk.flatMap(({ minor, operations }) => rows(minor, operations)),
    };
  }

  private sum(name: string, value: number): number {
    const total = (this.sums.get(name) ?? 0) + value;
    this.sums.set(name, total);
    return total;
  }
}

function cpuStats({ total, perCpu }: Previous, systemMhz: number): unknown {
  return {
    cpu_usage: { total_usage: total, percpu_usage: perCpu.length === 0 ? undefined : perCpu, usage_in_kernelmode: 0, usage_in_usermode: 0 },
    system_cpu_usage: omitZero(systemMhz),
    throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
  };
}

function omitZero(number: number): number | undefined {
  return number === 0 ? undefined : number;
}

/** Without the zeros at the end of the fraction. */
function goTime(time: string): string {
  return time.replace(/(\.\d*?)0*Z$/, (_end, fraction: string) => (fraction === '.' ? 'Z' : `${fraction}Z`));
}
