import { isObject, omit } from '../json.ts';
import { apiVersionOf } from '../registry.ts';
import type { Draft, ResourceDefinition } from '../resource.ts';
import { badRequest, notAcceptable } from '../status-errors.ts';
import type { ListMeta } from '../rest/request.ts';
import type { Representation, Shape } from './negotiate.ts';

/** How objects of one kind are shown to one client: as they are, as Tables, or as their metadata only. */
export interface Presentation {
  readonly definition: ResourceDefinition;
  readonly shape: Shape;
  /** apiVersion of Tables and of metadata-only objects: `meta.k8s.io/v1`. */
  readonly metaVersion: string;
  readonly includeObject: 'None' | 'Metadata' | 'Object';
  /** For ages in Tables, milliseconds since the Unix epoch. */
  readonly now: number;
}

/** Reads `includeObject`, which only Tables have. */
export function presentation(
  definition: ResourceDefinition,
  { shape, metaVersion = 'v1' }: Pick<Representation, 'shape' | 'metaVersion'>,
  query: URLSearchParams,
  now: number,
): Presentation {
  const include = query.get('includeObject') ?? '';
  if (shape === 'Table' && include !== '' && include !== 'None' && include !== 'Metadata' && include !== 'Object') {
    throw badRequest(
      `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(include)}: must be 'Metadata', 'Object', 'None', or empty`,
    );
  }
  return {
    definition,
    shape,
    metaVersion: `meta.k8s.io/${metaVersion}`,
    now,
    includeObject: include === 'None' || include === 'Object' ? include : 'Metadata',
  };
}

/** One object (or event's object). `withColumns` is false for all but the first Table of a watch. */
export function presentObject(object: Draft, how: Presentation, withColumns = true): object {
  const seen = inView(object, how.definition);
  switch (how.shape) {
    case 'object':
      return seen;
    case 'Table':
      return table([object], how, { resourceVersion: object.metadata.resourceVersion ?? '' }, withColumns);
    case 'PartialObjectMetadata':
      return partial(seen, how);
    case 'PartialObjectMetadataList':
      throw notAcceptable();
  }
}

export function presentList(items: readonly Draft[], meta: ListMeta, how: Presentation): object {
  switch (how.shape) {
    case 'object':
      return {
        kind: `${how.definition.kind}List`,
        apiVersion: apiVersionOf(how.definition),
        metadata: meta,
        items: items.map((item) => omit(inView(item, how.definition), 'kind', 'apiVersion')),
      };
    case 'Table':
      return table(items, how, meta, true);
    case 'PartialObjectMetadataList':
      return {
        kind: 'PartialObjectMetadataList',
        apiVersion: how.metaVersion,
        metadata: meta,
        items: items.length === 0 ? null : items.map((item) => partial(item, how)),
      };
    case 'PartialObjectMetadata':
      throw notAcceptable();
  }
}

/** A watch's progress mark in the client's shape: a Table without rows, or an object with a resourceVersion only. */
export function presentBookmark(
  resourceVersion: string,
  annotations: Readonly<Record<string, string>> | undefined,
  how: Presentation,
  withColumns: boolean,
): object {
  const metadata = { resourceVersion, ...(annotations === undefined ? {} : { annotations }) };
  if (how.shape === 'Table') {
    return {
      ...table([], how, { resourceVersion }, withColumns),
      rows: [
        {
          cells: how.definition.table.columns.map(() => ''),
          object: { kind: 'PartialObjectMetadata', apiVersion: how.metaVersion, metadata: { ...metadata, creationTimestamp: null } },
        },
      ],
    };
  }
  if (how.shape !== 'object') return { kind: 'PartialObjectMetadata', apiVersion: how.metaVersion, metadata };
  return { kind: how.definition.kind, apiVersion: apiVersionOf(how.definition), metadata };
}

function table(items: readonly Draft[], how: Presentation, metadata: ListMeta, withColumns: boolean): object {
  const { definition, now } = how;
  return {
    kind: 'Table',
    apiVersion: how.metaVersion,
    metadata,
    columnDefinitions: withColumns ? definition.table.columns : null,
    rows: items.map((item) => ({ cells: definition.table.row(item, now), object: rowObject(item, how) })),
  };
}

function rowObject(item: Draft, how: Presentation): object | null {
  if (how.includeObject === 'None') return null;
  return how.includeObject === 'Object' ? inView(item, how.definition) : partial(item, how);
}

function partial(object: Draft, how: Presentation): object {
  return { kind: 'PartialObjectMetadata', apiVersion: how.metaVersion, metadata: object.metadata };
}

function inView(object: Draft, definition: ResourceDefinition): Draft {
  // Definitions may build on what they are given, so a view gets a copy.
  return definition.viewOf !== undefined && isObject(object) ? definition.viewOf.fromStored(structuredClone(object)) : object;
}
