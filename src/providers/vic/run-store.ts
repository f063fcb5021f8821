import type { PortLayer } from '../../clients/port-layer/port.ts';
import { initialRuns, decodeRuns, encodeRuns, type PodRuns } from './runs.ts';
import type { PodIdentity } from './identity.ts';

/** The records of what pods' VMs have run, in the VCH. One kubelet writes them, so what it wrote itself it need not read. */
export interface RunStore {
  read(vmId: string, identity: PodIdentity, signal: AbortSignal): Promise<PodRuns>;
  write(vmId: string, runs: PodRuns, signal: AbortSignal): Promise<void>;
  /** After the VM is gone. */
  remove(vmId: string, signal: AbortSignal): Promise<void>;
}

const key = (vmId: string): string => `vick.runs.${vmId}`;

export function createRunStore(portLayer: PortLayer): RunStore {
  const known = new Map<string, PodRuns | undefined>();
  return {
    read: async (vmId, identity, signal) => {
      if (!known.has(vmId)) known.set(vmId, decodeRuns(await portLayer.getValue(key(vmId), signal)));
      return known.get(vmId) ?? initialRuns(identity);
    },
    write: async (vmId, runs, signal) => {
      // Unknown until it is certain which of both the VCH has.
      known.delete(vmId);
      await portLayer.putValue(key(vmId), encodeRuns(runs), signal);
      known.set(vmId, runs);
    },
    remove: async (vmId, signal) => {
      known.delete(vmId);
      await portLayer.deleteValue(key(vmId), signal);
    },
  };
}
