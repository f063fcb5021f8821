/** Start, stop, restart, kill, rename, wait and removal of containers through the Docker API. */
import { PortLayerError } from '../port-layer/replies.ts';
import { modify } from '../port-layer/handles.ts';
import type { PortLayerState } from '../port-layer/state.ts';
import { rename } from '../port-layer/vm-config.ts';
import type { Vm } from '../port-layer/vm.ts';
import { signalNumber } from '../signal-number.ts';
import { findContainer } from './containers.ts';
import { refuseTakenName } from './create-container.ts';
import { DockerError } from './errors.ts';

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
const STOP_SECONDS = 10;
const CONFLICT = 409;

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

export async function killContainer(state: PortLayerState, wanted: string, signal: string | null): Promise<void> {
  let vm: Vm;
  try {
    vm = findContainer(state, wanted);
  } catch (error) {
    throw error instanceof DockerError ? new DockerError(error.status, `Cannot kill container ${wanted}: ${error.message}`) : error;
  }
  const chosen = signalNumber(signal ?? 'KILL');
  if (chosen === undefined) throw new DockerError(500, `Invalid signal: ${signal ?? ''}`);
  if (!vm.poweredOn) throw new DockerError(500, `Cannot kill container ${wanted}: ${vm.id} is not running`);
  await vm.signal(chosen);
}

export async function renameContainer(state: PortLayerState, vm: Vm, name: string): Promise<void> {
  if (!NAME.test(name)) throw new DockerError(500, `invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
  refuseTakenName(state, name);
  await changed(async () => {
    const handle = state.containers.take(vm.id);
    modify(handle, rename(name));
    await state.containers.commit(handle, undefined);
  });
}

/** The exit code; 0 for a wait that was open when the container ended, whatever the code was. */
export async function waitContainer(vm: Vm, signal: AbortSignal): Promise<number> {
  if (!vm.poweredOn) return vm.primary?.exitCode ?? 0;
  await Promise.race([vm.waitOff(), new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))]);
  return 0;
}

export async function removeContainer(
  state: PortLayerState,
  vm: Vm,
  { force, volumes }: { readonly force: boolean; readonly volumes: boolean },
): Promise<void> {
  if (vm.poweredOn && !force) {
    throw new DockerError(409, 'You cannot remove a running container. Stop the container before attempting removal or use -f');
  }
  const mounted = vm.config.mounts.map(({ volume }) => volume);
  await vm.cut();
  await state.containers.remove(vm.id);
  if (volumes) for (const name of mounted) state.volumes.remove(name);
}

/** Conflicts are repeated with a new handle; what else the port layer says is passed on. */
async function changed(work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      await work();
      return;
    } catch (error) {
      if (!(error instanceof PortLayerError)) throw error;
      if (error.status !== CONFLICT) throw new DockerError(500, `Server error from portlayer: ${error.message}`);
    }
  }
}

function number(text: string): number {
  if (/^-?\d+$/.test(text)) return Number(text);
  throw new DockerError(500, `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
}
