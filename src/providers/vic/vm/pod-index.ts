import type { ContainerInfo, PortLayer } from '../../../clients/port-layer/port.ts';
import { readIdentity, type PodIdentity } from './identity.ts';
import { isPoweredOn } from './observe.ts';

/** A pod's VM as the port layer showed it. */
export interface PodVm {
  readonly identity: PodIdentity;
  readonly info: ContainerInfo;
}

/**
 * Which VM is which pod. The VMs' annotations are the truth; what is remembered here only saves listing. A pod that is
 * not remembered is looked for in a new list.
 */
export interface PodIndex {
  /** All pods of the VCH, from a list that began after this call. Calls at the same time share one. */
  list(signal: AbortSignal): Promise<readonly PodVm[]>;
  /** VM ids of a pod; more than one for containers with VMs of their own, and when it was once made twice. Lists where nothing is remembered. */
  find(uid: string, signal: AbortSignal): Promise<readonly string[]>;
  /** Undefined for what is no VM of a pod, or is gone. */
  read(info: ContainerInfo): PodVm | undefined;
  remember(uid: string, id: string): void;
  forget(id: string): void;
  /** The pod that a VM is known to belong to. */
  uidOf(id: string): string | undefined;
}

/** Of VMs that are the same: the one that runs, else the oldest. Every caller makes the same choice. */
function standingVm(vms: readonly PodVm[]): PodVm | undefined {
  const rank = (a: PodVm, b: PodVm): number =>
    Number(isPoweredOn(b.info)) - Number(isPoweredOn(a.info)) || a.info.createdAt - b.info.createdAt || (a.info.id < b.info.id ? -1 : 1);
  return [...vms].sort(rank)[0];
}

/**
 * The VMs that a pod consists of, of all that bear its UID: the one that is all of it, or one for each of its containers, in
 * spec order. Where there are both, because two kubelets isolated it differently, what runs counts, else what is older.
 */
export function standingVms(vms: readonly PodVm[]): readonly PodVm[] {
  const best = standingVm(vms);
  if (best === undefined) return [];
  if (best.identity.part === undefined) return [best];
  const parts = new Map<string, readonly PodVm[]>();
  for (const vm of vms) {
    const name = vm.identity.part?.container;
    if (name !== undefined) parts.set(name, [...(parts.get(name) ?? []), vm]);
  }
  const standing = [...parts.values()].flatMap((same) => standingVm(same) ?? []);
  return standing.sort((a, b) => positionOf(a) - positionOf(b));
}

/** Whether these are all the VMs that a pod consists of. */
export function areWhole(vms: readonly PodVm[]): boolean {
  const [first] = vms;
  if (first === undefined) return false;
  return first.identity.part === undefined || first.identity.part.order.every((name) => vms.some(({ identity: { part } }) => part?.container === name));
}

function positionOf({ identity: { part } }: PodVm): number {
  return part === undefined ? 0 : part.order.indexOf(part.container);
}

/**
 * VMs of pods, or of their containers, that have another, better one. A kubelet that was killed while the VCH made a VM
 * leaves one behind that its successor, which saw none, has made again.
 */
export function surplusVms(vms: readonly PodVm[]): readonly PodVm[] {
  const byUid = new Map<string, readonly PodVm[]>();
  for (const vm of vms) byUid.set(vm.identity.uid, [...(byUid.get(vm.identity.uid) ?? []), vm]);
  return [...byUid.values()].flatMap((same) => {
    const standing = same.length < 2 ? same : standingVms(same);
    return same.filter((vm) => !standing.includes(vm));
  });
}

export function createPodIndex(portLayer: PortLayer): PodIndex {
  const uids = new Map<string, string>();
  let running: Promise<readonly PodVm[]> | undefined;
  let next: Promise<readonly PodVm[]> | undefined;

  const read = async (): Promise<readonly PodVm[]> => {
    // Shared by several callers, so no single caller's signal may end it; the client has its own time limit.
    const infos = await portLayer.listContainers(new AbortController().signal);
    const vms = infos.flatMap((info) => readVm(info) ?? []);
    for (const { identity, info } of vms) uids.set(info.id, identity.uid);
    return vms;
  };

  /** A list that is under way may have looked before the caller's question arose: wait for the next one. */
  const list = (): Promise<readonly PodVm[]> => {
    if (running === undefined) {
      running = read().finally(() => {
        running = undefined;
      });
      return running;
    }
    next ??= running
      .catch(() => undefined)
      .then(() => {
        next = undefined;
        return list();
      });
    return next;
  };

  const idsOf = (uid: string): readonly string[] => [...uids].filter(([, other]) => other === uid).map(([id]) => id);

  return {
    list: (signal) => abortable(list(), signal),
    find: async (uid, signal) => {
      const known = idsOf(uid);
      if (known.length > 0) return known;
      await abortable(list(), signal);
      return idsOf(uid);
    },
    read: readVm,
    remember: (uid, id) => {
      uids.set(id, uid);
    },
    forget: (id) => {
      uids.delete(id);
    },
    uidOf: (id) => uids.get(id),
  };
}

function readVm(info: ContainerInfo): PodVm | undefined {
  const identity = info.state === 'Removed' ? undefined : readIdentity(info);
  return identity === undefined ? undefined : { identity, info };
}

function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) return Promise.reject(signal.reason as Error);
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', onAbort);
    });
  });
}
