import { paths } from '../../clients/kubernetes/paths.ts';
import type { KubernetesApi } from '../../clients/kubernetes/port.ts';
import { isVickError, messageOf, VickError } from '../../errors/vick-error.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Node } from '../../platform/kubernetes-objects.ts';

export interface NodeWait {
  readonly nodeName: string;
  readonly until: 'registered' | 'ready';
  /** `clock.monotonic()` at which the wait ends. */
  readonly deadline: number;
  /** With `ready`: whether a node that says so means it, and does not only repeat what an earlier kubelet left. */
  readonly isNew?: ((node: Node) => Promise<boolean>) | undefined;
  /** Called when what is seen changes: `not registered yet`, `NotReady: …`. */
  readonly onState?: (state: string) => void;
}

const INTERVAL_MS = 1000;

/**
 * Polls until the node is there, or Ready. NODE_NOT_READY at the deadline, with what was seen last. An API server that does not
 * answer for a while is waited for; one that refuses the credentials is not.
 */
export async function waitForNode(api: KubernetesApi, clock: Clock, wait: NodeWait, signal: AbortSignal): Promise<Node> {
  let seen = '';
  for (;;) {
    const found = await look(api, wait.nodeName, signal);
    const old = found.node !== undefined && wait.isNew !== undefined && !(await wait.isNew(found.node));
    if (found.node !== undefined && (wait.until === 'registered' || (found.ready && !old))) return found.node;
    const state = found.ready && old ? 'Ready as before; its kubelet has not been heard of yet' : found.state;
    if (state !== seen) wait.onState?.(state);
    seen = state;
    const left = wait.deadline - clock.monotonic();
    if (left <= 0) {
      throw new VickError(
        'NODE_NOT_READY',
        `node ${wait.nodeName} did not become ${wait.until === 'ready' ? 'Ready' : 'known to the cluster'} in time: ${seen}`,
        { details: { node: wait.nodeName, state: seen } },
      );
    }
    await clock.sleep(Math.min(INTERVAL_MS, left), signal);
  }
}

async function look(
  api: KubernetesApi,
  nodeName: string,
  signal: AbortSignal,
): Promise<{ readonly node?: Node; readonly ready: boolean; readonly state: string }> {
  try {
    const node = await api.request<Node>({ method: 'GET', path: paths.node(nodeName), timeoutMs: 10_000 }, signal);
    const ready = node.status?.conditions?.find((condition) => condition.type === 'Ready');
    if (ready?.status === 'True') return { node, ready: true, state: 'Ready' };
    const why = [ready?.reason, ready?.message].filter((text) => text !== undefined && text !== '').join(': ');
    return { node, ready: false, state: `registered, not Ready${why === '' ? '' : ` (${why})`}` };
  } catch (error) {
    signal.throwIfAborted();
    if (!isVickError(error)) throw error;
    if (error.code === 'KUBE_NOT_FOUND') return { ready: false, state: 'not registered yet' };
    if (error.code === 'KUBE_UNAUTHENTICATED' || error.code === 'KUBE_FORBIDDEN' || error.code === 'KUBE_TLS') throw error;
    return { ready: false, state: messageOf(error) };
  }
}
