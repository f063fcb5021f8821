import type { Answer } from './rest/request.ts';

/** A GET of a discovery or OpenAPI path. */
export interface DiscoveryRequest {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly accept: string | undefined;
  readonly ifNoneMatch: string | undefined;
  readonly ifModifiedSince: string | undefined;
  /** `host:port` as the client knows the server. */
  readonly serverAddress: string;
}

/** Answers /api, /apis, /apis/<group>[/<version>], /openapi/v3…; undefined for paths that it does not have. Throws ApiError. */
export type DiscoverySource = (request: DiscoveryRequest) => Answer | undefined;
