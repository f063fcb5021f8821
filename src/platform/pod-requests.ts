/** What a pod asks of its node, as the scheduler counts it (k8s.io/component-helpers/resource). */
import type { Container, Pod } from './kubernetes-objects.ts';
import { canonicalQuantity, parseQuantity } from './quantity.ts';

/** Nano-units by resource name. */
export type ResourceAmounts = Readonly<Record<string, bigint>>;

/**
 * The sum of containers and sidecars, or the largest init container with the sidecars before it, whichever is more, plus
 * the overhead (kubernetes.io/docs/concepts/workloads/pods/sidecar-containers). Pod-level requests overrule the sum.
 */
export function podRequests({ spec }: Pod): ResourceAmounts {
  if (spec === undefined) return {};
  const known = REQUESTS.get(spec) ?? sumOf(spec);
  REQUESTS.set(spec, known);
  return known;
}

/** Specs are not changed, so what one asks for needs working out once. */
const REQUESTS = new WeakMap<NonNullable<Pod['spec']>, ResourceAmounts>();

function sumOf(spec: NonNullable<Pod['spec']>): ResourceAmounts {
  let sidecars: ResourceAmounts = {};
  let peak: ResourceAmounts = {};
  for (const init of spec.initContainers ?? []) {
    const together = plus(sidecars, requestsOf(init));
    if (init.restartPolicy === 'Always') sidecars = together;
    else peak = maximum(peak, together);
  }
  const running = spec.containers.map(requestsOf).reduce(plus, sidecars);
  return plus({ ...maximum(running, peak), ...amounts(spec.resources?.requests) }, amounts(spec.overhead));
}

export function amounts(list: Readonly<Record<string, string>> | undefined): ResourceAmounts {
  return Object.fromEntries(
    Object.entries(list ?? {}).flatMap(([name, value]) => (canonicalQuantity(value) === undefined ? [] : [[name, parseQuantity(value).nano]])),
  );
}

export function plus(a: ResourceAmounts, b: ResourceAmounts): ResourceAmounts {
  return combine(a, b, (x, y) => x + y);
}

/** `a` without `b`. */
export function minus(a: ResourceAmounts, b: ResourceAmounts): ResourceAmounts {
  return combine(a, b, (x, y) => x - y);
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
