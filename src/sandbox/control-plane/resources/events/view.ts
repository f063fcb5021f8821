import type { Draft } from '../../resource.ts';
import { decodeBody } from '../codec.ts';

/** Names of the same field: in core/v1, and in events.k8s.io/v1. */
const RENAMED: readonly (readonly [core: string, group: string])[] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
  ['reportingComponent', 'reportingController'],
];
const SHARED = ['metadata', 'eventTime', 'series', 'reportingInstance', 'action', 'reason', 'related', 'type'];

/** A stored core/v1 event as events.k8s.io/v1 shows it. */
export function fromStored(stored: Draft): Draft {
  const view: Draft = { kind: 'Event', apiVersion: 'events.k8s.io/v1', metadata: stored.metadata };
  for (const [core, group] of RENAMED) view[group] = stored[core];
  for (const field of SHARED) view[field] = stored[field];
  return decodeBody({ group: 'events.k8s.io', version: 'v1', kind: 'Event' }, view);
}

/** An events.k8s.io/v1 event as it is stored. */
export function toStored(draft: Draft): Draft {
  const stored: Draft = { kind: 'Event', apiVersion: 'v1', metadata: draft.metadata };
  for (const [core, group] of RENAMED) stored[core] = draft[group];
  for (const field of SHARED) stored[field] = draft[field];
  strict.add(stored);
  return stored;
}

/** True for an event that came through the newer API, which demands more of a new one. */
export function isStrict(draft: Draft): boolean {
  return strict.has(draft);
}

const strict = new WeakSet<Draft>();
