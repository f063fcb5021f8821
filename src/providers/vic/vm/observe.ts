import type { ContainerInfo, TaskInfo } from '../../../clients/port-layer/port.ts';
import type { ObservedContainer, ObservedPod, ObservedState } from '../../../kubelet/provider.ts';
import { primaryOf, taskOf, type PodIdentity } from './identity.ts';
import { launchMessage } from './pipe-words.ts';
import { initialRuns, isCurrent, lastEnd, unknownEnd, type End, type PodRuns, type TaskRun } from './runs.ts';

type Exit = Extract<ObservedState, { kind: 'exited' }>;

/** Of tasks that have not ended, by container: what the port layer says of them right now. */
export type LiveTasks = ReadonlyMap<string, 'starting' | 'running'>;

/** What the port layer shows of a pod's VM, and what is on record of its earlier runs, in the kubelet's words. Pure; nothing is invented. */
export function observePod(identity: PodIdentity, info: ContainerInfo, runs: PodRuns = initialRuns(identity), live: LiveTasks = new Map()): ObservedPod {
  const primary = primaryOf(identity, runs.group)?.name;
  const current = isPoweredOn(info) || isCurrent(runs, info);
  return {
    uid: identity.uid,
    ips: isPoweredOn(info) ? addressesOf(info) : [],
    containers: identity.containers.map(({ name, imageRef }): ObservedContainer => {
      const id = taskOf(info.id, name, primary);
      return { name, id: id === info.id ? id : `${info.id}-${name}`, imageID: imageRef, state: stateOf(name) };
    }),
  };

  function stateOf(name: string): ObservedState {
    if (!isKnown(info)) return vmUnknown(info);
    const task = runs.tasks[name];
    if (task !== undefined) return taskState(task, live.get(name));
    if (!current || !runs.group.includes(name)) return lastEnd(identity, runs, name) ?? { kind: 'created' };
    return name === primary ? primaryState(info) : otherState(name, info);
  }
}

/** True from power-on to power-off. */
export function isPoweredOn(info: Pick<ContainerInfo, 'state'>): boolean {
  return info.state === 'Starting' || info.state === 'Running' || info.state === 'Stopping';
}

function isKnown({ state }: ContainerInfo): boolean {
  return ['Created', 'Starting', 'Running', 'Stopping', 'Stopped', 'Removing', 'Removed'].includes(state);
}

/** The primary: all that happens to it is known. */
export function primaryState(info: ContainerInfo): ObservedState {
  const { process } = info;
  switch (info.state) {
    case 'Created':
      return { kind: 'created' };
    case 'Starting':
    case 'Running':
    case 'Stopping':
      // While other containers run on, or before the VM has powered itself off.
      if (hasEnded(info)) return exited(info);
      return info.state === 'Starting' && process.status !== 'true' ? { kind: 'starting' } : { kind: 'running', startedAt: process.startedAt };
    case 'Stopped':
    case 'Removing':
    case 'Removed':
      return stopped(info);
    default:
      return vmUnknown(info);
  }
}

/** A task without an end that the port layer does not know was never committed. */
function taskState({ end, before, startedAt }: TaskRun, live: 'starting' | 'running' | undefined): ObservedState {
  if (end !== undefined) return end;
  if (live === undefined) return before ?? { kind: 'created' };
  return live === 'running' ? { kind: 'running', startedAt } : { kind: 'starting' };
}

/** How a task ended that the port layer calls stopped or failed. */
export function endOfTask({ startedAt }: TaskRun, { state, exitCode, errorMessage }: TaskInfo, now: number): End {
  const times = { startedAt, finishedAt: Math.max(now, startedAt) };
  if (state === 'failed') {
    const status = errorMessage === '' ? 'the process could not be started' : errorMessage;
    return { kind: 'exited', exitCode: 128, ...launchFailure({ status, path: '', args: [] }), ...times };
  }
  return { kind: 'exited', exitCode: exitCode === -1 ? 137 : exitCode, ...times };
}

/** Any other container that started with the VM: the port layer says nothing of it while the VM is on, nor afterwards. */
function otherState(container: string, info: ContainerInfo): ObservedState {
  switch (info.state) {
    case 'Created':
      return { kind: 'created' };
    case 'Starting':
      return { kind: 'starting' };
    case 'Running':
    case 'Stopping':
      // Running means that every process of the VM was launched; a VM with none left powers itself off.
      return { kind: 'running', startedAt: info.process.startedAt };
    case 'Stopped':
    case 'Removing':
    case 'Removed':
      return unknownEnd(container);
    default:
      return vmUnknown(info);
  }
}

function stopped(info: ContainerInfo): ObservedState {
  const failure = launchFailure(info.process);
  const started = info.process.startedAt === 0 ? {} : { startedAt: info.process.startedAt };
  if (failure !== undefined) {
    return { kind: 'exited', ...failure, ...started, finishedAt: info.process.startedAt || info.createdAt };
  }
  if (hasEnded(info)) return exited(info);
  return { kind: 'unknown', message: 'The pod VM was powered off before its guest could record how the container ended.' };
}

/**
 * Times are whole seconds and the stop time of an earlier run stays in place. A start never falls into the second of the
 * stop before it (see power.ts), so an equal time belongs to this run.
 */
export function hasEnded({ process }: ContainerInfo): boolean {
  return process.stoppedAt > 0 && process.stoppedAt >= process.startedAt;
}

function exited(info: ContainerInfo): ObservedState {
  const { process } = info;
  return {
    kind: 'exited',
    exitCode: exitCode(info),
    ...(process.startedAt === 0 ? {} : { startedAt: process.startedAt }),
    finishedAt: process.stoppedAt,
  };
}

/** -1 stands for a forced stop: after a kill the launch is still on record, after a requested stop it is not. */
function exitCode({ process }: ContainerInfo): number {
  if (process.exitCode !== -1) return process.exitCode;
  return process.status === 'true' ? 137 : 143;
}

/** Undefined: it was launched, or never tried. The exit codes are a shell's. */
function launchFailure({
  status,
  path,
  args,
}: Pick<ContainerInfo['process'], 'status' | 'path' | 'args'>): Pick<Exit, 'exitCode' | 'reason' | 'message'> | undefined {
  if (status === '' || status === 'true') return undefined;
  // The first argument repeats the path.
  const message = launchMessage({ path, args: args.slice(1) }, status);
  if (/no such|not found/i.test(status)) return { exitCode: 127, reason: 'ContainerCannotRun', message };
  if (/permission denied/i.test(status)) return { exitCode: 126, reason: 'ContainerCannotRun', message };
  return { exitCode: 128, reason: 'StartError', message };
}

function vmUnknown(info: ContainerInfo): ObservedState {
  if (info.state === '' || info.state === 'Suspended') return { kind: 'unknown', message: 'The pod VM is suspended.' };
  const why = info.process.errorMessage === '' ? '' : `: ${info.process.errorMessage}`;
  return { kind: 'unknown', message: `The VCH reports the pod VM in state "${info.state}"${why}.` };
}

/** Without prefix length; those that are not known yet are left out. */
export function ipsOf(endpoints: ContainerInfo['endpoints']): readonly string[] {
  return endpoints.map(({ address }) => address.split('/')[0] ?? '').filter((address) => address !== '');
}

/** Without prefix length and blanks, IPv4 first, none twice. */
export function addressesOf(info: ContainerInfo): readonly string[] {
  const unique = [...new Set(ipsOf(info.endpoints).filter((address) => address !== '0.0.0.0'))];
  return [...unique.filter((address) => !address.includes(':')), ...unique.filter((address) => address.includes(':'))];
}
