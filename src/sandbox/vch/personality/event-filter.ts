/** Which events a listener wants (docker/docker daemon/events/filter.go). */
import type { DockerEvent } from './event-log.ts';
import type { Filters } from './filters.ts';
import { parseReference } from './reference.ts';

/** Actions that come with what was called: named alone they mean all of them. */
const WITH_ARGUMENTS = ['health_status', 'exec_create', 'exec_start'];
const NAMED_THINGS = ['daemon', 'container', 'plugin', 'volume', 'network'];

/** A filter of one kind of thing leaves out the events of all others; names that are no filters count for nothing. */
export function wantsEvent(filters: Filters, { type, action, actor }: DockerEvent): boolean {
  const { id, attributes } = actor;
  const loose = filters.values('event').some((value) => WITH_ARGUMENTS.includes(value));
  const image = attributes[type === 'image' ? 'name' : 'image'] ?? '';
  return (
    (loose ? filters.prefix('event', action) : filters.exact('event', action)) &&
    filters.exact('type', type) &&
    NAMED_THINGS.every((name) => filters.prefix(name, id) || filters.prefix(name, attributes['name'] ?? '')) &&
    [id, image, withoutTag(id), withoutTag(image)].some((text) => filters.exact('image', text)) &&
    filters.labels('label', attributes)
  );
}

function withoutTag(reference: string): string {
  const parsed = parseReference(reference);
  return parsed.ok ? parsed.reference.name : reference;
}
