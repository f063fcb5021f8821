import { DroppedConnection, empty, failed, json } from '../replies.ts';
import { modify, type Handle } from '../handles.ts';
import type { Operation } from '../operation.ts';
import { MODELS } from '../schema.ts';
import type { PortLayerState } from '../state.ts';
import { changeTask, joinTask, removeTask, type TaskConfig } from '../vm-config.ts';
import type { TaskState } from '../task-state.ts';

const MAX_WAIT_MS = 180_000;

/** Tasks: joining, binding, inspecting, waiting, removing. */
export function taskOperations(state: PortLayerState): readonly Operation[] {
  const { handles } = state;
  return [
    {
      id: 'Join',
      method: 'POST',
      path: '/tasks',
      body: { name: 'config', type: MODELS.TaskJoinConfig },
      handle: ({ body }) => {
        const handle = handles.need(body['handle']);
        const task = newTask(body, () => state.random.hex(32));
        // A running VM gets exec tasks; ids collide only with tasks of the same kind.
        const kind = handle.base?.poweredOn === true ? 'execs' : 'tasks';
        if (handle.config[kind].some((other) => other.id === task.id)) throw failed(500, `task ID collides: ${task.id}`);
        modify(handle, joinTask(kind, task));
        return json({ handle: handle.key, id: task.id });
      },
    },
    {
      id: 'Bind',
      method: 'POST',
      path: '/tasks/binding',
      body: { name: 'config', type: MODELS.TaskBindConfig },
      handle: ({ body }) => bind(state, body, true),
    },
    {
      id: 'Unbind',
      method: 'DELETE',
      path: '/tasks/binding',
      body: { name: 'config', type: MODELS.TaskUnbindConfig },
      handle: ({ body }) => bind(state, body, false),
    },
    {
      id: 'Inspect',
      method: 'GET',
      path: '/tasks',
      body: { name: 'config', type: MODELS.TaskInspectConfig },
      handle: ({ body }) => {
        const handle = handles.need(body['handle']);
        return json(inspect(handle, body['id'] as string));
      },
    },
    {
      id: 'Remove',
      method: 'DELETE',
      path: '/tasks',
      body: { name: 'config', type: MODELS.TaskRemoveConfig },
      handle: ({ body }) => {
        const handle = handles.need(body['handle']);
        const id = body['id'] as string;
        const exec = handle.config.execs.some((task) => task.id === id);
        if (!exec && !handle.config.tasks.some((task) => task.id === id)) throw failed(500, `unknown task ID: ${id}`);
        if (!exec && handle.base?.poweredOn === true) throw failed(500, `Cannot modify task ${id} in current state`);
        modify(handle, removeTask(id));
        return json({ handle: handle.key });
      },
    },
    {
      id: 'Wait',
      method: 'GET',
      path: '/tasks/wait',
      body: { name: 'config', type: MODELS.TaskWaitConfig },
      handle: async ({ body, signal }) => {
        const handle = handles.need(body['handle']);
        await awaitChange(state, handle, body['id'] as string, signal);
        return empty();
      },
    },
  ];
}

function newTask(body: Readonly<Record<string, unknown>>, randomId: () => string): TaskConfig {
  const text = (name: string): string => (body[name] as string | undefined) ?? '';
  return {
    id: text('id') || randomId(),
    path: text('path'),
    argv: [text('path'), ...((body['args'] as readonly string[] | undefined) ?? [])],
    env: (body['env'] as readonly string[] | undefined) ?? [],
    workingDir: text('workingDir'),
    user: text('user'),
    // Declared with the default true, but what is left out counts as false.
    attach: (body['attach'] as boolean | undefined) ?? false,
    openStdin: (body['openStdin'] as boolean | undefined) ?? false,
    tty: (body['tty'] as boolean | undefined) ?? false,
    stopSignal: text('stopSignal'),
    namespace: text('namespace'),
    active: false,
    held: false,
  };
}

function bind(state: PortLayerState, body: Readonly<Record<string, unknown>>, active: boolean): ReturnType<typeof json> {
  const handle = state.handles.need(body['handle']);
  const id = body['id'] as string;
  const known = [...handle.config.tasks, ...handle.config.execs].some((task) => task.id === id);
  if (!known) throw handle.base === undefined ? failed(500, 'running tasks not supported for this container') : failed(404, `Cannot find task ${id}`);
  modify(handle, changeTask(id, { active }));
  return json({ handle: handle.key });
}

function inspect(handle: Handle, id: string): unknown {
  const persistent = handle.config.tasks.find((task) => task.id === id);
  const exec = handle.config.execs.find((task) => task.id === id);
  if (exec === undefined && persistent !== undefined) throw new DroppedConnection('inspect of a persistent task');
  if (exec === undefined) throw failed(404, `Cannot find task ${id}`);
  // An exec that took the id of a persistent task is never launched, and the other one's configuration is read.
  const task = persistent ?? exec;
  const status = persistent === undefined ? handle.base?.taskStates.get(id) : undefined;
  const found = status?.state ?? 'created';
  return {
    exitCode: found === 'stopped' && status !== undefined && status.exitCode !== 0 ? status.exitCode : undefined,
    id,
    openStderr: task.attach || undefined,
    openStdin: task.openStdin || undefined,
    openStdout: task.attach || undefined,
    processConfig: { env: null, errorMsg: found === 'failed' ? status?.error : undefined, execArgs: task.argv, execPath: task.path },
    state: found,
    tty: task.tty || undefined,
    user: task.user === '' ? undefined : task.user,
  };
}

/** Until the task is in another state than the handle saw; at once when it has ended already. */
async function awaitChange(state: PortLayerState, handle: Handle, id: string, signal: AbortSignal): Promise<void> {
  const vm = state.containers.find(handle.id);
  if (vm === undefined || handle.base?.poweredOn !== true) throw failed(500, `unable to wait for task when container ${handle.id} is not running`);
  if (![...handle.config.tasks, ...handle.config.execs].some((task) => task.id === id)) throw failed(500, `unknown task ID: ${id}`);
  const seen = handle.base.taskStates.get(id)?.state ?? 'created';
  if (seen === 'stopped' || seen === 'failed') return;
  const persistent = handle.config.tasks.some((task) => task.id === id);
  if (persistent && seen !== 'created') return;
  const current = (): TaskState['state'] => vm.sessions.stateOf(id)?.state ?? 'created';
  const deadline = AbortSignal.any([signal]);
  const timeout = state.clock.sleep(MAX_WAIT_MS, deadline).then(
    () => true,
    () => true,
  );
  while (current() === seen && vm.poweredOn) {
    const stop = await Promise.race([timeout, vm.nextChange().then(() => false)]);
    if (stop) return;
  }
}
