import type { Engine } from '../engine.ts';
import { DecodeError } from '../api-error.ts';
import { parseJson } from '../http/decode.ts';
import { duplicateKeys } from '../http/duplicate-keys.ts';
import { isObject, jsonKind } from '../json.ts';
import { jsonPatch } from '../patch/json-patch.ts';
import { mergePatch } from '../patch/merge.ts';
import { goMap, mergedText } from '../patch/text.ts';
import { strategicMergePatch } from '../patch/strategic.ts';
import { storageKey } from '../registry.ts';
import type { Draft, ResourceDefinition } from '../resource.ts';
import { badRequest, invalid, notFound, unsupportedPatchType } from '../status-errors.ts';
import { handleApply } from './apply.ts';
import { decodeDraft } from './incoming.ts';
import { dryRunOf, fieldValidationOf } from './options.ts';
import type { Answer, ResourceRequest } from './request.ts';
import { checkResourceVersion, updateObject } from './update.ts';

type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

const TYPES: Readonly<Record<string, PatchType>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
};

/** PATCH of an object or a subresource, in the four forms of Kubernetes. */
export function handlePatch(engine: Engine, request: ResourceRequest): Answer {
  const { definition, target, query, user } = request;
  const type = TYPES[request.headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? ''];
  if (type === undefined) throw unsupportedPatchType();
  if (type === 'apply') return handleApply(engine, request);
  const options = { user, dryRun: dryRunOf(query, 'PatchOptions') };
  const validation = fieldValidationOf(query, 'PatchOptions');
  const stored = engine.store.get(storageKey(definition, target.namespace, target.name ?? ''));
  if (stored === undefined) throw notFound(definition, target.name ?? '');
  const present = definition.viewOf?.fromStored(structuredClone(stored)) ?? structuredClone(stored);
  const patch = parsedPatch(request.body, type);
  const patched = patchedDraft(definition, present, patch, type);
  const repeated = duplicateKeys(request.body.toString('utf8'));
  // Decoding drops what the kind does not have; a refusal repeats it.
  const undecoded = structuredClone(patched);
  const warnings = decodeDraft(patched, definition, repeated, validation, (cause) => undecodable(undecoded, patch, type, cause));
  request.warnings.push(...warnings);
  const draft = definition.viewOf?.toStored(patched) ?? patched;
  checkResourceVersion(definition, draft, stored);
  return { kind: 'object', code: 200, object: updateObject(engine, definition, draft, stored, options, target.subresource), definition };
}

function parsedPatch(body: Buffer, type: PatchType): unknown {
  try {
    return parseJson(body.toString('utf8'));
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw badRequest(type === 'strategic' ? error.message : `error decoding patch: ${error.message}`);
  }
}

function patchedDraft(definition: ResourceDefinition, present: Draft, patch: unknown, type: PatchType): Draft {
  if (type === 'merge' && !isObject(patch)) {
    throw badRequest(`error decoding patch: json: cannot unmarshal ${jsonKind(patch)} into Go value of type map[string]interface {}`);
  }
  const result =
    type === 'json' ? jsonPatch(present, patch) : type === 'merge' ? mergePatch(present, patch) : strategicMergePatch(present, patch, definition.patchSchema);
  if (!isObject(result)) throw badRequest('the patch does not leave an object');
  const metadata = result['metadata'] ?? {};
  if (!isObject(metadata)) {
    throw undecodable(
      result,
      patch,
      type,
      `json: cannot unmarshal ${jsonKind(metadata)} into Go struct field ${definition.kind}.metadata of type v1.ObjectMeta`,
    );
  }
  // kind and apiVersion cannot be patched to something else; the object stays what the path says.
  return { ...result, ...(present.apiVersion === undefined ? {} : { apiVersion: present.apiVersion }), kind: definition.kind, metadata };
}

/** A 422 that repeats what could not be decoded: the patched object, or for a strategic patch the patch itself. */
function undecodable(patched: object, patch: unknown, type: PatchType, cause: string): Error {
  const text = type === 'strategic' ? goMap(patch) : mergedText(patched, patch);
  return invalid('', '', '', [{ reason: 'FieldValueInvalid', field: 'patch', message: `Invalid value: ${JSON.stringify(text)}: ${cause}` }]);
}
