/** Start, stop, restart, kill, rename, wait and removal of containers through the Docker API. */
import { PortLayerError } from '../port-layer/replies.ts';
import { modify } from '../port-layer/handles.ts';
import type { PortLayerState } from '../port-layer/state.ts';
import { rename } from '../port-layer/vm-config.ts';
import type { Vm } from '../port-layer/vm.ts';
import { signalNumber } from '../signal-number.ts';
import { logContainer } from './container-events.ts';
import { containerState } from './container-state.ts';
import { findContainer, isAutoRemoved } from './containers.ts';
import { refuseTakenName } from './create-container.ts';
import { DockerError, portLayerSaid } from './errors.ts';
import type { EventLog } from './event-log.ts';
import { formInteger } from './form-values.ts';
import { userOf } from './volume-calls.ts';

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
const STOP_SECONDS = 10;
const WAIT_MS = 180_000;
/** How long a simulated vSphere takes to tell that a program runs. */
const START_SEEN_MS = 250;
const CONFLICT = 409;

interface Operated {
  readonly state: PortLayerState;
  readonly events: EventLog;
}

/** Throws what either part is refused with. */
export async function restartContainer({ state, events }: Operated, vm: Vm, seconds: string | null): Promise<void> {
  const told = async (what: string, work: Promise<void>): Promise<void> => {
    try {
      await work;
    } catch (error) {
      throw error instanceof DockerError ? portLayerSaid(`${what} failed with: ${error.message}`) : error;
    }
  };
  const patience = patienceOf(seconds);
  await told('Stop', stopContainer(state, vm, patience));
  await told('Start', startContainer(state, vm));
  logContainer(events, vm, 'restart');
}

export async function startContainer(state: PortLayerState, vm: Vm): Promise<void> {
  if (vm.poweredOn) return;
  await changed(async () => {
    const handle = state.containers.take(vm.id);
    state.networks.bind(handle.config);
    handle.target = 'RUNNING';
    await state.containers.commit(handle, undefined);
  });
  if (!vm.context.keepExecs || !isAutoRemoved(vm)) return;
  // Where VMs take no time to end, one that goes with its end can be gone before its start has been seen.
  await state.clock.sleep(START_SEEN_MS);
  if (state.containers.find(vm.id) === undefined) {
    throw portLayerSaid('unable to wait for process launch status: ServerFaultCode: ManagedObjectNotFound');
  }
}

/** Seconds as the query has them. Throws 500 for what is no number. */
export function patienceOf(text: string | null): number {
  return text === null || text === '' ? STOP_SECONDS : formInteger(new URLSearchParams({ t: text }), 't');
}

/** Content with a container that has stopped. */
export async function stopContainer(state: PortLayerState, vm: Vm, patience: number): Promise<void> {
  if (!vm.poweredOn) return;
  await changed(async () => {
    const handle = state.containers.take(vm.id);
    handle.target = 'STOPPED';
    await state.containers.commit(handle, patience);
  });
}

export async function killContainer({ state, events }: Operated, wanted: string, signal: string | null): Promise<void> {
  let vm: Vm;
  try {
    vm = findContainer(state, wanted);
  } catch (error) {
    throw error instanceof DockerError ? new DockerError(error.status, `Cannot kill container ${wanted}: ${error.message}`) : error;
  }
  const chosen = signalNumber(signal === null || signal === '' ? 'KILL' : signal);
  if (chosen === undefined) throw new DockerError(500, `Invalid signal: ${signal ?? ''}`);
  if (!containerState(state, vm).running) throw new DockerError(500, `Cannot kill container ${wanted}: ${vm.id} is not running`);
  await vm.signal(chosen);
  // The default is told as it was given: as nothing.
  logContainer(events, vm, 'kill', { signal: String(signal === null || signal === '' ? 0 : chosen) });
}

export async function renameContainer({ state, events }: Operated, wanted: string, name: string): Promise<void> {
  if (name === '') throw new DockerError(500, 'neither old nor new names may be empty');
  if (!NAME.test(name)) throw new DockerError(500, `invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
  const vm = findContainer(state, wanted);
  if (vm.config.name === name) throw new DockerError(500, 'renaming a container with the same name as its current name');
  refuseTakenName(state, name);
  await changed(async () => {
    const handle = state.containers.take(vm.id);
    modify(handle, rename(name));
    await state.containers.commit(handle, undefined);
  });
  logContainer(events, vm, 'Rename', { newName: name });
}

/** The exit code; 0 for a wait that was open when the container ended, whatever the code was. Throws 500 after 3 minutes. */
export async function waitContainer(state: PortLayerState, vm: Vm, signal: AbortSignal): Promise<number> {
  const stopped = (): boolean => vm.state === 'Stopped';
  if (stopped()) return containerState(state, vm).exitCode;
  const over = new AbortController();
  const timeout = state.clock.sleep(WAIT_MS, AbortSignal.any([signal, over.signal])).then(
    () => true,
    () => true,
  );
  try {
    // Also for one that is yet to be started.
    while (!stopped()) {
      if (await Promise.race([timeout, vm.nextChange().then(() => false)])) break;
    }
  } finally {
    over.abort();
  }
  if (!stopped()) throw portLayerSaid(`ContainerWaitHandler(${vm.id}) Error: context deadline exceeded`);
  return 0;
}

export async function removeContainer(
  { state, events }: Operated,
  vm: Vm,
  { force, volumes }: { readonly force: boolean; readonly volumes: boolean },
): Promise<void> {
  if (!force && vm.state === 'Starting') throw new DockerError(409, 'The container is starting.  To remove use -f');
  if (!force && vm.poweredOn) {
    throw new DockerError(409, 'You cannot remove a running container. Stop the container before attempting removal or use -f');
  }
  const mounted = vm.config.mounts.map(({ volume }) => volume);
  await vm.cut();
  if (force) logContainer(events, vm, 'stop');
  await state.containers.remove(vm.id);
  if (!volumes) return;
  for (const name of mounted) if (userOf(state, name) === undefined) state.volumes.remove(name);
}

/** Conflicts are repeated with a new handle; what else the port layer says is passed on. */
export async function changed(work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      await work();
      return;
    } catch (error) {
      if (!(error instanceof PortLayerError)) throw error;
      if (error.status !== CONFLICT) throw portLayerSaid(error.message);
    }
  }
}
