import type { Vm } from '../port-layer/vm.ts';
import { dockerLabels } from './containers.ts';
import type { EventActor, EventLog } from './event-log.ts';

/** Logs what happened to a container: its labels, its image and its name go with it. */
export function logContainer(events: EventLog, vm: Vm, action: string, more: Readonly<Record<string, string>> = {}): void {
  events.log('container', action, actorOf(vm, more));
}

/** The first event of a container is told before its record has been read: only what its image says is known. */
export function logCreated(events: EventLog, vm: Vm, imageConfig: Readonly<Record<string, unknown>> = {}): void {
  const labels = imageConfig['Labels'] as Readonly<Record<string, string>> | null | undefined;
  events.log('container', 'create', { id: vm.id, attributes: { ...labels, name: vm.config.name } });
}

function actorOf(vm: Vm, more: Readonly<Record<string, string>>): EventActor {
  const { name, repoName } = vm.config;
  return { id: vm.id, attributes: { ...more, ...dockerLabels(vm), ...(repoName === '' ? {} : { image: repoName }), name } };
}
