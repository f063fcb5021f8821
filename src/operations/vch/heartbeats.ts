/**
 * Whether a node's kubelet has written since its machine restarted.
 *
 * A Node goes on saying Ready for as long as the grace period of the node controller (40 to 50 s, pkg/controller/nodelifecycle)
 * after its kubelet has died, and an endpoint VM may be back by then. Times in it are of the VM's clock, so they are compared
 * with each other only, never with the one here. What a cluster tells for certain, once the old kubelet is gone:
 * - the Ready condition moves: a kubelet posts its status when it starts, with a new heartbeat even when nothing changed
 *   (pkg/kubelet, kubelet_node_status.go), and later at most every 5 minutes, so this alone may be missed;
 * - the Lease is renewed every 10 s. A kubelet renews it before it has posted for the first time, too; with the second renewal it
 *   has been at work for 10 s, and what the Node says is what this kubelet stands by;
 * - the Node has another uid: it was registered anew.
 * The boot id tells nothing here: for the nodes of VCHs it is the id of the VM, which stays.
 */
import { NODE_LEASE_NAMESPACE, paths } from '../../clients/kubernetes/paths.ts';
import type { KubernetesApi } from '../../clients/kubernetes/port.ts';
import { isVickError } from '../../errors/vick-error.ts';
import type { Lease, Node } from '../../platform/kubernetes-objects.ts';

/** Renewals that a kubelet has made since the first look for certain. */
const RENEWALS = 2;

export class Heartbeats {
  readonly #api: KubernetesApi;
  readonly #nodeName: string;
  #first: string | undefined;
  readonly #renewTimes = new Set<string>();

  /** To be made when the old kubelet has ended: the first look is what all others are compared with. */
  constructor(api: KubernetesApi, nodeName: string) {
    this.#api = api;
    this.#nodeName = nodeName;
  }

  /** Looks at `node`, as it was just read, and at its lease. True: the kubelet has written since the first look. */
  async heard(node: Node, signal: AbortSignal): Promise<boolean> {
    const renewTime = await this.#renewTime(signal);
    if (renewTime !== undefined) this.#renewTimes.add(renewTime);
    const seen = fingerprint(node);
    this.#first ??= seen;
    return seen !== this.#first || this.#renewTimes.size > RENEWALS;
  }

  /** Undefined: there is no lease, or it may not or cannot be read; the Node alone tells then. */
  async #renewTime(signal: AbortSignal): Promise<string | undefined> {
    try {
      const path = paths.lease(NODE_LEASE_NAMESPACE, this.#nodeName);
      const lease = await this.#api.request<Lease>({ method: 'GET', path, timeoutMs: 10_000 }, signal);
      return lease.spec?.renewTime ?? undefined;
    } catch (error) {
      signal.throwIfAborted();
      if (!isVickError(error)) throw error;
      return undefined;
    }
  }
}

function fingerprint({ metadata, status }: Node): string {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return JSON.stringify([metadata?.uid, ready?.status, ready?.lastHeartbeatTime, ready?.lastTransitionTime]);
}
