import { messageOf } from '../../../errors/vick-error.ts';
import type { CreatePodRequest, StartRequest } from '../../../kubelet/provider.ts';
import type { Isolation } from '../support/isolation.ts';
import { makeVm, planVm, type MakeVmOptions } from './make-vm.ts';
import type { DefinedPod } from '../plan/plan-create.ts';
import { areWhole, standingVms, type PodIndex, type PodVm } from '../vm/pod-index.ts';
import { missingPart, partsOf } from '../plan/pod-parts.ts';
import { podVolumes } from '../plan/pod-volumes.ts';

export interface MakePodOptions extends MakeVmOptions {
  readonly index: PodIndex;
  readonly isolation: Isolation;
  readonly remove: (id: string, signal: AbortSignal) => Promise<void>;
}

/** Stands in for the pod's address while it is defined: what depends on it is worked out again for the start. */
const ADDRESS_TO_COME = ['0.0.0.0'] as const;

/**
 * Makes what is missing of the pod's VMs, powered off: one, or one for each container. What it has made is removed when
 * it fails, and left to whoever called it off. A pod that was begun with the other isolation keeps it.
 */
export async function makePod(options: MakePodOptions, uid: string, request: CreatePodRequest, signal: AbortSignal): Promise<void> {
  const { isolation, remove, log } = options;
  const present = await standing(options, uid, signal);
  if (areWhole(present)) return;
  const containers = await request.define(ADDRESS_TO_COME);
  const defined: DefinedPod = { pod: request.pod, containers, volumes: podVolumes(request, containers) };
  const whole = present.length === 0 && isolation === 'pod';
  const wanted = whole ? [defined] : partsOf(defined).filter(({ part }) => vmOfPart(present, part?.container) === undefined);
  // What is wrong with any of them is found before anything is made.
  if (!whole) for (const one of wanted) await planVm(options, one, signal);
  const made: string[] = [];
  try {
    for (const one of wanted) made.push(await make(options, uid, one, signal));
  } catch (error) {
    signal.throwIfAborted();
    for (const id of made) {
      await remove(id, signal).catch((failure: unknown) => {
        log.error('could not remove a VM of a pod that could not be made completely', { uid, vm: id, error: messageOf(failure) });
      });
    }
    throw error;
  }
}

/**
 * Makes the VM of one container again that is gone while its pod goes on; returns it. Undefined: no other VM is left that
 * knows of the pod.
 */
export async function makePart(options: MakePodOptions, container: string, request: StartRequest, signal: AbortSignal): Promise<PodVm | undefined> {
  const { index, portLayer } = options;
  const present = await standing(options, request.uid, signal);
  const there = vmOfPart(present, container);
  const [other] = present;
  if (there !== undefined || other?.identity.part === undefined) return there;
  const definition = (await request.define(ADDRESS_TO_COME)).find(({ name }) => name === container);
  if (definition === undefined) return undefined;
  const volumes = podVolumes({ ...request, volumes: definition.mounts.length === 0 ? [] : ((await request.volumes?.()) ?? []) }, [definition]);
  const id = await make(options, request.uid, { ...missingPart(other.identity, other.identity.part, definition), volumes }, signal);
  const info = await portLayer.containerInfo(id, signal);
  return info === undefined ? undefined : index.read(info);
}

/** Without those that an attempt before this one has left unfinished: they are removed. */
async function standing({ index, unfinished, remove }: MakePodOptions, uid: string, signal: AbortSignal): Promise<readonly PodVm[]> {
  const finished: PodVm[] = [];
  for (const vm of (await index.list(signal)).filter(({ identity }) => identity.uid === uid)) {
    if (await unfinished.has(vm.info, signal)) await remove(vm.info.id, signal);
    else finished.push(vm);
  }
  return standingVms(finished);
}

function vmOfPart(vms: readonly PodVm[], container: string | undefined): PodVm | undefined {
  return vms.find(({ identity }) => identity.part !== undefined && identity.part.container === container);
}

async function make(options: MakePodOptions, uid: string, request: DefinedPod, signal: AbortSignal): Promise<string> {
  const id = await makeVm(options, request, signal);
  options.index.remember(uid, id);
  const { namespace = '', name = '' } = request.pod.metadata ?? {};
  const { part } = request;
  options.log.info('pod VM created', { uid, pod: `${namespace}/${name}`, vm: id, ...(part === undefined ? {} : { container: part.container }) });
  return id;
}
