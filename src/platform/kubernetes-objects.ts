/**
 * Kubernetes objects as they are on the wire: plain, deep-readonly data with times as RFC 3339 strings.
 *
 * `@kubernetes/client-node` types its models as classes with `Date` fields; these are its types only, mapped to the
 * JSON they describe. No code of the package is loaded.
 */
import type {
  CoreV1Event,
  V1ConfigMap,
  V1Container,
  V1ContainerState,
  V1ContainerStatus,
  V1Lease,
  V1Node,
  V1NodeAddress,
  V1NodeCondition,
  V1NodeSystemInfo,
  V1ObjectMeta,
  V1Pod,
  V1PodCondition,
  V1PodSpec,
  V1PodStatus,
  V1Secret,
  V1Service,
  V1Taint,
  V1Toleration,
  V1Volume,
} from '@kubernetes/client-node';

/** A client-node model as deep-readonly JSON data. */
type Plain<T> = T extends Date
  ? string
  : T extends string | number | boolean | null | undefined
    ? T
    : T extends readonly (infer U)[]
      ? readonly Plain<U>[]
      : T extends object
        ? { readonly [K in keyof T]: Plain<T[K]> }
        : T;

type ObjectMeta = Plain<V1ObjectMeta>;
export type Pod = Plain<V1Pod>;
export type PodSpec = Plain<V1PodSpec>;
export type PodStatus = Plain<V1PodStatus>;
export type PodCondition = Plain<V1PodCondition>;
export type Container = Plain<V1Container>;
export type ContainerState = Plain<V1ContainerState>;
export type ContainerStatus = Plain<V1ContainerStatus>;
export type Node = Plain<V1Node>;
export type NodeAddress = Plain<V1NodeAddress>;
export type NodeCondition = Plain<V1NodeCondition>;
export type NodeSystemInfo = Plain<V1NodeSystemInfo>;
export type Taint = Plain<V1Taint>;
export type Toleration = Plain<V1Toleration>;
export type Lease = Plain<V1Lease>;
export type Event = Plain<CoreV1Event>;
export type ConfigMap = Plain<V1ConfigMap>;
export type Secret = Plain<V1Secret>;
export type Service = Plain<V1Service>;
export type Volume = Plain<V1Volume>;

/** JSON of any kind, for objects whose schema is not our business. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** What every Kubernetes object has. */
export interface KubernetesObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: ObjectMeta;
}

/** `metav1.Status`, the body of every refused request. */
export interface StatusObject {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: Record<string, unknown>;
  readonly status: 'Success' | 'Failure';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: {
    readonly name?: string;
    readonly group?: string;
    readonly kind?: string;
    readonly uid?: string;
    readonly causes?: readonly { readonly reason?: string; readonly message?: string; readonly field?: string }[];
    readonly retryAfterSeconds?: number;
  };
  readonly code?: number;
}
