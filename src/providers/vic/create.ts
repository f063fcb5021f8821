import { portLayerFailure } from '../../clients/port-layer/failure.ts';
import type { Handle, PortLayer } from '../../clients/port-layer/port.ts';
import { messageOf } from '../../errors/vick-error.ts';
import { ProviderFailure } from '../../kubelet/provider.ts';
import type { Log } from '../../platform/log.ts';
import { podAnnotations } from './identity.ts';
import { joinTasks } from './join-tasks.ts';
import type { PodPlan } from './plan-create.ts';

export interface CreateOptions {
  readonly portLayer: PortLayer;
  /** Name of the VCH's image store: its BIOS UUID. */
  readonly store: string;
  readonly log: Log;
}

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
 * Makes the VM of `plan`, powered off, and returns its id. Until the commit nothing exists; a failed commit is looked
 * into, and what it left is removed. Conflicts are thrown as they are: the caller starts again with a new handle.
 */
export async function createPodVm({ portLayer, store, log }: CreateOptions, plan: PodPlan, signal: AbortSignal): Promise<string> {
  const { handle, id } = await newHandle(portLayer, plan, signal);
  let current = await joinDisks(portLayer, store, plan, handle, signal);
  current = await joinTasks(portLayer, { handle: current, vmId: id, tasks: plan.tasks }, signal);
  current = await portLayer.addToScope(current, plan.network, signal);
  current = await portLayer.joinInteraction(current, signal);
  current = await portLayer.joinLogging(current, signal);
  try {
    await portLayer.commit(current, {}, signal);
  } catch (error) {
    signal.throwIfAborted();
    await afterFailedCommit(portLayer, id, error, log, signal);
  }
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

async function joinDisks(portLayer: PortLayer, store: string, plan: PodPlan, handle: Handle, signal: AbortSignal): Promise<Handle> {
  let current = handle;
  for (const disk of plan.disks) {
    try {
      current = await portLayer.joinImage({ handle: current, store, ...disk }, signal);
    } catch (error) {
      if (portLayerFailure(error)?.kind === 'absent') throw new LayerGone(disk.layerId, error);
      throw error;
    }
  }
  return current;
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
