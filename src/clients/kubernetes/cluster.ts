import { VickError } from '../../errors/vick-error.ts';
import type { Cluster, IssuedToken, ObjectRef, PodRef, PodUpdate, TokenSpec } from '../../kubelet/cluster.ts';
import type { Clock } from '../../platform/clock.ts';
import type { ConfigMap, Event, Json, Lease, Node, Pod, Secret, Service } from '../../platform/kubernetes-objects.ts';
import type { Log } from '../../platform/log.ts';
import type { Random } from '../../platform/random.ts';
import { listWatch } from './list-watch.ts';
import { NODE_LEASE_NAMESPACE, paths } from './paths.ts';
import type { KubernetesApi } from './port.ts';
import { heedRetryAfter } from './retry-after.ts';

const STRATEGIC = 'application/strategic-merge-patch+json';
const MERGE = 'application/merge-patch+json';

/** Heartbeats come every 10 s: one that takes longer is of no use. */
const HEARTBEAT = { urgent: true, timeoutMs: 10_000 } as const;

/**
 * The kubelet's view of the API: every call is the one a node identity is allowed to make. A server that asks to wait is
 * heeded; the node's heartbeats wait for nothing else.
 */
export function createCluster(direct: KubernetesApi, tools: { readonly clock: Clock; readonly random: Random; readonly log: Log }): Cluster {
  const api = heedRetryAfter(direct, tools);
  const follow = { api, ...tools };
  const followPods = (fieldSelector: string, onUpdate: (update: PodUpdate) => void, signal: AbortSignal): Promise<void> =>
    listWatch<Pod>(
      { ...follow, path: paths.allPods(), query: { fieldSelector } },
      (update) => {
        if (update.kind === 'listed') onUpdate({ kind: 'listed', pods: update.items });
        else onUpdate({ kind: update.kind, pod: update.item });
      },
      signal,
    );
  return {
    getNode: (name, signal) => api.request<Node>({ method: 'GET', path: paths.node(name), ...HEARTBEAT }, signal),
    createNode: (node, signal) => api.request<Node>({ method: 'POST', path: paths.nodes(), body: asJson(node) }, signal),
    patchNode: (name, body, signal) => api.request<Node>({ method: 'PATCH', path: paths.node(name), body, contentType: STRATEGIC }, signal),
    patchNodeStatus: (name, body, signal) =>
      api.request<Node>({ method: 'PATCH', path: paths.nodeStatus(name), body, contentType: STRATEGIC, ...HEARTBEAT }, signal),

    getLease: (name, signal) => api.request<Lease>({ method: 'GET', path: paths.lease(NODE_LEASE_NAMESPACE, name), ...HEARTBEAT }, signal),
    createLease: (lease, signal) => api.request<Lease>({ method: 'POST', path: paths.leases(NODE_LEASE_NAMESPACE), body: asJson(lease), ...HEARTBEAT }, signal),
    replaceLease: (lease, signal) =>
      api.request<Lease>({ method: 'PUT', path: paths.lease(NODE_LEASE_NAMESPACE, lease.metadata?.name ?? ''), body: asJson(lease), ...HEARTBEAT }, signal),

    getPod: ({ namespace, name }, signal) => api.request<Pod>({ method: 'GET', path: paths.pod(namespace, name) }, signal),
    patchPodStatus: ({ namespace, name, uid }, status, signal) =>
      api.request<Pod>({ method: 'PATCH', path: paths.podStatus(namespace, name), body: { metadata: { uid }, status }, contentType: STRATEGIC }, signal),
    deletePod: async (ref, signal) => {
      await api.request({ method: 'DELETE', path: paths.pod(ref.namespace, ref.name), body: finalDelete(ref) }, signal);
    },
    watchPods: (nodeName, onUpdate, signal) => followPods(`spec.nodeName=${nodeName}`, onUpdate, signal),
    watchAllPods: (onUpdate, signal) => followPods('spec.nodeName!=', onUpdate, signal),
    watchAllNodes: (onUpdate, signal) =>
      listWatch<Node>(
        { ...follow, path: paths.nodes() },
        (update) => {
          if (update.kind === 'listed') onUpdate({ kind: 'listed', nodes: update.items });
          else onUpdate({ kind: update.kind, node: update.item });
        },
        signal,
      ),
    watchNode: (name, onUpdate, signal) =>
      listWatch<Node>(
        { ...follow, path: paths.nodes(), query: { fieldSelector: `metadata.name=${name}` } },
        (update) => {
          if (update.kind === 'listed') onUpdate(update.items[0]);
          else onUpdate(update.kind === 'deleted' ? undefined : update.item);
        },
        signal,
      ),

    getConfigMap: ({ namespace, name }, signal) => api.request<ConfigMap>({ method: 'GET', path: paths.configMap(namespace, name) }, signal),
    getSecret: ({ namespace, name }, signal) => api.request<Secret>({ method: 'GET', path: paths.secret(namespace, name) }, signal),
    watchObject: (ref, onUpdate, signal) =>
      listWatch<ConfigMap | Secret>(
        {
          ...{ ...follow, path: collectionOf(ref), query: { fieldSelector: `metadata.name=${ref.name}` } },
          onInterrupted: (error) => onUpdate({ kind: 'interrupted', error }),
        },
        (update) => {
          if (update.kind === 'listed') onUpdate({ kind: 'known', object: update.items[0] });
          else onUpdate({ kind: 'known', object: update.kind === 'deleted' ? undefined : update.item });
        },
        signal,
      ),
    createToken: async ({ namespace, name }, spec, signal) =>
      issued(await api.request<TokenAnswer>({ method: 'POST', path: paths.serviceAccountToken(namespace, name), body: tokenRequest(spec) }, signal)),
    watchServices: (onUpdate, signal) =>
      listWatch<Service>(
        { ...follow, path: paths.allServices(), onInterrupted: (error) => onUpdate({ kind: 'interrupted', error }) },
        (update) => {
          if (update.kind === 'listed') onUpdate({ kind: 'listed', services: update.items });
          else onUpdate({ kind: update.kind, service: update.item });
        },
        signal,
      ),

    createEvent: (event, signal) =>
      api.request<Event>({ method: 'POST', path: paths.events(event.metadata.namespace ?? 'default'), body: asJson(event) }, signal),
    patchEvent: ({ namespace, name }, body, signal) =>
      api.request<Event>({ method: 'PATCH', path: paths.event(namespace, name), body, contentType: MERGE }, signal),
  };
}

function finalDelete({ uid }: PodRef): { apiVersion: string; kind: string; gracePeriodSeconds: number; preconditions: { uid: string } } {
  return { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0, preconditions: { uid } };
}

function collectionOf({ kind, namespace }: ObjectRef): string {
  return kind === 'Secret' ? paths.secrets(namespace) : paths.configMaps(namespace);
}

interface TokenAnswer {
  readonly status?: { readonly token?: string; readonly expirationTimestamp?: string };
}

function tokenRequest({ audiences, expirationSeconds, boundTo }: TokenSpec): Json {
  const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name: boundTo.name, uid: boundTo.uid };
  return { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences, expirationSeconds, boundObjectRef } };
}

function issued({ status }: TokenAnswer): IssuedToken {
  const expiresAt = Date.parse(status?.expirationTimestamp ?? '');
  if (status?.token === undefined || status.token === '' || Number.isNaN(expiresAt)) {
    throw new VickError('KUBE_API', 'the API server answered a TokenRequest without a token or its end');
  }
  return { token: status.token, expiresAt };
}

/** Typed objects are JSON by construction (see Plain); only their optional fields hide it from the type checker. */
function asJson(object: object): never {
  return object as never;
}
