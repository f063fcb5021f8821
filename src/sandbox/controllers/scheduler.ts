import { listWatch } from '../../clients/kubernetes/list-watch.ts';
import { paths } from '../../clients/kubernetes/paths.ts';
import type { KubernetesApi } from '../../clients/kubernetes/port.ts';
import { isVickError, messageOf } from '../../errors/vick-error.ts';
import { rfc3339, type Clock } from '../../platform/clock.ts';
import type { Node, Pod } from '../../platform/kubernetes-objects.ts';
import type { Log } from '../../platform/log.ts';
import type { Random } from '../../platform/random.ts';
import { isFinished } from './pod-phase.ts';
import { createEventWriter } from './event-writer.ts';
import { place } from './schedule.ts';

export interface ControllerTools {
  readonly api: KubernetesApi;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

const RETRY_MS = 1000;

/**
 * Binds pods to nodes as an ordinary client of the API: a small stand-in for kube-scheduler's default profile
 * (readiness, cordon, taints, node selector and affinity, requests, pod count). It preempts nothing and knows no
 * volumes, spreading or inter-pod affinity. Runs until the signal aborts.
 */
export async function runScheduler(tools: ControllerTools, signal: AbortSignal): Promise<void> {
  const { api, clock, log } = tools;
  const nodes = new Map<string, Node>();
  const pods = new Map<string, Pod>();
  /** Pods bound by us that the watch has not shown bound yet; they occupy their node meanwhile. */
  const assumed = new Map<string, Pod>();
  /** What was last said of a pod, so that the same refusal is not written again and again. */
  const refused = new Map<string, string>();
  const events = createEventWriter(tools, 'default-scheduler');
  let running = false;
  let again = false;

  const pass = async (): Promise<void> => {
    for (const pod of waiting(pods, assumed)) {
      signal.throwIfAborted();
      const occupying = [...pods.values(), ...assumed.values()].filter((other) => other.spec?.nodeName !== undefined && !isFinished(other));
      const placement = place(pod, [...nodes.values()], occupying);
      if (placement.kind === 'node') await bind(pod, placement.node);
      else await refuse(pod, placement.message);
    }
  };

  const bind = async (pod: Pod, node: string): Promise<void> => {
    const { namespace = '', name = '', uid = '' } = pod.metadata ?? {};
    const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name, namespace, uid }, target: { apiVersion: 'v1', kind: 'Node', name: node } };
    await api.request({ method: 'POST', path: paths.podBinding(namespace, name), body: binding }, signal);
    if (pods.get(uid)?.spec?.nodeName === undefined && pods.has(uid)) {
      assumed.set(uid, { ...pod, spec: { ...(pod.spec ?? { containers: [] }), nodeName: node } });
    }
    refused.delete(uid);
    await events.write(pod, 'Normal', 'Scheduled', `Successfully assigned ${namespace}/${name} to ${node}`, signal);
  };

  const refuse = async (pod: Pod, message: string): Promise<void> => {
    const { namespace = '', name = '', uid = '' } = pod.metadata ?? {};
    if (refused.get(uid) === message) return;
    const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message, lastTransitionTime: rfc3339(clock.now()) };
    const body = { metadata: { uid }, status: { conditions: [condition] } };
    await api.request({ method: 'PATCH', path: paths.podStatus(namespace, name), body, contentType: 'application/strategic-merge-patch+json' }, signal);
    refused.set(uid, message);
    await events.write(pod, 'Warning', 'FailedScheduling', message, signal);
  };

  /** Runs passes until nothing changed meanwhile; a failed pass is tried again after a moment. */
  const wake = (): void => {
    again = true;
    if (running) return;
    running = true;
    void (async () => {
      while (again && !signal.aborted) {
        again = false;
        try {
          await pass();
        } catch (error) {
          // A pod that is gone or was bound by somebody else is no failure: the watch will say so.
          if (!expected(error, signal)) log.warn('scheduling failed', { why: messageOf(error) });
          again = true;
          await clock.sleep(RETRY_MS, signal).catch(() => undefined);
        }
      }
    })().finally(() => {
      running = false;
    });
  };

  const follow = <T extends { metadata?: { uid?: string } }>(path: string, into: Map<string, T>): Promise<never> =>
    listWatch<T>(
      { ...tools, path },
      (update) => {
        if (update.kind === 'listed') {
          into.clear();
          for (const item of update.items) into.set(item.metadata?.uid ?? '', item);
        } else if (update.kind === 'deleted') into.delete(update.item.metadata?.uid ?? '');
        else into.set(update.item.metadata?.uid ?? '', update.item);
        forgetSettled(pods, assumed, refused);
        wake();
      },
      signal,
    );
  await Promise.allSettled([follow<Node>(paths.nodes(), nodes), follow<Pod>(paths.allPods(), pods)]);
}

/** Unbound pods of this scheduler, the most important first, then the oldest. */
function waiting(pods: ReadonlyMap<string, Pod>, assumed: ReadonlyMap<string, Pod>): readonly Pod[] {
  return [...pods.values()]
    .filter((pod) => pod.spec?.nodeName === undefined && pod.metadata?.deletionTimestamp === undefined && !assumed.has(pod.metadata?.uid ?? ''))
    .filter((pod) => (pod.spec?.schedulerName ?? 'default-scheduler') === 'default-scheduler' && (pod.spec?.schedulingGates ?? []).length === 0)
    .sort(
      (a, b) => (b.spec?.priority ?? 0) - (a.spec?.priority ?? 0) || (a.metadata?.creationTimestamp ?? '').localeCompare(b.metadata?.creationTimestamp ?? ''),
    );
}

function forgetSettled(pods: ReadonlyMap<string, Pod>, assumed: Map<string, Pod>, refused: Map<string, string>): void {
  for (const uid of assumed.keys()) if (pods.get(uid)?.spec?.nodeName !== undefined || !pods.has(uid)) assumed.delete(uid);
  for (const uid of refused.keys()) if (!pods.has(uid)) refused.delete(uid);
}

function expected(error: unknown, signal: AbortSignal): boolean {
  return signal.aborted || (isVickError(error) && ['KUBE_CONFLICT', 'KUBE_NOT_FOUND'].includes(error.code));
}
