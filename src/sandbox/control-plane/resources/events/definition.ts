import { at, textOf } from '../fields.ts';
import { defineResource } from '../strategy.ts';
import { pathSegment } from '../validation/names.ts';
import { eventTable } from './table.ts';
import { fromStored, toStored } from './view.ts';
import { validateEvent, validateEventUpdate } from './validation.ts';

/** What both groups serve. */
const EVENTS = {
  version: 'v1',
  kind: 'Event',
  namespaced: true,
  resource: 'events',
  singular: 'event',
  shortNames: ['ev'],
  // Events are checked less than other names: any segment of a path will do.
  checkName: pathSegment,
  createsOnUpdate: true,
  uncached: true,
  table: eventTable,
} as const;

/** v1 Event: where events of both groups are stored. */
export const coreEvents = defineResource({
  ...EVENTS,
  group: '',
  selectableFields: {
    ...Object.fromEntries(
      ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].map((field) => [
        `involvedObject.${field}`,
        (object: Parameters<typeof textOf>[0]) => textOf(at(object, 'involvedObject', field)),
      ]),
    ),
    reason: (object) => textOf(object['reason']),
    reportingComponent: (object) => textOf(object['reportingComponent']),
    source: (object) => textOf(at(object, 'source', 'component')) || textOf(object['reportingComponent']),
    type: (object) => textOf(object['type']),
  },
  validate: validateEvent,
  validateUpdate: validateEventUpdate,
});

/** events.k8s.io/v1 Event: the same objects under other names. */
export const groupEvents = defineResource({
  ...EVENTS,
  group: 'events.k8s.io',
  selectableFields: {
    ...Object.fromEntries(
      ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].map((field) => [
        `regarding.${field}`,
        (object: Parameters<typeof textOf>[0]) => textOf(at(object, 'involvedObject', field)),
      ]),
    ),
    reason: (object) => textOf(object['reason']),
    reportingController: (object) => textOf(object['reportingComponent']),
    type: (object) => textOf(object['type']),
  },
  viewOf: { of: { group: '', resource: 'events' }, fromStored, toStored },
});
