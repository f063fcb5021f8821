import type { Container, PodSpec } from '../../../platform/kubernetes-objects.ts';
import { parseQuantity, QuantityError } from '../../../platform/quantity.ts';

export interface VmSize {
  readonly numCpus: number;
  readonly memoryMiB: number;
}

type Sized = Pick<PodSpec, 'containers' | 'initContainers' | 'resources'>;

const DEFAULT_CPUS = 2;
const DEFAULT_MEMORY_MIB = 2048;
const MIN_MEMORY_MIB = 512;
const MEMORY_STEP_MIB = 128;
const NANO = 1_000_000_000n;
const MIB = 1024n ** 2n;

/**
 * The size of a pod's VM: the pod's own figure, else the containers' sum or the largest init container, whichever is more.
 * Of each counts the request, else the limit. CPUs are rounded up, 1 at least; memory up to a multiple of 128 MiB, 512
 * at least. Where nothing is said: 2 CPUs, 2048 MiB (the defaults of vmware/vic).
 */
export function vmSize(spec: Sized): VmSize {
  const cpu = wanted(spec, 'cpu');
  const memory = wanted(spec, 'memory');
  return {
    numCpus: cpu === undefined ? DEFAULT_CPUS : Math.max(1, Number(divideUp(cpu, NANO))),
    memoryMiB: memory === undefined ? DEFAULT_MEMORY_MIB : align(Number(divideUp(memory, NANO * MIB))),
  };
}

/** Nano-units; undefined where nobody asks for anything. */
function wanted(spec: Sized, resource: 'cpu' | 'memory'): bigint | undefined {
  const own = amount(spec, resource);
  if (own !== undefined) return own;
  const inits = spec.initContainers ?? [];
  const together = [...spec.containers, ...inits.filter((container) => container.restartPolicy === 'Always')];
  const running = together.map((container) => amount(container, resource)).filter((value) => value !== undefined);
  const starting = inits.map((container) => amount(container, resource)).filter((value) => value !== undefined);
  if (running.length === 0 && starting.length === 0) return undefined;
  const sum = running.reduce((total, value) => total + value, 0n);
  return starting.reduce((most, value) => (value > most ? value : most), sum);
}

function amount(holder: Pick<Container, 'resources'>, resource: 'cpu' | 'memory'): bigint | undefined {
  const text = holder.resources?.requests?.[resource] ?? holder.resources?.limits?.[resource];
  if (text === undefined) return undefined;
  try {
    const { nano } = parseQuantity(text);
    return nano > 0n ? nano : undefined;
  } catch (error) {
    if (error instanceof QuantityError) return undefined;
    throw error;
  }
}

function divideUp(value: bigint, by: bigint): bigint {
  return (value + by - 1n) / by;
}

function align(mib: number): number {
  return Math.max(MIN_MEMORY_MIB, Math.ceil(mib / MEMORY_STEP_MIB) * MEMORY_STEP_MIB);
}
