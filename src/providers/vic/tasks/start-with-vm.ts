import type { ContainerInfo, Handle, PortLayer } from '../../../clients/port-layer/port.ts';
import { ProviderFailure, type ContainerRequest, type DefineContainers } from '../../../kubelet/provider.ts';
import { primaryOf, taskOf, type PodIdentity } from '../vm/identity.ts';
import type { ImageStore } from '../images/image-store.ts';
import { joinTasks } from './join-tasks.ts';
import { primaryState } from '../vm/observe.ts';
import { planTasks, type TaskPlan } from '../plan/plan-create.ts';
import type { PodVm } from '../vm/pod-index.ts';
import { startVm, type PowerOptions } from '../vm/power.ts';
import type { RunStore } from '../vm/run-store.ts';
import { closeRun, closeTask, initialRuns, isCurrent, type PodRuns } from '../vm/runs.ts';
import type { TaskLogs } from '../streams/task-logs.ts';

export interface StartOptions extends PowerOptions {
  readonly images: ImageStore;
  readonly runs: RunStore;
  readonly taskLogs: TaskLogs;
}

/**
 * Starts a VM that is off with the process of one container. It can be given another one than before, and keeps its disks
 * and its log; so init containers run one after the other in the VM of their pod. Returns what was started; undefined when
 * the VM is gone, `running` when it is on already.
 */
export async function startWithVm(
  options: StartOptions,
  vm: PodVm,
  container: string,
  define: DefineContainers,
  signal: AbortSignal,
): Promise<readonly TaskPlan[] | 'running' | undefined> {
  const { runs, portLayer } = options;
  const { identity, info } = vm;
  const record = await runs.read(info.id, identity, signal);
  const group = [container];

  let started: readonly TaskPlan[] | undefined;
  const present = await startVm(
    options,
    { id: info.id, alone: record.group.length <= 1 },
    async (handle, ips, before) => {
      const tasks = await planContainer(options.images, identity, container, await define(ips), signal);
      const definitions = Object.fromEntries(tasks.map((task) => [task.container, task.definition]));
      started = tasks;
      const inVm = setUp(identity, record, before);
      const same = sameGroup(inVm.group, group) && tasks.every((task) => inVm.definitions[task.container] === task.definition);
      await runs.update(
        info.id,
        identity,
        (latest) => {
          const closed = closeTask(closeRun(latest, before, primaryState(before)), container);
          return same && closed === latest ? latest : { ...closed, group, definitions };
        },
        signal,
      );
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

/** The task of one container as it is defined now, of the image that the VM was made of. ProviderFailure where it cannot be. */
export async function planContainer(
  images: ImageStore,
  identity: PodIdentity,
  container: string,
  definitions: readonly ContainerRequest[],
  signal: AbortSignal,
): Promise<readonly TaskPlan[]> {
  const remembered = identity.containers.find(({ name }) => name === container);
  if (remembered === undefined) throw new ProviderFailure('CreateContainerError', `the pod VM was made without a container ${container}`, { container });
  const image = await images.byId(remembered.imageId, signal);
  if (image === undefined) {
    throw new ProviderFailure('CreateContainerError', `the VCH no longer has the image ${remembered.imageId.slice(0, 12)} that ${container} was made of`, {
      container,
    });
  }
  return planTasks(identity, [container], definitions, new Map([[container, image]]));
}

function sameGroup(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name) => b.includes(name));
}
