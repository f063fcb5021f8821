/**
 * Empties a node before it goes, as `kubectl drain` does (kubernetes/kubectl pkg/drain): pods are evicted, so that
 * disruption budgets are asked; what nobody would make again needs a word of its own.
 */
import { paths } from '../../clients/kubernetes/paths.ts';
import type { KubeErrorDetails, KubernetesApi } from '../../clients/kubernetes/port.ts';
import { isVickError, messageOf, VickError } from '../../errors/vick-error.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Json, Pod } from '../../platform/kubernetes-objects.ts';

/** Named as kubectl's flags. */
export interface DrainOptions {
  /** Also pods that no controller makes again. */
  readonly force: boolean;
  readonly deleteEmptydirData: boolean;
  /** False: pods of DaemonSets are in the way. */
  readonly ignoreDaemonsets: boolean;
  /** Delete pods without asking disruption budgets. */
  readonly disableEviction: boolean;
  /** Seconds instead of each pod's own; undefined or negative: its own. */
  readonly gracePeriod: number | undefined;
  /** Milliseconds until all pods must be gone. */
  readonly timeoutMs: number;
}

export interface DrainPlan {
  readonly evict: readonly PodRef[];
  /** What is in the way, by reason. */
  readonly refused: readonly { readonly reason: string; readonly flag: string; readonly pods: readonly PodRef[] }[];
}

export interface PodRef {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string | undefined;
}

export async function planDrain(api: KubernetesApi, nodeName: string, options: DrainOptions, signal: AbortSignal): Promise<DrainPlan> {
  const list = await api.request<{ readonly items?: readonly Pod[] }>(
    { method: 'GET', path: paths.allPods(), query: { fieldSelector: `spec.nodeName=${nodeName}` } },
    signal,
  );
  // Finished pods have nothing to lose; static ones (mirror pods) go with their kubelet.
  const pods = (list.items ?? []).filter(
    ({ status, metadata }) =>
      status?.phase !== 'Succeeded' && status?.phase !== 'Failed' && metadata?.annotations?.['kubernetes.io/config.mirror'] === undefined,
  );
  const ofDaemonSet = pods.filter((pod) => ownerOf(pod)?.kind === 'DaemonSet');
  const others = pods.filter((pod) => !ofDaemonSet.includes(pod));
  const refuse = (reason: string, flag: string, allowed: boolean, found: readonly Pod[]): DrainPlan['refused'] =>
    allowed || found.length === 0 ? [] : [{ reason, flag, pods: found.map(refOf) }];
  return {
    evict: others.map(refOf),
    refused: [
      ...refuse(
        'no controller makes them again',
        '--force',
        options.force,
        others.filter((pod) => ownerOf(pod) === undefined),
      ),
      ...refuse(
        'they lose what is in their emptyDir volumes',
        '--delete-emptydir-data',
        options.deleteEmptydirData,
        others.filter((pod) => pod.spec?.volumes?.some((volume) => (volume as { readonly emptyDir?: unknown }).emptyDir !== undefined) === true),
      ),
      ...refuse('a DaemonSet makes them again on every node', '--ignore-daemonsets', options.ignoreDaemonsets, ofDaemonSet),
    ],
  };
}

/** kubectl waits as long between two attempts at a pod that its disruption budget protects. */
const BUDGET_RETRY_MS = 5_000;
const POLL_MS = 500;

/** Evicts and waits until every pod is gone. TIMEOUT names those that stay, and why. */
export async function drain(
  api: KubernetesApi,
  pods: readonly PodRef[],
  options: DrainOptions,
  tools: { readonly clock: Clock; readonly onState?: (state: string) => void },
  signal: AbortSignal,
): Promise<void> {
  const deadline = tools.clock.monotonic() + options.timeoutMs;
  const version = options.disableEviction ? undefined : await evictionVersion(api, signal);
  await Promise.all(pods.map((pod) => remove(api, pod, version, options, deadline, tools, signal)));
}

async function remove(
  api: KubernetesApi,
  pod: PodRef,
  version: string | undefined,
  options: DrainOptions,
  deadline: number,
  { clock, onState }: { readonly clock: Clock; readonly onState?: (state: string) => void },
  signal: AbortSignal,
): Promise<void> {
  const shown = `${pod.namespace}/${pod.name}`;
  const late = (why: string): VickError =>
    new VickError('TIMEOUT', `pod ${shown} did not go in time: ${why}`, {
      hint: `Look at it with: kubectl describe pod -n ${pod.namespace} ${pod.name}; or raise --timeout.`,
      details: { pod },
    });
  for (;;) {
    const protectedBy = await ask(api, pod, version, options, signal);
    if (protectedBy === undefined) break;
    onState?.(`${shown}: ${protectedBy}`);
    const left = deadline - clock.monotonic();
    if (left <= 0) throw late(protectedBy);
    await clock.sleep(Math.min(BUDGET_RETRY_MS, left), signal);
  }
  while (await isThere(api, pod, signal)) {
    if (clock.monotonic() >= deadline) throw late('it still ends');
    await clock.sleep(POLL_MS, signal);
  }
}

/** Why the pod may not go now; undefined when it is on its way. */
async function ask(api: KubernetesApi, pod: PodRef, version: string | undefined, options: DrainOptions, signal: AbortSignal): Promise<string | undefined> {
  const grace = options.gracePeriod === undefined || options.gracePeriod < 0 ? {} : { gracePeriodSeconds: options.gracePeriod };
  const deleteOptions = { ...grace, ...(pod.uid === undefined ? {} : { preconditions: { uid: pod.uid } }) };
  const path = paths.pod(pod.namespace, pod.name);
  try {
    if (version !== undefined) {
      const body: Json = { apiVersion: version, kind: 'Eviction', metadata: { name: pod.name, namespace: pod.namespace }, deleteOptions };
      await api.request({ method: 'POST', path: `${path}/eviction`, body }, signal);
      return undefined;
    }
    await api.request({ method: 'DELETE', path, body: { apiVersion: 'v1', kind: 'DeleteOptions', ...deleteOptions } }, signal);
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    if (!isVickError(error)) throw error;
    const status = (error.details as KubeErrorDetails | undefined)?.httpStatus;
    // 409: another pod of that name has taken its place.
    if (status === 404 || status === 409) return undefined;
    if (status === 429) return messageOf(error);
    if (version !== undefined && (status === 501 || status === 405)) return ask(api, pod, undefined, options, signal);
    throw error;
  }
}

async function isThere(api: KubernetesApi, pod: PodRef, signal: AbortSignal): Promise<boolean> {
  try {
    const found = await api.request<Pod>({ method: 'GET', path: paths.pod(pod.namespace, pod.name) }, signal);
    return pod.uid === undefined || found.metadata?.uid === pod.uid;
  } catch (error) {
    signal.throwIfAborted();
    if (isVickError(error) && error.code === 'KUBE_NOT_FOUND') return false;
    throw error;
  }
}

/** `policy/v1` from Kubernetes 1.22 on, `policy/v1beta1` before; undefined where nothing evicts. */
async function evictionVersion(api: KubernetesApi, signal: AbortSignal): Promise<string | undefined> {
  interface Resource {
    readonly name: string;
    readonly group?: string;
    readonly version?: string;
  }
  try {
    const { resources = [] } = await api.request<{ readonly resources?: readonly Resource[] }>({ method: 'GET', path: '/api/v1' }, signal);
    const found = resources.find(({ name }) => name === 'pods/eviction');
    return found === undefined ? undefined : `${found.group ?? 'policy'}/${found.version ?? 'v1'}`;
  } catch (error) {
    signal.throwIfAborted();
    if (!isVickError(error)) throw error;
    return error.code === 'KUBE_NOT_FOUND' ? undefined : 'policy/v1';
  }
}

function ownerOf(pod: Pod): { readonly kind: string } | undefined {
  return pod.metadata?.ownerReferences?.find((owner) => owner.controller === true);
}

function refOf({ metadata }: Pod): PodRef {
  return { namespace: metadata?.namespace ?? 'default', name: metadata?.name ?? '', uid: metadata?.uid };
}
