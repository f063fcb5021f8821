import { parseQuantity } from '../../../../platform/quantity.ts';
import type { JsonMap } from '../fields.ts';
import { mapOf } from '../fields.ts';
import { compareAmounts } from '../validation/quantities.ts';
import { containersOf } from './defaults.ts';
import { isObject } from '../../json.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

const COUNTED = ['cpu', 'memory'];

/**
 * The quality of service a pod gets (k8s.io/kubernetes/pkg/apis/core/helper/qos): Guaranteed when every container limits
 * CPU and memory and asks for as much, BestEffort when nothing is asked for, else Burstable.
 */
export function qosClassOf(spec: JsonMap): QosClass {
  const podLevel = mapOf(spec['resources']);
  const own = isObject(spec['resources']) && (amounts(podLevel, 'requests').size > 0 || amounts(podLevel, 'limits').size > 0);
  const holders = own ? [podLevel] : containersOf(spec).map((container) => mapOf(container['resources']));
  let asksForSomething = false;
  let guaranteed = true;
  for (const resources of holders) {
    const requests = amounts(resources, 'requests');
    const limits = amounts(resources, 'limits');
    if (requests.size > 0 || limits.size > 0) asksForSomething = true;
    guaranteed &&= COUNTED.every((name) => limits.has(name) && (!requests.has(name) || compareAmounts(requests.get(name), limits.get(name)) === 0));
  }
  if (!asksForSomething) return 'BestEffort';
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

/** CPU and memory that are not zero. */
function amounts(resources: JsonMap, field: string): ReadonlyMap<string, unknown> {
  return new Map(Object.entries(mapOf(resources[field])).filter(([name, amount]) => COUNTED.includes(name) && parseQuantity(String(amount)).nano > 0n));
}
