import type { Readable } from 'node:stream';
import type { Body } from './decode.ts';
import type { Reply } from './replies.ts';
import type { BodyType } from './schema.ts';

export interface QueryParameter {
  readonly name: string;
  readonly type: 'string' | 'int32' | 'int64' | 'bool' | 'csv' | 'date-time';
  readonly required?: boolean;
}

interface BodyParameter {
  /** As it is named in errors. */
  readonly name: string;
  readonly type: BodyType;
  /** Default true. An optional body that is missing reaches the handler as undefined. */
  readonly required?: boolean;
}

/** One operation of the API description: data about it, and its handler. */
export interface Operation {
  readonly id: string;
  readonly method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE' | 'HEAD';
  /** Template such as `/containers/{id}/logs`. */
  readonly path: string;
  readonly query?: readonly QueryParameter[];
  readonly body?: BodyParameter;
  /** Content types of the body; default JSON and octet-stream. */
  readonly consumes?: readonly string[];
  readonly handle: (call: Call) => Promise<Reply> | Reply;
}

/** A validated request. */
export interface Call {
  readonly path: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly body: Body;
  /** A body that is a bare JSON string. */
  readonly text: string;
  /** A body that is bytes, unread. */
  readonly stream: Readable;
  readonly hasBody: boolean;
  /** Aborts when the client leaves. */
  readonly signal: AbortSignal;
}

export interface Query {
  string(name: string): string | undefined;
  int(name: string): number | undefined;
  bool(name: string): boolean | undefined;
  list(name: string): readonly string[] | undefined;
}
