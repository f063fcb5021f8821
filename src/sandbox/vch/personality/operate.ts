/** Start, stop, restart, kill, rename, wait and removal of containers through the Docker API. */
import { PortLayerError } from '../port-layer/replies.ts';
import { modify } from '../port-layer/handles.ts';
import type { PortLayerState } from '../port-layer/state.ts';
import { rename } from '../port-layer/vm-config.ts';
import type { Vm } from '../port-layer/vm.ts';
import { signalNumber } from '../signal-number.ts';
import { logContainer } from './container-events.ts';
import { findContainer } from './containers.ts';
import { refuseTakenName } from './create-container.ts';
import { DockerError, portLayerSaid } from './errors.ts';
import type { EventLog } from './event-log.ts';
import { userOf } from './volume-calls.ts';

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
const STOP_SECONDS = 10;
const CONFLICT = 409;

interface Operated {
  readonly state: PortLayerState;
  readonly events: EventLog;
}

export async function startContainer(state: PortLayerState, vm: Vm): Promise<void> {
  if (vm.poweredOn) return;
  await changed(async () => {
    const handle = state.containers.take(vm.id);
    state.networks.bind(handle.config);
    handle.target = 'RUNNING';
    await state.containers.commit(handle, undefined);
  });
}

/** Content with a container that has stopped. `seconds` as the query has it. */
export async function stopContainer(state: PortLayerState, vm: Vm, seconds: string | null): Promise<void> {
  const patience = seconds === null ? STOP_SECONDS : number(seconds);
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
  if (!vm.poweredOn) throw new DockerError(500, `Cannot kill container ${wanted}: ${vm.id} is not running`);
  await vm.signal(chosen);
  // The default is told as it was given: as nothing.
  logContainer(events, vm, 'kill', { signal: String(signal === null || signal === '' ? 0 : chosen) });
}

export async function renameContainer({ state, events }: Operated, vm: Vm, name: string): Promise<void> {
  if (!NAME.test(name)) throw new DockerError(500, `invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
  refuseTakenName(state, name);
  await changed(async () => {
    const handle = state.containers.take(vm.id);
    modify(handle, rename(name));
    await state.containers.commit(handle, undefined);
  });
  logContainer(events, vm, 'Rename', { newName: name });
}

/** The exit code; 0 for a wait that was open when the container ended, whatever the code was. */
export async function waitContainer(vm: Vm, signal: AbortSignal): Promise<number> {
  if (!vm.poweredOn) return vm.primary?.exitCode ?? 0;
  await Promise.race([vm.waitOff(), new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))]);
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

function number(text: string): number {
  if (/^-?\d+$/.test(text)) return Number(text);
  throw new DockerError(500, `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
}
