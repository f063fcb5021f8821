import type { Draft, TableDefinition } from '../../resource.ts';
import { isObject } from '../../json.ts';
import { at, numberOf, textOf } from '../fields.ts';
import { since } from '../tables/age.ts';
import { column, nameColumn } from '../tables/columns.ts';

/** `kubectl get events`. */
export const eventTable: TableDefinition = {
  columns: [
    column('Last Seen', 'The time at which the most recent occurrence of this event was recorded.'),
    column('Type', 'Type of this event (Normal, Warning), new types could be added in the future'),
    column('Reason', "This should be a short, machine understandable string that gives the reason for the transition into the object's current status."),
    column('Object', 'The object that this event is about.'),
    column(
      'Subobject',
      'If referring to a piece of an object instead of an entire object, this string should contain a valid JSON/Go field access statement, such as desiredState.manifest.containers[2]. For example, if the object reference is to a container within a pod, this would take on a value like: "spec.containers{name}" (where "name" refers to the name of the container that triggered the event) or if no container name is specified "spec.containers[2]" (container with index 2 in this pod). This syntax is chosen only to have some well-defined way of referencing a part of an object.',
      true,
    ),
    column('Source', 'The component reporting this event. Should be a short machine understandable string.', true),
    column('Message', 'A human-readable description of the status of this operation.'),
    column('First Seen', 'The time at which the event was first recorded. (Time of server receipt is in TypeMeta.)', true),
    column('Count', 'The number of times this event has occurred.', true),
    nameColumn(true),
  ],
  row(object, now) {
    const first = since(object['firstTimestamp'] ?? object['eventTime'], now);
    const last = isObject(object['series'])
      ? since(object['series']['lastObservedTime'], now)
      : typeof object['lastTimestamp'] === 'string'
        ? since(object['lastTimestamp'], now)
        : first;
    const count = isObject(object['series']) ? numberOf(object['series']['count']) : (numberOf(object['count']) ?? 0) || 1;
    return [
      last,
      textOf(object['type']),
      textOf(object['reason']),
      targetOf(object),
      textOf(at(object, 'involvedObject', 'fieldPath')),
      sourceOf(object),
      textOf(object['message']).trim(),
      first,
      count,
      object.metadata.name,
    ];
  },
};

function targetOf(event: Draft): string {
  const kind = textOf(at(event, 'involvedObject', 'kind')).toLowerCase();
  const name = textOf(at(event, 'involvedObject', 'name'));
  return name === '' ? kind : `${kind}/${name}`;
}

function sourceOf(event: Draft): string {
  const component = textOf(at(event, 'source', 'component')) || textOf(event['reportingComponent']);
  const host = textOf(at(event, 'source', 'host')) || textOf(event['reportingInstance']);
  return host === '' ? component : `${component}, ${host}`;
}
