import type { Vm } from '../port-layer/vm.ts';
import { dockerLabels } from './containers.ts';
import type { EventActor, EventLog } from './event-log.ts';

/** Logs what happened to a container: its labels, its image and its name go with it. */
export function logContainer(events: EventLog, vm: Vm, action: string, more: Readonly<Record<string, string>> = {}): void {
  events.log('container', action, actorOf(vm, more));
}

/** The first event of a container is told before its record has been read: neither its image nor its labels are known. */
export function logCreated(events: EventLog, vm: Vm): void {
  events.log('container', 'create', { id: vm.id, attributes: { name: vm.config.name } });
}

function actorOf(vm: Vm, more: Readonly<Record<string, string>>): EventActor {
  const { name, repoName } = vm.config;
  return { id: vm.id, attributes: { ...more, ...dockerLabels(vm), ...(repoName === '' ? {} : { image: repoName }), name } };
}
