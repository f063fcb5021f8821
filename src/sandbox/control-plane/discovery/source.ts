import { createHash } from 'node:crypto';
import type { Clock } from '../../../platform/clock.ts';
import type { DiscoveryRequest, DiscoverySource } from '../discovery-source.ts';
import type { ResourceDefinition } from '../resource.ts';
import type { Answer } from '../rest/request.ts';
import { notAcceptableShape } from '../status-errors.ts';
import { VERSION_INFO } from '../version.ts';
import { catalogOf } from './catalog.ts';
import type { CatalogVersion } from './catalog.ts';
import { apiGroup, apiGroupList, apiResourceList, apiVersions, groupDiscoveryList } from './documents.ts';
import { openApiDocument } from './openapi.ts';

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** Answers the discovery paths and /openapi/v3 for `definitions`. Documents are made when first asked for. */
export function createDiscovery(definitions: readonly ResourceDefinition[], clock: Clock): DiscoverySource {
  const catalog = catalogOf(definitions);
  const started = new Date(clock.now()).toUTCString();
  const documents = new Map<string, HashedDocument>();
  const documentOf = (path: string, make: () => object): HashedDocument => {
    const known = documents.get(path) ?? hashed(make());
    documents.set(path, known);
    return known;
  };
  const openApi = (entry: CatalogVersion): HashedDocument => documentOf(openApiPath(entry), () => openApiDocument(definitions, entry.group, entry.version));

  return (request) => {
    const { path } = request;
    if (path === '/api' || path === '/apis') {
      if (wantsAggregated(request.accept)) {
        return answerHashed(
          documentOf(path, () => groupDiscoveryList(catalog, path === '/api')),
          request,
          { 'Content-Type': AGGREGATED, 'Cache-Control': 'public' },
        );
      }
      return plain(path === '/api' ? apiVersions(request.serverAddress) : apiGroupList(catalog));
    }
    const entry = catalog.find(({ group, version }) => path === (group === '' ? `/api/${version}` : `/apis/${group}/${version}`));
    if (entry !== undefined) return plain(apiResourceList(entry));
    const group = catalog.find((candidate) => candidate.group !== '' && path === `/apis/${candidate.group}`);
    if (group !== undefined) return plain(apiGroup(group));
    if (path === '/openapi/v2') return answerVersion2(request.accept);
    if (path === '/openapi/v3') return answerIndex(catalog, openApi, started, request);
    const described = catalog.find((candidate) => path === `/openapi/v3/${openApiPath(candidate)}`);
    if (described === undefined) return undefined;
    const immutable = request.query.has('hash') ? { 'Cache-Control': 'public, immutable' } : {};
    return answerHashed(openApi(described), request, { 'Content-Type': 'application/json', 'Last-Modified': started, ...immutable });
  };
}

interface HashedDocument {
  readonly body: object;
  readonly hash: string;
}

function hashed(body: object): HashedDocument {
  return { body, hash: createHash('sha512').update(JSON.stringify(body)).digest('hex').toUpperCase() };
}

/** The list of OpenAPI documents, each with the hash by which it may be cached for ever. */
function answerIndex(
  catalog: readonly CatalogVersion[],
  openApi: (entry: CatalogVersion) => HashedDocument,
  started: string,
  request: DiscoveryRequest,
): Answer {
  const headers = { 'Content-Type': 'text/plain; charset=utf-8', 'Last-Modified': started };
  if (request.ifModifiedSince === started) return { kind: 'text', code: 304, text: '', headers: { 'Last-Modified': started } };
  const paths = catalog.map((entry): [string, { serverRelativeURL: string }] => {
    const path = openApiPath(entry);
    return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${openApi(entry).hash}` }];
  });
  return { kind: 'plain', code: 200, body: { paths: Object.fromEntries(paths.sort(([a], [b]) => (a < b ? -1 : 1))) }, headers };
}

/**
 * OpenAPI v2 without any definition. kubectl 1.32 asks for it, as protobuf, before it sends the objects of a
 * `kind: List`; for kinds that it does not find there it leaves validation to the server, which is what is wanted.
 */
function answerVersion2(accept: string | undefined): Answer {
  const info = { title: 'Kubernetes', version: VERSION_INFO.gitVersion };
  if (accept?.includes('protobuf') !== true) return plain({ swagger: '2.0', info, paths: {}, definitions: {} });
  // gnostic's openapi_v2.Document: swagger = 1, info = 2 with title = 1 and version = 2; every length is below 128.
  const field = (number: number, text: string): string => String.fromCharCode((number << 3) | 2, text.length) + text;
  const text = field(1, '2.0') + field(2, field(1, info.title) + field(2, info.version));
  return { kind: 'text', code: 200, text, headers: { 'Content-Type': 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf' } };
}

function openApiPath({ group, version }: CatalogVersion): string {
  return group === '' ? `api/${version}` : `apis/${group}/${version}`;
}

/** 304 when the client's copy is the present one. */
function answerHashed(document: HashedDocument, request: DiscoveryRequest, headers: Readonly<Record<string, string>>): Answer {
  const tag = `"${document.hash}"`;
  if (request.ifNoneMatch === tag) {
    return {
      kind: 'text',
      code: 304,
      text: '',
      headers: { Etag: tag, ...(headers['Cache-Control'] === undefined ? {} : { 'Cache-Control': headers['Cache-Control'] }) },
    };
  }
  return { kind: 'plain', code: 200, body: document.body, headers: { ...headers, Etag: tag } };
}

/** True when the client takes the aggregated form of this version; 406 when it takes nothing that is offered. */
function wantsAggregated(accept: string | undefined): boolean {
  const kinds = (accept ?? '').split(',').map((kind) => kind.trim().replaceAll(' ', ''));
  const versions = kinds.filter((kind) => kind.includes('as=APIGroupDiscoveryList')).map((kind) => kind.includes(';v=v2;') || kind.endsWith(';v=v2'));
  if (versions.includes(true)) return true;
  const plainKinds = kinds.filter((kind) => !kind.includes('as=APIGroupDiscoveryList'));
  if (versions.length > 0 && !plainKinds.some((kind) => kind.startsWith('application/json') || kind.startsWith('*/*'))) {
    throw notAcceptableShape();
  }
  return false;
}

function plain(body: object): Answer {
  return { kind: 'plain', code: 200, body };
}
