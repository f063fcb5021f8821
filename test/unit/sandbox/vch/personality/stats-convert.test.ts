import { describe, expect, it } from 'vitest';
import { StatsConverter, type VmSample } from '../../../../../src/sandbox/vch/personality/stats-convert.ts';

const io = (Bytes: number, Op = 0): { readonly Bytes: number; readonly Op: number } => ({ Bytes, Op });

function sample(second: number, mhz: readonly number[], bytes = 0): VmSample {
  const transfer = { Bytes: bytes, Packets: bytes / 8, Dropped: 0 };
  return {
    CPU: { CPUs: mhz.map((MhzUsage) => ({ MhzUsage })) },
    Memory: { Active: 20_487.5 },
    Networks: [{ Name: 'ethernet-0', Rx: transfer, Tx: transfer }],
    Disks: [{ Name: 'scsi0:1', Read: io(bytes, 1), Write: io(2 * bytes, 2) }],
    SampleTime: new Date(Date.UTC(2018, 7, 20, 10, 0, second, 500)).toISOString().replace('Z', '000000Z'),
  };
}

describe('statistics made of samples', () => {
  it('need two of them', () => {
    const converter = new StatsConverter(9200, 0);
    expect(converter.add(sample(0, [105, 55]))).toBeUndefined();
    expect(converter.add(sample(20, [106, 56]))).toMatchObject({
      read: '2018-08-20T10:00:20.5Z',
      preread: '2018-08-20T10:00:00.5Z',
      cpu_stats: { cpu_usage: { total_usage: 161, percpu_usage: [106, 56] }, system_cpu_usage: 18_400 },
      precpu_stats: { cpu_usage: { total_usage: 80, percpu_usage: [105, 55] }, system_cpu_usage: 9200 },
      memory_stats: { usage: 20_979_200, limit: undefined },
    });
  });

  it('add up for as long as they are read', () => {
    const converter = new StatsConverter(9200, 2 ** 31);
    converter.add(sample(0, [106, 56], 800));
    converter.add(sample(20, [107, 57], 80));
    converter.add(sample(21, [107, 57], 8));
    expect(converter.add(sample(41, [108, 58], 0))).toMatchObject({
      cpu_stats: { cpu_usage: { total_usage: 328 } },
      precpu_stats: { cpu_usage: { total_usage: 245 } },
      memory_stats: { limit: 2 ** 31 },
      networks: { 'ethernet-0': { rx_bytes: 888, rx_packets: 111, tx_bytes: 888 } },
      blkio_stats: {
        io_service_bytes_recursive: [
          { major: 8, minor: 16, op: 'Read', value: 888 },
          { major: 8, minor: 16, op: 'Write', value: 1776 },
          { major: 8, minor: 16, op: 'Total', value: 2664 },
        ],
        io_serviced_recursive: [{ value: 4 }, { value: 8 }, { value: 12 }],
      },
    });
  });

  it('leave out a sample that is not newer', () => {
    const converter = new StatsConverter(9200, 0);
    converter.add(sample(0, [100]));
    expect(converter.add(sample(0, [100]))).toBeUndefined();
    converter.add(sample(20, [100]));
    expect(converter.add(sample(10, [100]))).toBeUndefined();
  });

  it('do without processors, networks and a limit of the VCH', () => {
    const converter = new StatsConverter(0, 0);
    const bare = (second: number): VmSample => ({ ...sample(second, []), Networks: [], Disks: [] });
    converter.add(bare(0));
    const found = JSON.parse(JSON.stringify(converter.add(bare(20)))) as { cpu_stats: object; networks?: object };
    expect(found.networks).toBeUndefined();
    expect(found.cpu_stats).toEqual({
      cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
      throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
    });
  });
});
