import { listWatch } from '../../clients/kubernetes/list-watch.ts';
import { NODE_LEASE_NAMESPACE, paths } from '../../clients/kubernetes/paths.ts';
import type { PatchType } from '../../clients/kubernetes/port.ts';
import { isVickError, messageOf } from '../../errors/vick-error.ts';
import { rfc3339 } from '../../platform/clock.ts';
import type { Lease, Node, Pod } from '../../platform/kubernetes-objects.ts';
import { Nudge } from './nudge.ts';
import { isFinished } from './pod-phase.ts';
import { createEventWriter } from './event-writer.ts';
import { sameTaints, silentConditions, wantedTaints } from './node-health.ts';
import type { ControllerTools } from './scheduler.ts';
import { staysFor } from './toleration-seconds.ts';

export interface NodeLifecycleOptions extends ControllerTools {
  /** A node is silent when neither its lease nor its heartbeat moved for this long. Real clusters: 50 000. */
  readonly graceMs?: number;
  /** Grace of a node that has just appeared. Real clusters: 60 000. */
  readonly startupGraceMs?: number;
  /** Pods of a node that no longer exists are deleted after this long. Real clusters: 40 000. */
  readonly orphanGraceMs?: number;
}

const EVERY_MS = 1000;

/**
 * Stand-in for the parts of kube-controller-manager that a kubelet lives with: marks silent nodes Unknown, keeps the
 * health taints, evicts by NoExecute taint, deletes pods whose node is gone. An ordinary client of the API; runs until
 * the signal aborts.
 */
export async function runNodeLifecycle(options: NodeLifecycleOptions, signal: AbortSignal): Promise<void> {
  const { api, clock, log } = options;
  const nodes = new Map<string, Node>();
  const leases = new Map<string, Lease>();
  const pods = new Map<string, Pod>();
  const listed = new Set<string>();
  /** When the controller last saw a heartbeat move, by its own clock: a node's clock is not trusted. */
  const seen = new Map<string, { readonly mark: string; readonly at: number; readonly fresh: boolean }>();
  /** When a pod was first seen on a node that does not exist. */
  const orphanedAt = new Map<string, number>();
  const events = createEventWriter(options, 'node-controller');

  const heartbeat = (node: Node): void => {
    const name = node.metadata?.name ?? '';
    const ready = node.status?.conditions?.find((condition) => condition.type === 'Ready' && condition.status !== 'Unknown');
    const mark = `${node.metadata?.uid ?? ''}/${leases.get(name)?.spec?.renewTime ?? ''}/${ready?.lastHeartbeatTime ?? ''}`;
    const before = seen.get(name);
    if (before?.mark !== mark) seen.set(name, { mark, at: clock.monotonic(), fresh: before === undefined });
  };

  const isSilent = (node: Node): boolean => {
    const last = seen.get(node.metadata?.name ?? '');
    const grace = last?.fresh === true ? (options.startupGraceMs ?? 60_000) : (options.graceMs ?? 50_000);
    return last !== undefined && clock.monotonic() - last.at > grace;
  };

  const tend = async (node: Node, evict: boolean): Promise<void> => {
    const name = node.metadata?.name ?? '';
    const conditions = isSilent(node) ? silentConditions(node, clock.now()) : [];
    if (conditions.length > 0) {
      await patch(paths.nodeStatus(name), { status: { conditions: conditions.map((condition) => ({ ...condition })) } });
      await events.write(node, 'Normal', 'NodeNotReady', `Node ${name} status is now: NodeNotReady`, signal);
      for (const pod of pods.values()) if (pod.spec?.nodeName === name) await markNotReady(pod);
      return;
    }
    const taints = wantedTaints(node, clock.now(), evict);
    if (sameTaints(taints, node.spec?.taints ?? [])) return;
    // The resourceVersion makes a concurrent `kubectl taint` win: this write is then tried again on the new list.
    const body = { metadata: { resourceVersion: node.metadata?.resourceVersion ?? '' }, spec: { taints: taints.map((taint) => ({ ...taint })) } };
    await patch(paths.node(name), body, 'application/merge-patch+json');
  };

  const markNotReady = async (pod: Pod): Promise<void> => {
    const ready = pod.status?.conditions?.find((condition) => condition.type === 'Ready');
    if (ready?.status !== 'True') return;
    const { namespace = '', name = '', uid = '' } = pod.metadata ?? {};
    const condition = { type: 'Ready', status: 'False', reason: 'NodeNotReady', lastTransitionTime: rfc3339(clock.now()) };
    await patch(paths.podStatus(namespace, name), { metadata: { uid }, status: { conditions: [condition] } });
  };

  const evictFrom = async (pod: Pod): Promise<void> => {
    const node = [...nodes.values()].find((candidate) => candidate.metadata?.name === pod.spec?.nodeName);
    if (node === undefined || pod.metadata?.deletionTimestamp !== undefined || isFinished(pod)) return;
    const taints = (node.spec?.taints ?? []).filter((taint) => taint.effect === 'NoExecute');
    const limit = staysFor(taints, pod.spec?.tolerations ?? []);
    if (limit === undefined) return;
    const since = Math.max(...taints.map((taint) => (taint.timeAdded === undefined ? 0 : Date.parse(taint.timeAdded))));
    if (clock.now() < since + limit) return;
    const { namespace = '', name = '', uid = '' } = pod.metadata ?? {};
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'DeletionByTaintManager',
      message: 'Taint manager: deleting due to NoExecute taint',
      lastTransitionTime: rfc3339(clock.now()),
    };
    await patch(paths.podStatus(namespace, name), { metadata: { uid }, status: { conditions: [condition] } });
    await events.write(pod, 'Normal', 'TaintManagerEviction', `Marking for deletion Pod ${namespace}/${name}`, signal);
    await remove(pod);
  };

  const collectOrphan = async (pod: Pod): Promise<void> => {
    const uid = pod.metadata?.uid ?? '';
    const onNode = pod.spec?.nodeName;
    if (onNode === undefined || [...nodes.values()].some((node) => node.metadata?.name === onNode)) {
      orphanedAt.delete(uid);
      return;
    }
    const since = orphanedAt.get(uid) ?? clock.monotonic();
    orphanedAt.set(uid, since);
    if (clock.monotonic() - since >= (options.orphanGraceMs ?? 40_000)) await remove(pod, 0);
  };

  const remove = async (pod: Pod, gracePeriodSeconds?: number): Promise<void> => {
    const { namespace = '', name = '', uid = '' } = pod.metadata ?? {};
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid }, ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }) };
    await api.request({ method: 'DELETE', path: paths.pod(namespace, name), body }, signal);
  };

  const patch = async (path: string, body: object, contentType: PatchType = 'application/strategic-merge-patch+json'): Promise<void> => {
    await api.request({ method: 'PATCH', path, body: body as never, contentType }, signal);
  };

  /** One refused or conflicting write must not keep the rest of the cluster waiting: it comes round again in a second. */
  const attempt = async (work: Promise<void>): Promise<void> => {
    try {
      await work;
    } catch (error) {
      const expected = isVickError(error) && ['KUBE_CONFLICT', 'KUBE_NOT_FOUND'].includes(error.code);
      if (!signal.aborted && !expected) log.warn('node lifecycle: a write failed', { why: messageOf(error) });
    }
  };

  /** Changes are looked at as they come; once a second anyway, because grace periods end without anybody telling. */
  const nudge = new Nudge(clock, signal);
  const loop = async (): Promise<void> => {
    for (;;) {
      await nudge.wait(EVERY_MS);
      if (listed.size < 3) continue;
      for (const node of nodes.values()) heartbeat(node);
      const evict = [...nodes.values()].some((node) => node.status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True'));
      for (const node of nodes.values()) await attempt(tend(node, evict));
      for (const pod of pods.values()) await attempt(evictFrom(pod));
      for (const pod of pods.values()) await attempt(collectOrphan(pod));
      for (const uid of orphanedAt.keys()) if (!pods.has(uid)) orphanedAt.delete(uid);
    }
  };

  const follow = <T extends { metadata?: { name?: string; uid?: string } }>(path: string, into: Map<string, T>, key: (item: T) => string): Promise<never> =>
    listWatch<T>(
      { ...options, path },
      (update) => {
        if (update.kind === 'listed') {
          into.clear();
          for (const item of update.items) into.set(key(item), item);
          listed.add(path);
        } else if (update.kind === 'deleted') into.delete(key(update.item));
        else into.set(key(update.item), update.item);
        nudge.poke();
      },
      signal,
    );
  await Promise.allSettled([
    loop(),
    follow<Node>(paths.nodes(), nodes, (node) => node.metadata?.uid ?? ''),
    follow<Lease>(paths.leases(NODE_LEASE_NAMESPACE), leases, (lease) => lease.metadata?.name ?? ''),
    follow<Pod>(paths.allPods(), pods, (pod) => pod.metadata?.uid ?? ''),
  ]);
}
