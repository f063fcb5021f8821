/** What the personality tells of containers: the list, made from the port layer's records. */
import { listContainers } from '../port-layer/handlers/containers.ts';
import { DroppedConnection } from '../port-layer/replies.ts';
import type { PortLayerState } from '../port-layer/state.ts';
import type { Vm } from '../port-layer/vm.ts';
import { humanStatus } from './container-state.ts';
import { DockerError } from './errors.ts';
import type { ImageCache } from './images.ts';

/** Throws 500 when the port layer's list cannot be read. `shown` is chosen before. */
export function containerList(state: PortLayerState, cache: ImageCache, shown: readonly Vm[], portLayer: string, all: boolean): readonly unknown[] {
  try {
    listContainers(state, true);
  } catch (error) {
    if (!(error instanceof DroppedConnection)) throw error;
    throw new DockerError(500, `Error invoking GetContainerList: Get "http://${portLayer}/containers/list?all=${String(all)}": EOF`);
  }
  return shown.map((vm) => ({
    Id: vm.id,
    Names: [`/${vm.config.name}`],
    Image: imageName(vm, cache),
    ImageID: '',
    Command: commandOf(vm).join(' '),
    Created: Math.floor(vm.createTime / 1000),
    Ports: null,
    Labels: null,
    State: statusOf(vm),
    Status: humanStatus(state, vm, state.clock.now()),
    HostConfig: {},
    NetworkSettings: null,
    Mounts: null,
  }));
}

/** By id, name, or unambiguous start of an id. Throws 404. */
export function findContainer(state: PortLayerState, wanted: string): Vm {
  const vms = state.containers.list();
  const name = wanted.replace(/^\//, '');
  const starting = vms.filter((vm) => vm.id.startsWith(wanted));
  const vm = vms.find((one) => one.id === wanted || one.config.name === name) ?? (starting.length === 1 ? starting[0] : undefined);
  if (vm === undefined) throw new DockerError(404, `No such container: ${wanted}`);
  return vm;
}

export function dockerLabels(vm: Vm): Record<string, string> {
  const stored = vm.config.annotations['docker.labels'];
  if (stored === undefined) return {};
  try {
    return JSON.parse(Buffer.from(stored, 'base64').toString('utf8')) as Record<string, string>;
  } catch {
    return {};
  }
}

/** It is to be removed when it has ended. */
export function isAutoRemoved(vm: Vm): boolean {
  return vm.config.annotations['docker.autoremove'] !== undefined;
}

export function commandOf(vm: Vm): readonly string[] {
  return vm.config.tasks.find((task) => task.id === vm.id)?.argv ?? [];
}

/** As it was named, or the start of its id when nothing is known by that name, as without a tag. */
function imageName({ config: { repoName, layerId } }: Vm, cache: ImageCache): string {
  return cache.hasReference(repoName) ? repoName : (cache.imageOfLayer(layerId)?.slice(0, 12) ?? repoName);
}

export function statusOf(vm: Vm): string {
  const names: Record<string, string> = { Created: 'created', Running: 'running', Stopped: 'exited' };
  return names[vm.state] ?? vm.state;
}
