import type { IncomingHttpHeaders } from 'node:http';
import type { Draft, ResourceDefinition, UserInfo } from '../resource.ts';
import type { ResourceTarget } from '../http/request-info.ts';

/** A request that passed authentication and authorisation, aimed at a served resource. */
export interface ResourceRequest {
  readonly definition: ResourceDefinition;
  readonly target: ResourceTarget;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly user: UserInfo;
  /** What the client is to be warned of, collected on the way and sent with whatever answers, also with a refusal. */
  readonly warnings: string[];
}

/** What a handler answers; the responder turns it into the representation that the client accepts. */
export type Answer =
  | { readonly kind: 'object'; readonly code: number; readonly object: Draft; readonly definition: ResourceDefinition }
  | { readonly kind: 'list'; readonly definition: ResourceDefinition; readonly items: readonly Draft[]; readonly meta: ListMeta }
  /** A body that has one form only: Status, reviews, discovery. */
  | { readonly kind: 'plain'; readonly code: number; readonly body: object; readonly headers?: Readonly<Record<string, string>> }
  | { readonly kind: 'text'; readonly code: number; readonly text: string; readonly headers?: Readonly<Record<string, string>> };

export interface ListMeta {
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}
