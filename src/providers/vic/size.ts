import type { Container, PodSpec } from '../../platform/kubernetes-objects.ts';
import { parseQuantity } from './quantity.ts';

export interface VmSize {
  readonly numCpus: number;
  readonly memoryMiB: number;
}

const DEFAULT_CPUS = 2;
const DEFAULT_MEMORY_MIB = 2048;
const MIN_MEMORY_MIB = 512;
const MEMORY_STEP_MIB = 128;
const MIB = 1024 ** 2;

/**
 * The size of a pod's VM: the containers' sum or the largest init container, whichever is more. Of each container
 * counts the request, else the limit. CPUs are rounded up, 1 at least; memory up to a multiple of 128 MiB,
 * 512 at least. Where no container says anything: 2 CPUs, 2048 MiB (the defaults of vmware/vic).
 */
export function vmSize(spec: Pick<PodSpec, 'containers' | 'initContainers'>): VmSize {
  const cpu = wanted(spec, 'cpu');
  const memory = wanted(spec, 'memory');
  return {
    numCpus: cpu === undefined ? DEFAULT_CPUS : Math.max(1, Math.ceil(round(cpu))),
    memoryMiB: memory === undefined ? DEFAULT_MEMORY_MIB : align(memory / MIB),
  };
}

function wanted(spec: Pick<PodSpec, 'containers' | 'initContainers'>, resource: 'cpu' | 'memory'): number | undefined {
  const inits = spec.initContainers ?? [];
  const together = [...spec.containers, ...inits.filter((container) => container.restartPolicy === 'Always')];
  const running = together.map((container) => amount(container, resource)).filter((value) => value !== undefined);
  const starting = inits.map((container) => amount(container, resource)).filter((value) => value !== undefined);
  if (running.length === 0 && starting.length === 0) return undefined;
  return Math.max(
    running.reduce((sum, value) => sum + value, 0),
    ...starting,
  );
}

function amount(container: Container, resource: 'cpu' | 'memory'): number | undefined {
  const text = container.resources?.requests?.[resource] ?? container.resources?.limits?.[resource];
  const value = text === undefined ? undefined : parseQuantity(text);
  return value === undefined || value <= 0 ? undefined : value;
}

function align(mib: number): number {
  return Math.max(MIN_MEMORY_MIB, Math.ceil(round(mib) / MEMORY_STEP_MIB) * MEMORY_STEP_MIB);
}

/** Takes the noise of binary fractions away: 0.1 + 0.2 + 0.7 CPUs are one. */
function round(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
