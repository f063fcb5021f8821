import { applyPatch, type Operation } from 'rfc6902';
import { ApiError } from '../api-error.ts';
import { isObject, jsonKind } from '../json.ts';
import { badRequest } from '../status-errors.ts';

const OPERATIONS = new Set(['add', 'remove', 'replace', 'move', 'copy', 'test']);

/** kube-apiserver refuses longer patches (k8s.io/apiserver, maxJSONPatchOperations). */
const MAX_OPERATIONS = 10_000;

/** RFC 6902. An operation that cannot be applied, and a failed test, are a 422. `target` is not changed. */
export function jsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw badRequest(`error decoding patch: json: cannot unmarshal ${jsonKind(patch)} into Go value of type []handlers.jsonPatchOp`);
  if (patch.length > MAX_OPERATIONS) {
    throw new ApiError(413, 'RequestEntityTooLarge', `The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${patch.length}`, {});
  }
  const result: unknown = structuredClone(target);
  const operations = patch.map((operation: unknown) => checked(operation));
  // rfc6902 leaves out the root; a document is replaced as a whole by hand.
  for (const operation of operations) if (!isApplied(result, operation)) throw refused();
  return result;
}

/** The library tells most problems; a path that leads into a string or a number makes it throw. */
function isApplied(document: unknown, operation: Operation): boolean {
  try {
    const [problem] = applyPatch(document, [operation]);
    return problem === null || problem === undefined;
  } catch {
    return false;
  }
}

function checked(operation: unknown): Operation {
  if (!isObject(operation) || typeof operation['op'] !== 'string' || !OPERATIONS.has(operation['op'])) throw refused();
  const paths = [operation['path'], ...(operation['op'] === 'move' || operation['op'] === 'copy' ? [operation['from']] : [])];
  for (const path of paths) {
    if (typeof path !== 'string' || !path.startsWith('/')) throw refused();
    if (/\/(__proto__|constructor|prototype)(\/|$)/.test(path)) throw refused();
  }
  if (['add', 'replace', 'test'].includes(operation['op']) && !('value' in operation)) throw refused();
  return operation as unknown as Operation;
}

function refused(): ApiError {
  return new ApiError(422, 'Invalid', 'the server rejected our request due to an error in our request', {});
}
