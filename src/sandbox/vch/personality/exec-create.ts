/** `POST /containers/{id}/exec`: a command is joined to a running container, and not launched yet. */
import { modify } from '../port-layer/handles.ts';
import type { PortLayerState } from '../port-layer/state.ts';
import { joinTask, type TaskConfig } from '../port-layer/vm-config.ts';
import type { Vm } from '../port-layer/vm.ts';
import type { PersonalityParts } from './api.ts';
import type { BodyType } from './body-types.ts';
import { logContainer } from './container-events.ts';
import { findContainer } from './containers.ts';
import { DockerError, portLayerSaid } from './errors.ts';
import { changed } from './operate.ts';

export interface ExecBody {
  readonly Cmd?: readonly string[] | null;
  readonly Env?: readonly string[] | null;
  readonly User?: string;
  readonly Tty?: boolean;
  readonly AttachStdin?: boolean;
  readonly AttachStdout?: boolean;
  readonly AttachStderr?: boolean;
}

export const EXEC_BODY: BodyType = {
  package: 'types',
  name: 'ExecConfig',
  fields: { Cmd: 'strings', Env: 'strings', User: 'string', Tty: 'bool', AttachStdin: 'bool', AttachStdout: 'bool', AttachStderr: 'bool' },
};

const STARTING_WAIT_MS = 60_000;
const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The id of the command. Throws the refusals of a VCH, in its words. */
export async function createExec(parts: PersonalityParts, wanted: string, body: ExecBody, signal: AbortSignal): Promise<string> {
  const { state, execs, events } = parts;
  const argv = body.Cmd ?? [];
  if (argv.length === 0) throw new DockerError(500, 'No exec command specified');
  const vm = findContainer(state, wanted);
  await untilRunning(state, vm, wanted, signal);
  const task = taskOf(body, argv, vm, state.random.hex(32));
  await changed(async () => {
    const handle = state.containers.take(vm.id);
    modify(handle, joinTask('execs', task));
    await state.containers.commit(handle, undefined);
  });
  execs.set(task.id, vm);
  logContainer(events, vm, `exec_create: ${argv[0] ?? ''} ${argv.slice(1).join(' ')}`);
  return task.id;
}

/** A container that starts is waited for; in any other state there is nothing to run a command in. */
async function untilRunning({ clock }: PortLayerState, vm: Vm, wanted: string, signal: AbortSignal): Promise<void> {
  const patience = new AbortController();
  const timeout = clock.sleep(STARTING_WAIT_MS, AbortSignal.any([signal, patience.signal])).then(
    () => true,
    () => true,
  );
  try {
    while (vm.state === 'Starting') {
      if (await Promise.race([timeout, vm.nextChange().then(() => false)])) break;
    }
  } finally {
    patience.abort();
  }
  if (vm.state === 'Running') return;
  if (vm.state === 'Starting') throw new DockerError(409, `Conflict error from portlayer: container (${vm.id}) is still starting`);
  if (vm.state === 'Stopping') throw portLayerSaid(`Container (${vm.id}) is in an unknown state: ${vm.state}`);
  throw portLayerSaid(`Container (${wanted}) is not running`);
}

function taskOf(body: ExecBody, argv: readonly string[], vm: Vm, id: string): TaskConfig {
  const primary = vm.config.tasks.find((task) => task.id === vm.id);
  const tty = body.Tty === true;
  return {
    ...{ id, path: argv[0] ?? '', argv, env: execEnvironment(body.Env ?? [], primary?.env ?? [], tty), tty },
    ...{ workingDir: '', user: body.User ?? '', stopSignal: '', namespace: primary?.namespace ?? '', active: false, held: false },
    attach: body.AttachStdin === true || body.AttachStdout === true || body.AttachStderr === true,
    openStdin: body.AttachStdin === true,
  };
}

/** The command's own variables, with those of the container that it does not set. */
export function execEnvironment(own: readonly string[], container: readonly string[], tty: boolean): readonly string[] {
  const nameOf = (entry: string): string => entry.split('=')[0] ?? '';
  const path = own.some((entry) => nameOf(entry) === 'PATH') ? [] : [container.find((entry) => nameOf(entry) === 'PATH') ?? DEFAULT_PATH];
  const set = new Set([...own, ...path].map(nameOf));
  const terminal = tty && !set.has('TERM') ? ['TERM=xterm'] : [];
  return [...own, ...path, ...terminal, ...container.filter((entry) => !set.has(nameOf(entry)))];
}
