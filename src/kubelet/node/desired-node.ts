/** The Node object as this kubelet wants it. Pure. */
import type { Node, NodeCondition, Taint } from '../../platform/kubernetes-objects.ts';
import type { NodeCapacity, NodeFacts } from '../provider.ts';
import type { NodeImage } from '../pods/images/node-images.ts';
import { nodeConditions } from './conditions.ts';
import { readinessProblems, type HealthRecord } from './health.ts';

/** With the field of Kubernetes 1.35 that the client's types do not have yet. */
export type NodeStatus = NonNullable<Node['status']> & { readonly declaredFeatures?: readonly string[] };

export interface NodeIdentity {
  readonly name: string;
  /** `v<major>.<minor>.<patch>[-suffix]`: version-skew checks parse it. */
  readonly kubeletVersion: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Written once, at creation: an administrator who removes one must win. */
  readonly taints: readonly Taint[];
  /** The port that is really served; undefined while none is. */
  readonly port: number | undefined;
  /** `status.declaredFeatures`: what the scheduler and the API server (since Kubernetes 1.36) may count on. */
  readonly declaredFeatures?: readonly string[];
}

/** What is known of the back end; each part keeps its last answer. */
export interface BackEnd {
  readonly facts: NodeFacts;
  readonly capacity: NodeCapacity | undefined;
  readonly health: HealthRecord;
  /** Undefined: not known, or the back end has no images of its own. */
  readonly images?: readonly NodeImage[] | undefined;
}

/** Labels every kubelet sets, the convention for virtual nodes, and those asked for. */
function nodeLabels(identity: NodeIdentity, facts: NodeFacts): Readonly<Record<string, string>> {
  const { architecture, operatingSystem } = facts.systemInfo;
  return {
    'kubernetes.io/hostname': identity.name.slice(0, 63).replace(/[-.]+$/, ''),
    'kubernetes.io/os': operatingSystem,
    'kubernetes.io/arch': architecture,
    'beta.kubernetes.io/os': operatingSystem,
    'beta.kubernetes.io/arch': architecture,
    type: 'virtual-kubelet',
    ...identity.labels,
  };
}

export function desiredNode(identity: NodeIdentity, backEnd: BackEnd, now: number): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: identity.name, labels: nodeLabels(identity, backEnd.facts), annotations: identity.annotations },
    spec: identity.taints.length === 0 ? {} : { taints: identity.taints },
    status: nodeStatus(identity, backEnd, [], now),
  };
}

/** `previous` are the conditions the API holds; they keep the transition times. */
export function nodeStatus(identity: NodeIdentity, backEnd: BackEnd, previous: readonly NodeCondition[], now: number): NodeStatus {
  const { facts, capacity, health } = backEnd;
  const unknown = capacity === undefined ? ['the capacity of the back end is not known yet'] : [];
  return {
    ...(capacity === undefined ? {} : { capacity: capacity.capacity, allocatable: capacity.allocatable }),
    conditions: nodeConditions({ pressure: capacity?.pressure, problems: [...readinessProblems(health, now), ...unknown], previous, now }),
    addresses: facts.addresses,
    ...(identity.port === undefined ? {} : { daemonEndpoints: { kubeletEndpoint: { Port: identity.port } } }),
    ...(identity.declaredFeatures === undefined ? {} : { declaredFeatures: identity.declaredFeatures }),
    ...(backEnd.images === undefined ? {} : { images: backEnd.images }),
    nodeInfo: { ...facts.systemInfo, kubeletVersion: identity.kubeletVersion, kubeProxyVersion: '' },
  };
}
