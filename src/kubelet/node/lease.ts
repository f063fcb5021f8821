/** The node's Lease, its cheap heartbeat (pkg/kubelet, component-helpers/apimachinery/lease). */
import { isVickError } from '../../errors/vick-error.ts';
import { rfc3339Micro, type Clock } from '../../platform/clock.ts';
import type { Lease, Node } from '../../platform/kubernetes-objects.ts';
import type { Log } from '../../platform/log.ts';
import { jitter, type Random } from '../../platform/random.ts';
import type { Cluster } from '../cluster.ts';

export interface LeaseOptions {
  readonly cluster: Pick<Cluster, 'getLease' | 'createLease' | 'replaceLease'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly nodeName: string;
  /** The Node that owns the lease; undefined while there is none. */
  readonly owner: () => Node | undefined;
  /** False while heartbeats must not go on. */
  readonly alive: () => boolean;
  /** Resolves when the lease must be written at once: it has another owner now. */
  readonly wake: () => Promise<void>;
}

const DURATION_SECONDS = 40;
const RENEW_MS = 10_000;
const JITTER = 0.04;
const RETRIES = 5;
/** Pauses while the lease cannot be written at all. */
const FIRST_RETRY_MS = 100;
const MAXIMUM_RETRY_MS = 7_000;

/** Renews until the signal aborts. */
export async function keepLease(options: LeaseOptions, signal: AbortSignal): Promise<void> {
  let lease: Lease | undefined;
  let pause = FIRST_RETRY_MS;
  for (;;) {
    signal.throwIfAborted();
    let wait = jitter(options.random, RENEW_MS, JITTER);
    const owner = options.owner();
    if (owner !== undefined && options.alive()) {
      const renewed = await renew(options, owner, lease, signal);
      if (renewed !== undefined) pause = FIRST_RETRY_MS;
      else {
        wait = pause;
        pause = Math.min(MAXIMUM_RETRY_MS, pause * 2);
      }
      lease = renewed;
    }
    await nap(options, wait, signal);
  }
}

async function nap({ clock, wake }: LeaseOptions, ms: number, signal: AbortSignal): Promise<void> {
  let cancel: () => void = () => undefined;
  const over = new Promise<void>((resolve) => {
    cancel = clock.schedule(ms, resolve);
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await Promise.race([over, wake()]);
  cancel();
}

/** The lease as the API holds it now, or undefined when it could not be written. */
async function renew(options: LeaseOptions, owner: Node, known: Lease | undefined, signal: AbortSignal): Promise<Lease | undefined> {
  const { cluster, log, nodeName } = options;
  let lease = known;
  for (let attempt = 1; ; attempt += 1) {
    try {
      lease ??= await find(cluster, nodeName, signal);
      const wanted = leaseFor(options, owner, lease);
      return lease === undefined ? await cluster.createLease(wanted, signal) : await cluster.replaceLease(wanted, signal);
    } catch (error) {
      signal.throwIfAborted();
      // Somebody else wrote or removed it: look again. Whatever else went wrong needs time.
      const contested = isVickError(error) && (error.code === 'KUBE_CONFLICT' || error.code === 'KUBE_NOT_FOUND');
      if (!contested || attempt >= RETRIES) {
        log.warn('the node lease was not renewed', { error });
        return undefined;
      }
      lease = undefined;
    }
  }
}

async function find(cluster: LeaseOptions['cluster'], name: string, signal: AbortSignal): Promise<Lease | undefined> {
  try {
    return await cluster.getLease(name, signal);
  } catch (error) {
    if (isVickError(error) && error.code === 'KUBE_NOT_FOUND') return undefined;
    throw error;
  }
}

function leaseFor({ nodeName, clock }: LeaseOptions, owner: Node, lease: Lease | undefined): Lease {
  const uid = owner.metadata?.uid ?? '';
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { ...lease?.metadata, name: nodeName, namespace: 'kube-node-lease', ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: nodeName, uid }] },
    spec: { ...lease?.spec, holderIdentity: nodeName, leaseDurationSeconds: DURATION_SECONDS, renewTime: rfc3339Micro(clock.now()) },
  };
}
