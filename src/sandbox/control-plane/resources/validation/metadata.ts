/** Rules of metadata (k8s.io/apimachinery/pkg/api/validation/objectmeta.go), in their order. */
import type { FieldProblem } from '../../api-error.ts';
import type { DraftMeta } from '../../resource.ts';
import { sameJson } from '../../json.ts';
import { forbidden, invalidValue, required, tooLong } from '../problems.ts';
import type { NameCheck } from './names.ts';
import { dns1123Label, labelValue, qualifiedName } from './names.ts';

const ANNOTATIONS_LIMIT = 256 * 1024;
const CORE_FINALIZERS: ReadonlySet<string> = new Set(['orphan', 'foregroundDeletion', 'kubernetes']);

/** Rules for any metadata. */
export function validateMetadata(meta: DraftMeta, namespaced: boolean, checkName: NameCheck): FieldProblem[] {
  const problems: FieldProblem[] = [];
  const { name = '', generateName = '', namespace = '' } = meta;
  if (generateName !== '') problems.push(...checkName(generateName, true).map((why) => invalidValue('metadata.generateName', generateName, why)));
  if (name === '') problems.push(required('metadata.name', 'name or generateName is required'));
  else problems.push(...checkName(name).map((why) => invalidValue('metadata.name', name, why)));
  if (!namespaced) {
    if (namespace !== '') problems.push(forbidden('metadata.namespace', 'not allowed on this type'));
  } else if (namespace === '') problems.push(required('metadata.namespace'));
  else problems.push(...dns1123Label(namespace).map((why) => invalidValue('metadata.namespace', namespace, why)));
  return [...problems, ...validateLabelsAndMore(meta), ...validateFinalizers(meta)];
}

/** Rules for a change of metadata. */
export function validateMetadataUpdate(meta: DraftMeta, stored: DraftMeta): FieldProblem[] {
  const problems: FieldProblem[] = [];
  if (stored.deletionTimestamp !== undefined) {
    const before = new Set(stored.finalizers);
    const added = (meta.finalizers ?? []).filter((finalizer) => !before.has(finalizer)).sort();
    if (added.length > 0) {
      const listed = added.map((finalizer) => JSON.stringify(finalizer)).join(', ');
      problems.push(
        forbidden('metadata.finalizers', `no new finalizers can be added if the object is being deleted, found new finalizers []string{${listed}}`),
      );
    }
  }
  const immutable = ['name', 'namespace', 'uid', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const;
  for (const field of immutable) {
    if (!sameJson(meta[field], stored[field])) problems.push(invalidValue(`metadata.${field}`, meta[field] ?? '', 'field is immutable'));
  }
  return [...problems, ...validateLabelsAndMore(meta)];
}

export function validateLabels(labels: Readonly<Record<string, string>> | undefined, field: string): FieldProblem[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...qualifiedName(key).map((why) => invalidValue(field, key, why)),
    ...labelValue(value).map((why) => invalidValue(field, value, why)),
  ]);
}

function validateLabelsAndMore(meta: DraftMeta): FieldProblem[] {
  return [...validateLabels(meta.labels, 'metadata.labels'), ...validateAnnotations(meta.annotations), ...validateOwners(meta)];
}

function validateAnnotations(annotations: Readonly<Record<string, string>> = {}): FieldProblem[] {
  const keys = Object.keys(annotations).flatMap((key) => qualifiedName(key.toLowerCase()).map((why) => invalidValue('metadata.annotations', key, why)));
  const size = Object.entries(annotations).reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  return size > ANNOTATIONS_LIMIT ? [...keys, tooLong('metadata.annotations', ANNOTATIONS_LIMIT)] : keys;
}

function validateOwners(meta: DraftMeta): FieldProblem[] {
  const problems: FieldProblem[] = [];
  for (const [index, owner] of (meta.ownerReferences ?? []).entries()) {
    const field = `metadata.ownerReferences[${index}]`;
    if (owner.apiVersion === '') problems.push(invalidValue(`${field}.apiVersion`, owner.apiVersion, 'version must not be empty'));
    if (owner.kind === '') problems.push(invalidValue(`${field}.kind`, owner.kind, 'must not be empty'));
    if (owner.name === '') problems.push(invalidValue(`${field}.name`, owner.name, 'must not be empty'));
    if (owner.uid === '') problems.push(invalidValue(`${field}.uid`, owner.uid, 'must not be empty'));
  }
  const controllers = (meta.ownerReferences ?? []).filter((owner) => owner.controller === true);
  const [first, second] = controllers;
  if (first !== undefined && second !== undefined) {
    const pair = `${first.kind}/${first.name} and ${second.kind}/${second.name}`;
    problems.push(
      invalidValue(
        'metadata.ownerReferences',
        meta.ownerReferences,
        `Only one reference can have Controller set to true. Found "true" in references for ${pair}`,
      ),
    );
  }
  return problems;
}

function validateFinalizers(meta: DraftMeta): FieldProblem[] {
  return (meta.finalizers ?? []).flatMap((finalizer) => {
    const problems = qualifiedName(finalizer).map((why) => invalidValue('metadata.finalizers', finalizer, why));
    if (problems.length > 0 || finalizer.includes('/') || CORE_FINALIZERS.has(finalizer)) return problems;
    return [invalidValue('metadata.finalizers', finalizer, 'name is neither a standard finalizer name nor is it fully qualified')];
  });
}
