import type { FieldProblem } from '../../api-error.ts';
import { sameJson } from '../../json.ts';
import type { Draft } from '../../resource.ts';
import { at, textOf } from '../fields.ts';
import { invalidValue, required } from '../problems.ts';
import { qualifiedName } from '../validation/names.ts';
import { isStrict } from './view.ts';

const CLUSTER_NAMESPACES = ['', 'default', 'kube-system'];

/** Rules of events (k8s.io/kubernetes/pkg/apis/core/validation/events.go): the old API's few, the new one's when eventTime is set. */
export function validateEvent(draft: Draft): FieldProblem[] {
  const involved = textOf(at(draft, 'involvedObject', 'namespace'));
  const own = draft.metadata.namespace ?? '';
  const problems: FieldProblem[] = [];
  const matches = involved === '' ? CLUSTER_NAMESPACES.includes(own) : involved === own;
  if (!matches) problems.push(invalidValue('involvedObject.namespace', involved, 'does not match event.namespace'));
  const timed = draft['eventTime'] !== null && draft['eventTime'] !== undefined;
  if (timed) problems.push(...validateNewStyle(draft));
  return isStrict(draft) ? [...problems, ...validateStrict(draft, timed)] : problems;
}

export function validateEventUpdate(draft: Draft, stored: Draft): FieldProblem[] {
  if (stored['eventTime'] === null || stored['eventTime'] === undefined) return [];
  const fields = [
    'involvedObject',
    'reason',
    'message',
    'source',
    'firstTimestamp',
    'lastTimestamp',
    'count',
    'type',
    'eventTime',
    'action',
    'related',
    'reportingComponent',
    'reportingInstance',
  ];
  return fields.filter((field) => !sameJson(draft[field], stored[field])).map((field) => invalidValue(field, draft[field], 'field is immutable'));
}

function validateNewStyle(draft: Draft): FieldProblem[] {
  const controller = textOf(draft['reportingComponent']);
  const problems: FieldProblem[] =
    controller === '' ? [required('reportingController')] : qualifiedName(controller).map((why) => invalidValue('reportingController', controller, why));
  for (const [field, limit] of [
    ['reportingInstance', 128],
    ['action', 128],
    ['reason', 128],
  ] as const) {
    const value = textOf(draft[field]);
    if (value === '') problems.push(required(field));
    else if (value.length > limit) problems.push(invalidValue(field, '', `can have at most ${limit} characters`));
  }
  if (textOf(draft['message']).length > 1024) problems.push(invalidValue('message', '', 'can have at most 1024 characters'));
  return problems;
}

/** What a new event of events.k8s.io/v1 needs beyond that. */
function validateStrict(draft: Draft, timed: boolean): FieldProblem[] {
  const problems: FieldProblem[] = timed ? [] : [required('eventTime')];
  const type = textOf(draft['type']);
  if (type !== 'Normal' && type !== 'Warning') problems.push(invalidValue('type', '', `has invalid value: ${type}`));
  for (const field of ['firstTimestamp', 'lastTimestamp', 'count']) {
    if (draft[field] !== null && draft[field] !== undefined) problems.push(invalidValue(field, '', 'needs to be unset'));
  }
  return problems;
}
