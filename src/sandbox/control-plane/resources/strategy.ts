/**
 * The order in which every write is treated, as the generic registry of k8s.io/apiserver does it (pkg/registry/rest):
 * decode, default, admit, drop what the client may not set, validate.
 */
import { ApiError, DecodeError } from '../api-error.ts';
import type { FieldProblem } from '../api-error.ts';
import type { Draft, RequestContext, ResourceDefinition } from '../resource.ts';
import type { DescribedKind } from './codec.ts';
import { normalize, unknownFieldsOf } from './codec.ts';
import { throwIfInvalid } from './problems.ts';
import { patchSchemaOf } from './schema/patch-schema.ts';
import { typeOf } from './schema/registry.ts';
import { validateMetadata, validateMetadataUpdate } from './validation/metadata.ts';
import type { NameCheck } from './validation/names.ts';
import { pathSegment } from './validation/names.ts';

type Given = 'group' | 'version' | 'resource' | 'singular' | 'kind' | 'namespaced' | 'table';
type Optional = Exclude<keyof ResourceDefinition, Given | 'prepareCreate' | 'prepareUpdate' | 'patchSchema' | 'decode'>;

/** One kind's own rules; what is the same for all kinds is added by `defineResource`. */
export interface ResourceRules extends Pick<ResourceDefinition, Given>, Partial<Pick<ResourceDefinition, Optional>> {
  readonly checkName: NameCheck;
  /** Fills in defaults. Must change nothing in an object that has them. */
  defaults?(draft: Draft): void;
  /** Admission of a creation: may change the draft, may refuse it (ApiError). */
  admitCreate?(draft: Draft, context: RequestContext): void;
  admitUpdate?(draft: Draft, stored: Draft, context: RequestContext): void;
  /** Drops what a client may not set, computes what follows from the rest. */
  prepareForCreate?(draft: Draft, context: RequestContext): void;
  prepareForUpdate?(draft: Draft, stored: Draft, context: RequestContext): void;
  validate?(draft: Draft, context: RequestContext): readonly FieldProblem[];
  validateUpdate?(draft: Draft, stored: Draft): readonly FieldProblem[];
}

const ALL_VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'] as const;

/** The definition that follows `rules`. */
export function defineResource(rules: ResourceRules): ResourceDefinition {
  const type = typeOf(rules.group, rules.version, rules.kind);
  if (type === undefined) throw new Error(`no schema describes ${rules.kind}`);
  return {
    shortNames: [],
    categories: [],
    verbs: ALL_VERBS,
    hasGeneration: false,
    selectableFields: {},
    subresources: {},
    ...rules,
    get patchSchema() {
      return patchSchemaOf(type);
    },
    decode(draft) {
      const unknown = unknownFieldsOf(rules, draft);
      normalize(rules, draft);
      return unknown;
    },
    prepareCreate(draft, context) {
      decodeDraft(rules, draft);
      rules.defaults?.(draft);
      rules.admitCreate?.(draft, context);
      rules.prepareForCreate?.(draft, context);
      const problems = rules.validate?.(draft, context) ?? [];
      throwIfInvalid(rules, draft, [...validateMetadata(draft.metadata, rules.namespaced, rules.checkName), ...problems]);
      normalize(rules, draft);
    },
    prepareUpdate(draft, stored, context) {
      beginUpdate(rules, draft, stored);
      rules.defaults?.(draft);
      rules.admitUpdate?.(draft, stored, context);
      rules.prepareForUpdate?.(draft, stored, context);
      const own = [...validateMetadata(draft.metadata, rules.namespaced, rules.checkName), ...(rules.validate?.(draft, context) ?? [])];
      const change = [...validateMetadataUpdate(draft.metadata, stored.metadata), ...(rules.validateUpdate?.(draft, stored) ?? [])];
      rejectInvalidUpdate(rules, draft, stored, [...own, ...change]);
      normalize(rules, draft);
    },
  };
}

export interface StrategyKind extends DescribedKind {
  readonly namespaced: boolean;
}

/** Decodes `draft` and gives it the metadata that no update can change. */
export function beginUpdate(kind: DescribedKind, draft: Draft, stored: Draft): void {
  decodeDraft(kind, draft);
  const { metadata: meta } = draft;
  const { metadata: old } = stored;
  if ((meta.uid ?? '') === '') copyField(meta, old, 'uid');
  for (const field of ['creationTimestamp', 'generation', 'deletionTimestamp']) copyField(meta, old, field);
  if (old.deletionGracePeriodSeconds === undefined || meta.deletionGracePeriodSeconds === undefined) copyField(meta, old, 'deletionGracePeriodSeconds');
}

/**
 * Throws the 422 of an update: the rules that hold for every kind, then the kind's own. A problem found by both is
 * listed twice in the causes, as the API server does.
 */
export function rejectInvalidUpdate(kind: StrategyKind, draft: Draft, stored: Draft, problems: readonly FieldProblem[]): void {
  const common = [...validateMetadata(draft.metadata, kind.namespaced, pathSegment), ...validateMetadataUpdate(draft.metadata, stored.metadata)];
  throwIfInvalid(kind, draft, [...common, ...problems]);
}

/** Brings `draft` into the form in which it is judged and stored. 400 when its values have the wrong types. */
function decodeDraft(kind: DescribedKind, draft: Draft): void {
  try {
    normalize(kind, draft);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new ApiError(400, 'BadRequest', `${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: ${error.message}`);
  }
}

function copyField(to: Record<string, unknown>, from: Record<string, unknown>, field: string): void {
  if (from[field] === undefined) Reflect.deleteProperty(to, field);
  else to[field] = from[field];
}
