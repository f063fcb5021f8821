import type { ContainerInfo, Handle, PortLayer } from '../../clients/port-layer/port.ts';
import { ProviderFailure, type StartRequest } from '../../kubelet/provider.ts';
import { primaryOf, taskOf, type PodIdentity } from './identity.ts';
import type { ImageConfig } from './image-cache.ts';
import type { ImageStore } from './image-store.ts';
import { joinTasks } from './join-tasks.ts';
import { isPoweredOn, observePod, primaryState } from './observe.ts';
import { planTasks, type TaskPlan } from './plan-create.ts';
import type { PodVm } from './pod-index.ts';
import { startVm, type PowerOptions } from './power.ts';
import type { RunStore } from './run-store.ts';
import { closeRun, initialRuns, isCurrent, type PodRuns } from './runs.ts';

export interface StartOptions extends PowerOptions {
  readonly images: ImageStore;
  readonly runs: RunStore;
}

/**
 * Starts the VM with the processes of one group. A VM that is off can be given other processes, and keeps its disks and
 * its log; so init containers run one after the other in the VM of their pod. Returns what was started; undefined when
 * the VM is gone, `running` when the group runs already.
 */
export async function startGroup(
  options: StartOptions,
  vm: PodVm,
  request: StartRequest,
  signal: AbortSignal,
): Promise<readonly TaskPlan[] | 'running' | undefined> {
  const { runs, portLayer } = options;
  const { identity, info } = vm;
  const record = await runs.read(info.id, identity, signal);
  const group = identity.containers.map(({ name }) => name).filter((name) => request.containers.includes(name));
  if (group.length === 0) throw new ProviderFailure('CreateContainerError', 'the pod VM was made without the containers that are to be started');
  if (isPoweredOn(info) && !sameGroup(record.group, group) && alive(vm, record)) throw new Error(`${record.group.join(', ')} still runs in the pod VM`);

  let started: readonly TaskPlan[] | undefined;
  const present = await startVm(
    options,
    { id: info.id, alone: record.group.length <= 1 },
    async (handle, ips, before) => {
      const definitions = await request.define(ips);
      const tasks = planTasks(identity, group, definitions, await imageConfigs(options.images, identity, request, signal));
      const next: PodRuns = {
        ...closeRun(record, before, primaryState(before)),
        group,
        definitions: Object.fromEntries(tasks.map(({ container, definition }) => [container, definition])),
      };
      started = tasks;
      const inVm = setUp(identity, record, before);
      const same = sameGroup(inVm.group, group) && tasks.every(({ container, definition }) => inVm.definitions[container] === definition);
      if (!same || next.past !== record.past) await runs.write(info.id, next, signal);
      if (same) return handle;
      const cleared = await removeTasks(portLayer, handle, info.id, identity, inVm.group, signal);
      return await joinTasks(portLayer, { handle: cleared, vmId: info.id, tasks }, signal);
    },
    signal,
  );
  if (!present) return undefined;
  return started ?? 'running';
}

/**
 * What the VM has tasks for. The record is written first, and the commit that makes it true also starts the VM: while no
 * new start shows, the tasks are still those of the last run, or those that the VM was made with.
 */
function setUp(identity: PodIdentity, record: PodRuns, info: ContainerInfo): Pick<PodRuns, 'group' | 'definitions'> {
  if (isCurrent(record, info)) return record;
  const last = record.past.at(-1);
  return last === undefined ? initialRuns(identity) : { group: last.group, definitions: {} };
}

/** Never committed without the new ones: a VM without a primary task makes the port layer's list fail for everybody. */
async function removeTasks(
  portLayer: PortLayer,
  handle: Handle,
  vmId: string,
  identity: PodIdentity,
  group: readonly string[],
  signal: AbortSignal,
): Promise<Handle> {
  const primary = primaryOf(identity, group)?.name;
  let current = handle;
  for (const container of group) current = await portLayer.removeTask(current, taskOf(vmId, container, primary), signal);
  return current;
}

/** Of the images that the VM was made of. */
async function imageConfigs(
  images: ImageStore,
  identity: PodIdentity,
  request: StartRequest,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, { readonly config: ImageConfig }>> {
  const found = new Map<string, { readonly config: ImageConfig }>();
  for (const { name, imageId } of identity.containers.filter((container) => request.containers.includes(container.name))) {
    const image = await images.byId(imageId, signal);
    if (image === undefined) {
      throw new ProviderFailure('CreateContainerError', `the VCH no longer has the image ${imageId.slice(0, 12)} that ${name} was made of`, {
        container: name,
      });
    }
    found.set(name, image);
  }
  return found;
}

function sameGroup(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name) => b.includes(name));
}

function alive({ identity, info }: PodVm, runs: PodRuns): boolean {
  return observePod(identity, info, runs).containers.some(({ state }) => state.kind === 'running' || state.kind === 'starting');
}
