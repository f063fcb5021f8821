import { DecodeError } from '../api-error.ts';
import { isObject, jsonKind } from '../json.ts';
import type { DraftMeta } from '../resource.ts';

type Check = (value: unknown, path: string) => void;

/** Members of metav1.ObjectMeta by type; whatever is not listed is dropped when the object is stored. */
const MEMBERS: Readonly<Record<string, Check>> = {
  name: ofType('string'),
  generateName: ofType('string'),
  namespace: ofType('string'),
  selfLink: ofType('string'),
  uid: ofType('string', 'types.UID'),
  resourceVersion: ofType('string'),
  generation: ofType('number', 'int64'),
  creationTimestamp: ofType('string', 'v1.Time'),
  deletionTimestamp: ofType('string', 'v1.Time'),
  deletionGracePeriodSeconds: ofType('number', 'int64'),
  labels: mapOfStrings,
  annotations: mapOfStrings,
  finalizers: listOf(ofType('string')),
  ownerReferences: listOf(ownerReference),
  managedFields: listOf(ofType('object', 'v1.ManagedFieldsEntry')),
};

/**
 * Makes sure that everything the machinery relies on in `metadata` has its type, so that no later step can stumble.
 * Nulls are dropped, as they mean "not set". Throws DecodeError.
 */
export function checkMetadataTypes(metadata: DraftMeta): void {
  for (const [name, value] of Object.entries(metadata)) {
    if (value === null) Reflect.deleteProperty(metadata, name);
    else MEMBERS[name]?.(value, `ObjectMeta.metadata.${name}`);
  }
}

function ofType(type: 'string' | 'number' | 'object', goType: string = type): Check {
  return (value, path) => {
    if (type === 'object' ? isObject(value) : typeof value === type) return;
    throw mismatch(value, path, goType);
  };
}

function mapOfStrings(value: unknown, path: string): void {
  if (!isObject(value)) throw mismatch(value, path, 'map[string]string');
  for (const [key, item] of Object.entries(value)) {
    if (item === null) value[key] = '';
    else if (typeof item !== 'string') throw mismatch(item, path, 'string');
  }
}

function listOf(check: Check): Check {
  return (value, path) => {
    if (!Array.isArray(value)) throw mismatch(value, path, '[]string');
    for (const item of value) check(item, path);
  };
}

function ownerReference(value: unknown, path: string): void {
  if (!isObject(value)) throw mismatch(value, path, 'v1.OwnerReference');
  for (const name of ['apiVersion', 'kind', 'name', 'uid']) {
    const item = value[name] ?? '';
    if (typeof item !== 'string') throw mismatch(item, `OwnerReference.metadata.ownerReferences.${name}`, 'string');
    value[name] = item;
  }
}

function mismatch(value: unknown, path: string, goType: string): DecodeError {
  return new DecodeError(`json: cannot unmarshal ${jsonKind(value)} into Go struct field ${path} of type ${goType}`);
}
