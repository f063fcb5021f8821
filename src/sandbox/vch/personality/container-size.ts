import type { HostConfig } from './create-container.ts';
import { DockerError } from './errors.ts';

const DEFAULT_CPUS = 2;
const DEFAULT_MIB = 2048;
const MINIMUM_MIB = 512;
const STEP_MIB = 128;
const BYTES_PER_MIB = 1024 ** 2;

/** MiB of a container VM for a limit in bytes: steps of 128, 512 at least, 2048 where nothing is said. */
export function memoryMiB(bytes: number): number {
  const mib = Math.floor(bytes / BYTES_PER_MIB);
  if (mib === 0) return DEFAULT_MIB;
  return Math.ceil(Math.max(mib, MINIMUM_MIB) / STEP_MIB) * STEP_MIB;
}

/** `CPUCount`, else the first number of `CpusetCpus`; 1 at least, 2 where nothing is said. */
export function cpuCount({ CPUCount: count = 0, CpusetCpus: set = '' }: HostConfig): number {
  if (count > 0) return count;
  if (set === '') return DEFAULT_CPUS;
  const first = set.split(',')[0] ?? '';
  if (!/^\d+$/.test(first)) throw new DockerError(500, `Error parsing CPU count: strconv.Atoi: parsing ${JSON.stringify(first)}: invalid syntax`);
  return Math.max(1, Number(first));
}
