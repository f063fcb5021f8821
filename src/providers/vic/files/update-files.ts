import type { ContainerState } from '../../../clients/port-layer/port.ts';
import { messageOf } from '../../../errors/vick-error.ts';
import type { VolumeService } from '../../../kubelet/capabilities.ts';
import type { VolumeFile } from '../../../kubelet/provider.ts';
import { createLimiter } from '../../../platform/limiter.ts';
import type { VicContext } from '../vm/context.ts';
import type { FileRecord, FileRecords } from './file-records.ts';
import { isPoweredOn } from '../vm/observe.ts';
import { planUpdate } from './plan-update.ts';
import type { PodVm } from '../vm/pod-index.ts';
import { createTurns } from './turns.ts';
import { createUnwritten } from './unwritten.ts';
import { updateDisk, type DiskUpdateOptions } from './update-disk.ts';

export interface FileUpdatesOptions extends Pick<VicContext, 'vmsOf'>, Omit<DiskUpdateOptions, 'unwritten'> {
  readonly records: FileRecords;
}

export interface FileUpdates extends VolumeService {
  /** Starts something in a VM while nothing is written onto its disks from outside. */
  starting<T>(vm: PodVm, signal: AbortSignal, start: () => Promise<T>): Promise<T>;
  /** After the VM is gone. */
  forget(vmId: string, signal: AbortSignal): Promise<void>;
}

/** Each changes a VM or mounts a disk, and the VCH has pods to start. */
const AT_ONCE = 4;
const POLL_MS = 500;
/** How long a VM that boots or stops is waited for. */
const PATIENCE_MS = 60_000;

/**
 * Brings the files of volumes up to date in all VMs of a pod: through the port layer where a VM is off, by a shell in it
 * where it is on. A disk that has what it should have is left alone. Rejects with what is to be told of the volume; the
 * caller tries again.
 */
export function createFileUpdates(options: FileUpdatesOptions): FileUpdates {
  const { portLayer, clock, log, records, vmsOf } = options;
  const updates = createTurns();
  const power = createTurns();
  const limited = createLimiter(AT_ONCE);
  /** How many containers are being started, by VM. */
  const starts = new Map<string, number>();
  /** VMs that are being updated, and those of them that were removed meanwhile. */
  const busy = new Set<string>();
  const removed = new Set<string>();
  const unwritten = createUnwritten(clock);

  /** One disk after the other; what goes wrong with one keeps no other from it. */
  const updateDisks = async (vm: PodVm, volume: string, files: readonly VolumeFile[], on: boolean, signal: AbortSignal): Promise<void> => {
    const failures: unknown[] = [];
    for (const { layerId } of (await records.read(vm.info.id, signal))?.disks ?? []) {
      const record = await records.read(vm.info.id, signal);
      if (record === undefined) return;
      try {
        await updateDisk({ ...options, unwritten }, { vm, record, layerId, volume, files, on }, signal);
      } catch (error) {
        signal.throwIfAborted();
        failures.push(error);
      }
    }
    throwAll(failures);
  };

  /** False: it is not off any more, or not for long. */
  const whileOff = async (vm: PodVm, work: () => Promise<void>, signal: AbortSignal): Promise<boolean> => {
    const state = (await portLayer.containerInfo(vm.info.id, signal))?.state;
    if (state === undefined || !isOff(state) || starts.has(vm.info.id)) return false;
    await work();
    return true;
  };

  const updateVm = async (vm: PodVm, volume: string, files: readonly VolumeFile[], signal: AbortSignal): Promise<void> => {
    const { id } = vm.info;
    const record = await records.read(id, signal);
    unwritten.supersede(id, volume);
    if (record === undefined || !isOther(record, volume, files)) return;
    const end = clock.monotonic() + PATIENCE_MS;
    for (;;) {
      const state = (await portLayer.containerInfo(id, signal))?.state;
      if (state === undefined) return;
      if (state === 'Running') {
        await limited(() => updateDisks(vm, volume, files, true, signal));
        return;
      }
      const off = isOff(state) && !starts.has(id);
      // Nobody who is to start it waits for other VMs.
      if (off && (await limited(() => power(id, () => whileOff(vm, () => updateDisks(vm, volume, files, false, signal), signal))))) return;
      if ((!off && !isOff(state) && !isPoweredOn({ state })) || clock.monotonic() > end) {
        throw new Error(`its files cannot be replaced while the pod VM is in state "${state}"`);
      }
      await clock.sleep(POLL_MS, signal);
    }
  };

  /** With what could not be written while the VM was on. That it cannot be now keeps no container from starting. */
  const catchUp = async (vm: PodVm, signal: AbortSignal): Promise<void> => {
    for (const [volume, files] of unwritten.waiting(vm.info.id)) {
      try {
        const done = await whileOff(vm, () => updateDisks(vm, volume, files, false, signal), signal);
        if (done) unwritten.supersede(vm.info.id, volume);
      } catch (error) {
        signal.throwIfAborted();
        log.warn('files of a volume are older than they should be', { vm: vm.info.id, volume, error: messageOf(error) });
      }
    }
  };

  /** One update of a VM after the other. One that its removal came before leaves nothing. */
  const updating = async (vm: PodVm, work: () => Promise<void>): Promise<void> => {
    const { id } = vm.info;
    await updates(id, async () => {
      busy.add(id);
      try {
        await work();
      } finally {
        busy.delete(id);
        if (removed.delete(id)) {
          unwritten.forget(id);
          await records.forget(id, new AbortController().signal).catch((error: unknown) => log.debug('a record was left', { vm: id, error: messageOf(error) }));
        }
      }
    });
  };

  return {
    update: async ({ uid, volume }, files, signal) => {
      const vms = await vmsOf(uid, signal);
      if (vms.length === 0) throw new Error(`there is no VM for the pod ${uid}`);
      const work = vms.map((vm) => updating(vm, () => updateVm(vm, volume, files, signal)));
      const results = await Promise.allSettled(work);
      signal.throwIfAborted();
      throwAll(results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : [])));
    },
    starting: async (vm, signal, start) => {
      const { id } = vm.info;
      if (unwritten.waiting(id).length > 0) await updating(vm, () => power(id, () => catchUp(vm, signal)));
      await power(id, () => Promise.resolve(starts.set(id, (starts.get(id) ?? 0) + 1)));
      try {
        return await start();
      } finally {
        const left = (starts.get(id) ?? 1) - 1;
        if (left === 0) starts.delete(id);
        else starts.set(id, left);
      }
    },
    forget: async (vmId, signal) => {
      unwritten.forget(vmId);
      removed.add(vmId);
      await records.forget(vmId, signal);
      if (!busy.has(vmId)) removed.delete(vmId);
    },
  };
}

function isOff(state: ContainerState): boolean {
  return state === 'Created' || state === 'Stopped';
}

function isOther({ disks, salt }: FileRecord, volume: string, files: readonly VolumeFile[]): boolean {
  return disks.some((disk) => planUpdate(disk, volume, files, salt) !== undefined);
}

function throwAll(failures: readonly unknown[]): void {
  const [first] = failures;
  if (first === undefined) return;
  throw new Error([...new Set(failures.map(messageOf))].join('; '), { cause: first });
}
