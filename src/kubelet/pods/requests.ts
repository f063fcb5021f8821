/** What a pod asks of its node, as the scheduler counts it (k8s.io/component-helpers/resource). */
import type { Container, Pod } from '../../platform/kubernetes-objects.ts';
import { canonicalQuantity, parseQuantity } from '../../platform/quantity.ts';

/** Nano-units by resource name. */
export type ResourceAmounts = Readonly<Record<string, bigint>>;

/** The larger of the sum over containers and the biggest init container, plus the overhead; pod-level requests overrule. */
export function podRequests(pod: Pod): ResourceAmounts {
  const { spec } = pod;
  const sum = (spec?.containers ?? []).map(requestsOf).reduce(plus, {});
  const peak = (spec?.initContainers ?? []).map(requestsOf).reduce(maximum, sum);
  return plus({ ...peak, ...amounts(spec?.resources?.requests) }, amounts(spec?.overhead));
}

export function amounts(list: Readonly<Record<string, string>> | undefined): ResourceAmounts {
  return Object.fromEntries(
    Object.entries(list ?? {}).flatMap(([name, value]) => (canonicalQuantity(value) === undefined ? [] : [[name, parseQuantity(value).nano]])),
  );
}

export function plus(a: ResourceAmounts, b: ResourceAmounts): ResourceAmounts {
  return combine(a, b, (x, y) => x + y);
}

/** A limit without a request is the request. */
function requestsOf(container: Container): ResourceAmounts {
  return { ...amounts(container.resources?.limits), ...amounts(container.resources?.requests) };
}

function maximum(a: ResourceAmounts, b: ResourceAmounts): ResourceAmounts {
  return combine(a, b, (x, y) => (x > y ? x : y));
}

function combine(a: ResourceAmounts, b: ResourceAmounts, operator: (x: bigint, y: bigint) => bigint): ResourceAmounts {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return Object.fromEntries([...names].map((name) => [name, operator(a[name] ?? 0n, b[name] ?? 0n)]));
}
