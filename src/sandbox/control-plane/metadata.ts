import type { Draft, DraftMeta, ResourceDefinition } from './resource.ts';
import { invalid } from './status-errors.ts';
import { isObject, omit } from './json.ts';

/** Order of the members as Go writes them; clients compare text now and then, and people read it. */
const ORDER = [
  'name',
  'generateName',
  'namespace',
  'selfLink',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
  'managedFields',
];

/** `metadata` in its canonical order, without members that Go omits when empty. */
function tidyMetadata(meta: DraftMeta): DraftMeta {
  const tidy: DraftMeta = {};
  for (const member of ORDER) {
    const value = meta[member];
    if (!isEmpty(value)) tidy[member] = value;
  }
  return tidy;
}

/** An object with kind and apiVersion first and tidy metadata: the form in which everything is stored. */
export function tidyObject(definition: ResourceDefinition, draft: Draft, apiVersion: string): Draft {
  return { kind: definition.kind, apiVersion, metadata: tidyMetadata(draft.metadata), ...omit(draft, 'kind', 'apiVersion', 'metadata') };
}

/** The parts of metadata that a write may not change (ValidateObjectMetaAccessorUpdate). Throws a 422. */
export function checkMetadataUpdate(definition: ResourceDefinition, wanted: DraftMeta, stored: DraftMeta): void {
  const problems: { reason: string; field: string; message: string }[] = [];
  for (const field of ['name', 'namespace', 'uid'] as const) {
    const value = wanted[field];
    if (value !== undefined && value !== '' && value !== stored[field]) {
      problems.push({ reason: 'FieldValueInvalid', field: `metadata.${field}`, message: `Invalid value: ${JSON.stringify(value)}: field is immutable` });
    }
  }
  if (stored.deletionTimestamp !== undefined) {
    const added = (wanted.finalizers ?? []).filter((finalizer) => stored.finalizers?.includes(finalizer) !== true);
    if (added.length > 0) {
      const list = `[]string{${added.map((name) => JSON.stringify(name)).join(', ')}}`;
      const message = `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers ${list}`;
      problems.push({ reason: 'FieldValueForbidden', field: 'metadata.finalizers', message });
    }
  }
  if (problems.length === 0) return;
  // The generic rule and the resource's own both report it, so every cause comes twice; the summary has each once.
  const error = invalid(definition.kind, definition.group, stored.name ?? '', problems);
  throw Object.assign(error, { details: { ...error.details, causes: problems.flatMap((problem) => [problem, problem]) } });
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) && Object.keys(value).length === 0;
}
