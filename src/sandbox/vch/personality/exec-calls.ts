/** The calls of the Docker API on commands in containers (vmware/vic lib/apiservers/engine/backends/container.go). */
import type { Vm } from '../port-layer/vm.ts';
import type { PersonalityParts, Route } from './api.ts';
import { typedBody, type BodyType } from './body-types.ts';
import { logContainer } from './container-events.ts';
import { DockerError } from './errors.ts';
import { createExec, EXEC_BODY } from './exec-create.ts';
import { startAttached, startDetached } from './exec-start.ts';
import { findExec } from './exec-state.ts';
import { formInteger } from './form-values.ts';

interface StartBody {
  readonly Detach?: boolean;
  readonly Tty?: boolean;
}

const START_BODY: BodyType = { package: 'types', name: 'ExecStartCheck', fields: { Detach: 'bool', Tty: 'bool' } };

/** What Docker tells for a program that could not be executed. */
const NOT_EXECUTED = 126;

export const execHandlers: readonly Route[] = [
  {
    method: 'POST',
    path: /^\/containers\/([^/]+)\/exec$/,
    handle: async (parts, call, match) => {
      const id = await createExec(parts, match[1] ?? '', typedBody(EXEC_BODY, await call.body()), call.signal);
      return { kind: 'json', status: 201, value: { Id: id } };
    },
  },
  {
    method: 'GET',
    path: /^\/exec\/([^/]+)\/json$/,
    handle: (parts, _call, match) => {
      const id = match[1] ?? '';
      const vm = parts.execs.get(id);
      if (vm === undefined) throw new DockerError(404, `No container was found with exec id: ${id}`);
      return { kind: 'json', status: 200, value: inspectExec(parts, vm, id) };
    },
  },
  {
    method: 'POST',
    path: /^\/exec\/([^/]+)\/start$/,
    handle: async (parts, call, match) => {
      const id = match[1] ?? '';
      const body = typedBody(START_BODY, await call.body()) as StartBody;
      const started = { parts, vm: needExec(parts, id), id };
      if (body.Detach === true) {
        await startDetached(started, call.signal);
        return { kind: 'empty', status: 200 };
      }
      return { kind: 'hijack', apiHeaders: true, serve: (connection) => startAttached(started, body.Tty === true, connection) };
    },
  },
  {
    // As for containers: no session has a size.
    method: 'POST',
    path: /^\/exec\/([^/]+)\/resize$/,
    handle: (parts, { query }, match) => {
      const [height, width] = [formInteger(query, 'h'), formInteger(query, 'w')];
      logContainer(parts.events, needExec(parts, match[1] ?? ''), 'resize', { height: String(height), width: String(width) });
      return { kind: 'empty', status: 200 };
    },
  },
];

function needExec({ execs }: PersonalityParts, id: string): Vm {
  const vm = execs.get(id);
  if (vm === undefined) throw new DockerError(404, `No such container: ${id}`);
  return vm;
}

function inspectExec({ state }: PersonalityParts, vm: Vm, id: string): unknown {
  const { task, state: found } = findExec(state, vm, id);
  return {
    ID: id,
    Running: found.state === 'running',
    ExitCode: found.state === 'failed' ? NOT_EXECUTED : found.state === 'stopped' ? found.exitCode : 0,
    ProcessConfig: { tty: task.tty, entrypoint: task.path, arguments: task.argv, user: task.user === '' ? undefined : task.user },
    ...{ OpenStdin: task.openStdin, OpenStderr: task.attach, OpenStdout: task.attach },
    ...{ CanRemove: false, ContainerID: vm.id, DetachKeys: null, Pid: 0 },
  };
}
