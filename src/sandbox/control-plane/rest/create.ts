import { rfc3339 } from '../../../platform/clock.ts';
import { randomSuffix } from '../../../platform/random.ts';
import { ApiError } from '../api-error.ts';
import type { Engine } from '../engine.ts';
import { checkNamespaceAdmits } from '../lifecycle/namespace-rules.ts';
import { omit } from '../json.ts';
import { tidyObject } from '../metadata.ts';
import { apiVersionOf, storageKey } from '../registry.ts';
import type { Draft, DraftMeta, ResourceDefinition, UserInfo } from '../resource.ts';
import { alreadyExists, invalid } from '../status-errors.ts';

export interface WriteOptions {
  readonly user: UserInfo;
  readonly dryRun: boolean;
}

/** `generateName` is cut so that the suffix fits (k8s.io/apiserver/pkg/storage/names). */
const MAX_GENERATED_BASE = 58;
const SUFFIX_LENGTH = 5;

/**
 * Creates an object of a stored definition from `draft`, which the caller hands over. Sets what only the server may set, lets the
 * definition default, admit and validate, and stores. Throws ApiError.
 */
export function createObject(engine: Engine, definition: ResourceDefinition, draft: Draft, options: WriteOptions): Draft {
  const context = engine.contextFor(options.user, options.dryRun);
  if (draft.metadata.resourceVersion !== undefined && draft.metadata.resourceVersion !== '') {
    throw new ApiError(500, '', 'resourceVersion should not be set on objects to be created');
  }
  draft.metadata = initialMetadata(engine, definition, draft.metadata);
  if (definition.namespaced) checkNamespaceAdmits(engine, definition, draft.metadata);
  definition.prepareCreate(draft, context);
  const name = draft.metadata.name ?? '';
  if (name === '') {
    const problem = { reason: 'FieldValueRequired', field: 'metadata.name', message: 'Required value: name or generateName is required' };
    throw invalid(definition.kind, definition.group, '', [problem]);
  }
  const key = storageKey(definition, draft.metadata.namespace, name);
  if (engine.store.get(key) !== undefined) throw alreadyExists(definition, name);
  if (options.dryRun) return tidyObject(definition, draft, apiVersionOf(definition));
  // The store replaces it; being there, it gets its usual place among the members.
  draft.metadata.resourceVersion = '0';
  const stored = engine.store.put(key, tidyObject(definition, draft, apiVersionOf(definition)));
  definition.afterCreate?.(stored, context);
  return stored;
}

function initialMetadata(engine: Engine, definition: ResourceDefinition, wanted: DraftMeta): DraftMeta {
  const meta: DraftMeta = {
    ...omit(wanted, 'deletionTimestamp', 'deletionGracePeriodSeconds', 'managedFields', 'selfLink', 'resourceVersion'),
    uid: engine.random.uuid(),
    creationTimestamp: rfc3339(engine.clock.now()),
  };
  delete meta.generation;
  if (definition.hasGeneration) meta.generation = 1;
  if (!definition.namespaced) delete meta.namespace;
  const base = typeof meta.generateName === 'string' ? meta.generateName : '';
  if ((meta.name ?? '') === '' && base !== '') meta.name = base.slice(0, MAX_GENERATED_BASE) + randomSuffix(engine.random, SUFFIX_LENGTH);
  return meta;
}
