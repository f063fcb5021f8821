/** How a container stands, made from the port layer's record as the personality makes it (vmware/vic lib/apiservers/engine/backends/convert/state.go). */
import { containerInfo } from '../port-layer/vm-info.ts';
import type { PortLayerState } from '../port-layer/state.ts';
import type { Vm } from '../port-layer/vm.ts';

export interface ContainerState {
  readonly running: boolean;
  readonly exitCode: number;
  /** Unix seconds; 0: it did not. */
  readonly started: number;
  readonly finished: number;
}

interface ProcessInfo {
  readonly exitCode?: number;
  readonly startTime?: number;
  readonly stopTime?: number;
  readonly status?: string;
}

/** Of what was stopped by force no exit code is known: it is taken to be that of the usual signal. */
export function containerState({ networks }: Pick<PortLayerState, 'networks'>, vm: Vm): ContainerState {
  const { processConfig } = containerInfo(vm, networks) as { readonly processConfig: ProcessInfo };
  const { exitCode = 0, startTime: started = 0, stopTime: finished = 0, status = '' } = processConfig;
  const told = vm.state === 'Stopped' && finished > 0 ? conventional(exitCode, status) : exitCode;
  return { running: vm.state === 'Running' && started > 0, exitCode: told, started, finished };
}

/** As the list shows it; `now` in ms. */
export function humanStatus(state: Pick<PortLayerState, 'networks'>, vm: Vm, now: number): string {
  const { running, exitCode, started, finished } = containerState(state, vm);
  if (running) return `Up ${humanDuration(now - started * 1000)}`;
  if (vm.state === 'Stopped' && finished > 0) return `Exited (${String(exitCode)}) ${humanDuration(now - finished * 1000)} ago`;
  return vm.state;
}

/** As docker/go-units tells durations. */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / 1000);
  const minutes = Math.trunc(seconds / 60);
  const hours = Math.trunc(minutes / 60);
  if (seconds < 1) return 'Less than a second';
  if (seconds < 60) return `${String(seconds)} seconds`;
  if (minutes === 1) return 'About a minute';
  if (minutes < 60) return `${String(minutes)} minutes`;
  if (hours === 1) return 'About an hour';
  if (hours < 48) return `${String(hours)} hours`;
  const days = Math.trunc(hours / 24);
  if (days < 14) return `${String(days)} days`;
  if (days < 90) return `${String(Math.trunc(days / 7))} weeks`;
  if (days < 730) return `${String(Math.trunc(days / 30))} months`;
  return `${String(Math.trunc(days / 365))} years`;
}

function conventional(exitCode: number, status: string): number {
  if (status.includes('permission denied')) return 126;
  if (status.includes('no such')) return 127;
  if (exitCode !== -1) return exitCode;
  return status === 'true' ? 137 : status === '' ? 143 : exitCode;
}
