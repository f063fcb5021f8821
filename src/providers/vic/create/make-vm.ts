import type { PortLayer } from '../../../clients/port-layer/port.ts';
import { ProviderFailure } from '../../../kubelet/provider.ts';
import type { Clock } from '../../../platform/clock.ts';
import type { Log } from '../../../platform/log.ts';
import type { Random } from '../../../platform/random.ts';
import { retryConflicts } from '../vm/conflict-retry.ts';
import { createPodVm, LayerGone } from './create.ts';
import type { FileRecords } from '../files/file-records.ts';
import type { VchImage } from '../images/image-cache.ts';
import type { ImageStore } from '../images/image-store.ts';
import { planCreate, type DefinedPod, type PodPlan } from '../plan/plan-create.ts';
import type { UnfinishedVms } from './unfinished.ts';

export interface MakeVmOptions {
  readonly portLayer: PortLayer;
  readonly images: ImageStore;
  readonly unfinished: UnfinishedVms;
  readonly records: FileRecords;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Name of the VCH's image store: its BIOS UUID. */
  readonly hostUuid: string;
  readonly scope: string;
  readonly clusterDomain: string;
}

const CREATE_BUDGET_MS = 60_000;

/**
 * Finds the images, plans, and makes the VM, powered off; returns its id. When an image's disk has gone meanwhile, the
 * images are looked up once more.
 */
export async function makeVm(options: MakeVmOptions, request: DefinedPod, signal: AbortSignal): Promise<string> {
  const { clock, random } = options;
  return await retryConflicts({ clock, random, budgetMs: CREATE_BUDGET_MS }, signal, () => attempt(options, request, signal));
}

/** What `makeVm` would make. ProviderFailure for what a pod VM cannot do. */
export async function planVm(options: MakeVmOptions, request: DefinedPod, signal: AbortSignal): Promise<PodPlan> {
  const { scope, clusterDomain } = options;
  return planCreate(request, await resolveImages(options.images, request, signal), { scope, clusterDomain });
}

async function attempt(options: MakeVmOptions, request: DefinedPod, signal: AbortSignal): Promise<string> {
  for (const last of [false, true]) {
    const plan = await planVm(options, request, signal);
    try {
      const warn = request.volumes?.warn;
      return await createPodVm({ ...options, store: options.hostUuid, ...(warn === undefined ? {} : { warn }) }, plan, signal);
    } catch (error) {
      if (!(error instanceof LayerGone)) throw error;
      options.images.invalidate();
      if (last) throw new ProviderFailure('CreateContainerError', `${error.message}, although it lists an image made of it`, { cause: error });
    }
  }
  throw new Error('unreachable');
}

/** By container name. The first failure in spec order is the one that is told. */
async function resolveImages(images: ImageStore, request: DefinedPod, signal: AbortSignal): Promise<ReadonlyMap<string, VchImage>> {
  const found = new Map<string, VchImage>();
  // One after the other: the list is read once and serves all.
  for (const container of request.containers) found.set(container.name, await images.resolve(container, signal));
  return found;
}
