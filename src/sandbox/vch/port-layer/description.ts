/** The API's description of itself, made from the same tables that serve it. */
import type { Operation, QueryParameter } from './operation.ts';
import { MODELS, type Field, type Model } from './schema.ts';

/** Models that are only answered, never read: named for clients that look for them. */
const RESPONSE_MODELS = [
  ...[
    'BindContainerResponse',
    'ContainerConfig',
    'ContainerCreatedInfo',
    'ContainerGetStateResponse',
    'ContainerInfo',
    'EndpointConfig',
    'Error',
    'HostConfig',
  ],
  ...['Image', 'ImageJoinResponse', 'InteractionBindResponse', 'InteractionJoinResponse', 'InteractionUnbindResponse', 'LoggingBindResponse'],
  ...['LoggingJoinResponse', 'LoggingUnbindResponse', 'NetworkConfig', 'ProcessConfig', 'ReservationConfig', 'StoreUrl', 'TaskBindResponse'],
  ...['TaskInspectResponse', 'TaskJoinResponse', 'TaskRemoveResponse', 'TaskUnbindResponse', 'UnbindContainerResponse', 'VCHInfo', 'VolumeConfig'],
  ...['VolumeResponse', 'VolumeStoresListResponse'],
];

const UNDECLARED = new Set(['/swagger.json', '/docs']);

/** `podsAt`: where ports of container VMs are found when their addresses lead nowhere; not part of a real description. */
export function describeApi(operations: readonly Operation[], podsAt?: string): unknown {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of operations) {
    if (UNDECLARED.has(operation.path)) continue;
    (paths[operation.path] ??= {})[operation.method.toLowerCase()] = {
      operationId: operation.id,
      ...(operation.consumes === undefined ? {} : { consumes: operation.consumes }),
      parameters: [
        ...[...operation.path.matchAll(/\{(\w+)\}/g)].map((found) => ({ in: 'path', name: found[1], type: 'string', required: true })),
        ...(operation.query ?? []).map(describeQuery),
        ...(operation.body === undefined
          ? []
          : [{ in: 'body', name: operation.body.name, required: operation.body.required !== false, schema: describeBody(operation.body.type) }]),
      ],
      responses: { default: { description: 'see the status' } },
    };
  }
  const definitions = Object.fromEntries([
    ...RESPONSE_MODELS.map((name) => [name, { type: 'object' }] as const),
    ...Object.values(MODELS as Record<string, Model>).map((model) => [model.name, describeModel(model)] as const),
  ]);
  return {
    swagger: '2.0',
    info: { title: 'Port Layer API', description: 'Port Layer API', version: 'v0.0.1', ...(podsAt === undefined ? {} : { 'x-pods-at': podsAt }) },
    basePath: '/',
    schemes: ['http'],
    consumes: ['application/json', 'application/octet-stream'],
    produces: ['application/json'],
    parameters: { 'op-id': { in: 'header', name: 'Op-ID', type: 'string', pattern: '[0-9]+\\.[0-9]+' } },
    paths,
    definitions,
  };
}

export const DOCS_PAGE = `<!DOCTYPE html>
<html>
  <head>
    <title>Port Layer API</title>
    <meta name="viewport" content="width=device-width, initial-scale=1">
  </head>
  <body>
    <redoc spec-url='/swagger.json'></redoc>
  </body>
</html>
`;

function describeQuery(parameter: QueryParameter): unknown {
  const types = { string: 'string', int32: 'integer', int64: 'integer', bool: 'boolean', csv: 'array', 'date-time': 'string' } as const;
  return { in: 'query', name: parameter.name, type: types[parameter.type], required: parameter.required ?? false };
}

function describeBody(type: Model | 'string' | 'stream'): unknown {
  return typeof type === 'string' ? { type: 'string' } : { $ref: `#/definitions/${type.name}` };
}

function describeModel(model: Model): unknown {
  const required = Object.entries(model.fields).filter(([, field]) => field.required === true);
  return {
    type: 'object',
    ...(required.length === 0 ? {} : { required: required.map(([name]) => name) }),
    properties: Object.fromEntries(Object.entries(model.fields).map(([name, field]) => [name, describeField(field)])),
  };
}

function describeField(field: Field): unknown {
  switch (field.type.kind) {
    case 'int':
      return { type: 'integer' };
    case 'bool':
      return { type: 'boolean' };
    case 'strings':
      return { type: 'array', items: { type: 'string' } };
    case 'map':
      return { type: 'object', additionalProperties: { type: 'string' } };
    case 'any':
      return { type: 'object' };
    case 'model':
      return { $ref: `#/definitions/${field.type.model.name}` };
    case 'string':
      return { type: 'string' };
  }
}
