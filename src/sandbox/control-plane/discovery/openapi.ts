/**
 * OpenAPI v3 documents, one for each group and version: the schemas with their merge annotations, and as many of the
 * paths as clients look for (whether a kind can be patched, and which query parameters that takes).
 */
import type { ResourceDefinition } from '../resource.ts';
import type { Field, Scalar, Shape, StructType } from '../resources/schema/notation.ts';
import { structById, structIn, typeOf } from '../resources/schema/registry.ts';

type Json = Readonly<Record<string, unknown>>;

const REF = '#/components/schemas/';
const PATCH_TYPES = ['application/apply-patch+yaml', 'application/json-patch+json', 'application/merge-patch+json', 'application/strategic-merge-patch+json'];

/** The document of one group and version. */
export function openApiDocument(definitions: readonly ResourceDefinition[], group: string, version: string): Json {
  const served = definitions.filter((definition) => definition.group === group && definition.version === version);
  const schemas = new Map<string, Json>();
  const paths: Record<string, Json> = {};
  for (const definition of served) {
    const type = typeOf(group, version, definition.kind);
    if (type === undefined) continue;
    addSchemas(type, schemas);
    schemas.set(type.id, { ...schemas.get(type.id), 'x-kubernetes-group-version-kind': [kindOf(definition)] });
    Object.assign(paths, pathsOf(definition, type));
  }
  const sorted = [...schemas].sort(([a], [b]) => (a < b ? -1 : 1));
  return { openapi: '3.0.0', info: { title: 'Kubernetes', version: 'v1.36.3' }, paths, components: { schemas: Object.fromEntries(sorted) } };
}

function addSchemas(type: StructType, schemas: Map<string, Json>): void {
  if (schemas.has(type.id)) return;
  schemas.set(type.id, {});
  const fields = [...type.fields.values()];
  const required = fields.filter((field) => field.required).map((field) => field.name);
  schemas.set(type.id, {
    type: 'object',
    ...(required.length === 0 ? {} : { required }),
    properties: Object.fromEntries(fields.map((field) => [field.name, propertyOf(field)])),
  });
  for (const field of fields) {
    const inner = structIn(field);
    if (inner !== undefined) addSchemas(inner, schemas);
  }
}

function propertyOf(field: Field): Json {
  const { shape, strategy, mergeKey, listKeys, set, atomic } = field;
  const list =
    listKeys !== undefined ? { 'x-kubernetes-list-map-keys': listKeys, 'x-kubernetes-list-type': 'map' } : { 'x-kubernetes-list-type': set ? 'set' : 'atomic' };
  return {
    ...shapeOf(shape),
    ...(shape.shape === 'list' ? list : {}),
    ...(shape.shape === 'map' && atomic ? { 'x-kubernetes-map-type': 'atomic' } : {}),
    ...(mergeKey === undefined ? {} : { 'x-kubernetes-patch-merge-key': mergeKey }),
    ...(strategy === undefined ? {} : { 'x-kubernetes-patch-strategy': strategy }),
  };
}

function shapeOf(shape: Shape): Json {
  switch (shape.shape) {
    case 'struct':
      return { allOf: [{ $ref: `${REF}${structById(shape.struct).id}` }] };
    case 'list':
      return { type: 'array', items: shapeOf(shape.items) };
    case 'map':
      return { type: 'object', additionalProperties: shapeOf(shape.values) };
    case 'scalar':
      return scalarOf(shape.scalar);
  }
}

function scalarOf(scalar: Scalar): Json {
  switch (scalar) {
    case 'bool':
      return { type: 'boolean' };
    case 'int32':
    case 'int64':
      return { type: 'integer', format: scalar };
    case 'number':
      return { type: 'number', format: 'double' };
    case 'bytes':
      return { type: 'string', format: 'byte' };
    case 'Time':
    case 'MicroTime':
      return { type: 'string', format: 'date-time' };
    case 'Quantity':
      return { oneOf: [{ type: 'string' }, { type: 'number' }] };
    case 'IntOrString':
      return { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] };
    case 'any':
      return { type: 'object' };
    case 'string':
      return { type: 'string' };
  }
}

function pathsOf(definition: ResourceDefinition, type: StructType): Record<string, Json> {
  const root = definition.group === '' ? `/api/${definition.version}` : `/apis/${definition.group}/${definition.version}`;
  const collection = `${root}${definition.namespaced ? '/namespaces/{namespace}' : ''}/${definition.resource}`;
  const body = { content: { '*/*': { schema: { $ref: `${REF}${type.id}` } } } };
  const operation = (action: string, more: Json = {}): Json => ({
    tags: [],
    ...more,
    responses: { 200: { description: 'OK', content: { 'application/json': { schema: { $ref: `${REF}${type.id}` } } } } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': kindOf(definition),
  });
  const write = ['dryRun', 'fieldManager', 'fieldValidation'].map(queryParameter);
  const patch = { content: Object.fromEntries(PATCH_TYPES.map((mediaType) => [mediaType, { schema: { type: 'object' } }])) };
  return {
    [collection]: { get: operation('list'), post: operation('post', { parameters: write, requestBody: body }) },
    [`${collection}/{name}`]: {
      get: operation('get'),
      put: operation('put', { parameters: write, requestBody: body }),
      patch: operation('patch', { parameters: [...write, queryParameter('force')], requestBody: patch }),
      delete: operation('delete', { parameters: ['dryRun', 'gracePeriodSeconds', 'propagationPolicy'].map(queryParameter) }),
    },
  };
}

function queryParameter(name: string): Json {
  return { name, in: 'query', schema: { type: name === 'force' ? 'boolean' : 'string', uniqueItems: true } };
}

function kindOf({ group, version, kind }: ResourceDefinition): Json {
  return { group, kind, version };
}
