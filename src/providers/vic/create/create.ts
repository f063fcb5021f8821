import { portLayerFailure } from '../../../clients/port-layer/failure.ts';
import type { Handle, PortLayer } from '../../../clients/port-layer/port.ts';
import { messageOf } from '../../../errors/vick-error.ts';
import { ProviderFailure } from '../../../kubelet/provider.ts';
import type { Log } from '../../../platform/log.ts';
import { deltaId } from '../vm/disk-id.ts';
import { recordOf, type FileRecords } from '../files/file-records.ts';
import { podAnnotations } from '../vm/identity.ts';
import { joinTasks } from '../tasks/join-tasks.ts';
import type { PodPlan } from '../plan/plan-create.ts';
import { removeVm, type PowerOptions } from '../vm/power.ts';
import type { UnfinishedVms } from './unfinished.ts';
import { writeFiles } from '../files/write-files.ts';

export interface CreateOptions extends PowerOptions {
  /** Name of the VCH's image store: its BIOS UUID. */
  readonly store: string;
  readonly unfinished: UnfinishedVms;
  readonly records: FileRecords;
  /** Is told what the pod has to do without. */
  readonly warn?: (message: string) => void;
}

const SALT_BYTES = 16;

/** An image's disk is gone although the VCH lists the image: the list is older than the disks. */
export class LayerGone extends Error {
  readonly layerId: string;

  constructor(layerId: string, cause: unknown) {
    super(`the VCH no longer has the layer ${layerId}`, { cause });
    this.name = 'LayerGone';
    this.layerId = layerId;
  }
}

/**
 * Makes the VM of `plan`, powered off and with the files of its volumes on its disks, and returns its id. Until the commit
 * nothing exists; a failed commit is looked into, and what it or a failure to write files has left is removed. Called off in
 * between, it leaves a VM that is known to be unfinished. Conflicts of the commit are thrown as they are: the caller starts
 * again with a new handle.
 */
export async function createPodVm(options: CreateOptions, plan: PodPlan, signal: AbortSignal): Promise<string> {
  const { portLayer, log, unfinished } = options;
  const { handle, id } = await newHandle(portLayer, plan, signal);
  let current = await joinDisks(options, plan, { handle, id }, signal);
  current = await joinTasks(portLayer, { handle: current, vmId: id, tasks: plan.tasks }, signal);
  current = await portLayer.addToScope(current, plan.network, signal);
  current = await portLayer.joinInteraction(current, signal);
  current = await portLayer.joinLogging(current, signal);
  const withFiles = plan.disks.some(({ files }) => files.length > 0);
  if (withFiles) await unfinished.begin(id, signal);
  try {
    await portLayer.commit(current, {}, signal);
  } catch (error) {
    signal.throwIfAborted();
    await afterFailedCommit(portLayer, id, error, log, signal).catch((failure: unknown) => neverMade(options, id, failure, signal));
  }
  if (withFiles) await fill(options, plan, id, signal);
  else options.records.none(id);
  return id;
}

async function newHandle(portLayer: PortLayer, plan: PodPlan, signal: AbortSignal): Promise<{ handle: Handle; id: string }> {
  return await portLayer.createHandle(
    {
      name: plan.vmName,
      numCpus: plan.size.numCpus,
      memoryMiB: plan.size.memoryMiB,
      hostname: plan.identity.hostname,
      ...(plan.domainname === undefined ? {} : { domainname: plan.domainname }),
      annotations: podAnnotations(plan.identity),
    },
    signal,
  );
}

async function joinDisks(
  { portLayer, store }: CreateOptions,
  { disks }: PodPlan,
  vm: { readonly handle: Handle; readonly id: string },
  signal: AbortSignal,
): Promise<Handle> {
  let current = vm.handle;
  for (const [index, { layerId, imageId, repoName }] of disks.entries()) {
    try {
      current = await portLayer.joinImage({ handle: current, store, layerId, imageId, repoName, deltaId: deltaId(vm.id, index) }, signal);
    } catch (error) {
      if (portLayerFailure(error)?.kind === 'absent') throw new LayerGone(layerId, error);
      throw error;
    }
  }
  return current;
}

async function fill(options: CreateOptions, plan: PodPlan, id: string, signal: AbortSignal): Promise<void> {
  const { log, unfinished, records, random } = options;
  const all = plan.disks.map(({ layerId, files }, index) => ({ deltaId: deltaId(id, index), layerId, placements: files }));
  const disks = all.filter(({ placements }) => placements.length > 0);
  try {
    const written = await writeFiles(options, disks, signal);
    const record = recordOf(written, random.hex(SALT_BYTES));
    if (record === undefined) records.none(id);
    else await records.write(id, record, signal);
    await unfinished.finish(id, signal);
  } catch (error) {
    signal.throwIfAborted();
    log.warn('removing a pod VM whose files could not be written', { id, error: messageOf(error) });
    try {
      await removeVm(options, id, signal);
      await unfinished.forget(id, signal);
      await records.forget(id, signal);
    } catch (failure) {
      log.error('could not remove an incomplete pod VM', { id, error: messageOf(failure) });
    }
    throw error;
  }
}

/** Nothing is to be remembered of a VM that is not there. */
async function neverMade({ portLayer, unfinished, log }: CreateOptions, id: string, error: unknown, signal: AbortSignal): Promise<never> {
  try {
    if ((await portLayer.containerInfo(id, signal)) === undefined) await unfinished.forget(id, signal);
  } catch (failure) {
    log.debug('what became of a pod VM is not known', { id, error: messageOf(failure) });
  }
  throw error;
}

/** Returns when the VM was made after all; throws otherwise, with nothing left as far as that can be known. */
async function afterFailedCommit(portLayer: PortLayer, id: string, error: unknown, log: Log, signal: AbortSignal): Promise<void> {
  const kind = portLayerFailure(error)?.kind;
  if (kind === 'unreachable') throw error;
  const info = await portLayer.containerInfo(id, signal);
  if (info === undefined) throw asCreateError(error);
  // No answer, and yet it is there: a commit makes the whole VM or nothing.
  if (kind === 'timeout' || kind === 'dropped') return;
  log.warn('removing a pod VM that could not be created completely', { id, error: messageOf(error) });
  await portLayer.removeContainer(id, signal).catch((failure: unknown) => {
    log.error('could not remove an incomplete pod VM', { id, error: messageOf(failure) });
  });
  throw asCreateError(error);
}

function asCreateError(error: unknown): unknown {
  const failure = portLayerFailure(error);
  if (failure?.kind !== 'refused') return error;
  return new ProviderFailure('CreatePodSandboxError', `the VCH could not create the pod VM: ${failure.reason || `HTTP ${String(failure.httpStatus)}`}`, {
    cause: error,
  });
}
