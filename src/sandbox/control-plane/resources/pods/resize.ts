/** pods/resize: only the resources of containers change (k8s.io/kubernetes/pkg/apis/core/validation, ValidatePodResize). */
import type { FieldProblem } from '../../api-error.ts';
import type { Draft } from '../../resource.ts';
import { normalize } from '../codec.ts';
import type { JsonMap } from '../fields.ts';
import { mapOf, mapsOf, textOf } from '../fields.ts';
import { forbidden, invalidValue } from '../problems.ts';
import { beginUpdate, rejectInvalidUpdate } from '../strategy.ts';
import { POD } from './kind.ts';
import { qosClassOf } from './qos.ts';
import { validateResources } from './validate-container.ts';

const RESIZABLE = ['cpu', 'memory'];

export function resizePod(draft: Draft, stored: Draft): void {
  beginUpdate(POD, draft, stored);
  const wanted = mapOf(draft['spec']);
  const before = mapOf(stored['spec']);
  draft['status'] = structuredClone(stored['status']);
  draft['spec'] = structuredClone(before);
  const next = mapOf(draft['spec']);
  for (const list of ['containers', 'initContainers']) takeResources(next, wanted, list);
  rejectInvalidUpdate(POD, draft, stored, validate(next, before, mapOf(stored['status'])));
  normalize(POD, draft);
}

/** Everything but the resources of known containers is ignored. */
function takeResources(next: JsonMap, wanted: JsonMap, list: string): void {
  for (const container of mapsOf(next[list])) {
    const match = mapsOf(wanted[list]).find((candidate) => candidate['name'] === container['name']);
    if (match === undefined) continue;
    container['resources'] = structuredClone(mapOf(match['resources']));
    if (match['resizePolicy'] !== undefined) container['resizePolicy'] = match['resizePolicy'];
  }
}

function validate(next: JsonMap, before: JsonMap, status: JsonMap): FieldProblem[] {
  const reported = mapsOf(status['containerStatuses']);
  if (!reported.some((container) => container['resources'] !== undefined)) return [forbidden('spec', 'Pod running on node without support for resize')];
  const present = qosClassOf(before);
  const problems: FieldProblem[] = [];
  for (const [index, container] of mapsOf(next['containers']).entries()) {
    problems.push(...validateResources(mapOf(container['resources']), `spec.containers[${index}].resources`));
  }
  if (qosClassOf(next) !== present) problems.push(invalidValue('spec', present, 'Pod QOS Class may not change as a result of resizing'));
  for (const [index, container] of mapsOf(next['containers']).entries()) {
    const old = mapsOf(before['containers']).find((candidate) => candidate['name'] === container['name']) ?? {};
    for (const part of ['requests', 'limits']) problems.push(...validateRemoval(container, old, part, `spec.containers[${index}].resources`));
  }
  return problems;
}

function validateRemoval(container: JsonMap, old: JsonMap, part: string, field: string): FieldProblem[] {
  const next = mapOf(mapOf(container['resources'])[part]);
  const before = mapOf(mapOf(old['resources'])[part]);
  const removed = Object.keys(before).some((name) => RESIZABLE.includes(name) && next[name] === undefined);
  const foreign = [...new Set([...Object.keys(next), ...Object.keys(before)])].find(
    (name) => !RESIZABLE.includes(name) && textOf(next[name]) !== textOf(before[name]),
  );
  if (foreign !== undefined) return [forbidden('spec', 'only cpu and memory resources are mutable')];
  return removed ? [forbidden(`${field}.${part}`, `resource ${part} cannot be removed`)] : [];
}
