/**
 * `resourceFieldRef`: requests and limits of a container, in units of a divisor, rounded up (pkg/api/v1/resource/helpers.go,
 * ExtractContainerResourceValue). A limit that is not set is that of the pod, or else what the node can give. Pure.
 */
import type { Container, Pod } from '../../platform/kubernetes-objects.ts';
import { parseQuantity, QuantityError } from '../../platform/quantity.ts';

export interface ResourceField {
  readonly resource: string;
  readonly divisor?: string | null;
}

/** What stands in for a missing limit; undefined: the node has not told yet. */
export type Allocatable = Readonly<Record<string, string>> | undefined;

/** Throws Error with a message for the pod's user. */
export function resourceField(pod: Pod, container: Container, field: ResourceField, allocatable: Allocatable): string {
  const [, kind, resource = ''] = /^(limits|requests)\.(cpu|memory|ephemeral-storage|hugepages-.+)$/.exec(field.resource) ?? [];
  if (kind === undefined) throw new Error(`Unsupported container resource : ${field.resource}`);
  const amount = kind === 'requests' ? container.resources?.requests?.[resource] : limitOf(pod, container, resource, allocatable);
  const unit = resource === 'cpu' ? MILLI : WHOLE;
  const value = inUnits(amount ?? '0', unit);
  const divisor = inUnits(field.divisor ?? '0', unit);
  // No divisor, written as 0, stands for one whole unit.
  return String(ceilDivide(value, divisor === 0n ? WHOLE / unit : divisor));
}

const MILLI = 1_000_000n;
const WHOLE = 1_000_000_000n;

function limitOf(pod: Pod, container: Container, resource: string, allocatable: Allocatable): string | undefined {
  const own = container.resources?.limits?.[resource];
  if (own !== undefined && inUnits(own, 1n) !== 0n) return own;
  if (resource.startsWith('hugepages-')) return own;
  const whole = pod.spec?.resources?.limits?.[resource];
  if (whole !== undefined && inUnits(whole, 1n) !== 0n) return whole;
  if (allocatable === undefined) throw new Error(`limits.${resource} is not set, and what the node can allocate is not known yet`);
  return allocatable[resource];
}

function inUnits(text: string, unit: bigint): bigint {
  try {
    return ceilDivide(parseQuantity(text).nano, unit);
  } catch (error) {
    if (error instanceof QuantityError) throw new Error(`${text}: ${error.message}`, { cause: error });
    throw error;
  }
}

function ceilDivide(value: bigint, by: bigint): bigint {
  return value <= 0n ? 0n : (value + by - 1n) / by;
}
