/** What may change in the spec of an existing pod (k8s.io/kubernetes/pkg/apis/core/validation, ValidatePodUpdate). */
import type { FieldProblem } from '../../api-error.ts';
import { sameJson } from '../../json.ts';
import type { Draft } from '../../resource.ts';
import type { JsonMap } from '../fields.ts';
import { mapOf, mapsOf, numberOf, textOf } from '../fields.ts';
import { forbidden, invalidValue } from '../problems.ts';
import { specDiff } from './spec-diff.ts';

const CHANGEABLE =
  '`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

export function validatePodUpdate(draft: Draft, stored: Draft): FieldProblem[] {
  const next = mapOf(draft['spec']);
  const before = mapOf(stored['spec']);
  for (const list of ['containers', 'initContainers']) {
    if (mapsOf(next[list]).length !== mapsOf(before[list]).length) return [forbidden(`spec.${list}`, 'pod updates may not add or remove containers')];
  }
  const problems = [...validateDeadline(next, before), ...validateTolerationChange(next, before), ...validateGates(next, before)];
  const rest = withoutChangeable(next, before);
  if (sameJson(rest, before)) return problems;
  return [...problems, forbidden('spec', `pod updates may not change fields other than ${CHANGEABLE}\n${specDiff(before, rest)}`)];
}

/** `next` with what may change put back. */
function withoutChangeable(next: JsonMap, before: JsonMap): JsonMap {
  const rest = structuredClone(next);
  for (const list of ['containers', 'initContainers']) {
    for (const [index, container] of mapsOf(rest[list]).entries()) container['image'] = mapsOf(before[list])[index]?.['image'];
  }
  restore(rest, before, 'activeDeadlineSeconds');
  restore(rest, before, 'tolerations');
  if (mapsOf(before['schedulingGates']).length > 0) {
    for (const field of ['schedulingGates', 'nodeSelector', 'affinity']) restore(rest, before, field);
  }
  if ((numberOf(before['terminationGracePeriodSeconds']) ?? 0) < 0 && next['terminationGracePeriodSeconds'] === 1) {
    restore(rest, before, 'terminationGracePeriodSeconds');
  }
  return rest;
}

function restore(rest: JsonMap, before: JsonMap, field: string): void {
  if (before[field] === undefined) Reflect.deleteProperty(rest, field);
  else rest[field] = before[field];
}

function validateDeadline(next: JsonMap, before: JsonMap): FieldProblem[] {
  const field = 'spec.activeDeadlineSeconds';
  const [wanted, present] = [numberOf(next['activeDeadlineSeconds']), numberOf(before['activeDeadlineSeconds'])];
  if (wanted === undefined) return present === undefined ? [] : [invalidValue(field, null, 'must not update from a positive integer to nil value')];
  return present !== undefined && wanted > present ? [invalidValue(field, wanted, 'must be less than or equal to previous value')] : [];
}

/** Tolerations may be added; of present ones only the seconds may change. */
function validateTolerationChange(next: JsonMap, before: JsonMap): FieldProblem[] {
  const identity = (toleration: JsonMap): JsonMap => ({ ...toleration, tolerationSeconds: undefined });
  const kept = mapsOf(before['tolerations']).every((old) => mapsOf(next['tolerations']).some((one) => sameJson(identity(one), identity(old))));
  return kept ? [] : [forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds')];
}

function validateGates(next: JsonMap, before: JsonMap): FieldProblem[] {
  const names = new Set(mapsOf(before['schedulingGates']).map((gate) => textOf(gate['name'])));
  const added = mapsOf(next['schedulingGates']).find((gate) => !names.has(textOf(gate['name'])));
  return added === undefined ? [] : [forbidden('spec.schedulingGates', `only deletion is allowed, but found new scheduling gate '${textOf(added['name'])}'`)];
}
