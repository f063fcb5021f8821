import type { PortLayer } from '../../../clients/port-layer/port.ts';
import { initialRuns, decodeRuns, encodeRuns, type PodRuns } from './runs.ts';
import type { PodIdentity } from './identity.ts';

/** The records of what pods' VMs have run, in the VCH. One kubelet writes them, so what it wrote itself it need not read. */
export interface RunStore {
  read(vmId: string, identity: PodIdentity, signal: AbortSignal): Promise<PodRuns>;
  /** Changes a record, one change after the other. `change` returns what it is given where there is nothing to change. */
  update(vmId: string, identity: PodIdentity, change: (runs: PodRuns) => PodRuns, signal: AbortSignal): Promise<PodRuns>;
  /** After the VM is gone. */
  remove(vmId: string, signal: AbortSignal): Promise<void>;
}

const key = (vmId: string): string => `vick.runs.${vmId}`;

export function createRunStore(portLayer: PortLayer): RunStore {
  const known = new Map<string, PodRuns | undefined>();
  const changing = new Map<string, Promise<unknown>>();

  const read: RunStore['read'] = async (vmId, identity, signal) => {
    if (!known.has(vmId)) known.set(vmId, decodeRuns(await portLayer.getValue(key(vmId), signal)));
    return known.get(vmId) ?? initialRuns(identity);
  };

  const change = async (...[vmId, identity, alter, signal]: Parameters<RunStore['update']>): Promise<PodRuns> => {
    const before = await read(vmId, identity, signal);
    const after = alter(before);
    if (after === before) return before;
    // Unknown until it is certain which of both the VCH has.
    known.delete(vmId);
    await portLayer.putValue(key(vmId), encodeRuns(after), signal);
    known.set(vmId, after);
    return after;
  };

  return {
    read,
    update: async (...request) => {
      const [vmId] = request;
      const work = (changing.get(vmId) ?? Promise.resolve()).catch(() => undefined).then(() => change(...request));
      changing.set(vmId, work);
      try {
        return await work;
      } finally {
        if (changing.get(vmId) === work) changing.delete(vmId);
      }
    },
    remove: async (vmId, signal) => {
      known.delete(vmId);
      await portLayer.deleteValue(key(vmId), signal);
    },
  };
}
