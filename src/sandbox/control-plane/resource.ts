/**
 * The seam inside the embedded control plane: the *machinery* (HTTP, storage, watch, selectors, patches, status
 * codes) knows no resource, and the *resources* (defaults, validation, tables, deletion rules) know no HTTP.
 * A resource is one ResourceDefinition; `resources/index.ts` lists them all.
 */
import type { Clock } from '../../platform/clock.ts';
import type { Random } from '../../platform/random.ts';

/** A stored object. Mutable on purpose: definitions change the draft they are given, never a stored object. */
export interface Draft {
  apiVersion?: string;
  kind?: string;
  metadata: DraftMeta;
  [field: string]: unknown;
}

export interface DraftMeta {
  name?: string;
  generateName?: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: { apiVersion: string; kind: string; name: string; uid: string; controller?: boolean; blockOwnerDeletion?: boolean }[];
  managedFields?: unknown[];
  [field: string]: unknown;
}

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

export interface ResourceDefinition {
  /** '' for the core group. */
  readonly group: string;
  readonly version: string;
  /** Plural, as in paths: `pods`. */
  readonly resource: string;
  readonly singular: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly Verb[];
  /** True when metadata.generation starts at 1 and moves with the spec. */
  readonly hasGeneration: boolean;
  /** Field selector keys beyond metadata.name and metadata.namespace, with how to read them. */
  readonly selectableFields: Readonly<Record<string, (object: Draft) => string>>;
  /** Merge keys for strategic merge patch. */
  readonly patchSchema: PatchSchema;
  readonly table: TableDefinition;
  readonly subresources: Readonly<Record<string, SubresourceDefinition>>;

  /** True when PUT to an absent name creates the object (leases, events). */
  readonly createsOnUpdate?: boolean;
  /** True when a PUT without resourceVersion is refused (leases). */
  readonly requiresResourceVersion?: boolean;
  /** True for what a kube-apiserver does not keep in its watch cache (events); only the wording of 410 depends on it. */
  readonly uncached?: boolean;
  /** Another view of objects that are stored as a different resource: `events.k8s.io/v1` of core events. */
  readonly viewOf?: { readonly of: ResourceKey; fromStored(stored: Draft): Draft; toStored(draft: Draft): Draft };
  /**
   * Decodes what a client sent, in place: drops the fields that the kind does not have and returns their paths in
   * order (`spec.containers[0].imag`). Runs before every prepare* on whole objects (for a patch: on its result).
   * Throws DecodeError where a value has the wrong type; the machinery words the 400 or 422 and the warnings.
   */
  decode?(draft: Draft): readonly string[];
  /** Runs on POST, and on PUT/PATCH that creates: drops what clients may not set, defaults, admits, validates. Throws ApiError. */
  prepareCreate(draft: Draft, context: RequestContext): void;
  /** Runs on PUT/PATCH of the main resource: `draft` is the wanted object, `stored` the present one. Throws ApiError. */
  prepareUpdate(draft: Draft, stored: Draft, context: RequestContext): void;
  /** Decides what DELETE does; absent: the object goes at once (finalizers are the machinery's business). */
  prepareDelete?(stored: Draft, options: DeleteOptions, context: RequestContext): DeleteDecision;
  /** What the DELETE answer is: the object (pods) or a Status (most others). Default: Status. */
  readonly deleteAnswersObject?: boolean;
  /** Side effects that a real cluster's controllers have within a moment; run after the write is stored. */
  afterCreate?(stored: Draft, context: RequestContext): void;
  afterDelete?(stored: Draft, context: RequestContext): void;
}

export type SubresourceDefinition =
  /** Reads and writes the same object under other rules: `status`, `resize`, `ephemeralcontainers`. */
  | { readonly style: 'update'; readonly verbs: readonly Verb[]; prepareUpdate(draft: Draft, stored: Draft, context: RequestContext): void }
  /** POST of another kind that acts on the parent: `binding`, `eviction`, `token`. Returns the answer and its code. */
  | {
      readonly style: 'action';
      readonly group: string;
      readonly version: string;
      readonly kind: string;
      post(body: Draft, name: string, namespace: string, context: RequestContext): { readonly code: number; readonly body: object };
    }
  /** Leads to a kubelet, a pod or a service: `log`, `exec`, `attach`, `portforward`, `proxy`. */
  | { readonly style: 'connect'; readonly verbs: readonly Verb[]; readonly kind: string; readonly group?: string; readonly version?: string };

/** How one field of a schema merges; a field not named merges as map by default and is replaced when it is a list. */
export interface PatchSchema {
  readonly [field: string]: {
    /** For lists: merge by this key. Lists of scalars with `strategy: 'merge'` are unions. */
    readonly mergeKey?: string;
    readonly strategy?: 'merge' | 'replace' | 'retainKeys' | 'merge,retainKeys';
    readonly fields?: PatchSchema;
  };
}

export interface TableDefinition {
  readonly columns: readonly {
    readonly name: string;
    readonly type: string;
    readonly format: string;
    readonly description: string;
    readonly priority: number;
  }[];
  row(object: Draft, now: number): readonly unknown[];
}

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: string;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

export type DeleteDecision =
  /** With `draft` (a pod with grace period 0), that last state is stored first, so that watchers see it, then removed. */
  | { readonly kind: 'remove'; readonly draft?: Draft }
  /** Store `draft` (deletionTimestamp set) instead of removing. */
  | { readonly kind: 'update'; readonly draft: Draft }
  /** Answer with the object as it is. */
  | { readonly kind: 'unchanged' };

export interface RequestContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly user: UserInfo;
  readonly dryRun: boolean;
  /** Mints a signed bearer token that authentication and TokenReview honour. */
  mintToken(grant: TokenGrant): string;
  /** PEM of the cluster's CA, for kube-root-ca.crt. */
  readonly caCertificate: string;
  /** Whether the user of the request may do something else as well, as admission plug-ins ask. */
  mayDo(verb: string, what: { readonly group: string; readonly resource: string; readonly subresource?: string; readonly name?: string }): boolean;
  /** Reads and writes other objects, past authorisation and admission of the request but through the same definitions. */
  readonly store: StoreAccess;
}

export interface StoreAccess {
  get(key: ObjectKey): Draft | undefined;
  list(resource: ResourceKey, namespace?: string): readonly Draft[];
  create(resource: ResourceKey, draft: Draft): Draft;
  /** Applies `change` to a copy of the stored object and stores it; undefined when absent. */
  update(key: ObjectKey, change: (draft: Draft) => void, options?: { readonly keepGeneration?: boolean }): Draft | undefined;
  remove(key: ObjectKey, options?: DeleteOptions): void;
}

export interface ResourceKey {
  readonly group: string;
  readonly resource: string;
}

export interface ObjectKey extends ResourceKey {
  readonly namespace?: string;
  readonly name: string;
}

export interface UserInfo {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** What a service account token stands for (TokenRequest). */
export interface TokenGrant {
  readonly user: UserInfo;
  readonly audiences: readonly string[];
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: number;
  /** Whom the token stands for; it dies with the account. */
  readonly account: { readonly namespace: string; readonly name: string; readonly uid: string };
  /** What the token says under `kubernetes.io`: namespace, serviceaccount, and what it is bound to. */
  readonly claims: object;
  /** The token dies with this object. */
  readonly boundTo?: { readonly resource: ResourceKey; readonly namespace: string; readonly name: string; readonly uid: string };
}
