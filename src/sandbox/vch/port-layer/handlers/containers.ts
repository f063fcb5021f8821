import { empty, DroppedConnection, failed, json, PortLayerError } from '../replies.ts';
import type { Operation } from '../operation.ts';
import { afflictions } from '../../sentinels.ts';
import { MODELS } from '../schema.ts';
import type { PortLayerState } from '../state.ts';
import { containerInfo } from '../vm-info.ts';
import { newVm, rename } from '../vm-config.ts';
import type { Vm } from '../vm.ts';
import { modify, type Handle } from '../handles.ts';

const MAX_WAIT_S = 180;

/** Creation, handles, state, commit, information, signals, waiting and removal of container VMs. */
export function containerOperations(state: PortLayerState): readonly Operation[] {
  const { containers, handles, random, networks } = state;
  return [
    {
      id: 'Create',
      method: 'POST',
      path: '/containers',
      query: [{ name: 'name', type: 'string' }],
      body: { name: 'createConfig', type: MODELS.ContainerCreateConfig },
      handle: ({ body }) => {
        const handle = handles.create(newVm(random.hex(32), body), undefined);
        return json({ handle: handle.key, id: handle.id });
      },
    },
    {
      id: 'Get',
      method: 'GET',
      path: '/containers/{id}',
      handle: ({ path }) => json(containers.take(path['id'] ?? '').key),
    },
    {
      id: 'GetContainerInfo',
      method: 'GET',
      path: '/containers/info/{id}',
      handle: ({ path }) => {
        const id = path['id'] ?? '';
        const vm = containers.find(id);
        if (vm === undefined) throw failed(404, `GetContainerInfoHandler ContainerCache miss for container(${id})`);
        return json(readable(vm, 'info', state));
      },
    },
    {
      id: 'GetContainerList',
      method: 'GET',
      path: '/containers/list',
      query: [{ name: 'all', type: 'bool' }],
      handle: ({ query }) => json(listContainers(state, query.bool('all') ?? true)),
    },
    {
      id: 'Commit',
      method: 'PUT',
      path: '/containers/{handle}',
      query: [{ name: 'wait_time', type: 'int32' }],
      handle: async ({ path, query }) => {
        const handle = handles.needContainer(path['handle']);
        if (afflictions(handle.config.annotations).drops === 'commit') throw new DroppedConnection('asked for by an annotation');
        await containers.commit(handle, query.int('wait_time'));
        return empty();
      },
    },
    {
      id: 'StateChange',
      method: 'PUT',
      path: '/containers/{handle}/state',
      body: { name: 'state', type: 'string' },
      handle: ({ path, text }) => {
        const handle = needOrEmpty(handles.find(path['handle']));
        if (text !== 'RUNNING' && text !== 'STOPPED' && text !== 'CREATED') throw failed(503, 'unknown state');
        handle.target = text;
        return json(handle.key);
      },
    },
    {
      id: 'GetState',
      method: 'GET',
      path: '/containers/{handle}/state',
      handle: ({ path }) => {
        const handle = needOrEmpty(handles.find(path['handle']));
        if (handle.base === undefined) throw new DroppedConnection('the handle was never committed');
        return json({ handle: handle.key, state: handle.base.state });
      },
    },
    {
      id: 'ContainerRename',
      method: 'PATCH',
      path: '/containers/{handle}/name',
      query: [{ name: 'name', type: 'string', required: true }],
      handle: ({ path, query }) => {
        const handle = needOrEmpty(handles.find(path['handle']));
        const name = query.string('name') ?? '';
        if (name === handle.config.name) throw failed(500, `renaming a container with the same name as its current name: ${name}`);
        modify(handle, rename(name));
        return json(handle.key);
      },
    },
    {
      id: 'ContainerRemove',
      method: 'DELETE',
      path: '/containers/{id}',
      query: [
        { name: 'force', type: 'bool' },
        { name: 'v', type: 'bool' },
      ],
      handle: async ({ path }) => {
        await containers.remove(path['id'] ?? '');
        return empty();
      },
    },
    {
      id: 'ContainerSignal',
      method: 'POST',
      path: '/containers/{id}/signal',
      query: [{ name: 'signal', type: 'int64', required: true }],
      handle: async ({ path, query }) => {
        await containers.need(path['id'] ?? '').signal(query.int('signal') ?? 0);
        return empty();
      },
    },
    {
      id: 'ContainerWait',
      method: 'GET',
      path: '/containers/{id}/wait',
      query: [{ name: 'timeout', type: 'int64', required: true }],
      handle: async ({ path, query, signal }) => {
        const vm = containers.need(path['id'] ?? '');
        if (vm.state === 'Stopped') return json(containerInfo(vm, networks));
        const timeout = query.int('timeout') ?? 0;
        // The answer describes the VM as it was before the end, except for its state.
        const before = await awaitEnd(state, vm, (timeout <= 0 ? MAX_WAIT_S : timeout) * 1000, signal);
        if (before === undefined) throw failed(500, `ContainerWaitHandler(${vm.id}) Error: context deadline exceeded`);
        return json(before);
      },
    },
  ];
}

/** What `GET /containers/list` answers. Throws as the handler panics when one of the containers has no primary task. */
export function listContainers(state: PortLayerState, all: boolean): readonly unknown[] {
  const shown = state.containers.list().filter((vm) => all || vm.state === 'Running');
  return shown.map((vm) => readable(vm, 'list', state));
}

function readable(vm: Vm, how: 'info' | 'list', state: PortLayerState): unknown {
  if (!vm.config.tasks.some((task) => task.id === vm.id)) throw new DroppedConnection(`container ${vm.id} has no task with its own id`);
  if (afflictions(vm.config.annotations).drops === how) throw new DroppedConnection('asked for by an annotation');
  return containerInfo(vm, state.networks);
}

async function awaitEnd(state: PortLayerState, vm: Vm, ms: number, signal: AbortSignal): Promise<unknown> {
  const done = new AbortController();
  const timeout = state.clock.sleep(ms, AbortSignal.any([signal, done.signal])).then(
    () => undefined,
    () => undefined,
  );
  // A VM that never ran has no end to wait for.
  const end = vm.poweredOn
    ? new Promise<unknown>((resolve) => {
        const before = (): unknown => ({ ...(containerInfo(vm, state.networks, { state: 'Stopped', refreshed: false }) as object) });
        vm.onceEnding(() => {
          resolve(before());
        });
      })
    : new Promise<never>(() => undefined);
  try {
    return await Promise.race([end, timeout]);
  } finally {
    done.abort();
  }
}

function needOrEmpty(handle: Handle | undefined): Handle {
  if (handle === undefined) throw new PortLayerError(404);
  return handle;
}
