/**
 * The Kubernetes API as vick's own parts use it. One request is one call; everything typed is built on top.
 * Refusals and failures are VickErrors (KUBE_*); `details.status` is the server's Status object where it sent one.
 */
import type { Json, StatusObject } from '../../platform/kubernetes-objects.ts';

export type PatchType = 'application/strategic-merge-patch+json' | 'application/merge-patch+json' | 'application/json-patch+json';

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Absolute path with every segment encoded: `/api/v1/nodes/kubelet-demo`. `paths.ts` builds them. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: Json;
  /** Default `application/json`; a PATCH must say which kind it is. */
  readonly contentType?: 'application/json' | PatchType;
  /** Milliseconds for the whole request; default 30 000. */
  readonly timeoutMs?: number;
  /** Has connections of its own: requests that wait for an answer, or for a connection, do not hold it up. */
  readonly urgent?: boolean;
}

export interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: T;
}

export interface KubernetesApi {
  /** `https://host:port` without a trailing slash. */
  readonly server: string;
  /** The parsed JSON answer. */
  request<T>(request: ApiRequest, signal?: AbortSignal): Promise<T>;
  /** A plain-text answer (`/version` is JSON, logs and /healthz are not). */
  requestText(request: ApiRequest, signal?: AbortSignal): Promise<string>;
  /**
   * One watch connection. Ends when the server ends it; an ERROR event throws (410 as KUBE_API with details.status.code
   * 410). `onOpen` is called when the server has accepted it.
   */
  watch<T>(request: ApiRequest, signal: AbortSignal, onOpen?: () => void): AsyncIterable<WatchEvent<T>>;
  /** Closes pooled connections. */
  close(): Promise<void>;
}

/** `details` of a KUBE_* error. */
export interface KubeErrorDetails extends Record<string, unknown> {
  readonly httpStatus?: number;
  readonly status?: StatusObject;
  /** The server asks not to be asked again before that; always there for 429. */
  readonly retryAfterSeconds?: number;
}
