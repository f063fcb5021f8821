/**
 * A virtual kubelet: one Node and its pods, over any PodProvider. Nothing happens before `run`; nothing is kept that a
 * restart would miss.
 */
import { setMaxListeners } from 'node:events';
import type { Clock } from '../platform/clock.ts';
import type { Pod, Taint } from '../platform/kubernetes-objects.ts';
import type { Log } from '../platform/log.ts';
import type { Random } from '../platform/random.ts';
import { orAborted } from '../platform/until-aborted.ts';
import type { Cluster } from './cluster.ts';
import { createEventRecorder } from './events.ts';
import type { NodeIdentity } from './node/desired-node.ts';
import { NodeController } from './node/node-controller.ts';
import { keepImagesWithin } from './pods/images/keep-images-within.ts';
import { PodController } from './pods/pod-controller.ts';
import type { ProbeCount } from './pods/probes/probe-counts.ts';
import { deferred } from './deferred.ts';
import type { ApiServerAddress } from './pods/env-services.ts';
import type { PodProvider } from './provider.ts';
import { openKubeletEndpoint, type KubeletEndpoint, type KubeletEndpointSettings } from './server/endpoint.ts';

export interface KubeletOptions {
  readonly nodeName: string;
  readonly cluster: Cluster;
  readonly provider: PodProvider;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** What the Node reports: `v<major>.<minor>.<patch>[-suffix]`, not newer than the API server. */
  readonly kubeletVersion: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Given to the Node when it is created, and never again. */
  readonly taints?: readonly Taint[];
  /** The kubelet API, port 10250; absent: it is not served. */
  readonly server?: KubeletEndpointSettings;
  /** Where pods reach the API server, when the address of its Service is not reachable from them. */
  readonly apiServer?: ApiServerAddress;
  /** Room for images in bytes: above it unused ones are removed. Absent: none ever is. */
  readonly imageLimitBytes?: number;
}

export interface Kubelet {
  /**
   * Runs until the signal aborts, then finishes status writes and resolves; pods go on running. Rejects only for what
   * cannot be repeated; an API or back end that does not answer is waited for. May be called once.
   */
  run(signal: AbortSignal): Promise<void>;
  /** Resolves when the Node is registered, its status posted, and the pods of the API are known. Rejects with run's cause. */
  readonly ready: Promise<void>;
  /** The pods this node knows of, with the newest status. */
  pods(): readonly Pod[];
  /** How often which probe of these pods had which result: `prober_probe_total`. */
  probeCounts(): readonly ProbeCount[];
}

export function createKubelet(options: KubeletOptions): Kubelet {
  const { cluster, provider, clock, random, log, nodeName } = options;
  const abort = new AbortController();
  // Every part that waits listens for the end; Node warns of more than ten.
  setMaxListeners(0, abort.signal);
  const registered = deferred<undefined>();
  const posted = deferred<undefined>();
  const synced = deferred<undefined>();
  const ended = deferred<never>();
  const ready = Promise.race([Promise.all([posted.promise, synced.promise]).then(() => undefined), ended.promise]);
  // A caller that does not wait for readiness learns the cause from run.
  ready.catch(() => undefined);
  ended.promise.catch(() => undefined);

  const events = createEventRecorder({ cluster, clock, random, log, nodeName, signal: abort.signal });
  let endpoint: KubeletEndpoint | undefined;
  const identity: NodeIdentity = {
    name: nodeName,
    kubeletVersion: options.kubeletVersion,
    labels: options.labels ?? {},
    annotations: options.annotations ?? {},
    taints: options.taints ?? [],
    get port() {
      return endpoint?.port;
    },
    // Declared because both WebSocket protocols of a newer API server are spoken, v5 and tunnelled port-forward.
    ...(options.server === undefined || !knowsDeclaredFeatures(options.kubeletVersion) ? {} : { declaredFeatures: ['ExtendWebSocketsToKubelet'] }),
  };
  const node = new NodeController({
    identity,
    cluster,
    provider,
    clock,
    random,
    log,
    events,
    onRegistered: () => registered.resolve(undefined),
    onPosted: () => posted.resolve(undefined),
  });
  const pods = new PodController({
    ...{ nodeName, cluster, provider, clock, random, log, events, kubeletVersion: options.kubeletVersion },
    ...(options.apiServer === undefined ? {} : { apiServer: options.apiServer }),
    node: () => node.node(),
    allocatable: () => node.allocatable(),
    addresses: () => node.addresses(),
    onSynced: () => synced.resolve(undefined),
  });

  // Pods are judged by the labels and taints of the Node, so there must be one.
  const runPods = async (): Promise<void> => {
    await orAborted(registered.promise, abort.signal);
    await pods.run(abort.signal);
  };

  /** Which images are in use is known when the pods are. */
  const runImages = async (): Promise<void> => {
    const { imageLimitBytes: limitBytes } = options;
    if (limitBytes === undefined || provider.images === undefined) return;
    await orAborted(synced.promise, abort.signal);
    await keepImagesWithin({ images: provider.images, pods: () => pods.pods(), limitBytes, clock, log }, abort.signal);
  };

  /** Listens before the Node names the port. Streams end with the kubelet. */
  const openServer = async (): Promise<KubeletEndpoint | undefined> => {
    if (options.server === undefined || abort.signal.aborted) return undefined;
    return openKubeletEndpoint({
      ...options.server,
      ...{ nodeName, provider, clock, random, log },
      pods: () => pods.pods(),
      addresses: () => node.addresses(),
      probeCounts: () => pods.probeCounts(),
    });
  };

  return {
    ready,
    pods: () => pods.pods(),
    probeCounts: () => pods.probeCounts(),
    run: async (signal) => {
      const stop = (): void => abort.abort(signal.reason);
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
      const guarded = async (part: Promise<void>): Promise<void> => {
        try {
          await part;
        } catch (error) {
          abort.abort(error);
          throw error;
        }
      };
      const work = async (): Promise<void> => {
        endpoint = await openServer();
        const serving = endpoint?.run(abort.signal) ?? Promise.resolve();
        const parts = await Promise.allSettled([guarded(node.run(abort.signal)), guarded(runPods()), guarded(runImages()), guarded(serving)]);
        const failed = parts.find((part) => part.status === 'rejected');
        if (failed !== undefined) throw failed.reason;
      };
      const parts = await Promise.allSettled([work()]);
      signal.removeEventListener('abort', stop);
      const failed = parts.find((part) => part.status === 'rejected');
      ended.reject(failed?.reason ?? signal.reason ?? new Error('the kubelet has stopped'));
      if (failed !== undefined) throw failed.reason;
    },
  };
}

/** An API server knows the field since 1.36, and a kubelet is never newer than its API server. */
function knowsDeclaredFeatures(kubeletVersion: string): boolean {
  return Number(/^v1\.(\d+)\./.exec(kubeletVersion)?.[1] ?? 0) >= 36;
}
