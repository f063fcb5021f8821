import type { ContainerInfo, PortLayer } from '../../../clients/port-layer/port.ts';

/**
 * VMs whose files are not all written yet. Such a VM looks as one that waits for its first start, so a kubelet that comes
 * after one that was killed has to be told: by a key in the VCH, set before the VM is made and removed once it is complete.
 * An unfinished VM stands for no pod, and is removed before its pod is made anew.
 */
export interface UnfinishedVms {
  begin(vmId: string, signal: AbortSignal): Promise<void>;
  /** The VM is complete, or gone. */
  finish(vmId: string, signal: AbortSignal): Promise<void>;
  has(info: Pick<ContainerInfo, 'id' | 'state'>, signal: AbortSignal): Promise<boolean>;
  /** After the VM is gone. */
  forget(vmId: string, signal: AbortSignal): Promise<void>;
}

const key = (vmId: string): string => `vick.unfinished.${vmId}`;

export function createUnfinishedVms(portLayer: PortLayer): UnfinishedVms {
  const known = new Map<string, boolean>();
  const finish = async (vmId: string, signal: AbortSignal): Promise<void> => {
    await portLayer.deleteValue(key(vmId), signal);
    known.set(vmId, false);
  };
  return {
    begin: async (vmId, signal) => {
      known.set(vmId, true);
      await portLayer.putValue(key(vmId), 'files', signal);
    },
    finish,
    has: async ({ id, state }, signal) => {
      // What has been started was complete.
      if (state !== 'Created') return false;
      const found = known.get(id) ?? (await portLayer.getValue(key(id), signal)) !== undefined;
      known.set(id, found);
      return found;
    },
    forget: async (vmId, signal) => {
      if (known.get(vmId) !== false) await finish(vmId, signal);
      known.delete(vmId);
    },
  };
}
