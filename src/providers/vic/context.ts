import type { PortLayer } from '../../clients/port-layer/port.ts';
import type { ContainerTarget } from '../../kubelet/capabilities.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import type { Random } from '../../platform/random.ts';
import { primaryOf, taskOf, type PodContainer } from './identity.ts';
import { isPoweredOn, observePod } from './observe.ts';
import type { PodVm } from './pod-index.ts';
import type { ProcessConfig } from './process-config.ts';
import type { PodRuns } from './runs.ts';

/** What the parts of the provider share. */
export interface VicContext {
  readonly portLayer: PortLayer;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The VM that stands for a pod. */
  readonly vmOf: (uid: string, signal: AbortSignal) => Promise<PodVm | undefined>;
  readonly runsOf: (vm: PodVm, signal: AbortSignal) => Promise<PodRuns>;
  /** What a container was last started as, as far as it can still be known. */
  readonly processOf: (vm: PodVm, container: PodContainer, primary: boolean, signal: AbortSignal) => Promise<ProcessConfig>;
}

export interface RunningContainer {
  readonly vm: PodVm;
  readonly container: PodContainer;
  readonly primary: boolean;
  readonly taskId: string;
}

/** Rejects when the container does not run. */
export async function findRunning(context: VicContext, target: ContainerTarget, signal: AbortSignal): Promise<RunningContainer> {
  const vm = await context.vmOf(target.uid, signal);
  if (vm === undefined) throw new Error(`there is no VM for the pod ${target.uid}`);
  const { identity, info } = vm;
  const container = identity.containers.find(({ name }) => name === target.container);
  if (container === undefined) throw new Error(`the pod has no container ${target.container}`);
  const runs = await context.runsOf(vm, signal);
  const seen = observePod(identity, info, runs).containers.find(({ name }) => name === target.container);
  if (!isPoweredOn(info) || seen?.state.kind !== 'running') throw new Error(`the container ${target.container} does not run`);
  const primary = primaryOf(identity, runs.group)?.name;
  return { vm, container, primary: primary === target.container, taskId: taskOf(info.id, target.container, primary) };
}
