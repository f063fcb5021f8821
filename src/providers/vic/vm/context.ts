import type { PortLayer } from '../../../clients/port-layer/port.ts';
import type { ContainerTarget } from '../../../kubelet/capabilities.ts';
import type { Clock } from '../../../platform/clock.ts';
import type { Log } from '../../../platform/log.ts';
import type { Random } from '../../../platform/random.ts';
import { primaryOf, taskOf, type PodContainer } from './identity.ts';
import type { Look } from './look.ts';
import { isPoweredOn } from './observe.ts';
import type { PodVm } from './pod-index.ts';
import type { ProcessConfig } from './process-config.ts';
import type { PodRuns } from './runs.ts';

/** What the parts of the provider share. */
export interface VicContext {
  readonly portLayer: PortLayer;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The VMs that a pod consists of: one, or one for each of its containers. */
  readonly vmsOf: (uid: string, signal: AbortSignal) => Promise<readonly PodVm[]>;
  readonly runsOf: (vm: PodVm, signal: AbortSignal) => Promise<PodRuns>;
  /** Undefined: the VM is gone. */
  readonly look: (vm: PodVm, signal: AbortSignal) => Promise<Look | undefined>;
  /** What a container was last started as, as far as it can still be known. */
  readonly processOf: (vm: PodVm, container: PodContainer, primary: boolean, signal: AbortSignal) => Promise<ProcessConfig>;
}

export interface RunningContainer {
  readonly vm: PodVm;
  readonly container: PodContainer;
  readonly primary: boolean;
  readonly taskId: string;
}

/** The VM of a container: its own, or that of its pod. */
export function vmOfContainer(vms: readonly PodVm[], container: string): PodVm | undefined {
  return vms.find(({ identity: { part } }) => part === undefined || part.container === container);
}

/** Rejects when there is none. */
export async function findVm({ vmsOf }: Pick<VicContext, 'vmsOf'>, { uid, container }: ContainerTarget, signal: AbortSignal): Promise<PodVm> {
  const vms = await vmsOf(uid, signal);
  const vm = vmOfContainer(vms, container);
  if (vm !== undefined) return vm;
  throw new Error(vms.length === 0 ? `there is no VM for the pod ${uid}` : `there is no VM for the container ${container} of the pod`);
}

/** Rejects when the container does not run. */
export async function findRunning(context: VicContext, target: ContainerTarget, signal: AbortSignal): Promise<RunningContainer> {
  const look = await context.look(await findVm(context, target, signal), signal);
  const container = look?.vm.identity.containers.find(({ name }) => name === target.container);
  if (look === undefined) throw new Error(`there is no VM for the pod ${target.uid}`);
  if (container === undefined) throw new Error(`the pod has no container ${target.container}`);
  const { vm, runs, pod } = look;
  const seen = pod.containers.find(({ name }) => name === target.container);
  if (!isPoweredOn(vm.info) || seen?.state.kind !== 'running') throw new Error(`the container ${target.container} does not run`);
  const task = runs.tasks[target.container];
  const primary = primaryOf(vm.identity, runs.group)?.name;
  return {
    ...{ vm, container, primary: task === undefined && primary === target.container },
    taskId: task?.id ?? taskOf(vm.info.id, target.container, primary),
  };
}
